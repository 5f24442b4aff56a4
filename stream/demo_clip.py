"""The demo's clip, put together on the user's machine: a montage, and nothing else.

No recording of one person that may be passed on has both a face that changes and speech, so the
picture is one person's (an actress, silent) and the voice another's, reading a novel. They are laid
side by side to show that the program runs; what it reads of them means nothing.
"""

import json
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer

from engines.models.store import ModelStore, sha256

REVISION: Final = 1  # grows when what is made changes: what an older version made is made anew
SOUND_RATE_HZ: Final = 48_000
TITLE: Final = "Subface demo: a montage of two recordings that do not belong together"


def demo_clip(store: ModelStore) -> Path:
    """Return the demo's clip, made at the first call and kept in the cache.

    The picture is copied as it is, so its frames are those of the original; the sound is encoded as
    AAC and ends with the picture.

    Raises:
        ModelMissingError: If one of the two recordings is not in the cache.
        ModelDigestError: If one of them is not what the manifest names.
    """
    picture, speech = store.path("demo-picture"), store.path("demo-speech")
    made_from: dict[str, int | str] = {
        "revision": REVISION,
        "picture_sha256": store.digest("demo-picture"),
        "speech_sha256": store.digest("demo-speech"),
    }
    clip = store.root / "demo" / "montage.mp4"
    beside = clip.with_name(f"{clip.name}.json")
    if not _is_as_written(clip, beside, made_from):
        clip.parent.mkdir(parents=True, exist_ok=True)
        part = clip.with_name(f".{clip.name}.part")
        _mux(picture, speech, part)
        part.replace(clip)
        part.write_text(
            json.dumps(made_from | {"sha256": sha256(clip)}, indent=2), encoding="utf-8"
        )
        part.replace(beside)
    return clip


def _is_as_written(clip: Path, beside: Path, made_from: dict[str, int | str]) -> bool:
    try:
        written = json.loads(beside.read_text(encoding="utf-8"))
        return bool(written == made_from | {"sha256": sha256(clip)})
    except (OSError, ValueError):
        return False


def _mux(picture: Path, speech: Path, to: Path) -> None:
    with (
        av.open(picture) as pictures,
        av.open(speech) as sounds,
        av.open(to, "w", format="mp4") as out,
    ):
        out.metadata["title"] = TITLE
        video = out.add_stream_from_template(pictures.streams.video[0])
        audio = out.add_stream("aac", rate=SOUND_RATE_HZ)
        audio.layout = "mono"
        end_s = Fraction(0)
        for packet in pictures.demux(pictures.streams.video[0]):
            if packet.pts is None:  # the demuxer's flush
                continue
            end_s = max(end_s, (packet.pts + (packet.duration or 0)) * packet.time_base)
            packet.stream = video
            out.mux(packet)
        _encode_sound(sounds, out, audio, end_s)


def _encode_sound(
    sounds: InputContainer, out: OutputContainer, audio: AudioStream, end_s: Fraction
) -> None:
    resampler = AudioResampler(
        format=audio.format, layout=audio.layout, rate=SOUND_RATE_HZ, frame_size=audio.frame_size
    )
    for frame in sounds.decode(audio=0):
        for piece in resampler.resample(frame):
            if (piece.pts or 0) >= end_s * SOUND_RATE_HZ:
                out.mux(audio.encode(None))
                return
            out.mux(audio.encode(piece))
    out.mux(audio.encode(None))
