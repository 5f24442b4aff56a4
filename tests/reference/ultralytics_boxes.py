"""What Ultralytics' own predict finds: run by .venv-build's Python, for a test of .venv's.

Usage: ultralytics_boxes.py WEIGHTS CANVAS FRAMES.npz OUT.npz        (RGB in, x1 y1 x2 y2 score out)
"""

import os
import sys

os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false", YOLO_VERBOSE="false")

import numpy as np
import torch
from ultralytics import YOLO


def main(weights, canvas, frames, out):
    torch.set_num_threads(1)
    network = YOLO(weights)
    found = {}
    for name, image in np.load(frames).items():
        (result,) = network.predict(
            image[..., ::-1],
            imgsz=int(canvas),
            rect=False,
            classes=[0],
            conf=0.25,
            iou=0.7,
            verbose=False,
        )
        boxes = result.boxes
        found[name] = np.column_stack([boxes.xyxy.numpy(), boxes.conf.numpy()])
    np.savez(out, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
