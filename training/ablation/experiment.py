"""All trainings of a table, each kept as it is done, so that the same command goes on."""

import hashlib
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from engines.errors import ConfigError
from training.ablation.cost import Cost
from training.ablation.material import Material
from training.ablation.plan import Plan
from training.ablation.results import Judge, Results
from training.ablation.row import Training
from training.ablation.table import write_results
from training.ablation.trial import do_training
from training.weak_to_strong.outcome import Outcome, kept

PLAN: Final = "plan.json"
OUTCOMES: Final = "outcomes"


class Experiment:
    """The trainings that are done so far.

    Args:
        plan: Which there are.
        material: What they learn from.
        costs: What they will cost.
        out: The folder of trainings and table.
        changed: Of the data, ``key=value``.
        command: That makes it.
        accelerator: As Lightning has it.

    Raises:
        ConfigError: If another plan, or one of other data, lies in the folder.
    """

    def __init__(
        self,
        plan: Plan,
        material: Material,
        costs: Mapping[Training, Cost],
        out: Path,
        *,
        changed: Sequence[str],
        command: str,
        accelerator: str,
    ) -> None:
        self._plan = plan
        self._material = material
        self._costs = costs
        self._out = out
        self._command = command
        self._accelerator = accelerator
        self._judge = Judge(plan, material, costs)
        self._outcomes: dict[Training, Outcome] = {}
        keep_plan(out / PLAN, stated(plan, material, changed))

    def run(self) -> Results:
        """Do what is not done, writing the table anew after every training.

        Returns:
            What the table says.
        """
        for training in self._plan.trainings:
            path = self._out / OUTCOMES / f"{training.name}.npz"
            done = path.is_file()
            self._outcomes[training] = kept(
                path,
                self._plan.stated(training),
                lambda own=training: do_training(  # type: ignore[misc] # a default binds it
                    own, self._plan, self._material, self._out, accelerator=self._accelerator
                ),
            )
            if not done:
                self._tell(training)
                write_results(self.results(), self._out)
        results = self.results()
        write_results(results, self._out)
        return results

    def results(self) -> Results:
        """Return what all that was done says."""
        return self._judge.results(self._outcomes, self._command)

    def _tell(self, training: Training) -> None:
        spent_s = sum(own.cpu_s for own in self._outcomes.values())
        left_s = sum(cost.cpu_s for own, cost in self._costs.items() if own not in self._outcomes)
        sys.stdout.write(
            f"{len(self._outcomes)} of {len(self._plan.trainings)}  {training.name}  "
            f"CPU {self._outcomes[training].cpu_s:.0f} s (estimated "
            f"{self._costs[training].cpu_s:.0f}); {spent_s / 60:.1f} minutes done, about "
            f"{left_s / 60:.1f} to go  {time.strftime('%H:%M:%S')}\n"
        )
        sys.stdout.flush()


def stated(plan: Plan, material: Material, changed: Sequence[str]) -> str:
    """Return all that decides what comes of a table, as JSON."""
    folds = {
        name: [f"{own.name}|{own.subject}|{own.label}" for own in entries]
        for name, entries in material.split.folds.items()
    }
    digest = hashlib.sha256(json.dumps(folds, sort_keys=True).encode()).hexdigest()
    whole = {
        "config": plan.config.model_dump(mode="json"),
        "data": {
            "name": material.interviews.name,
            "protocol": material.split.protocol,
            "folds": {name: len(own) for name, own in folds.items()},
            "sha256": digest,
            "modalities": list(plan.has),
            "changed": list(changed),
            "pool": material.teacher,
        },
        "trainings": {own.name: json.loads(plan.stated(own)) for own in plan.trainings},
    }
    return json.dumps(whole, indent=2) + "\n"


def keep_plan(path: Path, text: str) -> None:
    """Write what a folder is of, or refuse one that says otherwise.

    Raises:
        ConfigError: If it does.
    """
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(text, encoding="utf-8")
        part.replace(path)
        return
    found, own = json.loads(path.read_text(encoding="utf-8")), json.loads(text)
    differing = [key for key in own if found.get(key) != own[key]]
    if differing:
        what = "other data" if "data" in differing else "another plan"
        msg = (
            f"{path}: a table of {what} lies here (its {', '.join(differing)} differ); give "
            "another folder, or the same data, configuration and --set"
        )
        raise ConfigError(msg)
