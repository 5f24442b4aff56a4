"""Our suppression without a loop over the data, beside torchvision's: run by .venv-build's Python.

Usage: greedy_suppression.py BOXES.npz        Prints one JSON object a set of boxes, best first.

Its `chain` is the longest line of boxes of which each overlaps the next, and is better.
"""

import json
import sys

import numpy as np
import torch
from torchvision.ops import batched_nms

from engines.networks.person_boxes import MAX_IOU, _overlap, greedy_mask


def longest_chain(beats):
    lengths = torch.ones(len(beats))
    for place in range(1, len(beats)):
        lengths[place] = 1 + (beats[:place, place] * lengths[:place]).max()
    return int(lengths.max())


def main(path):
    torch.set_num_threads(1)
    for name, boxes in np.load(path).items():
        best_first = torch.from_numpy(boxes)
        scores = torch.linspace(1, 0.5, len(boxes))
        kept = batched_nms(best_first, scores, torch.zeros(len(boxes)), MAX_IOU)
        ours = greedy_mask(best_first)
        exact = greedy_mask(best_first, rounds=len(boxes))
        print(
            json.dumps(
                {
                    "name": name,
                    "reference": sorted(kept.tolist()),
                    "ours": ours.nonzero().flatten().tolist(),
                    "exact": exact.nonzero().flatten().tolist(),
                    "chain": longest_chain(_overlap(best_first, MAX_IOU)),
                }
            )
        )


if __name__ == "__main__":
    main(sys.argv[1])
