"""Whatever answers as OpenAI's chat completions do, by OpenAI's client: its own, vLLM, Ollama."""

import base64
from collections.abc import Mapping
from typing import Any, Final

import openai
from openai import AsyncOpenAI, DefaultAsyncHttpxClient
from openai.types.chat import ChatCompletion

from training.labelling.errors import TeacherBusyError, TeacherRejectedError
from training.labelling.question import Picture, Question, Reply, Turn
from training.labelling.secret import Secret
from training.labelling.sending import stays_here
from training.labelling.trust import trust

PROVIDER: Final = "openai"
SPENT: Final = "insufficient_quota"
"""A 429 that no waiting ends."""
BUSY: Final = frozenset({408, 409, 429})
SERVER_ERRORS: Final = 500
OF_THE_QUESTION: Final = frozenset({400, 413, 422})


class OpenAiModel:
    """A model behind an OpenAI-compatible endpoint.

    Args:
        model: Its name there.
        key: Of the interface.
        base_url: The endpoint, with its ``/v1``; None for OpenAI's.
        timeout_s: Of one attempt.
    """

    def __init__(self, model: str, key: Secret, *, base_url: str | None, timeout_s: float) -> None:
        self._model = model
        self._key = key
        self._endpoint = base_url or ""
        self._timeout_s = timeout_s
        self._client = AsyncOpenAI(
            api_key=key.value,
            base_url=base_url,
            timeout=timeout_s,
            max_retries=0,  # every attempt is paid for
            http_client=DefaultAsyncHttpxClient(
                trust_env=not stays_here(base_url),
                timeout=timeout_s,
                verify=trust(),
                follow_redirects=False,  # to whom nobody allowed pictures to be sent
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
        # OpenAI's newer models know the one word, older servers of others only the other
        longest = "max_tokens" if self._endpoint else "max_completion_tokens"
        body: dict[str, Any] = {
            "model": self._model,
            "messages": [
                {"role": "system", "content": question.system},
                *(_message(turn) for turn in question.turns),
            ],
            "temperature": question.temperature,
            "seed": question.sample,
            longest: question.max_output_tokens,
            "response_format": {
                "type": "json_schema",
                "json_schema": {
                    "name": question.step.removesuffix("_repair"),
                    "strict": True,
                    "schema": dict(question.schema),
                },
            },
        }
        try:
            completion: Any = await self._client.chat.completions.create(**body)
        except openai.APITimeoutError:
            msg = f"{PROVIDER}: no answer within {self._timeout_s:g} s"
            raise TeacherBusyError(msg, billed=True) from None
        except openai.APIStatusError as error:
            raise self._told(error) from None
        except (openai.APIError, ValueError) as error:
            cause = error.__cause__ or error
            msg = f"{PROVIDER}: the answer broke off or is none: {self._shown(cause)}"
            raise TeacherBusyError(msg, billed=True) from None
        if not isinstance(completion, ChatCompletion) or not completion.choices:
            msg = f"{PROVIDER}: the answer is no chat completion: {self._shown(completion)}"
            raise TeacherBusyError(msg, billed=True)
        return _reply(completion)

    async def close(self) -> None:
        """Close connections."""
        await self._client.close()

    def _told(self, error: openai.APIStatusError) -> TeacherBusyError | TeacherRejectedError:
        msg = f"{PROVIDER}: {error.status_code}: {self._shown(error.message)}"
        busy = error.status_code in BUSY or error.status_code >= SERVER_ERRORS
        if busy and error.code != SPENT:
            pause_s = _pause_s(error.response.headers.get("retry-after"))
            return TeacherBusyError(msg, pause_s=pause_s, billed=False)
        about_question = error.status_code in OF_THE_QUESTION
        return TeacherRejectedError(msg, for_all=not about_question)

    def _shown(self, what: object) -> str:
        return self._key.hide(" ".join(str(what).split()))[:300]


def _message(turn: Turn) -> dict[str, Any]:
    if turn.role == "model":
        return {"role": "assistant", "content": "".join(map(str, turn.parts))}
    return {
        "role": "user",
        "content": [
            {"type": "image_url", "image_url": {"url": _data_url(part)}}
            if isinstance(part, Picture)
            else {"type": "text", "text": part}
            for part in turn.parts
        ],
    }


def _data_url(picture: Picture) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(picture.jpeg).decode()}"


def _reply(completion: ChatCompletion) -> Reply:
    choice, usage = completion.choices[0], completion.usage
    known: dict[str, Any] = {"model_version": completion.model}
    if usage is not None:
        known |= {"input_tokens": usage.prompt_tokens, "output_tokens": usage.completion_tokens}
    if choice.message.refusal:
        return Reply(stop="refused", text=f"refused: {choice.message.refusal}", **known)
    if choice.finish_reason == "content_filter":
        return Reply(stop="refused", text="answer blocked: content_filter", **known)
    stop = "cut" if choice.finish_reason == "length" else "done"
    return Reply(stop=stop, text=choice.message.content or "", **known)  # type: ignore[arg-type]


def _pause_s(header: str | None) -> float | None:
    try:
        return None if header is None else max(float(header), 0.0)
    except ValueError:
        return None  # a date: the usual pause will do
