"""A conversation as a model's own template writes it."""

import base64
import io
from typing import Any, Final

from jinja2 import TemplateError
from PIL import Image

from training.labelling.local_model.wire import Asked

PROBE: Final = "What holds throughout."


def messages(asked: Asked, *, sees: bool, takes_system: bool) -> list[dict[str, Any]]:
    """Return a conversation as ``apply_chat_template`` takes it.

    Args:
        asked: The question.
        sees: Whether contents are lists of texts and pictures, or texts.
        takes_system: Whether there is a role for what holds throughout; else the user says it.
    """
    turns = [{"role": own["role"], "parts": list(own["parts"])} for own in asked.turns]
    if takes_system:
        turns.insert(0, {"role": "system", "parts": [asked.system]})
    else:
        turns[0]["parts"].insert(0, asked.system)
    return [
        {
            "role": turn["role"],
            "content": [_content(part) for part in turn["parts"]]
            if sees
            else "\n\n".join(part for part in turn["parts"] if isinstance(part, str)),
        }
        for turn in turns
    ]


def takes_system(reader: Any, *, sees: bool) -> bool:  # noqa: ANN401 (a tokenizer or a processor)
    """Return whether a template has a role for what holds throughout: some refuse or drop it.

    Raises:
        ValueError: If there is no template.
    """
    if not reader.chat_template:
        msg = "it has no chat template: expected a model that was taught to answer"
        raise ValueError(msg)
    text = [{"type": "text", "text": PROBE}] if sees else PROBE
    said = [{"type": "text", "text": "?"}] if sees else "?"
    try:
        rendered = reader.apply_chat_template(
            [{"role": "system", "content": text}, {"role": "user", "content": said}],
            tokenize=False,
            add_generation_prompt=True,
        )
    except TemplateError:
        return False
    return PROBE in rendered


def _content(part: str | list[str]) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    with Image.open(io.BytesIO(base64.b64decode(part[0]))) as picture:
        return {"type": "image", "image": picture.convert("RGB")}
