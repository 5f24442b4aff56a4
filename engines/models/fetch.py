"""One file over HTTP, streamed into the cache.

Timeouts are short on purpose: on a closed network the next source has its turn within seconds.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import requests

from engines.errors import ModelSourceError

CONNECT_TIMEOUT_S: Final = 3.0
READ_TIMEOUT_S: Final = 15.0  # between two pieces, not for the whole
PIECE_BYTES: Final = 1 << 16


class Fetcher:
    """Downloads files, and asks a host that could not be reached only once."""

    def __init__(self) -> None:
        self._unreachable: dict[str, str] = {}

    def fetch(self, url: str, to: Path, size_bytes: int, advance: Callable[[int], None]) -> None:
        """Download a file.

        Args:
            url: Where it is.
            to: Where it goes; what is there is replaced.
            size_bytes: Its size; a server that sends more is cut off.
            advance: Told the bytes of each piece.

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
                    url, stream=True, timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
                ) as answer,
                to.open("wb") as file,
            ):
                answered = True
                answer.raise_for_status()
                for piece in answer.iter_content(PIECE_BYTES):
                    got += len(piece)
                    if got > size_bytes:
                        msg = f"{host}: it sends more than the {size_bytes} bytes of the file"
                        raise ModelSourceError(msg)
                    file.write(piece)
                    advance(len(piece))
        except requests.RequestException as error:
            reason = _reason(error, answered=answered)
            if not answered:
                self._unreachable[host] = reason
            msg = f"{host}: {reason} ({got} of {size_bytes} bytes came)"
            raise ModelSourceError(msg) from error


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
