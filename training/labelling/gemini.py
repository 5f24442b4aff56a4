"""Gemini, by Google's client: frames and words in, JSON by a schema out."""

from collections.abc import Mapping
from typing import Any, Final

import httpx2
from google import genai
from google.genai import errors, types

from training.labelling.errors import TeacherBusyError, TeacherRejectedError
from training.labelling.question import Picture, Question, Reply, Turn
from training.labelling.secret import Secret
from training.labelling.sending import stays_here

PROVIDER: Final = "gemini"
REFUSALS: Final = frozenset(
    {"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY"}
)
BUSY: Final = frozenset({408, 409, 429, 500, 502, 503, 504})
OF_THE_QUESTION: Final = frozenset({400, 413, 422})


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
        self._key = key
        self._endpoint = base_url or ""
        self._timeout_s = timeout_s
        self._client = genai.Client(
            vertexai=False,
            api_key=key.value,
            http_options=types.HttpOptions(
                base_url=base_url,
                timeout=round(timeout_s * 1000),
                retry_options=types.HttpRetryOptions(attempts=1),  # every attempt is paid for
                async_client_args={"trust_env": not stays_here(base_url)},
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
        try:
            response = await self._client.aio.models.generate_content(
                model=self._model,
                contents=[_content(turn) for turn in question.turns],
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
            raise self._told(error) from None
        except httpx2.TimeoutException:
            msg = f"{PROVIDER}: no answer within {self._timeout_s:g} s"
            raise TeacherBusyError(msg, billed=True) from None
        except (httpx2.HTTPError, errors.UnknownApiResponseError, ValueError) as error:
            msg = f"{PROVIDER}: the answer broke off or is none: {self._shown(error)}"
            raise TeacherBusyError(msg, billed=True) from None
        return _reply(response)

    async def close(self) -> None:
        """Close connections."""
        await self._client.aio.aclose()
        self._client.close()

    def _told(self, error: errors.APIError) -> TeacherBusyError | TeacherRejectedError:
        msg = f"{PROVIDER}: {error.code} {error.status or ''}: {self._shown(error.message)}"
        if error.code in BUSY:
            return TeacherBusyError(msg, pause_s=_pause_s(error.details), billed=False)
        about_question = error.code in OF_THE_QUESTION and "API key" not in (error.message or "")
        return TeacherRejectedError(msg, for_all=not about_question)

    def _shown(self, what: object) -> str:
        return self._key.hide(" ".join(str(what).split()))[:300]


def _content(turn: Turn) -> types.Content:
    return types.Content(
        role=turn.role,
        parts=[
            types.Part.from_bytes(data=part.jpeg, mime_type="image/jpeg")
            if isinstance(part, Picture)
            else types.Part.from_text(text=part)
            for part in turn.parts
        ],
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
