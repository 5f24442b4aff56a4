"""What torch makes of what the runtimes are given, network by network: by .venv-build's Python.

Usage: parity_outputs.py JOBS.json

A job has a name, a kind, what that needs (weights, canvas, size), where its graph lies or goes, and
the folder of its inputs.npz, into which reference.npz goes. Inputs are batches: keys such as
'astronaut/frame'. Networks whose weights cannot be had here learn nothing, and are exported here.
"""

import json
import os
import sys
from pathlib import Path

os.environ.update(TRANSFORMERS_VERBOSITY="error", HF_HUB_DISABLE_PROGRESS_BARS="1")

import numpy as np
import torch
from torchvision.ops import batched_nms

from engines.networks.person_boxes import MAX_IOU


def batches(path):
    """Arrays by batch, from keys such as 'astronaut/frame'."""
    given, found = np.load(path), {}
    for key in given.files:
        batch, _, name = key.partition("/")
        found.setdefault(batch, {})[name] = torch.from_numpy(given[key])
    return found


def persons(job):
    """Boxes as the graph gives them, and the canvas and torchvision's suppression beside them."""
    from engines.build.onnx_export import export_person_boxes, person_detector  # noqa: PLC0415

    canvas = tuple(job["canvas_hw"])
    weights = Path(job["weights"])
    if job.get("export"):
        import random_yolo  # noqa: PLC0415

        random_yolo.main(job["size"], Path(job["folder"]) / "inputs.npz", weights)
        export_person_boxes(weights, canvas, Path(job["graph"]))
    detector = person_detector(weights, canvas)

    def look(frame):
        boxes, scores = detector(frame)
        laid = detector.letterbox(frame)[0]
        candidates, before = detector.candidates(detector.network(laid)[0])
        stays = torch.zeros_like(before)
        stays[batched_nms(candidates, before, torch.zeros(len(before)), MAX_IOU)] = 1
        return {
            "boxes": boxes,
            "scores": scores,
            "letterbox": laid,
            "before": before,
            "stays": stays,
            "candidates": candidates,
        }

    return look


def dinov2(job):
    from engines.build.dinov2_export import main as export  # noqa: PLC0415
    from engines.build.dinov2_weights import random_encoder  # noqa: PLC0415
    from engines.networks.dinov2_crop import DinoV2Crop  # noqa: PLC0415

    size, canvas = job["size"], "x".join(map(str, job["canvas_hw"]))
    words = ["--random", size, "--seed", "7", "--canvas", canvas, "--out", job["graph"]]
    assert export(["dinov2-crop", *words]) == 0
    network = random_encoder(size, registers=False, seed=7).network
    crops = DinoV2Crop(network, tuple(job["canvas_hw"]))
    # transformers' own network on the crops, not the one that was exported
    return lambda frame, boxes: {"embedding": network(crops.crop(frame, boxes)).pooler_output}


def face_embedding(job):
    from engines.build.dlib_weights import read_face_network  # noqa: PLC0415
    from engines.networks.face_embedding import FaceEmbedding  # noqa: PLC0415

    network = FaceEmbedding(*read_face_network(Path(job["weights"]))).eval()
    return lambda face: {"embedding": network(face)}


def starter_face(job):
    from engines.build.face_encoder_export import load_reader  # noqa: PLC0415

    reader = load_reader(Path(job["weights"]))
    return lambda face: dict(zip(("probabilities", "embedding"), reader(face), strict=True))


def starter_text(job):
    from engines.build.text_head_export import load_head  # noqa: PLC0415

    head, _ = load_head(Path(job["weights"]))
    return lambda embedding: {"logits": head(embedding)}


def text(job):
    import bert_checkpoint  # noqa: PLC0415
    from bert_embeddings import load  # noqa: PLC0415

    from engines.build.text_encoder_export import main as export  # noqa: PLC0415

    place = job["weights"]
    if job.get("export"):
        Path(place).mkdir()
        bert_checkpoint.main(place)
        words = ["--weights", place, "--tokens", "128", "--heads", "2", "--pooling", "mean"]
        assert export(["text-encoder", *words, "--out", job["graph"]]) == 0
    network = load(place)

    def embed(input_ids, attention_mask):
        tokens = network(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return {"embedding": tokens.mean(1)}

    return embed


KINDS = {
    "persons": persons,
    "dinov2": dinov2,
    "face-embedding": face_embedding,
    "starter-face": starter_face,
    "starter-text": starter_text,
    "text": text,
}


def main(jobs):
    torch.set_num_threads(1)
    for job in json.loads(Path(jobs).read_text()):
        if job["kind"] not in KINDS:
            continue
        compute, folder, found = KINDS[job["kind"]](job), Path(job["folder"]), {}
        with torch.no_grad():
            for name, batch in batches(folder / "inputs.npz").items():
                for output, value in compute(**batch).items():
                    found[f"{name}/{output}"] = value.numpy()
        np.savez(folder / "reference.npz", **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
