"""The arithmetic of a network, as profiles, engine files and reports name it."""

from typing import Literal

Precision = Literal["f32", "bf16", "fp16", "int8"]
"""bf16 is the runtime's own doing; fp16 and int8 are written in the graph."""
