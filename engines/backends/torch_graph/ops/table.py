"""Every operator that is understood, by ONNX's name; opsets 13 to 21."""

from collections.abc import Mapping
from typing import Final

from engines.backends.torch_graph.ops.elements import ELEMENTS
from engines.backends.torch_graph.ops.layers import LAYERS
from engines.backends.torch_graph.ops.layout import LAYOUT
from engines.backends.torch_graph.ops.op import Op
from engines.backends.torch_graph.ops.quantisation import QUANTISATION
from engines.backends.torch_graph.ops.reductions import REDUCTIONS
from engines.backends.torch_graph.ops.sampling import SAMPLING

OPS: Final[Mapping[str, Op]] = {
    **ELEMENTS,
    **LAYERS,
    **LAYOUT,
    **QUANTISATION,
    **REDUCTIONS,
    **SAMPLING,
}
OPSETS: Final = range(13, 22)
