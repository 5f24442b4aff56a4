"""The train verb: what is wrong with its options is told at once; the rest is handed over."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, NoReturn

from engines.errors import ConfigError
from training.commands.line import command_line
from training.data import SYNTHETIC, DataOptions, Protocol, of_data, open_data
from training.environment import hand_over
from training.learning.recipe import Recipe, load_recipe

PROGRAM = "training.learning.program"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOptions:
    """The arguments of ``subface train``."""

    data: str
    out: Path
    recipe: str
    overrides: Sequence[str]
    labels: Path | None
    protocol: Protocol | None
    lists: Path | None
    devices: str
    accelerator: str
    threads: int | None
    pseudo: Path | None = None
    transductive: bool = False
    reasoning: Literal["none", "cues", "all"] = "none"

    def data_options(self) -> DataOptions:
        """Return what is said of the data."""
        return DataOptions(
            data=self.data,
            labels=self.labels,
            protocol=self.protocol,
            lists=self.lists,
            overrides=tuple(filter(of_data, self.overrides)),
            unlabelled=self.pseudo is not None,
        )

    def check_pool(self) -> None:
        """Refuse options of a pool that do not fit together.

        Raises:
            ConfigError: If made-up interviews are to have a teacher, there is no such table, or
                there is nothing to be transductive with.
        """
        if self.pseudo is None:
            if self.transductive:
                msg = "--transductive says what --pseudo LABELS may be of; give both, or neither"
                raise ConfigError(msg)
            if self.reasoning != "none":
                msg = "--reasoning says what of --pseudo LABELS is read; give both, or neither"
                raise ConfigError(msg)
            return
        if self.data == SYNTHETIC:
            msg = f"--pseudo is for interviews that were recorded; no clip is {SYNTHETIC}"
            raise ConfigError(msg)
        if not self.pseudo.is_file():
            msg = f"--pseudo {self.pseudo}: no such file; `subface label` writes it"
            raise ConfigError(msg)

    def load_recipe(self) -> Recipe:
        """Return the recipe with its overrides.

        Raises:
            ConfigError: As ``training.learning.recipe.load_recipe``.
        """
        return load_recipe(self.recipe, [own for own in self.overrides if not of_data(own)])

    def device_count(self) -> int | str:
        """Return how many devices, or ``auto``.

        Raises:
            ConfigError: If it is neither.
        """
        if self.devices == "auto":
            return self.devices
        if self.devices.isdecimal() and int(self.devices):
            return int(self.devices)
        msg = f"--devices: expected auto or how many, got {self.devices!r}"
        raise ConfigError(msg)

    def command(self) -> str:
        """Return the line that a user types for it."""
        named = {
            "--out": self.out,
            "--recipe": self.recipe,
            "--labels": self.labels,
            "--protocol": self.protocol,
            "--lists": self.lists,
            "--pseudo": self.pseudo,
            "--reasoning": None if self.reasoning == "none" else self.reasoning,
        }
        flags = ("--transductive",) if self.transductive else ()
        return command_line(("train", self.data, *flags), named, self.overrides)


def train(options: TrainOptions) -> NoReturn:
    """Train where there is torch.

    Raises:
        SubfaceError: If an option, the recipe, the labels or the folds are wrong.
    """
    options.device_count()
    options.check_pool()
    options.load_recipe()
    open_data(options.data_options())
    hand_over(PROGRAM, asdict(options))
