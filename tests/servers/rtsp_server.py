#!/usr/bin/python3
"""A live RTSP server for tests: a file looped for ever at real time, or a moving test pattern.

It runs under the system's Python, since GStreamer's bindings live there. The file is not encoded
again: its H.264 and AAC units are read once into memory and sent by the clock, with timestamps
that grow over the loops, so a client costs next to no processor time. Like a camera, the server has
a position of its own: a client that comes later sees what is on then, from the last key frame on.

The first line on stdout is the URL; errors are one line on stderr. SIGTERM and SIGINT end it.
"""

import argparse
import signal
import sys
import threading
import time
from bisect import bisect_right
from pathlib import Path
from typing import NamedTuple

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstApp, GstRtspServer  # noqa: E402, F401

LEAD_S = 0.02  # units are sent so much before their time, or the payloaders would always be late
TICKS_RATE_HZ = 48_000
TICKS = (
    "audiotestsrc wave=ticks num-buffers={count} samplesperbuffer=1024"
    " ! audio/x-raw,rate={rate},channels=1 ! avenc_aac ! aacparse"
    " ! audio/mpeg,stream-format=raw ! appsink name=audio sync=false"
)
PATTERN = (
    "videotestsrc is-live=true pattern=ball ! video/x-raw,width={width},height={height},"
    "framerate={fps}/1 ! x264enc tune=zerolatency speed-preset=ultrafast threads=1"
    " key-int-max={fps} ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1"
    " audiotestsrc is-live=true wave=ticks ! audio/x-raw,rate=48000,channels=1"
    " ! avenc_aac ! aacparse ! rtpmp4gpay name=pay1 pt=97"
)


class Unit(NamedTuple):
    """One encoded picture or stretch of sound, on the clock of the file, in nanoseconds."""

    track: str
    dts: int
    pts: int
    duration: int
    is_key: bool
    data: bytes


class Recording(NamedTuple):
    """A file in memory: its units by decoding time, and what they are."""

    units: list
    caps: dict
    duration: int


def read_file(path, *, ticks):
    """Return the H.264 and AAC units of a file, or end with one line saying what is wrong.

    A file without AAC gets ticks for a sound, encoded once, unless they are not wanted.
    """
    name, demuxer = str(path), "matroskademux" if path.suffix in {".mkv", ".webm"} else "qtdemux"
    line = (
        f'filesrc location="{name}" ! {demuxer} name=d'
        " d.video_0 ! queue max-size-buffers=0 max-size-bytes=0 max-size-time=0 ! h264parse"
        " ! video/x-h264,stream-format=avc,alignment=au ! appsink name=video sync=false"
    )
    sound = (
        " d.audio_0 ! queue max-size-buffers=0 max-size-bytes=0 max-size-time=0 ! aacparse"
        " ! audio/mpeg,stream-format=raw ! appsink name=audio sync=false"
    )
    tracks = tracks_of(name, demuxer)
    if not any(caps.startswith("video/x-h264") for caps in tracks):
        sys.exit(f"{name}: no H.264 in it that GStreamer can read; encode it first")
    has_sound = any(caps.startswith("audio/mpeg, mpegversion=(int)4") for caps in tracks)
    pipeline = Gst.parse_launch(line + (sound if has_sound else ""))
    pipeline.set_state(Gst.State.PLAYING)
    units, caps = pull(pipeline, ["video", "audio"] if has_sound else ["video"])
    duration = max(unit.pts + unit.duration for unit in units if unit.track == "video")
    if ticks and not has_sound:
        count = duration * TICKS_RATE_HZ // Gst.SECOND // 1024 + 1
        line = TICKS.format(count=count, rate=TICKS_RATE_HZ)
        more, more_caps = pull(Gst.parse_launch(line), ["audio"])
        units, caps = units + more, caps | more_caps
    units.sort(key=lambda unit: unit.dts)
    return Recording([unit for unit in units if unit.dts < duration], caps, duration)


def pull(pipeline, tracks):
    """Run a pipeline to its end and return the units and the caps of its appsinks."""
    units, caps = [], {}
    pipeline.set_state(Gst.State.PLAYING)
    for track in tracks:
        sink = pipeline.get_by_name(track)
        while not sink.get_property("eos"):
            if sample := sink.emit("try-pull-sample", Gst.SECOND // 10):
                caps[track] = sample.get_caps()
                units.append(unit_of(track, sample.get_buffer()))
            elif pipeline.get_bus().pop_filtered(Gst.MessageType.ERROR):
                break
    pipeline.set_state(Gst.State.NULL)
    return units, caps


def tracks_of(name, demuxer):
    """Return the caps of a file's tracks: a pipeline with a dead branch would never end."""
    found = []
    pipeline = Gst.parse_launch(f'filesrc location="{name}" ! {demuxer} name=d')
    demux = pipeline.get_by_name("d")
    demux.connect("pad-added", lambda _, pad: found.append(pad.get_current_caps().to_string()))
    demux.connect("no-more-pads", lambda _: found.append("done"))
    pipeline.set_state(Gst.State.PAUSED)
    deadline = time.monotonic() + 5
    bus, failed = pipeline.get_bus(), False
    while "done" not in found and not failed and time.monotonic() < deadline:
        failed = bus.timed_pop_filtered(Gst.SECOND // 100, Gst.MessageType.ERROR)
    pipeline.set_state(Gst.State.NULL)
    return found


def unit_of(track, buffer):
    """Return a buffer of GStreamer as a unit; a parser may leave times away, never both."""
    pts = buffer.pts if buffer.pts != Gst.CLOCK_TIME_NONE else buffer.dts
    dts = buffer.dts if buffer.dts != Gst.CLOCK_TIME_NONE else pts
    duration = buffer.duration if buffer.duration != Gst.CLOCK_TIME_NONE else 0
    is_key = not buffer.has_flags(Gst.BufferFlags.DELTA_UNIT)
    return Unit(track, dts, pts, duration, is_key, buffer.extract_dup(0, buffer.get_size()))


class Pump:
    """Sends the units of a recording into one media's appsrc elements, by the clock."""

    def __init__(self, recording, media, position):
        self._recording = recording
        element = media.get_element()
        self._sources = {t: element.get_by_name(f"{t}_source") for t in recording.caps}
        self._position = position
        self._stopped = threading.Event()
        media.connect("unprepared", lambda _: self._stopped.set())
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        units, duration = self._recording.units, self._recording.duration
        keys = [i for i, u in enumerate(units) if u.track == "video" and u.is_key]
        times = [units[i].dts for i in keys]
        index = keys[max(bisect_right(times, self._position % duration) - 1, 0)]
        base, loop, started = units[index].dts, 0, time.monotonic()
        while not self._stopped.is_set():
            unit = units[index]
            at = loop * duration - base
            wait_s = (unit.dts + at) / Gst.SECOND - (time.monotonic() - started) - LEAD_S
            if wait_s > 0 and self._stopped.wait(wait_s):
                return
            if not self._push(unit, at):
                return
            index += 1
            if index == len(units):
                index, loop = 0, loop + 1

    def _push(self, unit, at):
        buffer = Gst.Buffer.new_wrapped(unit.data)
        buffer.pts, buffer.dts = max(unit.pts + at, 0), max(unit.dts + at, 0)
        buffer.duration = unit.duration
        if not unit.is_key:
            buffer.set_flags(Gst.BufferFlags.DELTA_UNIT)
        return self._sources[unit.track].emit("push-buffer", buffer) == Gst.FlowReturn.OK


class FileFactory(GstRtspServer.RTSPMediaFactory):
    """Builds the media of a recording; all clients of one mount share one."""

    def __init__(self, recording):
        super().__init__()
        self._recording = recording
        self._started = time.monotonic()
        self.set_shared(True)

    def do_create_element(self, _url):
        """Return the pipeline that the units are pushed into."""
        payloaders = {
            "video": "rtph264pay name=pay0 pt=96 config-interval=-1",
            "audio": "rtpmp4gpay name=pay1 pt=97",
        }
        pipeline = Gst.parse_launch(
            " ".join(
                f"appsrc name={track}_source is-live=true format=time ! {payloaders[track]}"
                for track in self._recording.caps
            )
        )
        for track, caps in self._recording.caps.items():
            pipeline.get_by_name(f"{track}_source").set_property("caps", caps)
        return pipeline

    def do_configure(self, media):
        """Start sending when the media is set up."""
        GstRtspServer.RTSPMediaFactory.do_configure(self, media)
        position = int((time.monotonic() - self._started) * Gst.SECOND)
        Pump(self._recording, media, position)


def protect(server, factory, user, password):
    """Let only this user in, by HTTP Basic authentication."""
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("viewer", "media.factory.access", True)  # noqa: FBT003
    permissions.add_permission_for_role("viewer", "media.factory.construct", True)  # noqa: FBT003
    factory.set_permissions(permissions)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--file", type=Path, help=".mp4, .mov or .mkv of H.264, with AAC or without")
    what.add_argument(
        "--pattern", metavar="WxH", help="encode a moving ball and ticks, e.g. 640x360"
    )
    parser.add_argument("--silent", action="store_true", help="a file without sound stays so")
    parser.add_argument("--fps", type=int, default=25, help="of the pattern (default 25)")
    parser.add_argument("--port", type=int, default=0, help="0, the default: a free one")
    parser.add_argument("--path", default="/live", help="the mount (default /live)")
    parser.add_argument("--user", help="with --password: let only this user in")
    parser.add_argument("--password")
    chosen = parser.parse_args()
    if bool(chosen.user) != bool(chosen.password):
        parser.error("--user and --password belong together")
    return chosen


def factory_of(chosen):
    if chosen.file:
        if not chosen.file.is_file():
            sys.exit(f"{chosen.file}: no such file")
        return FileFactory(read_file(chosen.file, ticks=not chosen.silent))
    width, height = chosen.pattern.split("x")
    factory = GstRtspServer.RTSPMediaFactory()
    line = PATTERN.format(width=width, height=height, fps=chosen.fps)
    factory.set_launch(f"( {line} )")
    factory.set_shared(True)
    return factory


def main():
    chosen = arguments()
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(chosen.port))
    factory = factory_of(chosen)
    if chosen.user:
        protect(server, factory, chosen.user, chosen.password)
    server.get_mount_points().add_factory(chosen.path, factory)
    if not server.attach(None):
        sys.exit(f"127.0.0.1:{chosen.port}: the port is in use")
    loop = GLib.MainLoop()
    for number in (signal.SIGTERM, signal.SIGINT):
        GLib.unix_signal_add(GLib.PRIORITY_HIGH, number, loop.quit)
    # A session whose client vanished is freed after its timeout, not never.
    GLib.timeout_add_seconds(5, lambda: server.get_session_pool().cleanup() >= 0)
    print(f"rtsp://127.0.0.1:{server.get_bound_port()}{chosen.path}", flush=True)
    loop.run()


if __name__ == "__main__":
    main()
