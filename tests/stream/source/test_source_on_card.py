"""Decoding on a card: asked for where there is none, and on a card that fails as it is told.

The card that fails is a decoder made as the card's is, of the same packets, which gives NV12 as a
card does. No test here shows that a card decodes; those that would need one.
"""

import contextlib
import logging
from fractions import Fraction

import av
import numpy as np
import pytest
from av.codec.hwaccel import hwdevices_available
from pydantic import ValidationError

from stream.config import SourceConfig
from stream.source import video_decoder
from stream.source.picture import PictureMaker
from stream.source.spec import SourceState
from stream.source.video_decoder import VideoDecoder, beside

CLIPS = ("faces/WolfgangLanger_Pexels.mp4", "grid/swiz3n.mpg", "gestures/asl_gestures_yes.mkv")
INTERLACED = {"flags": "+ilme+ildct", "top": "1"}
GROUP = 12
"""A key frame so often."""


class Card:
    """Decodes as a card would, to NV12, until it fails."""

    is_hwaccel = True

    def __init__(self, software, error=None, *, after=None):
        self._decoder = beside(software, software.codec, None)
        self._error = error
        self._left = after

    def decode(self, packet):
        if self._left == 0:
            raise self._error
        if self._left is not None and packet is not None:
            self._left -= 1
        return [frame.reformat(format="nv12") for frame in self._decoder.decode(packet)]


@pytest.fixture
def put_in(monkeypatch):
    """Put a card into the machine that fails with an error after so many packets; None: never."""

    def put_in(error=None, *, after=None):
        monkeypatch.setattr(
            video_decoder,
            "card_decoder",
            lambda software, _device: Card(software, error, after=after),
        )

    return put_in


@pytest.fixture
def film(write_film, flat):
    """Sixty pictures that grow brighter, in groups of twelve."""
    options = {"preset": "ultrafast", "crf": "10", "g": str(GROUP), "bf": "0"}
    return write_film([flat((4 * n, 4 * n, 4 * n)) for n in range(60)], options=options)


def details(got, role="video"):
    states = [item for item in got if isinstance(item, SourceState) and item.role == role]
    return [(state.state, state.detail) for state in states]


def shown(got):
    """Return which pictures of a film of 25 pictures a second were shown."""
    return [round(25 * frame.time_s) for frame in got.frames]


def failure(kind=av.error.ExternalError, words="Generic error in an external library"):
    return kind(0x20545845, words, "avcodec_send_packet()")


def test_ffmpeg_here_was_built_for_cards():
    assert "cuda" in hwdevices_available()


async def test_a_card_that_is_not_there_is_said_once_and_software_decodes(
    collect, film, caplog, need_no_card
):
    with caplog.at_level(logging.WARNING, "stream.source.media"):
        asked = await collect(film, decode="cuda")
    plain = await collect(film)
    assert len(asked.frames) == 60
    for one, other in zip(asked.frames, plain.frames, strict=True):
        np.testing.assert_array_equal(one.image, other.image)
    (said,) = [detail for _, detail in details(asked) if detail]
    assert "decoded in software: cuda:0: Operation not permitted" in said
    assert [record.getMessage() for record in caplog.records] == [f"{film}: {said}"]
    assert [detail for _, detail in details(plain) if detail] == []


async def test_a_card_that_may_be_used_and_is_not_there_is_not_worth_a_word(
    collect, film, caplog, need_no_card
):
    with caplog.at_level(logging.WARNING, "stream.source.media"):
        got = await collect(film, decode="auto")
    assert len(got.frames) == 60
    assert [detail for _, detail in details(got) if detail] == []
    assert not caplog.records


async def test_the_card_is_named_that_was_asked_for(collect, film, need_no_card):
    got = await collect(film, decode="cuda:3", until=lambda got: got.frames)
    assert "cuda:3" in details(got)[-1][1]


async def test_a_codec_that_no_card_knows_is_said(collect, media):
    got = await collect(media / "faces/classroom.gif", decode="cuda", until=lambda got: got.frames)
    assert "FFmpeg decodes no gif on a card" in details(got)[-1][1]


async def test_what_a_card_decodes_is_the_same_picture(collect, media, put_in):
    clip = media / CLIPS[0]

    async def first(**settings):
        return (await collect(clip, until=lambda got: len(got.frames) == 30, **settings)).frames

    plain = await first()
    put_in()
    on_card = await first(decode="cuda")
    assert [frame.time_s for frame in on_card] == [frame.time_s for frame in plain]
    for one, other in zip(on_card, plain, strict=True):
        np.testing.assert_array_equal(one.image, other.image)


async def test_a_card_that_fails_under_way_loses_what_it_held_and_no_more(
    collect, film, put_in, caplog
):
    put_in(failure(), after=17)  # in the middle of the second group
    with caplog.at_level(logging.WARNING, "stream.source.media"):
        got = await collect(film, decode="cuda")
    seen = shown(got)
    assert seen == [*range(17), *range(24, 60)]
    told = [(state, detail) for state, detail in details(got) if detail]
    assert told[0][0] == "ok"
    assert "the card failed under way" in told[0][1]
    # seven pictures from the failure to the next key frame
    assert told[1] == ("ended", "damaged: 7 packets or pictures could not be decoded")
    assert len([r for r in caplog.records if "failed under way" in r.getMessage()]) == 1


async def test_a_card_that_fails_at_a_key_frame_loses_nothing(collect, film, put_in):
    put_in(failure(), after=2 * GROUP)
    got = await collect(film, decode="auto")
    assert shown(got) == list(range(60))
    assert any("failed under way" in (detail or "") for _, detail in details(got))


@pytest.mark.parametrize("error", [failure(), failure(av.error.InvalidDataError, "Invalid data")])
async def test_a_card_that_cannot_decode_a_stream_loses_nothing(collect, film, put_in, error):
    put_in(error, after=0)
    got = await collect(film, decode="cuda")
    assert shown(got) == list(range(60))
    assert any("the card cannot decode it" in (detail or "") for _, detail in details(got))
    assert details(got)[-1] == ("ended", None)


async def test_a_damaged_packet_is_not_the_cards_fault(collect, film, put_in):
    put_in(failure(av.error.InvalidDataError, "Invalid data"), after=17)
    got = await collect(film, decode="cuda")
    assert shown(got) == list(range(17))  # this card calls all that follows damaged
    assert not any("card" in (detail or "") for _, detail in details(got))


def test_a_key_frame_that_is_never_marked_is_not_waited_for_for_ever(film, put_in, monkeypatch):
    monkeypatch.setattr(video_decoder, "LONGEST_WAIT", 5)
    put_in(failure(), after=4)
    lost, frames = [], []
    with av.open(str(film)) as container:
        video = container.streams.video[0]
        decoder = VideoDecoder(video, "cuda", damaged=lost.append)
        for index, packet in enumerate(container.demux(video)):
            packet.is_keyframe = packet.is_keyframe and index == 0
            with contextlib.suppress(av.error.InvalidDataError):  # begun between two key frames
                frames += decoder.decode(packet)
    assert len(lost) == 5
    assert [frame.time for frame in frames[:4]] == [0.0, 0.04, 0.08, 0.12]
    assert len(frames) >= 60 - GROUP


@pytest.mark.parametrize("clip", CLIPS)
def test_a_decoder_beside_the_containers_gives_the_same_frames(media, clip):
    with av.open(str(media / clip)) as container:
        video = container.streams.video[0]
        other = beside(video.codec_context, video.codec_context.codec, None)
        here, there = [], []
        for packet in container.demux(video):
            here += packet.decode()
            there += other.decode(packet if packet.size else None)
            if len(here) > 40:
                break
    assert len(here) == len(there) > 0

    def told(frame):
        return frame.pts, frame.time_base, frame.duration, frame.interlaced_frame, frame.rotation

    for one, two in zip(here, there, strict=True):
        assert told(one) == told(two)
        np.testing.assert_array_equal(one.to_ndarray(), two.to_ndarray())


@pytest.mark.parametrize("clip", CLIPS)
def test_what_a_card_gives_becomes_what_software_gives(media, clip):
    """Matrix, range, turn and fields included: of NV12 nothing is left."""
    with av.open(str(media / clip)) as container:
        video = container.streams.video[0]
        decoder = VideoDecoder(video, "software", damaged=pytest.fail)
        frames = [frame for packet in container.demux(video) for frame in decoder.decode(packet)]
    for frame in frames[:10]:
        back = decoder._planar(frame.reformat(format="nv12"))
        assert (back.colorspace, back.color_range) == (frame.colorspace, frame.color_range)
        assert (back.pts, back.duration, back.rotation) == (
            frame.pts,
            frame.duration,
            frame.rotation,
        )
        here, there = (PictureMaker().picture(one, Fraction(1)) for one in (frame, back))
        np.testing.assert_array_equal(here, there)


def test_interlaced_fields_stay_known(write_film, corners):
    path = write_film([corners] * 6, codec="mpeg2video", name="film.mpg", options=INTERLACED)
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        decoder = VideoDecoder(video, "software", damaged=pytest.fail)
        frame = next(frame for packet in container.demux(video) for frame in decoder.decode(packet))
    assert frame.interlaced_frame
    assert decoder._planar(frame.reformat(format="nv12")).interlaced_frame


@pytest.mark.parametrize("wrong", ["gpu", "cuda:x", "nvdec", ""])
def test_where_it_may_be_decoded_is_a_closed_list(wrong):
    with pytest.raises(ValidationError, match="decode"):
        SourceConfig(decode=wrong)


@pytest.fixture
def need_no_card():
    """Leave out a test of a machine without a card on one that has one."""
    try:
        av.codec.hwaccel.HWAccel("cuda", device="0").create(av.codec.Codec("h264", "r"))
    except av.FFmpegError:
        return
    pytest.skip("this machine has a card")
