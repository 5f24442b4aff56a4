"""One file over HTTP, streamed into the cache.

Timeouts are short on purpose: on a closed network the next source has its turn within seconds.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import requests

from engines.errors import ModelSourceError

CONNECT_TIMEOUT_S: Final = 3.0
READ_TIMEOUT_S: Final = 15.0  # between two pieces, not for the whole
PIECE_BYTES: Final = 1 << 16
AS_IT_IS: Final = {"Accept-Encoding": "identity"}  # packed, the stated size is not the file's
SHA256: Final = re.compile(r"[0-9a-f]{64}")


class Fetcher:
    """Downloads files, and asks a host that could not be reached only once."""

    def __init__(self) -> None:
        self._unreachable: dict[str, str] = {}

    def fetch(
        self, url: str, to: Path, size_bytes: int | None, advance: Callable[[int], None]
    ) -> str | None:
        """Download a file.

        Args:
            url: Where it is.
            to: Where it goes; what is there is replaced.
            size_bytes: Its size; a server that sends more is cut off. None: what the server says.
            advance: Told the bytes of each piece.

        Returns:
            The SHA-256 that the server itself states, as model hubs do; None where it does not.

        Raises:
            ModelSourceError: If the server cannot be reached, refuses, or breaks off.
        """
        host = urlsplit(url).netloc
        if host in self._unreachable:
            msg = f"{host}: {self._unreachable[host]}, as before"
            raise ModelSourceError(msg)
        answered, got = False, 0
        try:
            with (
                requests.get(
                    url, headers=AS_IT_IS, stream=True, timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
                ) as answer,
                to.open("wb") as file,
            ):
                answered = True
                answer.raise_for_status()
                expected = size_bytes or _stated_size(answer, host)
                for piece in answer.iter_content(PIECE_BYTES):
                    got += len(piece)
                    if got > expected:
                        msg = f"{host}: it sends more than the {expected} bytes of the file"
                        raise ModelSourceError(msg)
                    file.write(piece)
                    advance(len(piece))
                return _stated_sha256(answer)
        except requests.RequestException as error:
            reason = _reason(error, answered=answered)
            if not answered:
                self._unreachable[host] = reason
            msg = f"{host}: {reason} ({got} of {size_bytes or 'unknown'} bytes came)"
            raise ModelSourceError(msg) from error


def _stated_size(answer: requests.Response, host: str) -> int:
    """Read the size that the manifest does not know, so that a break is noticed all the same."""
    stated = answer.headers.get("Content-Length", "")
    if not stated.isdecimal():
        msg = f"{host}: it does not state the size of the file, and the manifest has none"
        raise ModelSourceError(msg)
    return int(stated)


def _stated_sha256(answer: requests.Response) -> str | None:
    """Read a large file's digest from a hub's own answer, which redirects to its storage."""
    for step in (*answer.history, answer):
        stated = SHA256.search(step.headers.get("X-Linked-ETag", ""))
        if stated:
            return stated[0]
    return None


_REASONS: Final = (  # a class stands before the one that it derives from
    (requests.exceptions.SSLError, "its certificate is not trusted"),
    (requests.ConnectTimeout, f"no connection within {CONNECT_TIMEOUT_S:g} s"),
    (requests.ReadTimeout, f"no answer within {READ_TIMEOUT_S:g} s"),
    (requests.ConnectionError, "it cannot be reached"),
)


def _reason(error: requests.RequestException, *, answered: bool) -> str:
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"it answers {error.response.status_code} {error.response.reason}"
    if answered:
        return "it broke off or fell silent"
    return next((text for kind, text in _REASONS if isinstance(error, kind)), str(error))
