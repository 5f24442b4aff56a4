"""A DINOv2 encoder of any size, with or without registers, from wherever its weights are.

Four places: a folder made by ``save_pretrained``; a single ``model.safetensors``, whose tensors say
everything about the network but one rule (64 numbers a head, as in every published size); the id of
a repository on a model hub; or no place at all: random numbers, for latency, parity and shapes
where no hub can be reached. The provenance names those as such: what they embed means nothing.
"""

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError, safe_open
from torch import nn
from transformers import (
    AutoConfig,
    Dinov2Config,
    Dinov2Model,
    Dinov2WithRegistersConfig,
    Dinov2WithRegistersModel,
)

from engines.errors import ModelError, ModelSourceError

HEAD_WIDTH: Final = 64
PATCH_PX: Final = 14  # of every published size
TRAINED_PX: Final = 518  # the side of the pictures that the published positions are laid out for
REGISTERS: Final = 4

SIZES: Final[Mapping[str, Mapping[str, Any]]] = {
    "small": {"hidden_size": 384, "num_hidden_layers": 12, "num_attention_heads": 6},
    "base": {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12},
    "large": {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16},
}
"""The published sizes that fit into one ONNX file, as their papers and configurations name them."""

MODELS: Final = {"dinov2": Dinov2Model, "dinov2_with_registers": Dinov2WithRegistersModel}


@dataclass(frozen=True, slots=True)
class Encoder:
    """A network that is ready to be traced.

    Attributes:
        network: In f32 on the CPU, in evaluation mode, gradients off.
        patch_px: The side of a patch.
        registers: How many register tokens it has.
    """

    network: nn.Module
    patch_px: int
    registers: int


def random_encoder(size: str, *, registers: bool, seed: int) -> Encoder:
    """Make a network of a published size out of random numbers."""
    common = {**SIZES[size], "patch_size": PATCH_PX, "image_size": TRAINED_PX}
    torch.manual_seed(seed)
    if registers:
        config = Dinov2WithRegistersConfig(**common, num_register_tokens=REGISTERS)
        return _ready(Dinov2WithRegistersModel(config))
    return _ready(Dinov2Model(Dinov2Config(**common)))


def load_encoder(weights: Path) -> Encoder:
    """Load a checkpoint.

    Args:
        weights: A folder made by ``save_pretrained``, or a .safetensors file; where a config.json
            lies beside it, that describes the network.

    Raises:
        ModelError: If it is no DINOv2, or damaged.
    """
    if weights.is_dir():
        return _pretrained(str(weights), str(weights))
    if weights.suffix != ".safetensors":
        msg = f"{weights}: expected a folder made by save_pretrained, or a .safetensors file"
        raise ModelError(msg)
    beside = weights.with_name("config.json")
    config = (
        AutoConfig.from_pretrained(weights.parent) if beside.is_file() else read_config(weights)
    )
    with tempfile.TemporaryDirectory(prefix="dinov2-") as name:
        # transformers loads folders, and renames what older checkpoints called otherwise
        folder = Path(name)
        config.save_pretrained(folder)
        (folder / "model.safetensors").symlink_to(weights.resolve())
        return _pretrained(name, str(weights))


def load_hub_encoder(repo: str, revision: str) -> Encoder:
    """Load a repository of the model hub that ``$HF_ENDPOINT`` names.

    Raises:
        ModelSourceError: If it cannot be reached or is not there.
        ModelError: If it is no DINOv2.
    """
    try:
        return _pretrained(repo, repo, revision=revision)
    except OSError as error:
        reason = str(error).strip().partition("\n")[0]
        msg = f"hub {repo}: {reason}; name a folder or a .safetensors file by --weights instead"
        raise ModelSourceError(msg) from error


def read_config(weights: Path) -> Dinov2Config | Dinov2WithRegistersConfig:
    """Return the configuration that the names and shapes of a file's tensors tell.

    Raises:
        ModelError: If they are not those of a DINOv2.
    """
    try:
        with safe_open(weights, framework="pt") as file:
            shapes = {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        msg = f"{weights}: not a safetensors file: {error}"
        raise ModelError(msg) from error
    # a checkpoint of a classifier holds the encoder under a name
    shapes = {key.removeprefix("dinov2."): shape for key, shape in shapes.items()}
    layers = {int(m[1]) for key in shapes if (m := re.match(r"encoder\.layer\.(\d+)\.", key))}
    try:
        width, _, patch, _ = shapes["embeddings.patch_embeddings.projection.weight"]
        places = shapes["embeddings.position_embeddings"][1] - 1
        swiglu = "encoder.layer.0.mlp.weights_in.weight" in shapes
        widened = None if swiglu else shapes["encoder.layer.0.mlp.fc1.weight"][0]
    except KeyError as error:
        msg = f"{weights}: no DINOv2: it has no tensor {error.args[0]}"
        raise ModelError(msg) from error
    common = {
        "hidden_size": width,
        "num_hidden_layers": len(layers),
        "num_attention_heads": width // HEAD_WIDTH,
        "mlp_ratio": 4 if widened is None else widened // width,
        "use_swiglu_ffn": swiglu,
        "patch_size": patch,
        "image_size": isqrt(places) * patch,
    }
    registers = shapes.get("embeddings.register_tokens")
    if registers is None:
        return Dinov2Config(**common)
    return Dinov2WithRegistersConfig(**common, num_register_tokens=registers[1])


def lay_out_positions(encoder: Encoder, canvas_hw: tuple[int, int]) -> None:
    """Fix the positions to a canvas, once and for all.

    They are interpolated by a bicubic filter (with antialiasing where there are registers) that
    runtimes do not agree on; so it is done here, by the network's own code, and not in the graph.
    """
    embeddings: Any = encoder.network.embeddings
    height, width = canvas_hw
    patches = (height // encoder.patch_px) * (width // encoder.patch_px)
    like = torch.zeros(1, 1 + patches, embeddings.position_embeddings.shape[-1])
    with torch.no_grad():
        laid_out = embeddings.interpolate_pos_encoding(like, height, width).clone()
    embeddings.position_embeddings = nn.Parameter(laid_out, requires_grad=False)
    embeddings.interpolate_pos_encoding = lambda *_: embeddings.position_embeddings


def _pretrained(place: str, shown: str, **options: str) -> Encoder:
    config = AutoConfig.from_pretrained(place, **options)
    model = MODELS.get(config.model_type)
    if model is None:
        msg = f"{shown}: expected a model of type {' or '.join(MODELS)}, got {config.model_type}"
        raise ModelError(msg)
    network, report = model.from_pretrained(
        place, output_loading_info=True, use_safetensors=True, **options
    )
    missing = sorted(report["missing_keys"])
    if missing:
        msg = f"{shown}: {len(missing)} tensors are missing, the first is {missing[0]}"
        raise ModelError(msg)
    return _ready(network)


def _ready(network: Any) -> Encoder:  # noqa: ANN401 (transformers' models are untyped)
    network = network.float().eval()
    network.set_attn_implementation("eager")  # the plain form: what every importer takes
    for parameter in network.parameters():
        parameter.requires_grad_(requires_grad=False)
    config = network.config
    return Encoder(network, config.patch_size, getattr(config, "num_register_tokens", 0))
