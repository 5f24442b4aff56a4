"""One training of one body on one fold, on Lightning, and what it then says of the clips left out.

The number of epochs is fixed beforehand, and the averaged weights after the last are what is
tested: nobody looks at the test clips before, and no epoch is picked.
"""

import logging
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import lightning
import torch
from jaxtyping import Float, Int64
from lightning.pytorch.callbacks import EMAWeightAveraging
from numpy import ndarray
from torch import Generator, Tensor
from torch.nn import functional
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader, IterableDataset

from training.skeletons.clips import Clips
from training.skeletons.joint_features import joint_features, resampled
from training.skeletons.joint_jitter import jittered, warped_shares
from training.skeletons.skeleton import Skeleton
from training.skeletons.skeleton_network import Body, SkeletonNetwork

TESTED_AT_ONCE: Final = 256
TIMED_STEPS: Final = 4
DEVIATION_FLOOR: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How both bodies are trained.

    Attributes:
        body: Which.
        rate: The highest learning rate; it rises over ``warm`` of the steps and falls as a cosine.
        epochs: Passes over the clips, or over as many as are drawn.
        seed: Of the first weights, the order, the jitter and dropout.
        batch: Clips a step.
        warm: Share of the steps in which the rate rises.
        decay: Weight decay.
        smoothing: Share of the label that is spread over all classes.
        average: What remains of the averaged weights at each step of the second half.
        clip: The longest gradient.
    """

    body: Body
    rate: float
    epochs: int
    seed: int
    batch: int = 16
    warm: float = 0.15
    decay: float = 0.05
    smoothing: float = 0.1
    average: float = 0.99
    clip: float = 1.0


class JitteredClips(IterableDataset[tuple[Tensor, Tensor]]):
    """Batches of one epoch, shuffled and jittered by the seed and the epoch's number.

    Args:
        clips: What is trained on.
        skeleton: Theirs.
        recipe: Its batch and seed.
        epoch: Which epoch, from 0.
    """

    def __init__(self, clips: Clips, skeleton: Skeleton, recipe: Recipe, epoch: int) -> None:
        self.frames = torch.from_numpy(clips.frames.copy())
        self.clips = clips
        self.labels = torch.from_numpy(clips.labels.copy())
        self.skeleton = skeleton
        self.recipe = recipe
        self.epoch = epoch

    def __len__(self) -> int:
        return (self.skeleton.drawn or len(self.clips)) // self.recipe.batch

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        generator = Generator().manual_seed(self.recipe.seed * 10_000 + self.epoch)
        order = torch.randperm(len(self.clips), generator=generator)
        for rows in order.split(self.recipe.batch)[: len(self)]:
            shares = even_shares(len(rows), self.skeleton.ticks)
            if self.skeleton.warps:
                shares = warped_shares(len(rows), self.skeleton.ticks, generator)
            joints, seen = placed(self.frames, self.clips, rows, shares)
            joints = jittered(joints, generator)
            yield joint_features(joints, seen, self.skeleton.root), self.labels[rows]


class SkeletonTraining(lightning.LightningModule):
    """A network with its loss, its optimizer and its data.

    Args:
        recipe: How it is trained.
        clips: What it is trained on.
        skeleton: Theirs.
    """

    def __init__(self, recipe: Recipe, clips: Clips, skeleton: Skeleton) -> None:
        super().__init__()
        self.recipe = recipe
        self.clips = clips
        self.skeleton = skeleton
        whole = features_of(clips, skeleton)
        mean = whole.mean((0, 1))
        self.network = SkeletonNetwork(
            body=recipe.body,
            joints=clips.frames.shape[1],
            edges=skeleton.edges,
            classes=skeleton.classes,
            ticks=skeleton.ticks,
            mean=mean,
            deviation=(whole - mean).square().mean((0, 1, 2)).sqrt() + DEVIATION_FLOOR,
        )

    @property
    def steps(self) -> int:
        """How many steps the whole training has."""
        return self.recipe.epochs * len(JitteredClips(self.clips, self.skeleton, self.recipe, 0))

    def train_dataloader(self) -> DataLoader[Any]:
        """Return the batches of the epoch that comes."""
        epoch = JitteredClips(self.clips, self.skeleton, self.recipe, self.current_epoch)
        return DataLoader(epoch, batch_size=None, generator=Generator())

    def configure_optimizers(self) -> Any:  # noqa: ANN401 (Lightning's own union)
        """Return the optimizer and its schedule."""
        optimizer = torch.optim.AdamW(
            self.network.parameters(), self.recipe.rate, weight_decay=self.recipe.decay
        )
        schedule = OneCycleLR(
            optimizer, self.recipe.rate, total_steps=self.steps + 1, pct_start=self.recipe.warm
        )
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]

    def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Return the loss of a batch."""
        features, labels = batch
        return functional.cross_entropy(
            self.network(features).float(), labels, label_smoothing=self.recipe.smoothing
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What a training gave.

    Attributes:
        predicted: Class of each clip that was left out.
        cpu_s: CPU time of training and testing.
    """

    predicted: Int64[ndarray, " N"]
    cpu_s: float


def train(recipe: Recipe, train_clips: Clips, test_clips: Clips, skeleton: Skeleton) -> Trained:
    """Train a body and read the clips that were left out, once."""
    begun_s = time.process_time()
    torch.manual_seed(recipe.seed)
    training = SkeletonTraining(recipe, train_clips, skeleton)
    trainer = _trainer(recipe, training.steps)
    with warnings.catch_warnings():
        # a batch is made in a small part of a step: workers would only cost processes
        warnings.filterwarnings("ignore", message=".*does not have many workers")
        warnings.filterwarnings("ignore", message=".*`__len__` could be inaccurate")
        warnings.filterwarnings("ignore", message=".*isinstance.treespec, LeafSpec")
        trainer.fit(training)
    network = training.network.eval()
    with torch.inference_mode():
        features = features_of(test_clips, skeleton)
        logits = torch.cat([network(some) for some in features.split(TESTED_AT_ONCE)])
    return Trained(predicted=logits.argmax(1).numpy(), cpu_s=time.process_time() - begun_s)


def time_step(recipe: Recipe, clips: Clips, skeleton: Skeleton) -> float:
    """Return the CPU time of a step, seconds: the shortest of a few."""
    training = SkeletonTraining(recipe, clips, skeleton)
    times_s = []
    for _, batch in zip(range(TIMED_STEPS), training.train_dataloader(), strict=False):
        begun_s = time.process_time()
        with torch.autocast("cpu", torch.bfloat16):
            training.training_step(batch).backward()
        times_s.append(time.process_time() - begun_s)
    return min(times_s)


def features_of(clips: Clips, skeleton: Skeleton) -> Float[Tensor, "N T J C"]:
    """Return the features of whole clips, as they are."""
    rows = torch.arange(len(clips))
    frames = torch.from_numpy(clips.frames.copy())
    joints, seen = placed(frames, clips, rows, even_shares(len(rows), skeleton.ticks))
    return joint_features(joints, seen, skeleton.root)


def placed(
    frames: Float[Tensor, "F J 3"], clips: Clips, rows: Tensor, shares: Float[Tensor, "B T"]
) -> tuple[Float[Tensor, "B T J 3"], Tensor]:
    """Return some clips' joints at shares of their length, and which were found."""
    first, last = (
        torch.from_numpy(ends[rows.numpy()])[:, None] for ends in (clips.first, clips.last)
    )
    at = first + shares * (last - first)
    seen = torch.from_numpy(clips.seen[at.long().numpy()])
    return resampled(frames, at, last), seen


def even_shares(clips: int, ticks: int) -> Float[Tensor, "B T"]:
    """Return shares that divide clips evenly."""
    return torch.linspace(0, 1, ticks).expand(clips, ticks)


def _trainer(recipe: Recipe, steps: int) -> lightning.Trainer:
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)  # devices, at every run
    return lightning.Trainer(
        accelerator="cpu",
        precision="bf16-mixed",
        max_epochs=recipe.epochs,
        gradient_clip_val=recipe.clip,
        reload_dataloaders_every_n_epochs=1,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        logger=False,
        callbacks=[EMAWeightAveraging(decay=recipe.average, update_starting_at_step=steps // 2)],
    )
