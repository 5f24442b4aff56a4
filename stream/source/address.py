"""Sources as a user names them: paths, stream addresses, cameras, patterns.

The kind is decided here, before anything is opened, because it decides what a full channel does and
what the end of the data means. For local files the content decides (a picture may be called
anything); for addresses the scheme and the suffix.
"""

import difflib
import ipaddress
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

import av

from engines.errors import ConfigError
from stream.errors import SourceUnreachableError
from stream.source.redact import redacted
from stream.source.spec import SourceKind, SourceSpec, scheme_of

STREAM_SCHEMES = frozenset({"rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "udp", "srt"})
FILE_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".m4a", ".mka", ".wav"}
)
"""Over http these are files, which end; anything else is taken for live: radio is called .mp3."""
STILL_SUFFIXES = frozenset({".avif", ".heic", ".heif"})  # pictures stored as a film of one frame
_NAMED = re.compile(r"(?P<name>[\w.-]+)=(?P<url>.+)", re.DOTALL)
_UNFIT = re.compile(r"[^\w.-]+")
_FINITE_PATTERN = re.compile(r"(?:^|[=:,;\[\]])(?:duration|d)=")
_LONGEST_NAME = 64  # of a name made up from an address, in characters


def parse_sources(arguments: Sequence[str]) -> list[SourceSpec]:
    """Recognise sources: ``PATH``, ``URL``, ``camera:N``, ``lavfi:GRAPH``, each also ``NAME=...``.

    Args:
        arguments: As given on the command line, at least one.

    Raises:
        ConfigError: If there is none, one is no address that can be read, or a name is used twice.
        SourceUnreachableError: If a file or a camera is not there.
    """
    if not arguments:
        msg = "no source given: expected a file, a stream address, camera:N or lavfi:GRAPH"
        raise ConfigError(msg)
    split = [_split_name(argument) for argument in arguments]
    chosen = [name for name, _ in split if name is not None]
    for name in chosen:
        if chosen.count(name) > 1:
            msg = f"source name {name!r} is given twice: each source needs a name of its own"
            raise ConfigError(msg)
    taken = set(chosen)
    return [_spec(name, url, taken) for name, url in split]


def _split_name(argument: str) -> tuple[str | None, str]:
    named = _NAMED.fullmatch(argument)
    if named is None or Path(argument).exists():
        return None, argument
    return named["name"], named["url"]


def _spec(name: str | None, url: str, taken: set[str]) -> SourceSpec:
    scheme = scheme_of(url)
    if scheme == "lavfi":
        finite = _FINITE_PATTERN.search(url.removeprefix("lavfi:")) is not None
        stem, kind, address, loopback = "pattern", _kind(finite=finite), url, True
    elif scheme == "camera":
        url = _camera(url)
        stem, kind, address, loopback = Path(url).name, "live", url, True
    elif scheme == "file":
        path = _file(url)
        kind = "picture" if _is_picture(path) else "file"
        url = address = str(path)
        stem, loopback = path.stem, True
    elif scheme in STREAM_SCHEMES:
        parts = _split_url(url)
        finite = scheme.startswith("http") and Path(parts.path).suffix.lower() in FILE_SUFFIXES
        stem = Path(parts.path).stem if finite else f"{parts.hostname or scheme}{parts.path}"
        kind, address, loopback = _kind(finite=finite), redacted(url), _is_loopback(parts.hostname)
    else:
        raise ConfigError(_unknown_scheme(scheme))
    if name is None:
        name = _free_name(stem, taken)
        taken.add(name)
    return SourceSpec(name=name, url=url, address=address, kind=kind, loopback=loopback)


def _kind(*, finite: bool) -> SourceKind:
    return "file" if finite else "live"


def _unknown_scheme(scheme: str) -> str:
    near = difflib.get_close_matches(scheme, sorted(STREAM_SCHEMES), n=1)
    meant = f"; did you mean {near[0]}://?" if near else ""
    known = ", ".join(f"{known}://" for known in sorted(STREAM_SCHEMES))
    return (
        f"a {scheme}:// address cannot be read: expected a path, camera:N, lavfi:GRAPH or one of "
        f"{known}{meant}"
    )


def _split_url(url: str) -> SplitResult:
    """Split an address; what is wrong with one is told without repeating a password in it."""
    parts = urlsplit(url)
    head = f"the {parts.scheme}:// address"
    try:
        host, port = parts.hostname, parts.port
    except ValueError as error:
        remedy = "a port is a number, and / ? # @ in a password are written %2F %3F %23 %40"
        msg = f"{head} has no valid host and port: expected host:port; {remedy}"
        raise ConfigError(msg) from error
    if parts.scheme == "udp" and port is None:
        msg = f"{redacted(url)}: no port: expected udp://@:PORT or udp://HOST:PORT"
        raise ConfigError(msg)
    if host is None and parts.scheme not in {"udp", "srt"}:
        msg = f"{head} names no host: expected {parts.scheme}://HOST/PATH"
        raise ConfigError(msg)
    return parts


def _is_loopback(host: str | None) -> bool:
    if host is None:
        return False  # it listens to whoever sends
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _camera(url: str) -> str:
    """Return the device of a camera, which must exist."""
    number = url.removeprefix("camera:")
    path = Path(f"/dev/video{number}" if number.isdigit() else number)
    if path.exists():
        return str(path)
    there = sorted(str(device) for device in Path("/dev").glob("video*"))
    have = f"there is {', '.join(there)}" if there else "this machine has none"
    msg = f"{url}: no such camera ({path}): {have}; plug it in, or name another as camera:N"
    raise SourceUnreachableError(msg)


def _file(url: str) -> Path:
    """Return the path of a file, which must exist."""
    is_url = url.lower().startswith("file://")
    path = Path(unquote(urlsplit(url).path)) if is_url else Path(url).expanduser()
    if path.is_file():
        return path
    if path.is_dir():
        msg = f"{path}: is a folder: expected a file in it"
        raise SourceUnreachableError(msg)
    if path.exists():
        msg = f"{path}: is neither a file nor a camera (/dev/video*), so it cannot be read"
        raise SourceUnreachableError(msg)
    msg = f"{path}: no such file{_near(path)}"
    raise SourceUnreachableError(msg)


def _near(path: Path) -> str:
    """Return what could have been meant by a path that does not exist."""
    folder = path.parent
    if not folder.is_dir():
        return f"; its folder {folder} does not exist either"
    names = [entry.name for entry in folder.iterdir()]
    near = difflib.get_close_matches(path.name, names, n=1)
    return f"; did you mean {folder / near[0]}?" if near else f" in {folder.resolve()}"


def _is_picture(path: Path) -> bool:
    """Return True if a file is a single picture, by its content.

    A gif may move and is a file; what cannot be opened is one too, and says why when it is read.
    """
    try:
        with av.open(str(path), options={"pattern_type": "none"}) as container:
            name = container.format.name
    except (av.FFmpegError, ValueError, UnicodeError):
        return False
    if path.suffix.lower() in STILL_SUFFIXES:
        return True
    return name == "image2" or (name.endswith("_pipe") and name != "gif_pipe")


def _free_name(stem: str, taken: Iterable[str]) -> str:
    """Return a name made of a path or an address, fit for a topic, that nobody has yet."""
    base = _UNFIT.sub("-", stem).strip("-.")[:_LONGEST_NAME] or "source"
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    return name
