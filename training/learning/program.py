"""The training program, in the Python that has torch: what the train verb hands over to."""

import sys
from pathlib import Path
from typing import Final

import torch
from pydantic import TypeAdapter

from engines.errors import SubfaceError
from engines.sequence.checkpoint import Checkpoint
from training.commands.train import TrainOptions
from training.data import open_data
from training.evaluation.evaluation import FoldName
from training.evaluation.report import CARD, fold_entries, read_fold, write_report
from training.interview import InterviewSet
from training.learning.devices import is_first
from training.learning.labelled_pool import labelled_pool
from training.learning.rounds_note import read_rounds
from training.learning.run import train_network
from training.learning.taught_pool import TaughtPool
from training.reasoning.embedding import embedded_notes
from training.reasoning.reasoned import readings
from training.split import Split

TEST: Final = "test"
REASONING: Final = "reasoning"
"""Where the vectors of a teacher's notes are kept, in the folder of the run."""
WITH: Final = "with_reasoning"
"""Where the report is whose figures were read with them."""
INTERRUPTED: Final = 130


def train(options: TrainOptions) -> Checkpoint:
    """Train, and write what came of it beside the network.

    Raises:
        SubfaceError: As ``train_network``.
    """
    options.check_pool()
    interviews, split = open_data(options.data_options())
    pool = None if options.pseudo is None else _pool(options, options.pseudo, interviews, split)
    if options.pseudo is not None and options.reasoning != "none":
        cache = options.out / REASONING
        interviews = embedded_notes(interviews, options.pseudo, options.reasoning, cache=cache)
    checkpoint = train_network(
        interviews,
        split,
        options.load_recipe(),
        options.out,
        devices=options.device_count(),
        accelerator=options.accelerator,
        pool=pool,
    )
    if is_first() and TEST in split.folds and not (options.out / CARD).is_file():
        of = FoldName(data=readings(interviews)[0].name, protocol=split.protocol, fold=TEST)
        entries = fold_entries(checkpoint, split, of)
        for folder, own in _read(interviews, checkpoint).items():
            evaluation, predictions = read_fold(checkpoint, own, entries, of)
            write_report(checkpoint, evaluation, predictions, folder, command=options.command())
    return checkpoint


def _read(interviews: InterviewSet, checkpoint: Checkpoint) -> dict[Path, InterviewSet]:
    """Return what is read for the report of each folder; the run's own comes last.

    It is read as live, without a teacher's notes, unless the network never learned to.
    """
    bare, folder = readings(interviews)[0], checkpoint.folder
    if bare is interviews or any(
        not own.withheld for own in checkpoint.description.beside.values()
    ):
        return {folder: interviews}
    return {folder / WITH: interviews, folder: bare}


def _pool(options: TrainOptions, path: Path, interviews: InterviewSet, split: Split) -> TaughtPool:
    found = labelled_pool(interviews, split, path, transductive=options.transductive)
    if is_first():
        sys.stderr.write(f"{found.told()}\n")
    return found.pool


def main(argument: str) -> int:
    """Run the program with options in JSON and return the exit code."""
    options = TypeAdapter(TrainOptions).validate_json(argument)
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    try:
        checkpoint = train(options)
    except SubfaceError as error:
        sys.stderr.write(f"subface: {' '.join(str(error).split())}\n")
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("subface: interrupted; the same command goes on from the last epoch\n")
        return INTERRUPTED
    if is_first():
        description = checkpoint.description
        sys.stdout.write(
            f"{checkpoint.folder}: {description.name}, {', '.join(description.fed)}, learned from "
            f"{description.trained_on}; {CARD} says what it is worth\n"
        )
        rounds = read_rounds(checkpoint.folder)
        if rounds is not None:
            sys.stdout.write(f"{rounds.told()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
