"""What is seen of a stage while it runs, and what remains of it: a bar, and a table of epochs."""

import csv
import sys
from pathlib import Path
from typing import Any, Final

import lightning
from tqdm import tqdm  # type: ignore[import-untyped]

METRICS: Final = "metrics.csv"
COLUMNS: Final = ("epoch", "loss", "validation_loss", "validation_balanced_accuracy")


class Metrics(lightning.Callback):
    """Writes one row an epoch; a run that goes on keeps the rows that were there.

    Args:
        path: Of the table.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.rows: list[dict[str, float]] = []

    def state_dict(self) -> dict[str, Any]:
        """Return the rows so far."""
        return {"rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from an interrupted run."""
        self.rows = list(state_dict["rows"])

    def on_train_epoch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,  # noqa: ARG002 (the hook's signature)
    ) -> None:
        """Write how the epoch went."""
        scores = trainer.callback_metrics
        row = {name: round(float(scores[name]), 6) for name in COLUMNS if name in scores}
        self.rows.append({"epoch": trainer.current_epoch, **row})
        if trainer.is_global_zero:
            self._write()

    def _write(self) -> None:
        part = self._path.with_suffix(".part")
        with part.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, COLUMNS)
            table.writeheader()
            table.writerows(self.rows)
        part.replace(self._path)


class Progress(lightning.Callback):
    """Shows how far a stage is on a terminal, and writes a line an epoch where there is none.

    Args:
        name: Of the stage.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._bar: Any = None

    def on_train_start(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,  # noqa: ARG002 (the hook's signature)
    ) -> None:
        """Show the bar, as far as an interrupted run had come."""
        self._bar = tqdm(
            desc=self._name,
            total=trainer.max_epochs,
            initial=trainer.current_epoch,
            unit="epoch",
            file=sys.stderr,
            disable=not trainer.is_global_zero or not sys.stderr.isatty(),
        )

    def on_train_epoch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,  # noqa: ARG002 (the hook's signature)
    ) -> None:
        """Show how the epoch went."""
        scores = trainer.callback_metrics
        told = (
            f"loss {scores['loss']:.4f}, validation {scores['validation_loss']:.4f}, "
            f"balanced accuracy {scores['validation_balanced_accuracy']:.3f}"
        )
        self._bar.set_postfix_str(told)
        self._bar.update()
        if trainer.is_global_zero and self._bar.disable:
            epoch = trainer.current_epoch + 1
            sys.stderr.write(f"{self._name}: epoch {epoch}/{trainer.max_epochs}: {told}\n")

    def teardown(
        self,
        trainer: lightning.Trainer,  # noqa: ARG002 (the hook's signature)
        pl_module: lightning.LightningModule,  # noqa: ARG002 (the hook's signature)
        stage: str,  # noqa: ARG002 (the hook's signature)
    ) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()
