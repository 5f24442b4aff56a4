"""``rounds/rounds.json``: what the rounds of a run came to, for its card and for whoever asks."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from training.pseudo_label.rounds import Learned

ROUNDS: Final = "rounds"
SUMMARY: Final = "rounds.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundNote:
    """What is kept of a round.

    Attributes:
        number: 0 is gold alone.
        auc: On the gold that its students had not seen.
        gained: Whether it is better than all before.
    """

    number: int
    auc: float
    gained: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundsNote:
    """What rounds came to.

    Attributes:
        rounds: All, in order.
        kept: The number of the one that counts; 0: the teacher's labels gained nothing.
        student: The folder of its stages, below the run's.
    """

    rounds: tuple[RoundNote, ...]
    kept: int
    student: str

    def told(self) -> str:
        """Return it in a line."""
        each = ", ".join(
            f"{'gold alone' if not own.number else f'round {own.number}'} {own.auc:.3f}"
            for own in self.rounds
        )
        kept = f"round {self.kept}" if self.kept else "gold alone, for the pool gained nothing"
        if len(self.rounds) == 1:
            kept = "gold alone, for on gold the teacher's answers may well be chance"
        return f"AUC on the gold that was left out: {each}; kept: {kept}"


def read_rounds(folder: Path) -> RoundsNote | None:
    """Return what the rounds of a run came to; None if it had none."""
    path = folder / ROUNDS / SUMMARY
    if not path.is_file():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    return RoundsNote(
        rounds=tuple(RoundNote(**own) for own in found["rounds"]),
        kept=found["kept"],
        student=found["student"],
    )


def keep_rounds(learned: Learned, folder: Path) -> None:
    """Write what rounds came to.

    Args:
        learned: The rounds.
        folder: Of the run.
    """
    note = RoundsNote(
        rounds=tuple(
            RoundNote(number=own.number, auc=round(own.score, 6), gained=own.gained)
            for own in learned.rounds
        ),
        kept=learned.best.number,
        student=f"{ROUNDS}/{learned.best.number}-all",
    )
    path = folder / ROUNDS / SUMMARY
    part = path.with_suffix(".part")
    part.write_text(json.dumps(asdict(note), indent=2) + "\n", encoding="utf-8")
    part.replace(path)
