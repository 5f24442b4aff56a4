"""The training program, in the Python that has torch: what the train verb hands over to."""

import sys
from typing import Final

import torch
from pydantic import TypeAdapter

from engines.errors import SubfaceError
from training.commands.train import TrainOptions
from training.data import open_data
from training.devices import is_first
from training.run import train_network

INTERRUPTED: Final = 130


def main(argument: str) -> int:
    """Train with options in JSON and return the exit code."""
    options = TypeAdapter(TrainOptions).validate_json(argument)
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    try:
        interviews, split = open_data(options.data_options())
        checkpoint = train_network(
            interviews,
            split,
            options.load_recipe(),
            options.out,
            devices=options.device_count(),
            accelerator=options.accelerator,
        )
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
            f"{description.trained_on}\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
