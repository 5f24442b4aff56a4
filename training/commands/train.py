"""The train verb, in the Python that has torch: options to data and recipe, and the run."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from pydantic import TypeAdapter

from engines.errors import ConfigError, SubfaceError
from engines.sequence.checkpoint import Checkpoint
from training.data import DataOptions, Protocol, of_data, open_data
from training.devices import is_first
from training.recipe import load_recipe
from training.run import train_network

INTERRUPTED: Final = 130


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
    return train_network(
        interviews,
        split,
        recipe,
        options.out,
        devices=_devices(options.devices),
        accelerator=options.accelerator,
    )


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
