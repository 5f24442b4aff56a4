"""Our suppression without a loop over the data, beside torchvision's: run by .venv-build's Python.

Usage: greedy_suppression.py BOXES.npz        Prints one JSON object a set of boxes, best first.
"""

import json
import sys

import numpy as np
import torch
from torchvision.ops import nms

from engines.networks.person_boxes import MAX_IOU, greedy_mask


def main(path):
    torch.set_num_threads(1)
    for name, boxes in np.load(path).items():
        best_first = torch.from_numpy(boxes)
        scores = torch.linspace(1, 0.5, len(boxes))
        kept = nms(best_first, scores, MAX_IOU)
        ours = greedy_mask(best_first)
        exact = greedy_mask(best_first, rounds=len(boxes))
        print(
            json.dumps(
                {
                    "name": name,
                    "reference": sorted(kept.tolist()),
                    "ours": ours.nonzero().flatten().tolist(),
                    "exact": exact.nonzero().flatten().tolist(),
                }
            )
        )


if __name__ == "__main__":
    main(sys.argv[1])
