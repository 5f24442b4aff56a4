"""Training of the starter's face encoder on FER-2013, on Lightning.

    python -m training.starter.face_training ../shared/data/fer2013_train.npz --out runs/faces

Everything random in an epoch follows from the seed and the epoch's number, so a run that was
interrupted and is started again with the same command goes on from its last whole epoch to the same
weights, to the bit. What is kept is the running average of the weights after the last epoch: the
number of epochs is fixed beforehand, and no epoch is picked by its score.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import lightning
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from torch import Generator, Tensor
from torch.nn import functional
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader, IterableDataset, TensorDataset
from torchmetrics.classification import MulticlassAccuracy

from engines.errors import ConfigError, SubfaceError
from engines.networks.face_encoder import CLASSES, FaceEncoder, normalised
from training.starter.face_jitter import jittered
from training.starter.faces import LabelledFaces, read_faces

LAST: Final = "last.ckpt"
RECIPE: Final = "recipe.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How the encoder is trained.

    Attributes:
        epochs: How often every picture is seen.
        seed: Of the first weights, the order and the jitter.
        batch: Pictures a step.
        rate: The highest learning rate; it rises over ``warm`` of the steps and falls as a cosine.
        warm: Share of the steps in which the rate rises.
        decay: Weight decay, of the weights of convolutions and of the head.
        smoothing: Share of the label that is spread over all classes.
        dropout: Of the embedding, before the head.
        average: What remains of the averaged weights at each step.
        clip: The longest gradient.
    """

    epochs: int = 70
    seed: int = 0
    batch: int = 128
    rate: float = 0.1
    warm: float = 0.15
    decay: float = 5e-4
    smoothing: float = 0.1
    dropout: float = 0.2
    average: float = 0.998
    clip: float = 5.0


class JitteredFaces(IterableDataset[tuple[Tensor, Tensor]]):
    """Batches of one epoch, shuffled and jittered by the seed and the epoch's number.

    Args:
        faces: What is trained on.
        recipe: Its batch and seed.
        epoch: Which epoch, from 0.
    """

    def __init__(self, faces: LabelledFaces, recipe: Recipe, epoch: int) -> None:
        self.images = torch.from_numpy(faces.images.copy())
        self.labels = torch.from_numpy(faces.labels.copy())
        self.recipe = recipe
        self.epoch = epoch

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        generator = Generator().manual_seed(self.recipe.seed * 10_000 + self.epoch)
        order = torch.randperm(len(self.labels), generator=generator)
        for rows in order.split(self.recipe.batch)[: len(order) // self.recipe.batch]:
            yield (
                jittered(normalised(self.images[rows, None].float()), generator),
                self.labels[rows],
            )


class FaceTraining(lightning.LightningModule):
    """The encoder with its loss, its optimizer, its data and its score on the slice.

    Each loader has a generator of its own: otherwise it draws from the one that dropout draws from,
    before or after it is seeded, as a run begins or goes on.

    Args:
        recipe: How it is trained.
        faces: What it is trained on.
        chosen: The slice.
    """

    def __init__(self, recipe: Recipe, faces: LabelledFaces, chosen: LabelledFaces) -> None:
        super().__init__()
        self.recipe = recipe
        self.faces = faces
        self.chosen = chosen
        self.encoder = FaceEncoder(dropout=recipe.dropout).to(memory_format=torch.channels_last)
        self.accuracy = MulticlassAccuracy(CLASSES, average="micro")

    def train_dataloader(self) -> DataLoader[Any]:
        """Return the batches of the epoch that comes."""
        epoch = JitteredFaces(self.faces, self.recipe, self.current_epoch)
        return DataLoader(epoch, batch_size=None, generator=Generator())

    def val_dataloader(self) -> DataLoader[Any]:
        """Return the slice."""
        images, labels = self.chosen.images.copy(), self.chosen.labels.copy()
        faces = TensorDataset(torch.from_numpy(images), torch.from_numpy(labels))
        return DataLoader(faces, batch_size=512, generator=Generator())

    def configure_optimizers(self) -> Any:  # noqa: ANN401 (Lightning's own union)
        """Return the optimizer and its schedule."""
        weights = [p for p in self.encoder.parameters() if p.ndim > 1]
        others = [p for p in self.encoder.parameters() if p.ndim <= 1]
        optimizer = torch.optim.SGD(
            [
                {"params": weights, "weight_decay": self.recipe.decay},
                {"params": others, "weight_decay": 0.0},
            ],
            lr=self.recipe.rate,
            momentum=0.9,
            nesterov=True,
        )
        steps = len(self.faces) // self.recipe.batch * self.recipe.epochs
        schedule = OneCycleLR(
            optimizer, self.recipe.rate, total_steps=steps + 1, pct_start=self.recipe.warm
        )
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]

    def on_train_epoch_start(self) -> None:
        """Seed dropout by the epoch, as the batches are."""
        torch.manual_seed(self.recipe.seed * 10_000 + self.current_epoch)

    def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Return the loss of a batch."""
        faces, labels = batch
        logits, _ = self.encoder(faces.contiguous(memory_format=torch.channels_last))
        loss = functional.cross_entropy(
            logits.float(), labels, label_smoothing=self.recipe.smoothing
        )
        self.log("loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor]) -> None:
        """Score the averaged weights on a batch of the slice."""
        images, labels = batch
        logits, _ = self.encoder(normalised(images[:, None].float()))
        self.accuracy(logits.float(), labels)
        self.log("slice_accuracy", self.accuracy, on_epoch=True)


class Progress(lightning.Callback):
    """Writes a line an epoch, and keeps the CPU time over interruptions."""

    def __init__(self) -> None:
        self._before_s = -time.process_time()

    @property
    def cpu_s(self) -> float:
        """The CPU time of the training so far, those of interrupted runs included."""
        return self._before_s + time.process_time()

    def state_dict(self) -> dict[str, float]:
        """Return what a resumed run goes on from."""
        return {"cpu_s": self.cpu_s}

    def load_state_dict(self, state_dict: dict[str, float]) -> None:
        """Go on from an interrupted run."""
        self._before_s += state_dict["cpu_s"]

    def on_train_epoch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,  # noqa: ARG002 (the hook's signature)
    ) -> None:
        """Write how it goes."""
        scores = trainer.callback_metrics
        sys.stdout.write(
            f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}  loss {scores['loss']:.4f}  "
            f"slice accuracy {scores['slice_accuracy']:.4f}  CPU {self.cpu_s:.0f} s\n"
        )
        sys.stdout.flush()


def train(recipe: Recipe, faces: LabelledFaces, out: Path) -> None:
    """Train, or go on with what was interrupted.

    Args:
        recipe: How.
        faces: The whole training file; the slice is split off here.
        out: Folder for the recipe, the checkpoint of the last whole epoch and the metrics.

    Raises:
        ConfigError: If the folder holds a run of another recipe.
    """
    _keep_recipe(recipe, out / RECIPE)
    torch.manual_seed(recipe.seed)
    training = FaceTraining(recipe, *faces.consistent().split())
    checkpoints = ModelCheckpoint(
        out, filename=Path(LAST).stem, save_on_train_epoch_end=True, enable_version_counter=False
    )
    trainer = lightning.Trainer(
        accelerator="cpu",
        precision="bf16-mixed",
        max_epochs=recipe.epochs,
        gradient_clip_val=recipe.clip,
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=len(training.faces) // recipe.batch,
        logger=CSVLogger(out, name="metrics"),
        callbacks=[EMAWeightAveraging(decay=recipe.average), checkpoints, Progress()],
    )
    resumed = out / LAST
    trainer.fit(training, ckpt_path=resumed if resumed.is_file() else None, weights_only=True)


def _keep_recipe(recipe: Recipe, path: Path) -> None:
    text = json.dumps(asdict(recipe), indent=2) + "\n"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    elif path.read_text(encoding="utf-8") != text:
        msg = f"{path}: a run of another recipe lies here; give another folder, or the same options"
        raise ConfigError(msg)


def main(arguments: Sequence[str] | None = None) -> int:
    """Train the starter's face encoder.

    Returns:
        The exit code.
    """
    default = Recipe()
    parser = argparse.ArgumentParser(
        prog="training.starter.face_training", description=main.__doc__
    )
    parser.add_argument("faces", type=Path, help="FER-2013's training file, .npz")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--epochs", type=int, default=default.epochs)
    parser.add_argument("--seed", type=int, default=default.seed)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    try:
        faces = read_faces(options.faces)
        train(Recipe(epochs=options.epochs, seed=options.seed), faces, options.out)
    except SubfaceError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
