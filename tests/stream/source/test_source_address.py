import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.errors import ConfigError
from stream.errors import SourceUnreachableError
from stream.source.address import parse_sources
from stream.source.redact import redacted
from stream.source.spec import scheme_of


@pytest.fixture
def parse():
    def parse(argument):
        (spec,) = parse_sources([str(argument)])
        return spec

    return parse


@pytest.fixture
def film(write_film, flat):
    return write_film([flat()] * 3, name="my film.mp4")


def test_a_film_is_a_file_named_after_its_stem(parse, film):
    spec = parse(film)
    assert (spec.kind, spec.name, spec.loopback) == ("file", "my-film", True)
    assert spec.address == spec.url == str(film)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "tiff"])
def test_a_picture_is_one_by_its_content(parse, ffmpeg, suffix):
    path = ffmpeg("-f", "lavfi", "-i", "testsrc=size=64x48", "-frames:v", 1, f"still.{suffix}")
    assert parse(path).kind == "picture"
    assert parse(path.rename(path.with_suffix(".dat"))).kind == "picture"


def test_a_gif_is_a_film(parse, media):
    assert parse(media / "faces/classroom.gif").kind == "file"


def test_a_percent_sign_in_a_name_is_a_percent_sign(parse, ffmpeg, tmp_path):
    path = ffmpeg("-f", "lavfi", "-i", "testsrc=size=64x48", "-frames:v", 1, "still.png")
    assert parse(path.rename(tmp_path / "p%03d.png")).kind == "picture"


@pytest.mark.parametrize(
    ("url", "scheme", "kind"),
    [
        ("rtsp://host/a", "rtsp", "live"),
        ("RTSPS://host/a", "rtsps", "live"),
        ("rtmp://host/a/b", "rtmp", "live"),
        ("http://host/a.m3u8", "http", "live"),
        ("https://host/stream.ts", "https", "live"),
        ("https://host/talk.mp4?x=1", "https", "file"),
        ("https://host/talk.m4a", "https", "file"),
        ("https://host/radio.mp3", "https", "live"),
        ("udp://@:5000", "udp", "live"),
        ("srt://host:9000", "srt", "live"),
        ("lavfi:testsrc=size=64x48", "lavfi", "live"),
        ("lavfi:testsrc=size=64x48:duration=2", "lavfi", "file"),
        ("lavfi:testsrc=d=2", "lavfi", "file"),
    ],
)
def test_an_address_tells_scheme_and_kind(parse, url, scheme, kind):
    spec = parse(url)
    assert (spec.scheme, spec.kind) == (scheme, kind)


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("rtsp://localhost/a", True),
        ("rtsp://127.0.0.2:554/a", True),
        ("rtsp://[::1]:554/a", True),
        ("rtsp://user:pw@127.0.0.1/a", True),
        ("rtsp://camera.example/a", False),
        ("rtsp://10.0.0.1/a", False),
        ("udp://127.0.0.1:5000", True),
        ("udp://@:5000", False),
        ("udp://239.0.0.1:5000", False),
        ("srt://:9000?mode=listener", False),
    ],
)
def test_loopback_is_what_no_other_machine_can_send(parse, url, loopback):
    assert parse(url).loopback is loopback


def test_a_name_is_given_before_an_equals_sign(parse, film):
    assert parse(f"guest={film}").name == "guest"
    assert parse("left=rtsp://host/a").name == "left"


def test_an_equals_sign_in_an_address_names_nothing(parse, film, tmp_path):
    assert parse("rtsp://host/a?channel=1").name == "host-a"
    assert parse("lavfi:testsrc=size=64x48").name == "pattern"
    assert parse(film.rename(tmp_path / "a=b.mp4")).name == "a-b"


def test_equal_names_are_made_unique(film):
    names = [spec.name for spec in parse_sources([str(film), str(film), f"x={film}", str(film)])]
    assert names == ["my-film", "my-film-2", "x", "my-film-3"]


def test_a_name_made_up_never_takes_one_that_was_given(film):
    assert [s.name for s in parse_sources([str(film), f"my-film={film}"])] == [
        "my-film-2",
        "my-film",
    ]


def test_a_name_given_twice_is_refused():
    with pytest.raises(ConfigError, match="'a' is given twice"):
        parse_sources(["a=rtsp://host/1", "a=rtsp://host/2"])


def test_no_source_is_refused():
    with pytest.raises(ConfigError, match="no source"):
        parse_sources([])


@given(st.text(min_size=1, max_size=40))
def test_every_address_gets_a_name_fit_for_a_topic_level(path):
    try:
        (spec,) = parse_sources([f"rtsp://host/{path}"])
    except ConfigError:
        return
    assert re.fullmatch(r"[^/+#\s\0]+", spec.name)


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://user:s3cret@host:554/a",
        "http://host/a?token=s3cret&x=1",
        "srt://host:1?passphrase=s3cret",
        "https://host/a.m3u8?X-Amz-Signature=s3cret",
        "rtsp://host/a?user=u&pwd=s3cret",
    ],
)
def test_no_secret_is_shown(parse, url):
    spec = parse(url)
    assert "s3cret" not in spec.address + spec.name
    assert "host" in spec.address


def test_what_is_no_secret_stays():
    assert redacted("rtsp://u:p@host:554/a/b?channel=1&key=9") == (
        "rtsp://host:554/a/b?channel=1&key=***"
    )


@pytest.mark.parametrize("url", ["rtsp://user:s3cr/et@host/a", "rtsp://user:s3#cret@host/a"])
def test_a_password_that_is_not_written_safely_is_refused_unseen(parse, url):
    with pytest.raises(ConfigError, match="%2F") as caught:
        parse(url)
    assert "s3" not in str(caught.value)


def test_a_missing_file_names_what_may_have_been_meant(parse, film):
    with pytest.raises(SourceUnreachableError, match=r"did you mean .*my film\.mp4"):
        parse(film.with_name("my flim.mp4"))


def test_a_missing_folder_is_named(parse, tmp_path):
    with pytest.raises(SourceUnreachableError, match=r"its folder .* does not exist"):
        parse(tmp_path / "nowhere" / "a.mp4")


def test_a_folder_is_no_source(parse, tmp_path):
    with pytest.raises(SourceUnreachableError, match="is a folder"):
        parse(tmp_path)


def test_a_missing_camera_names_those_that_are_there(parse):
    with pytest.raises(SourceUnreachableError, match="/dev/video97"):
        parse("camera:97")


def test_an_unknown_scheme_names_the_nearest():
    with pytest.raises(ConfigError, match="did you mean rtsp://"):
        parse_sources(["rstp://u:s3cret@host/a"])


def test_a_udp_address_needs_a_port():
    with pytest.raises(ConfigError, match="no port"):
        parse_sources(["udp://host"])


def test_a_file_address_is_a_path(parse, film):
    assert parse(f"file://{film}".replace(" ", "%20")).url == str(film)
    assert scheme_of(f"file://{film}") == "file"
