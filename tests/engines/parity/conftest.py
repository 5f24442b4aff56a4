"""The networks that are compared: their graphs, what real frames give them, what torch answers."""

import json
import sys

import cv2
import numpy as np
import pytest
from tokenizers import Tokenizer

from engines.backends import open_engine
from engines.build.whole_body_export import main as export_whole_body
from engines.config import KeypointConfig, PerceptionConfig, RuntimeConfig, TextConfig
from engines.models.store import SHIPPED
from engines.perception.networks import open_networks
from engines.perception.observer import Observer
from engines.speech.text_encoder import open_text_encoder

MEDIAPIPE = (
    *("blazeface-short", "face-mesh", "pose-detection", "pose-landmark-full"),
    *("hand-recrop", "hand-landmark-full", "iris-landmark"),
)
CANVASES = ("192x320", "288x480", "320x320")
FRAMES = {  # and which share of their frames is looked at; the last three are crowded
    "faces/WolfgangLanger_Pexels.mp4": 240,
    "faces/carphone_pristine.mp4": 60,
    "gestures/asl_gestures_help.mkv": 50,
    "faces/one-by-one-person-detection.mp4": 230,
    "faces/multi_face.jpg": 1,
    "faces/classroom.gif": 20,
}
BOXES = np.array(
    [
        [100, 20, 330, 500],  # a person
        [150.3, 60.7, 300.2, 200.9],  # a face, off the pixels' grid
        [-50, -20, 400, 600],  # over every edge of the frame
    ],
    np.float32,
)
TEXTS = (
    "Yes",
    "It was the best of times, it was the worst of times.",
    "Honestly? I don't know what to say... 6-4, 3-6, 7-5, and my knee hurt!",
)
CHAINED = ("gestures/asl_gestures_help.mkv", 18)  # two hands, a face and a body in every frame


class Jobs:
    """Networks to compare, each with a folder of its own."""

    def __init__(self, root):
        self.root = root
        self.jobs = []

    def add(self, name, kind, graph, inputs, **needs):
        folder = self.root / name
        folder.mkdir()
        np.savez(folder / "inputs.npz", **inputs)
        self.jobs.append(
            {"name": name, "kind": kind, "graph": str(graph), "folder": str(folder), **needs}
        )
        return folder

    def write(self):
        path = self.root / "jobs.json"
        path.write_text(json.dumps(self.jobs))
        return path


@pytest.fixture(scope="session")
def jobs_in():
    return Jobs


@pytest.fixture(scope="session")
def real_frames(media, pictures):
    """Frames of real scenes, by name; the crowded ones are the last."""
    return {
        f"{clip.rpartition('/')[2]}#{index}": image
        for clip, step in FRAMES.items()
        for index, _, image in pictures(media / clip, step)
    }


class Recorded:
    """An engine that remembers what it was given and what it answered."""

    def __init__(self, engine, taken):
        self._engine = engine
        self._taken = taken
        self.spec = engine.spec

    def run(self, batch):
        answer = self._engine.run(batch)
        self._taken.append((batch, answer))
        return answer

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._engine.__exit__(*exc)


@pytest.fixture(scope="session")
def chained(media, store, pictures, frame_of):
    """What MediaPipe's networks are given on a clip, and what they answer as published."""
    taken = {name: [] for name in MEDIAPIPE}

    def opened(name, path, *, outputs=None):
        engine = open_engine(path, RuntimeConfig(), outputs=outputs)
        return Recorded(engine, taken[name]) if name in taken else engine

    config = PerceptionConfig(keypoints=KeypointConfig(model="holistic"))
    clip, step = CHAINED
    with open_networks(config, store, opened) as networks:
        observer = Observer(config)
        for index, time_s, image in pictures(media / clip, step):
            observer.observe(networks, frame_of(image, time_s=time_s, index=index))
    return taken


@pytest.fixture(scope="session")
def embedded(store, need_model):
    """Return the vector of a text, [1 384], by MiniLM in OpenVINO."""

    def open_one(name, path, *, outputs=None):
        return open_engine(path, RuntimeConfig(), outputs=outputs)

    need_model("minilm-l6")
    with open_text_encoder(TextConfig(model="minilm-l6"), store, open_one) as encoder:
        yield lambda text: encoder.embed(text)[None]


@pytest.fixture(scope="session")
def compared(
    media,
    store,
    need_model,
    need_build_python,
    real_frames,
    chained,
    dot_network,
    embedded,
    python,
    reference,
    tmp_path_factory,
):
    """The jobs, after torch has answered all of them in one process."""
    jobs = Jobs(tmp_path_factory.mktemp("parity"))
    portrait = cv2.imread(str(media / "faces/astronaut.png"))[..., ::-1].copy()
    seen = {f"{name}/frame": image[None] for name, image in real_frames.items()}
    every_other = dict(list(seen.items())[1::2])
    for canvas in CANVASES:
        name = f"yolo11n-persons-{canvas}"
        jobs.add(
            name,
            "persons",
            need_model(name),
            seen if canvas == "320x320" else every_other,
            weights=str(need_model("yolo11n-seg")),
            canvas_hw=list(map(int, canvas.split("x"))),
        )
    crops = {"astronaut/frame": portrait[None], "astronaut/boxes": BOXES}
    graph = jobs.root / "dinov2-small-crops.onnx"
    jobs.add("dinov2-small-crops", "dinov2", graph, crops, size="small", canvas_hw=[224, 224])
    graph = jobs.root / "whole-body.onnx"
    words = ["--weights", str(dot_network(jobs.root / "dots.onnx")), "--canvas", "96x72"]
    assert export_whole_body(["whole-body", *words, "--out", str(graph)]) == 0
    jobs.add("whole-body", "graph alone", graph, crops)
    face = {"astronaut/face": portrait[40:190, 150:300][None]}
    weights = str(need_model("dlib-face"))
    jobs.add(
        "face-embedding", "face-embedding", store.path("face-embedding"), face, weights=weights
    )
    starter = SHIPPED / "starter"
    with np.load(media.parent / "data/fer2013_train.npz") as data:
        faces = {"fer2013/face": data["images"][:40]}
    path = store.path("starter-face")
    jobs.add("starter-face", "starter-face", path, faces, weights=str(starter))
    cut = Tokenizer.from_file(str(need_model("minilm-l6-tokenizer")))
    said = {}
    for place, text in enumerate(TEXTS):
        ids = np.array([cut.encode(text).ids], np.int64)
        said |= {f"{place}/input_ids": ids, f"{place}/attention_mask": np.ones_like(ids)}
    weights = f"minilm-l6:{need_model('minilm-l6-weights')}"
    jobs.add("minilm-l6", "text", need_model("minilm-l6"), said, weights=weights)
    vectors = {f"{place}/embedding": embedded(text) for place, text in enumerate(TEXTS)}
    head = need_model("starter-text")
    jobs.add("starter-text", "starter-text", head, vectors, weights=str(starter))
    small = jobs.root / "bert"
    graph = jobs.root / "bert.onnx"
    jobs.add("bert-small", "text", graph, said, weights=str(small), export=True)
    for name, turns in chained.items():
        inputs, answers = {}, {}
        for place, (batch, answer) in enumerate(turns[:4]):
            inputs |= {f"{place}/{key}": value for key, value in batch.items()}
            answers |= {f"{place}/{key}": value for key, value in answer.items()}
        folder = jobs.add(f"{name}-onnx", "graph alone", need_model(f"{name}-onnx"), inputs)
        np.savez(folder / "reference.npz", **answers)
    python(need_build_python, reference / "parity_outputs.py", jobs.write())
    return jobs


@pytest.fixture(scope="session")
def answered(compared, python, reference, need_build_python):
    """Run all jobs with one runtime, once, in a process of its own."""
    done = set()

    def run(backend):
        if backend not in done:
            program = need_build_python if backend == "torch" else sys.executable
            python(program, reference / "run_graphs.py", backend, compared.root / "jobs.json")
            done.add(backend)
        return compared.root

    return run
