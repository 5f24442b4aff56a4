"""The keypoint perceptron against the graph convolution, on real skeletons, by one command.

    python -m training.skeletons --data ../shared/data/skeleton --out runs/skeletons

It says first what it will do and what that costs, keeps every finished run, and started again goes
on where it was. ``--quick`` shortens everything to a few minutes; its figures mean nothing. Nothing
that is trained here is kept: the files may be used for research only.
"""

import argparse
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm  # type: ignore[import-untyped]

from engines.errors import SubfaceError
from training.skeletons.datasets import DATASETS
from training.skeletons.experiment import Result, run_dataset
from training.skeletons.material import Material
from training.skeletons.plan import BODIES, QUICK, Plan
from training.skeletons.run import Run
from training.skeletons.skeleton_network import Body
from training.skeletons.skeleton_training import Recipe, time_step
from training.skeletons.table import table, write_results


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare the two bodies, or go on with a comparison.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="training.skeletons", description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the three .npz files")
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs and the table")
    parser.add_argument("--only", nargs="+", choices=DATASETS, default=list(DATASETS))
    parser.add_argument("--seeds", type=int, help="of each body, on each fold")
    parser.add_argument("--quick", action="store_true", help="a look at the machinery")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    plan = QUICK if options.quick else Plan()
    if options.seeds is not None:
        plan = replace(plan, seeds=options.seeds)
    given = sys.argv[1:] if arguments is None else arguments
    command = shlex.join(["python", "-m", "training.skeletons", *given])
    try:
        materials = [plan.material(name, options.data) for name in options.only]
        compare_all(plan, materials, options.out, command)
    except SubfaceError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def compare_all(plan: Plan, materials: Sequence[Material], out: Path, command: str) -> None:
    """Say what is done, do it, and write the table after each data set."""
    costs_s = {material.name: _announce(plan, material) for material in materials}
    total_s = sum(sum(costs.values()) for costs in costs_s.values())
    sys.stdout.write(f"together {total_s / 60:.0f} CPU-minutes; finished runs are not done again\n")
    sys.stdout.flush()
    results: list[Result] = []
    with tqdm(total=round(total_s), unit=" CPU-s", disable=None) as bar:

        def tell(run: Run, outcome: Mapping[str, Any]) -> None:
            recipe = run.recipe
            bar.write(
                f"{outcome['configuration']['data']['name']}  {recipe.body}  rate {recipe.rate:g}  "
                f"epochs {recipe.epochs}  seed {recipe.seed}  tested on "
                f"{','.join(sorted(run.fold.test))}  accuracy {outcome['accuracy']:.4f}  "
                f"CPU {outcome['cpu_s']:.0f} s  {time.strftime('%H:%M:%S')}",
                file=sys.stdout,
            )
            sys.stdout.flush()
            bar.update(round(outcome["cpu_s"]))

        for material in materials:
            results.append(run_dataset(plan, material, out / "runs", tell))
            write_results(results, plan, command, out)
    sys.stdout.write(table(results, plan, command))


def _announce(plan: Plan, material: Material) -> dict[Body, float]:
    costs_s: dict[Body, float] = {}
    clips = material.clips.of(material.folds[0].train)
    for body in BODIES:
        steps = plan.steps(material, body)
        step_s = time_step(Recipe(body=body, rate=1e-3, epochs=1, seed=0), clips, material.skeleton)
        costs_s[body] = steps * step_s
        sys.stdout.write(
            f"{material.dataset.title}  {body}  {len(material.folds)} folds  {steps:,} steps of "
            f"{1e3 * step_s:.0f} ms: {costs_s[body] / 60:.1f} CPU-minutes\n"
        )
    return costs_s


if __name__ == "__main__":
    sys.exit(main())
