"""Films lent to Gemini: there from the first question about a clip to the last, and no longer.

By its Files API and not within each question: a clip is asked about a dozen times, and would be
sent as often. What is there is deleted when its clip is done, whatever ended it; the provider drops
it after two days where that does not succeed.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from secrets import token_hex
from typing import Final

import httpx2
from google import genai
from google.genai import errors, types

from training.labelling.errors import TeacherBusyError, TeacherRejectedError
from training.labelling.gemini_trouble import PROVIDER, GeminiTrouble
from training.labelling.loan_notes import LoanNotes
from training.labelling.question import Video

MP4: Final = "video/mp4"
FIRST_POLL_S, LONGEST_POLL_S = 0.1, 5.0
REMOVALS: Final = 3
REMOVAL_S: Final = 10.0
"""Of one attempt: whoever presses Ctrl-C does not wait for long."""
GONE: Final = frozenset({403, 404})
"""What is not there is forbidden, too."""


@dataclass(slots=True)
class _Loan:
    """The film of one clip, and the names under which it was sent."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    names: list[str] = field(default_factory=list)
    file: types.File | None = None
    unusable: str | None = None


class GeminiFilms:
    """The films that are with Gemini.

    Args:
        client: Google's.
        trouble: Translates its errors.
        base_url: Where it answers; what the server says of its own address is not followed.
        timeout_s: Of one request, and of getting a film ready.
        notes: What is lent.
        warn: Told of a film that could not be taken back.
    """

    def __init__(
        self,
        client: genai.Client,
        trouble: GeminiTrouble,
        *,
        base_url: str | None,
        timeout_s: float,
        notes: LoanNotes,
        warn: Callable[[str], None],
    ) -> None:
        self._files = client.aio.files
        self._trouble = trouble
        self._base_url = base_url
        self._timeout_s = timeout_s
        self._notes = notes
        self._warn = warn
        self._loans: dict[str, _Loan] = {}

    async def take_back_all(self) -> None:
        """Delete everything that was lent, also by a run before this that was killed."""
        self._loans.clear()
        async with asyncio.TaskGroup() as tasks:
            for name in self._notes.open_loans():
                tasks.create_task(self._remove(name))

    async def take_back(self, clip: str) -> None:
        """Delete the film of a clip, if it was lent."""
        loan = self._loans.pop(clip, None)
        if loan is not None:
            for name in loan.names:
                await self._remove(name)

    def lost(self, clip: str) -> bool:
        """Return whether a clip's film was thought to be there, and from now on is not."""
        loan = self._loans.get(clip)
        if loan is None or loan.file is None:
            return False
        loan.file = None
        return True

    async def uri(self, clip: str, video: Video) -> str:
        """Return where the film of a clip is; it is sent if it is not there.

        Raises:
            TeacherBusyError: If another attempt may succeed.
            TeacherRejectedError: If none will.
        """
        loan = self._loans.setdefault(clip, _Loan())
        async with loan.lock:
            if loan.unusable is not None:
                raise TeacherRejectedError(loan.unusable, for_all=False)
            with self._trouble.translated(billed=False):
                if loan.file is None:
                    loan.file = await self._send(loan, video)
                return await self._ready(loan, loan.file)

    async def _send(self, loan: _Loan, video: Video) -> types.File:
        name = f"files/subface-{token_hex(12)}"
        self._notes.lend(name)
        loan.names.append(name)
        return await self._files.upload(
            file=BytesIO(video.mp4),
            config=types.UploadFileConfig(
                name=name,
                mime_type=MP4,
                http_options=types.HttpOptions(
                    base_url=self._base_url, timeout=round(self._timeout_s * 1000)
                ),
            ),
        )

    async def _ready(self, loan: _Loan, file: types.File) -> str:
        """Wait until a film can be asked about."""
        poll_s = FIRST_POLL_S
        try:
            async with asyncio.timeout(self._timeout_s):
                while file.state not in {types.FileState.ACTIVE, types.FileState.FAILED}:
                    await asyncio.sleep(poll_s)
                    poll_s = min(poll_s * 2, LONGEST_POLL_S)
                    loan.file = file = await self._files.get(name=loan.names[-1])
        except TimeoutError:
            msg = f"{PROVIDER}: the film was not ready within {self._timeout_s:g} s"
            raise TeacherBusyError(msg, billed=False) from None
        if file.state == types.FileState.FAILED or not file.uri:
            said = file.error.message if file.error is not None else "no reason"
            loan.unusable = f"{PROVIDER}: it cannot read the film: {self._trouble.shown(said)}"
            raise TeacherRejectedError(loan.unusable, for_all=False)
        return file.uri

    async def _remove(self, name: str) -> None:
        """Delete a film; what could not be stays noted, for the next run."""
        said: object = ""
        for attempt in range(REMOVALS):
            try:
                await self._files.delete(
                    name=name,
                    config=types.DeleteFileConfig(
                        http_options=types.HttpOptions(timeout=round(REMOVAL_S * 1000))
                    ),
                )
            except errors.APIError as error:
                if error.code in GONE:
                    break
                said = f"{error.code} {error.message}"
            except (httpx2.HTTPError, errors.UnknownApiResponseError, ValueError) as error:
                said = error
            else:
                break
            await asyncio.sleep(FIRST_POLL_S * 2**attempt)
        else:
            self._warn(
                f"{name} is left with {PROVIDER}, which keeps it for two days at most; the next "
                f"run with this cache tries again to delete it: {self._trouble.shown(said)}"
            )
            return
        self._notes.strike(name)
