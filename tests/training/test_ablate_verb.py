"""``subface ablate`` as a user runs it, on a folder in iMiGUE's documented layout."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engines.spec.skeleton import BODY, FACE, LEFT_HAND, RIGHT_HAND
from training.imigue.cvpr21_videos import TEST, TRAIN
from training.imigue.labels import COLUMNS

SUBFACE = Path(sys.executable).with_name("subface")
FIELDS = {
    "pose_keypoints_2d": BODY,
    "face_keypoints_2d": FACE,
    "hand_left_keypoints_2d": LEFT_HAND,
    "hand_right_keypoints_2d": RIGHT_HAND,
}
FRAMES = 6
TINY = (
    "seeds=1",
    "recipe.network={width: 16, heads: 2}",
    "recipe.branches.keypoints={layers: 1, epochs: 1}",
    "vary=[{body: gcn, recipe: {network: {channels: [4], kernel: 1}}}, {encoder: bidirectional}, "
    "{labels: pseudo}]",
)


@pytest.fixture(scope="module")
def imigue(tmp_path_factory):
    """Every video of the protocol of CVPR 2021, a quarter of a second of each."""
    folder = tmp_path_factory.mktemp("imigue")
    random = np.random.default_rng(0)
    rows = []
    for first, videos in ((1, TRAIN), (38, TEST)):
        for place, video in enumerate(videos):
            outcome = "win" if place % 2 else "lose"
            person = first + place % (37 if first == 1 else 35)
            rows.append([video, 1, "0", 0, "0", 5, 8, person, "female", "FI", outcome])
            points = np.zeros((137, 3))
            points[:, 0] = 500 + np.arange(137) / 2
            points[:, 1] = 300 + 20 * (place % 2) + 5 * random.normal(size=137)
            points[:, 2] = 0.5
            points[[2, 5], 0] = 400, 700
            write_frames(folder / "keypoints" / str(video), video, points)
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    return folder


def write_frames(folder, video, points):
    folder.mkdir(parents=True)
    person = {name: points[part].ravel().tolist() for name, part in FIELDS.items()}
    text = json.dumps({"version": 1.3, "people": [person]})
    for frame in range(FRAMES):
        (folder / f"{video}_{frame:012d}_keypoints.json").write_text(text)


@pytest.fixture
def ablate(need_build_python, tmp_path):
    def to_its_end(*arguments, settings=()):
        words = [SUBFACE, "ablate", *arguments]
        for setting in settings:
            words += ["--set", setting]
        return subprocess.run(
            list(map(str, words)),
            cwd=tmp_path,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    return to_its_end


def test_a_folder_of_imigue_fills_the_table_with_the_figures_of_its_protocol(
    ablate, imigue, tmp_path
):
    words = (imigue, "--protocol", "cvpr21", "--out", "table", "--threads", "1")
    done = ablate(*words, "--accelerator", "cpu", settings=TINY)
    assert done.returncode == 0, done.stderr
    plan, _, progress = done.stdout.partition("\nabout ")
    assert "iMiGUE: train 102 of 37 people, test 100 of 35 people" in plan
    assert "3 rows, 3 trainings of recipe small" in plan
    assert "3 of 3  keypoints-mlp-bidirectional-all-0" in progress
    text = (tmp_path / "table/table.md").read_text()
    assert text in done.stdout
    head, _, *rows = text.split("\n\n")[0].splitlines()
    assert "accuracy (95 %) | macro F1 (95 %)" in head
    assert "planted" not in head
    assert [row.split(" | ")[:3] for row in rows] == [
        ["| keypoints", "MLP", "streaming"],
        ["| keypoints", "GCN", "streaming"],
        ["| keypoints", "MLP", "bidirectional"],
    ]
    assert "(protocol imigue-cvpr21)" in text
    assert "Left out: the data have no image (" in text
    assert "pseudo-labels: no --pseudo labels.parquet was given (1 row)" in text
    assert (tmp_path / "table/table.png").stat().st_size


def test_a_plan_trains_nothing(ablate, tmp_path):
    few = ("synthetic.interviews=24", "synthetic.subjects=12", "synthetic.positive=0.5")
    done = ablate(
        "synthetic", "--out", "table", "--plan", settings=(*few, "read=[keypoints]", *TINY)
    )
    assert done.returncode == 0, done.stderr
    assert "keypoints-gcn-streaming-all-0" in done.stdout
    assert "of CPU time on this machine" in done.stdout
    assert not (tmp_path / "table").exists()


def test_an_expected_failure_is_one_line_and_exit_code_2(ablate):
    done = ablate("synthetic", "--out", "table", settings=["seed=2"])
    assert done.returncode == 2
    assert done.stderr.startswith("subface: ")
    assert "did you mean 'seeds'" in done.stderr
    assert done.stderr.count("\n") == 1
