"""The arguments of ``subface ablate``, and what is wrong with them, told before torch is loaded."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

from training.ablation.config import AblationConfig, load_config, overrides
from training.commands.line import command_line
from training.commands.train import TrainOptions
from training.data import Protocol, of_data, open_data
from training.environment import hand_over
from training.learning.recipe import load_recipe

PROGRAM = "training.ablation.program"


@dataclass(frozen=True, slots=True, kw_only=True)
class AblateOptions:
    """The arguments of ``subface ablate``."""

    data: str
    out: Path
    config: str
    overrides: Sequence[str]
    labels: Path | None
    protocol: Protocol | None
    lists: Path | None
    pseudo: Path | None
    transductive: bool
    plan: bool
    accelerator: str
    threads: int | None

    def as_trained(self) -> TrainOptions:
        """Return what data and pool are for ``subface train``."""
        return TrainOptions(
            data=self.data,
            out=self.out,
            recipe="small",
            overrides=self.overrides,
            labels=self.labels,
            protocol=self.protocol,
            lists=self.lists,
            devices="1",
            accelerator=self.accelerator,
            threads=self.threads,
            pseudo=self.pseudo,
            transductive=self.transductive,
        )

    def load_config(self) -> AblationConfig:
        """Return the configuration with its overrides, the recipes in it checked.

        Raises:
            ConfigError: As ``training.ablation.config.load_config``, or if a recipe is wrong.
        """
        config = load_config(self.config, [own for own in self.overrides if not of_data(own)])
        load_recipe(config.base, overrides(config.recipe))
        return config

    def command(self) -> str:
        """Return the line that a user types for it."""
        named = {
            "--out": self.out,
            "--config": None if self.config == "small" else self.config,
            "--labels": self.labels,
            "--protocol": self.protocol,
            "--lists": self.lists,
            "--pseudo": self.pseudo,
        }
        flags = ("--transductive",) if self.transductive else ()
        return command_line(("ablate", self.data, *flags), named, self.overrides)


def ablate(options: AblateOptions) -> NoReturn:
    """Make the table where there is torch.

    Raises:
        SubfaceError: If an option, the configuration, the labels or the folds are wrong.
    """
    options.load_config()
    as_trained = options.as_trained()
    as_trained.check_pool()
    open_data(as_trained.data_options())
    hand_over(PROGRAM, asdict(options))
