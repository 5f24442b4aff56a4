"""A host's array whose copy stays on the card: the host's is the truth, and each place follows."""

import weakref

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class ResidentTensor:
    """The copy.

    Args:
        array: The host's; it is read again at every run in which something of it was written.
        axis: Along which places are written.
        device: Where the copy lies.
    """

    def __init__(self, array: NDArray[np.generic], axis: int, device: torch.device) -> None:
        self._array = weakref.ref(array)
        self._axis = axis
        self._written: set[int] = set()
        self._tensor = torch.from_numpy(array.copy()).to(device)

    @property
    def is_forsaken(self) -> bool:
        """Whether the host's array is gone."""
        return self._array() is None

    def holds(self, array: NDArray[np.generic]) -> bool:
        """Return whether this is the copy of that very array."""
        return self._array() is array

    def wrote(self, place: int) -> None:
        """Take note that a place of the array was written."""
        self._written.add(place)

    def current(self) -> Tensor:
        """Return the copy, after bringing what was written."""
        array = self._array()
        if array is not None and self._written:
            places = sorted(self._written)
            rows = torch.from_numpy(array.take(places, self._axis)).to(self._tensor.device)
            self._tensor.index_copy_(self._axis, torch.tensor(places, device=rows.device), rows)
            self._written.clear()
        return self._tensor
