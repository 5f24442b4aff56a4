"""What FFmpeg's errors mean to whoever runs the monitor, in one line and without a password.

FFmpeg's own messages repeat the address they were given, so none of them is passed on; what is said
here comes from the error's number, and for files from a look at their first bytes. The errors do
not classify by type alone: a text file, a film whose index was cut off and an RTSP port that speaks
HTTP all give InvalidDataError.
"""

import codecs
from pathlib import Path
from typing import Literal

import av

from stream.errors import SourceError, SourceFormatError, SourceLostError, SourceUnreachableError
from stream.source.spec import SourceSpec

LostReason = Literal["disconnected", "stalled"]

_BOX_HEADER = 8  # bytes: size and type of a box of an mp4 file


class PassingError(SourceUnreachableError):
    """A source could not be opened now; a moment later it may."""


class StreamBrokeError(SourceLostError):
    """A live source that was open broke off.

    Attributes:
        reason: How.
    """

    def __init__(self, message: str, reason: LostReason) -> None:
        super().__init__(message)
        self.reason: LostReason = reason


_REFUSED = (
    "refuses the login: expected {scheme}://USER:PASSWORD@HOST with a user and a password it knows"
)
REFUSED_ALONE = (av.error.HTTPOtherClientError,)
"""What an RTSP server without sound answers when only that is asked for (455)."""
_MEANINGS: tuple[tuple[tuple[type[Exception], ...], type[SourceError], str], ...] = (
    (
        (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError),
        SourceUnreachableError,
        _REFUSED,
    ),
    (
        (av.error.HTTPNotFoundError,),
        PassingError,
        "the server has no such path: check it, or start the stream there",
    ),
    (
        (av.error.HTTPClientError, av.error.HTTPServerError),
        PassingError,
        "the server refuses: {reason}",
    ),
    (
        (av.error.ConnectionRefusedError,),
        PassingError,
        "nothing listens there: is the server running?",
    ),
    (
        (av.error.ExitError, av.error.TimeoutError, TimeoutError),
        PassingError,
        "no answer within {waited_s:.0f} s: is it sending?",
    ),
    ((av.error.PermissionError,), SourceUnreachableError, "this user may not read it"),
    (
        (av.error.ProtocolNotFoundError,),
        SourceUnreachableError,
        "FFmpeg was built without {scheme}://",
    ),
    ((av.error.FileNotFoundError,), SourceUnreachableError, "no such file"),
)
"""What to raise for an error at the opening, by its type; the first that fits counts."""


def open_failure(error: Exception, spec: SourceSpec, waited_s: float) -> SourceError:
    """Return what to raise when a source could not be opened.

    Args:
        error: Of PyAV, or a TimeoutError.
        spec: The source.
        waited_s: How long it was tried.
    """
    for types, kind, meaning in _MEANINGS:
        if isinstance(error, types):
            told = meaning.format(scheme=spec.scheme, reason=reason_of(error), waited_s=waited_s)
            return kind(f"{spec.address}: {told}")
    if spec.scheme == "file":
        return SourceFormatError(f"{spec.address}: {_what_is_wrong_with(Path(spec.url))}")
    if spec.scheme == "lavfi":
        return SourceFormatError(
            f"{spec.address}: is no graph of filters that makes a picture or sound"
        )
    if isinstance(error, av.error.InvalidDataError):
        kind = SourceFormatError if spec.kind == "file" else PassingError
        return kind(
            f"{spec.address}: what it sends is no {spec.scheme}:// stream of pictures or sound"
        )
    told = f"cannot be reached ({reason_of(error)}): check host and port"
    return PassingError(f"{spec.address}: {told}")


def no_picture(spec: SourceSpec, has: list[str]) -> SourceFormatError:
    """Return what to raise for a source without a picture in it."""
    what = f"only {', '.join(has)}" if has else "nothing that can be decoded"
    return SourceFormatError(f"{spec.address}: has no picture: it has {what}; expected video")


def no_sound(spec: SourceSpec, has: list[str]) -> SourceFormatError:
    """Return what to raise for a source without sound, of which only the sound is wanted."""
    what = f"only {', '.join(has)}" if has else "nothing that can be decoded"
    return SourceFormatError(f"{spec.address}: has no sound: it has {what}; expected audio")


def no_sound_alone(spec: SourceSpec, error: Exception) -> SourceFormatError:
    """Return what to raise for a server that was asked for its sound alone, and refused."""
    told = f"the server sends no sound by itself: it has none, or refuses ({reason_of(error)})"
    return SourceFormatError(f"{spec.address}: {told}")


def undecodable(spec: SourceSpec, medium: Literal["video", "audio"]) -> SourceFormatError:
    """Return what to raise for a film of which no picture came out, or no sound."""
    what = "none of its pictures" if medium == "video" else "nothing of its sound"
    why = "it is damaged"
    if spec.scheme.startswith("http"):
        why += ", or its index comes last and its server gives no byte ranges: use faststart"
    return SourceFormatError(f"{spec.address}: {what} can be decoded: {why}")


def reason_of(error: BaseException) -> str:
    """Return FFmpeg's words for an error, without the address that its message repeats."""
    strerror = getattr(error, "strerror", None)
    return strerror if isinstance(strerror, str) and strerror else type(error).__name__


def _what_is_wrong_with(path: Path) -> str:
    """Return why a file that is there cannot be opened."""
    with path.open("rb") as file:
        start = file.read(4096)
    if not start:
        return "the file is empty"
    if start[4:8] == b"ftyp" and b"moov" not in _boxes(path):
        return (
            "the film was cut off: its index (moov) is missing, as it comes last; copy it again, "
            "or recover it with untrunc"
        )
    if _is_text(start):
        begins = start[:24].decode(errors="replace").split("\n")[0].strip()
        return f"is a text file, not a film or a picture: it begins with {begins!r}"
    return "is no film or picture that FFmpeg can read: check that it was copied completely"


def _is_text(start: bytes) -> bool:
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(start)  # the end may be cut
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character.isspace() for character in text)


def _boxes(path: Path) -> set[bytes]:
    """Return the types of the top-level boxes of an mp4 file, as far as they can be followed."""
    found = set()
    size = path.stat().st_size
    at = 0
    with path.open("rb") as file:
        while at + _BOX_HEADER <= size:
            file.seek(at)
            header = file.read(16)
            length = int.from_bytes(header[:4], "big")
            found.add(header[4:8])
            if length == 1:  # the size is in the eight bytes after the type
                length = int.from_bytes(header[8:16], "big")
            if length < _BOX_HEADER:  # 0: to the end of the file
                break
            at += length
    return found
