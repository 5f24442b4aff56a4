"""Gemini, by Google's client: frames or films, and words, in; JSON by a schema out."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import httpx2
from google import genai
from google.genai import errors, types

from training.labelling.errors import TeacherBusyError
from training.labelling.gemini_films import GONE, MP4, GeminiFilms
from training.labelling.gemini_trouble import PROVIDER, GeminiTrouble
from training.labelling.loan_notes import LoanNotes
from training.labelling.question import Picture, Question, Reply, Video
from training.labelling.secret import Secret
from training.labelling.sending import stays_here
from training.labelling.trust import trust

REFUSALS: Final = frozenset(
    {"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY"}
)


class GeminiModel:
    """A Gemini model.

    Args:
        model: Its name.
        key: Of the interface.
        base_url: Where else it answers, such as a proxy; None for Google's.
        timeout_s: Of one attempt.
    """

    def __init__(self, model: str, key: Secret, *, base_url: str | None, timeout_s: float) -> None:
        self._model = model
        self._endpoint = base_url or ""
        self._timeout_s = timeout_s
        self._trouble = GeminiTrouble(key, timeout_s)
        self._films: GeminiFilms | None = None
        # its own: Google's client would take aiohttp where that is installed, whose errors are
        # others, and would follow a redirect to whom nobody allowed pictures to be sent
        usual: dict[str, Any] = {"trust_env": not stays_here(base_url), "verify": trust()}
        self._http = httpx2.AsyncClient(**usual, timeout=timeout_s)
        self._client = genai.Client(
            vertexai=False,
            api_key=key.value,
            http_options=types.HttpOptions(
                base_url=base_url,
                timeout=round(timeout_s * 1000),
                retry_options=types.HttpRetryOptions(attempts=1),  # every attempt is paid for
                httpx_async_client=self._http,
                httpx_client=httpx2.Client(**usual),
            ),
        )

    @property
    def identity(self) -> Mapping[str, str]:
        """Provider, endpoint and model."""
        return {"provider": PROVIDER, "endpoint": self._endpoint, "model": self._model}

    async def answer(self, question: Question) -> Reply:
        """Ask once.

        Raises:
            TeacherBusyError: If another attempt may succeed.
            TeacherRejectedError: If none will.
        """
        contents = await self._contents(question)
        with self._trouble.translated(billed=True):
            try:
                response = await self._client.aio.models.generate_content(
                    model=self._model,
                    contents=contents,
                    config=types.GenerateContentConfig(
                        system_instruction=question.system,
                        temperature=question.temperature,
                        seed=question.sample,
                        max_output_tokens=question.max_output_tokens,
                        response_mime_type="application/json",
                        response_json_schema=dict(question.schema),
                    ),
                )
            except errors.APIError as error:
                if self._lost_film(question, error):
                    msg = f"{PROVIDER}: the film is no longer there, and is sent again"
                    raise TeacherBusyError(msg, billed=False) from None
                raise
        return _reply(response)

    async def begin(self, cache: Path, warn: Callable[[str], None]) -> None:
        """Keep account of films in a folder, and take back what a killed run left with Gemini."""
        self._films = GeminiFilms(
            self._client,
            self._trouble,
            base_url=self._endpoint or None,
            timeout_s=self._timeout_s,
            notes=LoanNotes(cache),
            warn=warn,
        )
        await self._films.take_back_all()

    async def take_back(self, clip: str) -> None:
        """Delete the film of a clip from Gemini, if it is there."""
        if self._films is not None:
            await self._films.take_back(clip)

    async def close(self) -> None:
        """Delete what films are still with Gemini, and close connections."""
        try:
            if self._films is not None:
                await self._films.take_back_all()
        finally:
            await self._http.aclose()
            self._client.close()

    def _lost_film(self, question: Question, error: errors.APIError) -> bool:
        """Return whether a question failed because its film was deleted, or has expired."""
        is_about_one = question.video() is not None and "file" in (error.message or "").lower()
        return (
            is_about_one
            and error.code in GONE
            and self._films is not None
            and self._films.lost(question.clip)
        )

    async def _contents(self, question: Question) -> list[types.Content]:
        return [
            types.Content(
                role=turn.role,
                parts=[await self._part(question.clip, part) for part in turn.parts],
            )
            for turn in question.turns
        ]

    async def _part(self, clip: str, part: str | Picture | Video) -> types.Part:
        match part:
            case str():
                return types.Part.from_text(text=part)
            case Picture():
                return types.Part.from_bytes(data=part.jpeg, mime_type="image/jpeg")
            case Video():
                if self._films is None:
                    msg = "begin() comes before a question about a film"
                    raise RuntimeError(msg)
                return types.Part(
                    file_data=types.FileData(
                        file_uri=await self._films.uri(clip, part), mime_type=MP4
                    ),
                    video_metadata=types.VideoMetadata(fps=part.hz),
                )


def _reply(response: types.GenerateContentResponse) -> Reply:
    usage = response.usage_metadata
    known: dict[str, Any] = {"model_version": response.model_version}
    if usage is not None and usage.prompt_token_count is not None:
        thought = usage.thoughts_token_count or 0
        known |= {
            "input_tokens": usage.prompt_token_count,
            "output_tokens": (usage.candidates_token_count or 0) + thought,
        }
    feedback = response.prompt_feedback
    if feedback is not None and feedback.block_reason is not None:
        return Reply(stop="refused", text=f"prompt blocked: {feedback.block_reason.name}", **known)
    if not response.candidates:
        return Reply(stop="refused", text="no candidate, and no reason", **known)
    candidate = response.candidates[0]
    reason = "" if candidate.finish_reason is None else candidate.finish_reason.name
    if reason in REFUSALS:
        return Reply(stop="refused", text=f"answer blocked: {reason}", **known)
    parts = [] if candidate.content is None else candidate.content.parts or []
    text = "".join(part.text or "" for part in parts if not part.thought)
    return Reply(stop="cut" if reason == "MAX_TOKENS" else "done", text=text, **known)
