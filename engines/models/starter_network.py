"""Where the starter network lies: the checkpoint that a run steps when it is given no other."""

from pathlib import Path
from typing import Final

STARTER: Final = Path(__file__).parent / "starter" / "network"
