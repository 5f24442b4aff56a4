"""What is planted in made-up interviews is found, and nothing else is, by one command.

    python -m training.planted --out runs/planted

Each branch alone, all together, with permuted labels, with nothing planted, and a regression on
pooled features beside them. The table is written anew after every training; finished ones are kept,
so the same command goes on where it was. ``--quick`` shortens everything to half a minute; its
figures mean nothing.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from engines.errors import SubfaceError
from training.planted.experiment import Experiment
from training.planted.plan import QUICK, Plan
from training.planted.table import table, write_results


def main(arguments: Sequence[str] | None = None) -> int:
    """Find what is planted, or go on with it.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="training.planted", description=main.__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of trials and table")
    parser.add_argument("--quick", action="store_true", help="a look at the machinery")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    plan = QUICK if options.quick else Plan()
    command = f"python -m training.planted --out {options.out}"
    command += " --quick" if options.quick else ""
    experiment = Experiment(plan, options.out, command)
    try:
        for trial in plan.trials():
            experiment.do(trial)
            write_results(experiment.results(), options.out)
    except SubfaceError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(table(experiment.results()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
