"""The program behind ``subface ablate``, in the Python that has torch."""

import sys

import torch
from pydantic import TypeAdapter

from engines.errors import SubfaceError
from training.ablation.cost import costs_of
from training.ablation.experiment import Experiment
from training.ablation.listing import listing
from training.ablation.material import Material
from training.ablation.options import AblateOptions
from training.ablation.plan import Plan
from training.ablation.table import TABLE, table
from training.data import open_data
from training.learning.labelled_pool import labelled_pool
from training.learning.program import INTERRUPTED


def ablate(options: AblateOptions) -> None:
    """Tell the plan and what it costs; unless that is all that was asked for, make the table.

    Raises:
        SubfaceError: As ``train_network``.
    """
    config = options.load_config()
    as_trained = options.as_trained()
    as_trained.check_pool()
    interviews, split = open_data(as_trained.data_options())
    pool = None
    if options.pseudo is not None:
        found = labelled_pool(interviews, split, options.pseudo, transductive=options.transductive)
        sys.stdout.write(f"{found.told()}\n")
        pool = found.pool
    material = Material(interviews, split, config.gold, pool)
    plan = Plan(config=config, has=material.has, labels=material.labels)
    costs = costs_of(plan, material)
    sys.stdout.write(listing(plan, material, costs))
    sys.stdout.flush()
    if options.plan:
        return
    experiment = Experiment(
        plan,
        material,
        costs,
        options.out,
        changed=as_trained.data_options().overrides,
        command=options.command(),
        accelerator=options.accelerator,
    )
    results = experiment.run()
    sys.stdout.write(f"\n{table(results)}\n{options.out / TABLE}\n")


def main(argument: str) -> int:
    """Run the program with options in JSON and return the exit code."""
    options = TypeAdapter(AblateOptions).validate_json(argument)
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    try:
        ablate(options)
    except SubfaceError as error:
        sys.stderr.write(f"subface: {' '.join(str(error).split())}\n")
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("subface: interrupted; the same command goes on\n")
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
