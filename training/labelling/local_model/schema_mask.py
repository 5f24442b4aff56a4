"""Which tokens may come next for an answer to fit its schema: by llguidance, as servers use it.

A small model seldom writes JSON by itself. What fits the schema may still be cut off, or contradict
itself; that is read afterwards, as of any other model.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from llguidance import LLMatcher, LLTokenizer
from transformers import LogitsProcessor


class SchemaMask(LogitsProcessor):
    """Lets through what the schema allows after what was written so far, for one answer.

    Args:
        tokens: The model's.
        schema: JSON Schema.

    Raises:
        ValueError: If it is no schema that can be kept to.
    """

    def __init__(self, tokens: LLTokenizer, schema: Mapping[str, Any]) -> None:
        # endless white space fits, too: none is allowed
        grammar = LLMatcher.grammar_from_json_schema(
            json.dumps(schema),
            overrides={"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "},
        )
        self._matcher = LLMatcher(tokens, grammar, log_level=0)
        self._begun = False
        self._hold()

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Return the scores [1, V] with what does not fit at minus infinity."""
        if self._begun:
            self._matcher.consume_token(int(input_ids[0, -1]))
            self._hold()
        self._begun = True
        packed = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        fits = np.zeros(scores.shape[-1], np.bool_)
        known = np.unpackbits(packed, bitorder="little")[: len(fits)].astype(np.bool_)
        fits[: len(known)] = known
        return scores.masked_fill(~torch.from_numpy(fits).to(scores.device), -torch.inf)

    def _hold(self) -> None:
        if self._matcher.is_error():
            msg = f"the schema of the answer cannot be kept to: {self._matcher.get_error()}"
            raise ValueError(msg)
