"""What goes wrong at Gemini, said as the two errors that a caller knows, without the key in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpx2
from google.genai import errors

from training.labelling.errors import TeacherBusyError, TeacherRejectedError
from training.labelling.secret import Secret

PROVIDER: Final = "gemini"
BUSY: Final = frozenset({408, 409, 429, 500, 502, 503, 504})
OF_THE_QUESTION: Final = frozenset({400, 413, 422})


class GeminiTrouble:
    """Translates the client's errors.

    Args:
        key: What no message may hold.
        timeout_s: Of one attempt.
    """

    def __init__(self, key: Secret, timeout_s: float) -> None:
        self._key = key
        self._timeout_s = timeout_s

    @contextmanager
    def translated(self, *, billed: bool) -> Iterator[None]:
        """Translate what is raised within.

        Args:
            billed: Whether an attempt that breaks off may have been paid for.

        Raises:
            TeacherBusyError: If another attempt may succeed.
            TeacherRejectedError: If none will.
        """
        try:
            yield
        except errors.APIError as error:
            raise self._told(error) from None
        except httpx2.TimeoutException:
            msg = f"{PROVIDER}: no answer within {self._timeout_s:g} s"
            raise TeacherBusyError(msg, billed=billed) from None
        except (httpx2.HTTPError, errors.UnknownApiResponseError, ValueError, KeyError) as error:
            msg = f"{PROVIDER}: the answer broke off or is none: {self.shown(error)}"
            raise TeacherBusyError(msg, billed=billed) from None

    def shown(self, what: object) -> str:
        """Return what may be shown of a text of the provider's."""
        return self._key.hide(" ".join(str(what).split()))[:300]

    def _told(self, error: errors.APIError) -> TeacherBusyError | TeacherRejectedError:
        msg = f"{PROVIDER}: {error.code} {error.status or ''}: {self.shown(error.message)}"
        if error.code in BUSY:
            return TeacherBusyError(msg, pause_s=_pause_s(error.details), billed=False)
        about_question = error.code in OF_THE_QUESTION and "API key" not in (error.message or "")
        return TeacherRejectedError(msg, for_all=not about_question)


def _pause_s(details: Any) -> float | None:  # noqa: ANN401 (the provider's JSON)
    """Return for how long to wait, from a ``google.rpc.RetryInfo`` among an error's details."""
    if isinstance(details, list) and details:
        details = details[0]
    inner = details.get("error", {}) if isinstance(details, dict) else {}
    rows = inner.get("details", []) if isinstance(inner, dict) else []
    for row in rows if isinstance(rows, list) else []:
        delay = row.get("retryDelay") if isinstance(row, dict) else None
        if isinstance(delay, str) and delay.endswith("s"):
            try:
                return max(float(delay[:-1]), 0.0)
            except ValueError:
                return None
    return None
