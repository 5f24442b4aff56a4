"""One stage of a training, on Lightning: a network, its batches, its loss, its optimizer.

Everything random in an epoch follows from the seed, the stage and the epoch's number, so a stage
that was interrupted and is started again goes on from its last whole epoch to the same weights, to
the bit.
"""

import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

import lightning
import numpy as np
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from torch import Generator, Tensor
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader
from torchmetrics import MeanMetric
from torchmetrics.classification import MulticlassAccuracy

from engines.errors import ConfigError
from engines.networks.interview_network import InterviewNetwork
from engines.sequence.shape import Modality
from training.learning.batch import Batch
from training.learning.dataset import EpochBatches, Fold, WholeInterviews
from training.learning.devices import wait_for_all
from training.learning.imbalance import class_weights, taken_prior
from training.learning.loss import even, reading_losses, stage_loss
from training.learning.mixed_batches import MixedBatches, TaughtFold
from training.learning.recipe import Recipe
from training.pseudo_label.loss import borrowed_loss

LAST: Final = "last.ckpt"
BEST: Final = "best.ckpt"
SCORE: Final = "validation_loss"


class Stage(lightning.LightningModule):
    """A network over some modalities, with what it learns from and is chosen by.

    Args:
        network: To be trained; its branches are the modalities.
        recipe: How.
        train: To learn from.
        validation: To be scored on after each epoch.
        number: Of the stage; its random numbers are its own.
        rates: The highest learning rate of each branch; that of the fusion is under None. A branch
            of rate 0 stays as it is.
        taught: What a teacher said something of, to learn from besides; None: nothing.
        pool: Of how many interviews a teacher said something; epochs have as many steps as to go
            through them all, whether they are learned from or not.
    """

    def __init__(
        self,
        network: InterviewNetwork,
        recipe: Recipe,
        *,
        train: Fold,
        validation: Fold,
        number: int,
        rates: Mapping[Modality | None, float],
        taught: TaughtFold | None = None,
        pool: int = 0,
    ) -> None:
        super().__init__()
        self.network = network
        self.recipe = recipe
        self.train_fold = train
        self.validation_fold = validation
        self.taught_fold = taught
        self.pool = pool
        self.number = number
        self.rates = dict(rates)
        for name in (name for name, rate in rates.items() if name is not None and not rate):
            network.branches[name].requires_grad_(requires_grad=False)
        classes = network.shape.classes
        weights = torch.from_numpy(class_weights(train.labels, classes=classes)).float()
        self.register_buffer("balanced", weights, persistent=False)
        learned = weights if recipe.balance == "weights" else even(classes)
        self.register_buffer("learned", learned, persistent=False)
        if taught is not None:
            self._take_up(taught)
        self.accuracy = MulticlassAccuracy(classes, average="macro")
        self.mean_loss = MeanMetric()

    def train_dataloader(self) -> DataLoader[Any]:
        """Return the batches of the epoch that comes."""
        return self._loader(self._epoch(self.current_epoch))

    def val_dataloader(self) -> DataLoader[Any]:
        """Return the validation fold."""
        return self._loader(
            WholeInterviews(self.validation_fold, self._modalities, size=self.recipe.batch)
        )

    def transfer_batch_to_device(
        self,
        batch: Batch,
        device: torch.device,
        dataloader_idx: int,  # noqa: ARG002 (the hook's signature)
    ) -> Batch:
        """Return a batch on the device of the network."""
        return batch.to(device)

    def configure_optimizers(self) -> Any:  # noqa: ANN401 (Lightning's own union)
        """Return the optimizer and its schedule."""
        groups = [group for name in self.rates for group in self._groups(name)]
        schedule_of = torch.optim.AdamW(groups)
        schedule = OneCycleLR(
            schedule_of,
            [group["lr"] for group in groups],
            total_steps=self._steps() + 1,
            pct_start=self.recipe.warm,
            cycle_momentum=False,
        )
        return [schedule_of], [{"scheduler": schedule, "interval": "step"}]

    def on_train_epoch_start(self) -> None:
        """Seed dropout by the epoch, as the batches are; each device draws its own."""
        seed = (self.recipe.seed * 10 + self.number) * 10_000 + self.current_epoch
        torch.manual_seed(seed * 1_000 + self.global_rank)

    def training_step(self, batch: Batch) -> Tensor:
        """Return the loss of a batch."""
        logits = self.network(batch.histories, at=batch.at)
        gold = len(batch.labels)
        losses = reading_losses(
            logits[:gold], batch.labels, weights=self.learned, focus=self.recipe.focus
        )
        loss = stage_loss(losses, early=self.recipe.prefixes.weight)
        if batch.taught is not None:
            loss = loss + self.recipe.pseudo.trust * borrowed_loss(
                logits[gold:, -1],
                batch.taught.answers,
                noise=self.noise,
                weights=batch.taught.weights,
                prior=self.prior,
            )
        self.log(
            "loss", loss, on_step=False, on_epoch=True, sync_dist=True, batch_size=len(batch.labels)
        )
        return loss

    def validation_step(self, batch: Batch) -> None:
        """Score a batch: all classes count alike, whatever the training does."""
        logits = self.network(batch.histories, at=batch.at)
        losses = reading_losses(logits, batch.labels, weights=self.balanced, focus=0.0)
        self.mean_loss.update(losses[:, -1])
        self.accuracy.update(logits[:, -1].float(), batch.labels)
        self.log(SCORE, self.mean_loss, on_epoch=True)
        self.log("validation_balanced_accuracy", self.accuracy, on_epoch=True)

    @property
    def _modalities(self) -> Collection[Modality]:
        return tuple(self.network.shape.branches)

    def _take_up(self, taught: TaughtFold) -> None:
        """Keep how a teacher errs, and how much more frequent classes are than the network says."""
        labels, classes = self.train_fold.labels, self.network.shape.classes
        taken = np.array(taken_prior(self.recipe, labels, classes=classes))
        prior = torch.from_numpy(taught.prior / taken).float()
        self.register_buffer("prior", prior, persistent=False)
        self.register_buffer("noise", torch.from_numpy(taught.noise).float(), persistent=False)

    def _epoch(self, epoch: int) -> EpochBatches | MixedBatches:
        """Return the batches of an epoch."""
        given = self._modalities, self.recipe
        if not self.pool:
            return EpochBatches(self.train_fold, *given, stage=self.number, epoch=epoch)
        return MixedBatches(
            self.train_fold,
            self.taught_fold,
            *given,
            pool=self.pool,
            stage=self.number,
            epoch=epoch,
        )

    def _steps(self) -> int:
        """Return the steps of the whole stage; several devices share the batches of an epoch."""
        epochs: int = self.trainer.max_epochs
        devices: int = self.trainer.world_size
        return math.ceil(len(self._epoch(0)) / devices) * epochs

    def _loader(self, batches: EpochBatches | MixedBatches | WholeInterviews) -> DataLoader[Any]:
        # a generator of its own: otherwise it draws from the one that dropout draws from
        return DataLoader(
            batches, batch_size=None, num_workers=self.recipe.workers, generator=Generator()
        )

    def _groups(self, name: Modality | None) -> list[dict[str, Any]]:
        """Return the parameters of a branch, or of the fusion; those of norms do not decay."""
        part = self.network.fusion if name is None else self.network.branches[name]
        own = list(part.parameters())
        rate = self.rates[name]
        if not rate:
            return []
        return [
            {
                "params": [p for p in own if p.ndim > 1],
                "lr": rate,
                "weight_decay": self.recipe.decay,
            },
            {"params": [p for p in own if p.ndim <= 1], "lr": rate, "weight_decay": 0.0},
        ]


class Patience(EarlyStopping):
    """Early stopping that is not forgotten by a run that goes on after it had decided to end."""

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """End at once what had ended."""
        super().on_train_start(trainer, pl_module)
        trainer.should_stop = trainer.should_stop or self.stopped_epoch > 0


def run_stage(
    stage: Stage,
    folder: Path,
    *,
    epochs: int,
    devices: int | str,
    accelerator: str,
    watchers: Collection[Callback],
) -> None:
    """Train a stage, or go on with what was interrupted; its network then has the weights to keep.

    Args:
        stage: To be trained.
        folder: Of the stage's checkpoints.
        epochs: How many at most.
        devices: How many, or ``auto``.
        accelerator: As Lightning has it.
        watchers: Told of every epoch.
    """
    patience = stage.recipe.patience
    callbacks: list[Callback] = [*watchers]
    if patience is not None:
        callbacks.append(Patience(SCORE, patience=patience))
        callbacks.append(_checkpoint(folder, BEST, monitor=SCORE))
    callbacks.append(_checkpoint(folder, LAST, monitor=None))
    trainer = _trainer(stage, callbacks, epochs=epochs, devices=devices, accelerator=accelerator)
    resumed = folder / LAST
    try:
        trainer.fit(stage, ckpt_path=resumed if resumed.is_file() else None, weights_only=True)
    except SystemExit as end:  # what Lightning makes of a Ctrl-C
        raise KeyboardInterrupt from end
    wait_for_all()
    if patience is not None:
        kept = torch.load(folder / BEST, map_location="cpu", weights_only=True)["state_dict"]
        stage.load_state_dict(kept)


def _trainer(
    stage: Stage,
    callbacks: list[Callback],
    *,
    epochs: int,
    devices: int | str,
    accelerator: str,
) -> lightning.Trainer:
    try:
        return lightning.Trainer(
            accelerator=accelerator,
            devices=devices,
            precision=stage.recipe.precision,
            max_epochs=epochs,
            gradient_clip_val=stage.recipe.clip,
            reload_dataloaders_every_n_epochs=1,
            num_sanity_val_steps=0,
            enable_progress_bar=False,
            enable_model_summary=False,
            logger=False,
            log_every_n_steps=1,
            callbacks=callbacks,
        )
    except MisconfigurationException as error:
        reason = " ".join(str(error).split())
        msg = f"--accelerator {accelerator} --devices {devices}: {reason}"
        raise ConfigError(msg) from error


def _checkpoint(folder: Path, name: str, *, monitor: str | None) -> ModelCheckpoint:
    return ModelCheckpoint(
        folder,
        filename=Path(name).stem,
        monitor=monitor,
        save_on_train_epoch_end=True,
        enable_version_counter=False,
    )
