"""Interviews read tick by tick by one runtime, several persons in turn on the same engines.

Usage: interview_steps.py BACKEND PRECISION CHECKPOINT PERSONS.npz OUT.npz

A runtime has a process of its own: two of them in one fight for the cores.
"""

import sys
from pathlib import Path

import numpy as np

from engines.sequence.checkpoint import history_graph, read_checkpoint
from engines.sequence.interview import InterviewEngines, InterviewState
from engines.sequence.keypoint_state import KeypointState
from engines.sequence.normalize import normalize, normalize_tick
from engines.sequence.rotary import rotary


def people(path):
    """Arrays by person, from keys such as 'ada/keypoints'."""
    given = np.load(path)
    found = {}
    for key in given.files:
        person, _, name = key.partition("/")
        found.setdefault(person, {})[name] = given[key]
    return found


class Listener:
    """One person with the state that a stream would keep."""

    def __init__(self, engines, person):
        self.state = InterviewState(engines)
        self.keypoints = KeypointState.fresh()
        self.person = person
        self.logits = []
        self.tokens = {}

    def tick(self, place):
        person, features = self.person, {}
        if place >= len(person["time_s"]):
            return
        if person["keypoints_valid"][place]:
            made, self.keypoints = normalize_tick(
                person["keypoints"][place],
                time_s=float(person["time_s"][place]),
                shot=int(person["shot"][place]),
                state=self.keypoints,
            )
            if made is not None:
                features["keypoints"] = made
        for name in ("image", "text"):
            if person[f"{name}_valid"][place]:
                features[name] = person[name][place]
        tick = int(person["first_tick"]) + place
        for name, token in self.state.step(tick, features).items():
            self.tokens.setdefault(name, []).append(token)
        if place in person["at"]:
            self.logits.append(self.state.read().logits)


def stepped(checkpoint, persons, open_engine):
    """Tokens and logits of everybody, all advancing together."""
    with InterviewEngines(checkpoint, open_engine) as engines:
        listeners = {name: Listener(engines, person) for name, person in persons.items()}
        for place in range(max(len(person["time_s"]) for person in persons.values())):
            for listener in listeners.values():
                listener.tick(place)
    found = {}
    for name, listener in listeners.items():
        found[f"{name}/logits"] = np.stack(listener.logits)
        for modality, tokens in listener.tokens.items():
            found[f"{name}/{modality}"] = np.stack(tokens)
    return found


def in_one_pass(checkpoint, persons, open_engine):
    """Tokens of everybody by the exported batch form, fed what torch was fed."""
    shape = checkpoint.description.shape
    found = {}
    for modality in shape.branches:
        with open_engine(modality, checkpoint.file(history_graph(modality))) as engine:
            for name, person in persons.items():
                features, valid = person.get(modality), person[f"{modality}_valid"]
                if modality == "keypoints":
                    features, valid, _ = normalize(
                        features,
                        time_s=person["time_s"],
                        shot=person["shot"],
                        valid=valid,
                        state=KeypointState.fresh(),
                    )
                ticks = int(person["first_tick"]) + np.arange(len(valid))
                cos, sin = rotary(ticks, grid_hz=shape.grid_hz, width=shape.head_width)
                batch = {
                    "features": features[None],
                    "valid": valid[None].astype(np.float32),
                    "cos": cos,
                    "sin": sin,
                }
                wanted = {tensor.name for tensor in engine.spec.inputs}
                tokens = engine.run({key: batch[key] for key in wanted})["token"][0]
                found[f"{name}/{modality}"] = tokens[valid]
    return found


def main(backend, precision, checkpoint_folder, persons, out):
    from engines.backends import open_engine  # noqa: PLC0415 (torch's Python has no runtime)
    from engines.config import RuntimeConfig  # noqa: PLC0415

    def open_one(name, path, *, outputs=None):
        if precision == "bf16":  # the door asks the gate, which has never seen this network
            from engines.backends.openvino_backend import OpenVinoEngine  # noqa: PLC0415

            return OpenVinoEngine(path, precision=precision, outputs=outputs)
        return open_engine(path, RuntimeConfig(backend=backend))

    checkpoint = read_checkpoint(Path(checkpoint_folder))
    streams = checkpoint.description.shape.encoder == "streaming"
    steps = stepped(checkpoint, people(persons), open_one) if streams else {}
    # torch reads no loop, which histories are exported with; nobody reads one of them live
    batch = {} if backend == "torch" else in_one_pass(checkpoint, people(persons), open_one)
    np.savez(
        out,
        **{f"step/{key}": value for key, value in steps.items()},
        **{f"batch/{key}": value for key, value in batch.items()},
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
