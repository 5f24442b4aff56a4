"""The check that a model is of the kind that its place in the chain needs.

A profile may name any model of the manifest; the wrong one must be refused when it is opened, and
not fail later on some shape.
"""

from engines.engine import Engine
from engines.errors import EngineError
from engines.spec.tensors import EngineSpec, TensorSpec


def require(engine: Engine, expected: EngineSpec, *, role: str) -> None:
    """Require that an engine takes and returns what its user will give and read.

    Args:
        engine: The opened engine.
        expected: The tensors that are used, by name; the engine may have more outputs.
        role: What the engine is for, as the message should say.

    Raises:
        EngineError: If a tensor is missing or another one.
    """
    for kind, wanted, found in (
        ("input", expected.inputs, engine.spec.inputs),
        ("output", expected.outputs, engine.spec.outputs),
    ):
        by_name = {tensor.name: tensor for tensor in found}
        for tensor in wanted:
            if by_name.get(tensor.name) != tensor:
                has = ", ".join(map(_shown, found))
                msg = (
                    f"{role}: the model named in the profile is not of this kind: "
                    f"expected the {kind} {_shown(tensor)}, got {has}"
                )
                raise EngineError(msg)


def _shown(tensor: TensorSpec) -> str:
    return f"{tensor.name} {tensor.dtype}{list(tensor.shape)}"
