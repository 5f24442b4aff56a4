"""A model that writes: its weights, its tokens, and one answer at a time."""

import time
from typing import Any, Final

import llguidance.hf
import torch
import transformers
from transformers import (
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoProcessor,
    AutoTokenizer,
    StoppingCriteria,
)

from training.labelling.local_model.conversation import messages, takes_system
from training.labelling.local_model.schema_mask import SchemaMask
from training.labelling.local_model.wire import Asked, Opened, Opening, Stop, Written

SEEDS: Final = 2**63


class Writer:
    """A model of Hugging Face's formats.

    Args:
        opening: Which, and how.

    Attributes:
        opened: What it will be computed by.
        model: Once it is loaded.

    Raises:
        ValueError: If there is no card, and one is asked for.
    """

    def __init__(self, opening: Opening) -> None:
        transformers.utils.logging.disable_progress_bar()
        if opening.threads is not None:
            torch.set_num_threads(opening.threads)
        has_card = torch.cuda.is_available()
        if opening.device == "cuda" and not has_card:
            msg = "--device cuda: torch finds no card here"
            raise ValueError(msg)
        device = opening.device
        if device == "auto":
            device = "cuda" if has_card else "cpu"
        dtype = opening.dtype
        if dtype == "auto":
            dtype = "float32" if device == "cpu" else "bfloat16"
        self._opening, self._sees = opening, opening.sees
        self.opened = Opened(
            device=device,
            dtype=dtype,
            versions=f"transformers {transformers.__version__}, torch {torch.__version__}",
        )

    def load(self) -> None:
        """Read the weights. It blocks.

        Raises:
            Exception: Whatever transformers raises of a model that it cannot read.
        """
        opening = self._opening
        local: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        if opening.packed is not None:
            local["gguf_file"] = opening.packed
        reads, answers = (
            (AutoProcessor, AutoModelForImageTextToText)
            if self._sees
            else (AutoTokenizer, AutoModelForCausalLM)
        )
        self._reader = reads.from_pretrained(opening.folder, **local)
        self._takes_system = takes_system(self._reader, sees=self._sees)
        safe = {} if opening.packed else {"use_safetensors": True}
        model = answers.from_pretrained(
            opening.folder, dtype=getattr(torch, self.opened.dtype), **local, **safe
        )
        self.model = model.to(self.opened.device).eval()
        text = self.model.config.get_text_config()
        self._reads_up_to: int | None = getattr(text, "max_position_embeddings", None)
        self._tokenizer = self._reader.tokenizer if self._sees else self._reader
        self._ends = self.model.generation_config.eos_token_id or self._tokenizer.eos_token_id
        self._tokens = llguidance.hf.from_tokenizer(self._tokenizer, eos_token=self._ends)

    def write(self, asked: Asked) -> Written:
        """Write an answer. It blocks.

        Raises:
            Exception: Whatever torch raises, such as of too little memory.
        """
        inputs = self.inputs(asked)
        given = inputs["input_ids"].shape[1]
        room = asked.max_output_tokens
        if self._reads_up_to is not None:
            room = min(room, self._reads_up_to - given)
        if room < 1:
            return Written(stop="full", text=self._full(given), input_tokens=given, output_tokens=0)
        torch.manual_seed(asked.seed % SEEDS)
        clock = _Clock(asked.limit_s)
        sampling: dict[str, Any] = (
            {"do_sample": True, "temperature": asked.temperature}
            if asked.temperature > 0
            else {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
        )
        with torch.inference_mode():
            tokens = self.model.generate(
                **inputs,
                **sampling,
                max_new_tokens=room,
                eos_token_id=self._ends,
                pad_token_id=_all(self._ends)[0],  # one answer at a time is never padded
                logits_processor=[SchemaMask(self._tokens, asked.schema)],
                stopping_criteria=[clock],
            )[0, given:].tolist()
        ended = bool(tokens) and tokens[-1] in _all(self._ends)
        text = self._tokenizer.decode(tokens, skip_special_tokens=True)
        stop: Stop = "done" if ended else "late" if clock.is_up else "cut"
        if stop == "cut" and room < asked.max_output_tokens:
            stop, text = "full", self._full(given)
        return Written(stop=stop, text=text, input_tokens=given, output_tokens=len(tokens))

    def inputs(self, asked: Asked) -> Any:  # noqa: ANN401 (transformers' BatchFeature)
        """Return what the model is given: tokens, and of one that sees pictures."""
        inputs = self._reader.apply_chat_template(
            messages(asked, sees=self._sees, takes_system=self._takes_system),
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        )
        wanted = (self.model.device, self.model.dtype) if self._sees else (self.model.device,)
        return inputs.to(*wanted)

    def _full(self, given: int) -> str:
        less = "fewer --frames, or smaller ones by --frame-px" if self._sees else "shorter clips"
        return (
            f"the conversation has {given} tokens, and with the answer there are more than the "
            f"{self._reads_up_to} that the model reads: show it {less}"
        )


class _Clock(StoppingCriteria):
    """Ends an answer that takes too long."""

    def __init__(self, limit_s: float) -> None:
        self._until = time.monotonic() + limit_s
        self.is_up = False

    def __call__(
        self, input_ids: torch.LongTensor, _scores: torch.FloatTensor, **_: object
    ) -> torch.BoolTensor:
        self.is_up = time.monotonic() > self._until
        return torch.full((input_ids.shape[0],), self.is_up, device=input_ids.device)


def _all(tokens: int | list[int]) -> list[int]:
    return tokens if isinstance(tokens, list) else [tokens]
