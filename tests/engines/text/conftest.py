import json
import sys

import numpy as np
import pytest

from engines.backends import open_engine
from engines.config import RuntimeConfig, TextConfig
from engines.speech.text_encoder import open_text_encoder

TEXTS = [
    "It was the best of times, it was the worst of times.",
    "I felt calm out there today, and the crowd carried me.",
    "Yes",
    "",
    "Honestly? I don't know what to say... 6-4, 3-6, 7-5, and my knee hurt!",
    "We played a very good [MASK] and I am proud of the team",
    "Café, naïve, ÜBER, ﬁne \N{GRINNING FACE} and ｆｕｌｌ ｗｉｄｔｈ",  # noqa: RUF001
    "오늘 경기는 정말 힘들었지만 즐거웠습니다.",
    " ".join(f"the {k}th point of the {k // 4}th game took its time" for k in range(60)),
    "um so " * 63 + "yes",  # 127 tokens, with its two marks one too many
]


@pytest.fixture(scope="session")
def texts(tmp_path_factory):
    path = tmp_path_factory.mktemp("texts") / "texts.json"
    path.write_text(json.dumps(TEXTS))
    return path


@pytest.fixture(scope="session")
def tokenizer(need_model):
    return need_model("minilm-l6-tokenizer")


@pytest.fixture(scope="session")
def encoder(store, need_model):
    """MiniLM in OpenVINO."""
    need_model("minilm-l6")

    def open_one(name, path, *, outputs=None):
        return open_engine(path, RuntimeConfig(), outputs=outputs)

    with open_text_encoder(TextConfig(model="minilm-l6"), store, open_one) as opened:
        yield opened


@pytest.fixture(scope="session")
def export(python, need_build_python):
    program = need_build_python, "-m", "engines.build.text_encoder_export", "text-encoder"
    return lambda *arguments: python(*program, *arguments)


@pytest.fixture(scope="session")
def torch_embeds(python, reference, need_build_python, tokenizer, texts, tmp_path_factory):
    """Token ids and embeddings of the texts by transformers' own network and tokenizer."""

    def run(place):
        out = tmp_path_factory.mktemp("torch") / "out.npz"
        program = reference / "bert_embeddings.py"
        python(need_build_python, program, place, tokenizer, texts, out)
        return out

    return run


@pytest.fixture
def engine_embeds(python, reference, tokenizer, texts, tmp_path):
    """The same by ours."""

    def run(backend, graph, padded):
        out = tmp_path / f"{backend}.npz"
        program = reference / "run_text_encoder.py"
        python(sys.executable, program, backend, graph, tokenizer, texts, padded, out)
        return np.load(out)

    return run
