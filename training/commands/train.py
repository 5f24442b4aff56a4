"""The train verb, in the Python that has torch: options to data and recipe, and the run."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from pydantic import TypeAdapter

from engines.errors import ConfigError, SubfaceError
from engines.sequence.checkpoint import Checkpoint
from training.commands.line import command_line
from training.data import DataOptions, Protocol, of_data, open_data
from training.devices import is_first
from training.evaluation import COMMAND, VALIDATION, FoldName
from training.interview import InterviewSet
from training.recipe import load_recipe
from training.report import CARD, fold_entries, read_fold, write_report
from training.run import train_network
from training.split import Split

INTERRUPTED: Final = 130
REPORT: Final = "report"
"""Of the folds that the network was chosen by; ``subface evaluate network`` scores it on others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOptions:
    """The arguments of ``subface train``."""

    data: str
    out: Path
    recipe: str = "small"
    overrides: tuple[str, ...] = ()
    labels: Path | None = None
    protocol: Protocol | None = None
    lists: Path | None = None
    devices: str = "auto"
    accelerator: str = "auto"
    threads: int | None = None


def train(options: TrainOptions) -> Checkpoint:
    """Train a network, or go on with what was interrupted."""
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    of_recipe = [own for own in options.overrides if not of_data(own)]
    recipe = load_recipe(options.recipe, of_recipe)
    interviews, split = open_data(
        DataOptions(
            data=options.data,
            labels=options.labels,
            protocol=options.protocol,
            lists=options.lists,
            overrides=tuple(filter(of_data, options.overrides)),
        )
    )
    checkpoint = train_network(
        interviews,
        split,
        recipe,
        options.out,
        devices=_devices(options.devices),
        accelerator=options.accelerator,
    )
    if is_first() and not (options.out / REPORT / CARD).is_file():
        _report(checkpoint, interviews, split, options)
    return checkpoint


def _report(
    checkpoint: Checkpoint, interviews: InterviewSet, split: Split, options: TrainOptions
) -> None:
    line = command(options)
    (options.out / COMMAND).write_text(f"{line}\n", encoding="utf-8")
    of = FoldName(data=interviews.name, protocol=split.protocol, fold=VALIDATION)
    evaluation, predictions = read_fold(
        checkpoint, interviews, fold_entries(checkpoint, split, of), of
    )
    write_report(checkpoint, evaluation, predictions, options.out / REPORT, command=line)


def command(options: TrainOptions) -> str:
    """Return the line that a user types for it."""
    named = {
        "--out": options.out,
        "--recipe": options.recipe,
        "--labels": options.labels,
        "--protocol": options.protocol,
        "--lists": options.lists,
    }
    return command_line(("train", options.data), named, options.overrides)


def _devices(text: str) -> int | str:
    if text == "auto":
        return text
    if text.isdecimal() and int(text):
        return int(text)
    msg = f"--devices: expected auto or how many, got {text!r}"
    raise ConfigError(msg)


def main(argument: str) -> int:
    """Run the verb with options in JSON and return the exit code."""
    options = TypeAdapter(TrainOptions).validate_json(argument)
    try:
        checkpoint = train(options)
    except SubfaceError as error:
        sys.stderr.write(f"subface: {' '.join(str(error).split())}\n")
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("subface: interrupted; the same command goes on from the last epoch\n")
        return INTERRUPTED
    description = checkpoint.description
    if not is_first():
        return 0
    sys.stdout.write(
        f"{checkpoint.folder}: {description.name}, {', '.join(description.fed)}, learned from "
        f"{description.trained_on}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
