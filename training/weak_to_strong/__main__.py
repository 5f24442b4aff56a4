"""A student of few labels and a weak teacher against both, by one command.

    python -m training.weak_to_strong texts --data ../shared/data/goemotions \
        --models ~/.cache/subface/models --cache runs/texts --out runs/weak_to_strong/texts
    python -m training.weak_to_strong faces --data ../shared/data \
        --said runs/faces/fer.npz --out runs/weak_to_strong/faces
    python -m training.weak_to_strong interviews --out runs/weak_to_strong/interviews
    python -m training.weak_to_strong choose --data ../shared/data/goemotions \
        --models ~/.cache/subface/models --cache runs/texts --out runs/weak_to_strong/choice

GoEmotions with the lexicon VADER as teacher; FER-2013 with fer's network, asked before by
``face_opinions``; made-up interviews with a teacher of known noise.
Finished trials are kept, so the same command goes on where it was. ``--quick`` shortens everything;
its figures mean nothing. ``choose`` scores the settings of the texts on left-out gold.
"""

import argparse
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from engines.errors import SubfaceError
from training.evaluation.metrics import MetricName
from training.starter.text_training import add_encoder_options, open_embedder
from training.weak_to_strong.choice import Choice, Draws
from training.weak_to_strong.choice_grid import GRIDS, QUICK, narrowed
from training.weak_to_strong.comparison import TOLD
from training.weak_to_strong.curve import draw_curves
from training.weak_to_strong.experiment import Experiment
from training.weak_to_strong.face_material import read_pictures
from training.weak_to_strong.face_plan import FACES
from training.weak_to_strong.face_plan import QUICK as QUICK_FACES
from training.weak_to_strong.interview_experiment import InterviewExperiment
from training.weak_to_strong.interview_material import make_material
from training.weak_to_strong.interview_plan import FIRST as FIRST_INTERVIEWS
from training.weak_to_strong.interview_plan import MAIN, InterviewPlan
from training.weak_to_strong.interview_plan import QUICK as QUICK_INTERVIEWS
from training.weak_to_strong.material import Material
from training.weak_to_strong.plan import Plan
from training.weak_to_strong.table import table, write_results
from training.weak_to_strong.text_material import read_comments
from training.weak_to_strong.text_plan import QUICK as QUICK_TEXTS
from training.weak_to_strong.text_plan import TEXTS


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
    choose = kinds.add_parser("choose", help="the settings of the texts, on left-out gold alone")
    choose.add_argument("--data", type=Path, required=True, help="folder of GoEmotions")
    add_encoder_options(choose)
    choose.add_argument("--part", choices=list(GRIDS), help="one grid of the two")
    choose.add_argument(
        "--take",
        action="append",
        default=[],
        metavar="KNOB=VALUE,...",
        help="only these values of a knob; may be repeated",
    )
    choose.add_argument("--draws", type=int, default=TEXTS.seeds, help="of gold, of each share")
    choose.set_defaults(work=_choose)
    faces = kinds.add_parser("faces", help="FER-2013; fer's network is the teacher")
    faces.add_argument("--data", type=Path, required=True, help="folder of FER-2013")
    faces.add_argument("--said", type=Path, required=True, help="what face_opinions wrote")
    faces.set_defaults(work=_faces)
    interviews = kinds.add_parser("interviews", help="made up; a teacher of known noise")
    interviews.add_argument(
        "--noise", type=float, help="deviation of what is added to each feature in training"
    )
    interviews.add_argument("--steps", type=int, help="of every student, with the pool or without")
    interviews.add_argument(
        "--generator", type=int, help="seed of the interviews; choose on others"
    )
    interviews.add_argument("--first", action="store_true", help="the plan of the first attempt")
    interviews.add_argument(
        "--no-curve", action="store_true", help="only the main teacher and the useless one"
    )
    interviews.set_defaults(work=_interviews)
    for kind in (texts, faces, interviews, choose):
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
    material = read_comments(options.data, open_embedder(options))
    about = {
        "of": "comments that no training comment repeats",
        "resampled": "comments, each for itself: who wrote which is not known",
    }
    return _compared(QUICK_TEXTS if options.quick else TEXTS, material, about, TOLD, options)


def _choose(options: argparse.Namespace) -> str:
    material = read_comments(options.data, open_embedder(options))
    draws, grids = Draws(seeds=options.draws), GRIDS
    if options.quick:
        draws, grids = Draws(shares=QUICK_TEXTS.shares, seeds=1, folds=QUICK_TEXTS.folds), QUICK
    meant = {part: own for part, own in grids.items() if options.part in {None, part}}
    choices = [
        Choice(part, values, draws=draws, material=material, out=options.out)
        for part, values in narrowed(meant, options.take).items()
    ]
    for choice in choices:
        choice.run()
    told = "\n".join(choice.table() for choice in choices) + f"\n`{options.command}`\n"
    (options.out / "choice.md").write_text(told, encoding="utf-8")
    return told


def _faces(options: argparse.Namespace) -> str:
    material = read_pictures(options.data, options.said)
    about = {
        "of": "pictures of the public test, none of which was learned from",
        "resampled": "pictures, each for itself: who is on which is not known",
        "also": " The teacher as it is, no gold asked: accuracy "
        f"{material.as_it_is('accuracy'):.3f}, "
        f"balanced accuracy {material.as_it_is('balanced_accuracy'):.3f}.",
    }
    plan = QUICK_FACES if options.quick else FACES
    return _compared(plan, material, about, ("balanced_accuracy", "accuracy", "auc"), options)


def _compared(
    plan: Plan,
    material: Material,
    about: Mapping[str, str],
    metrics: Sequence[MetricName],
    options: argparse.Namespace,
) -> str:
    experiment = Experiment(plan, material, options.out)
    for trial in plan.trials():
        experiment.do(trial)
    comparisons = {
        f"{100 * share:g} %": experiment.comparison(share, metrics) for share in plan.shares
    }
    told = {
        **about,
        "command": options.command,
        "cpu_s": sum(own.cpu_s for own in experiment.outcomes.values()),
        "rounds": {trial.name: own.scores for trial, own in experiment.outcomes.items()},
        "best": {trial.name: own.best for trial, own in experiment.outcomes.items()},
    }
    write_results(comparisons, told, options.out)
    return table(comparisons, told)


def _interview_plan(options: argparse.Namespace) -> InterviewPlan:
    plan = FIRST_INTERVIEWS if options.first else InterviewPlan()
    plan = QUICK_INTERVIEWS if options.quick else plan
    if options.no_curve:
        plan = replace(plan, rights=(), shares=())
    if options.noise is not None:
        plan = replace(plan, noise=options.noise)
    if options.generator is not None:
        plan = replace(plan, generator=options.generator)
    if options.steps is not None:
        recipe = replace(plan.recipe, steps=options.steps, gold_steps=options.steps)
        plan = replace(plan, recipe=recipe)
    return plan


def _interviews(options: argparse.Namespace) -> str:
    plan = _interview_plan(options)
    material = make_material(plan, options.out)
    experiment = InterviewExperiment(material, options.out)
    for trial in plan.trials():
        experiment.do(trial)
    found = experiment.comparisons()
    oracle = material.oracle()
    draw_curves(found, main=MAIN, oracle=oracle, path=options.out / "curves.png")
    comparisons = {
        f"teacher {100 * right:g} %, gold {100 * share:g} %": own
        for (right, share), own in found.items()
    }
    about = {
        "command": options.command,
        "of": "made-up interviews of other people",
        "resampled": "people",
        "cpu_s": sum(own.cpu_s for own in experiment.outcomes.values()),
        "also": f" Who sees every sign has {oracle:.3f} there.",
        "rounds": {trial.name: own.scores for trial, own in experiment.outcomes.items()},
        "best": {trial.name: own.best for trial, own in experiment.outcomes.items()},
    }
    write_results(comparisons, about, options.out)
    return table(comparisons, about)


if __name__ == "__main__":
    sys.exit(main())
