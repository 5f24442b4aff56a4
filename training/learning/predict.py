"""What a network says of interviews, after ten seconds, a minute, and all."""

from collections.abc import Collection, Mapping, Sequence
from math import inf
from typing import Final

import numpy as np
import torch
from jaxtyping import Float32
from numpy import ndarray

from engines.networks.interview_network import History, InterviewNetwork
from engines.sequence.shape import Modality
from training.errors import DatasetError
from training.interview import Entry, Interview, InterviewSet
from training.learning.batch import batch
from training.learning.dataset import chosen
from training.learning.features import track, widths
from training.prediction import Predictions

AFTER_S: Final = (10.0, 60.0, inf)


def predict(
    network: InterviewNetwork,
    interviews: InterviewSet,
    entries: Sequence[Entry] | None = None,
    *,
    after_s: Sequence[float] = AFTER_S,
    given: Collection[Modality] | None = None,
) -> Predictions:
    """Read interviews as far as some times.

    An early reading is of a history that ends there, so it is one also of a network that would
    otherwise look ahead.

    Args:
        network: It is put into evaluation mode, and stays on its device.
        interviews: Where they are.
        entries: Which of them, such as those of a fold; None: all.
        after_s: How much of each is seen, seconds, rising.
        given: The modalities that it is given; None: all that it knows.

    Raises:
        DatasetError: If an interview has other features than the network learned from.
    """
    entries = interviews.entries if entries is None else entries
    shape = network.shape
    modalities = [name for name in shape.branches if given is None or name in given]
    network.eval()
    logits = [
        _logits(network, interview, modalities, after_s)
        for interview in chosen(interviews, entries)
    ]
    return Predictions(
        labels=interviews.labels,
        entries=tuple(entries),
        after_s=tuple(after_s),
        logits=np.stack(logits),
    )


def _logits(
    network: InterviewNetwork,
    interview: Interview,
    modalities: Sequence[Modality],
    after_s: Sequence[float],
) -> Float32[ndarray, "P C"]:
    shape, has = network.shape, widths(interview)
    for name in modalities:
        expected = shape.branches[name].features
        if has.get(name, expected) != expected:
            msg = (
                f"{interview.entry.name}: {name}: the network learned from vectors of {expected} "
                f"numbers, got {has[name]}: extract them with the same profile"
            )
            raise DatasetError(msg)
    if interview.grid_hz != shape.grid_hz:
        msg = (
            f"{interview.entry.name}: expected a grid of {shape.grid_hz} Hz as the network's, got "
            f"{interview.grid_hz}"
        )
        raise DatasetError(msg)
    tracks = {
        name: track(interview, name, width=shape.branches[name].features) for name in modalities
    }
    device = next(network.parameters()).device
    whole = batch([tracks], [0]).to(device).histories
    ends = np.searchsorted(interview.time_s - interview.time_s[0], after_s)
    with torch.no_grad():
        read = [network(_until(whole, max(1, int(end))))[0, 0] for end in ends]
    return np.stack([logits.float().cpu().numpy() for logits in read])


def _until(histories: Mapping[Modality, History], ticks: int) -> dict[Modality, History]:
    return {
        name: History(features=own.features[:, :ticks], valid=own.valid[:, :ticks])
        for name, own in histories.items()
    }
