"""A student of few labels and a weak teacher against both, by one command.

    python -m training.weak_to_strong texts --data ../shared/data/goemotions \
        --models ~/.cache/subface/models --cache runs/texts --out runs/weak_to_strong/texts

GoEmotions with the lexicon VADER as teacher. Finished trials are kept, so the same command goes on
where it was. ``--quick`` shortens everything; its figures mean nothing.
"""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from engines.errors import SubfaceError
from training.starter.text_training import add_encoder_options, open_embedder
from training.weak_to_strong.table import table, write_results
from training.weak_to_strong.text_experiment import TextExperiment
from training.weak_to_strong.text_material import read_material
from training.weak_to_strong.text_plan import QUICK, TextPlan


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare ways of learning from a weak teacher, or go on with it.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="training.weak_to_strong", description=main.__doc__)
    kinds = parser.add_subparsers(required=True, metavar="DATA")
    texts = kinds.add_parser("texts", help="GoEmotions; the lexicon VADER is the teacher")
    texts.add_argument("--data", type=Path, required=True, help="folder of GoEmotions")
    add_encoder_options(texts)
    texts.set_defaults(work=_texts)
    for kind in (texts,):
        kind.add_argument("--out", type=Path, required=True, help="folder of trials and table")
        kind.add_argument("--quick", action="store_true", help="a look at the machinery")
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = parser.parse_args(given)
    options.command = shlex.join(["python", "-m", "training.weak_to_strong", *given])
    torch.set_num_threads(1)
    try:
        sys.stdout.write(options.work(options))
    except SubfaceError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _texts(options: argparse.Namespace) -> str:
    plan = QUICK if options.quick else TextPlan()
    experiment = TextExperiment(
        plan, read_material(options.data, open_embedder(options)), options.out
    )
    for trial in plan.trials():
        experiment.do(trial)
    comparisons = {f"{100 * share:g} %": experiment.comparison(share) for share in plan.shares}
    about = {
        "command": options.command,
        "of": "comments that no training comment repeats",
        "resampled": "comments, each for itself: who wrote which is not known",
        "cpu_s": sum(own.cpu_s for own in experiment.outcomes.values()),
        "rounds": {trial.name: own.scores for trial, own in experiment.outcomes.items()},
        "best": {trial.name: own.best for trial, own in experiment.outcomes.items()},
    }
    write_results(comparisons, about, options.out)
    return table(comparisons, about)


if __name__ == "__main__":
    sys.exit(main())
