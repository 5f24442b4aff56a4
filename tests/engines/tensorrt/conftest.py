# ruff: noqa: A002, N802, N803, N815 (the names are NVIDIA's)
"""A card that is none: CUDA's runtime and TensorRT's execution, made of the host's memory.

What is asked of a stream is done when it is waited for, so that whoever looks too early or writes
too soon is found out. Building is never faked: it is TensorRT-RTX's own.
"""

import ctypes
import re
from types import ModuleType, SimpleNamespace

import numpy as np
import onnx
import onnxruntime
import pytest
import tensorrt_rtx as rtx
from cuda.bindings import runtime as real
from onnx import TensorProto, helper

from engines.backends.tensorrt_backend import TensorRtEngine
from engines.backends.tensorrt_binding import Binding
from engines.cuda.calls import Cuda
from engines.cuda.card import find_card
from engines.cuda.chain import Chain

OK = real.cudaError_t.cudaSuccess
CARD_BYTES = 1 << 30


def view(address, size):
    return (ctypes.c_uint8 * size).from_address(address)


class FakeRuntime:
    """``cuda.bindings.runtime`` as far as we call it."""

    cudaMemcpyKind = real.cudaMemcpyKind
    cudaStreamCaptureMode = real.cudaStreamCaptureMode
    cudaHostAllocDefault = real.cudaHostAllocDefault
    cudaStreamNonBlocking = real.cudaStreamNonBlocking

    def __init__(self):
        self.calls = []  # by name
        self.card = {}  # what is reserved, by address
        self.pinned = {}
        self.queue = []
        self.graphs = {}
        self.executables = {}
        self.captured = None
        self.fails = {}  # the code of every call by that name
        self.sticky = None
        self.count = 1

    def status(self, name):
        self.calls.append(name)
        code = self.sticky or self.fails.get(name, 0)
        if code in {700, 719}:
            self.sticky = code
        return real.cudaError_t(code)

    def holds(self, address, size):
        return any(
            start <= address and address + size <= start + len(block)
            for start, block in self.card.items()
        )

    def ask(self, work):
        (self.queue if self.captured is None else self.captured).append(work)

    def cudaGetDeviceCount(self):
        return self.status("cudaGetDeviceCount"), self.count

    def cudaSetDevice(self, device):
        return (self.status("cudaSetDevice"),)

    def cudaGetDeviceProperties(self, device):
        told = SimpleNamespace(name=b"A card that is none\0", major=8, minor=7)
        return self.status("cudaGetDeviceProperties"), told

    def cudaDriverGetVersion(self):
        return self.status("cudaDriverGetVersion"), 12060

    def cudaMemGetInfo(self):
        used = sum(map(len, self.card.values()))
        return self.status("cudaMemGetInfo"), CARD_BYTES - used, CARD_BYTES

    def cudaMalloc(self, size):
        status = self.status("cudaMalloc")
        if int(status) == 0 and size + sum(map(len, self.card.values())) > CARD_BYTES:
            return real.cudaError_t.cudaErrorMemoryAllocation, None
        if int(status):
            return status, None
        block = (ctypes.c_uint8 * size)()
        self.card[ctypes.addressof(block)] = block
        return status, ctypes.addressof(block)

    def cudaFree(self, devPtr):
        status = self.status("cudaFree")
        if not int(status):
            del self.card[devPtr]
        return (status,)

    def cudaHostAlloc(self, size, flags):
        block = (ctypes.c_uint8 * size)()
        self.pinned[ctypes.addressof(block)] = block
        return self.status("cudaHostAlloc"), ctypes.addressof(block)

    def cudaFreeHost(self, ptr):
        del self.pinned[ptr]
        return (self.status("cudaFreeHost"),)

    def cudaStreamCreateWithFlags(self, flags):
        assert flags == real.cudaStreamNonBlocking
        return self.status("cudaStreamCreateWithFlags"), 77

    def cudaStreamDestroy(self, stream):
        return (self.status("cudaStreamDestroy"),)

    def cudaStreamSynchronize(self, stream):
        status = self.status("cudaStreamSynchronize")
        if self.captured is not None:
            return (real.cudaError_t.cudaErrorStreamCaptureUnsupported,)
        while not int(status) and self.queue:
            self.queue.pop(0)()
        return (status,)

    def cudaMemcpyAsync(self, dst, src, count, kind, stream):
        on_card = dst if kind == real.cudaMemcpyKind.cudaMemcpyHostToDevice else src
        assert self.holds(on_card, count)
        self.ask(lambda: ctypes.memmove(dst, src, count))
        return (self.status("cudaMemcpyAsync"),)

    def cudaMemcpy2DAsync(self, dst, dpitch, src, spitch, width, height, kind, stream):
        assert self.holds(dst, dpitch * (height - 1) + width)

        def rows():
            for row in range(height):
                ctypes.memmove(dst + row * dpitch, src + row * spitch, width)

        self.ask(rows)
        return (self.status("cudaMemcpy2DAsync"),)

    def cudaStreamBeginCapture(self, stream, mode):
        status = self.status("cudaStreamBeginCapture")
        if not int(status):
            self.captured = []
        return (status,)

    def cudaStreamEndCapture(self, stream):
        graph = len(self.graphs) + 1
        self.graphs[graph], self.captured = self.captured, None
        status = self.status("cudaStreamEndCapture")
        return status, None if int(status) else graph

    def cudaGraphInstantiate(self, graph, flags):
        executable = 1000 + len(self.calls)
        self.executables[executable] = self.graphs[graph]
        return self.status("cudaGraphInstantiate"), executable

    def cudaGraphDestroy(self, graph):
        return (self.status("cudaGraphDestroy"),)

    def cudaGraphExecDestroy(self, graphExec):
        del self.executables[graphExec]
        return (self.status("cudaGraphExecDestroy"),)

    def cudaGraphLaunch(self, graphExec, stream):
        self.queue += self.executables[graphExec]
        return (self.status("cudaGraphLaunch"),)

    def cudaGetLastError(self):
        return (self.status("cudaGetLastError"),)


class ICudaEngine:
    """An engine whose arithmetic is ONNX Runtime's."""

    def __init__(self, card, path, ranges, memory):
        self.card = card
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, options)
        self.inputs = {one.name: one for one in self.session.get_inputs()}
        self.outputs = {one.name: one for one in self.session.get_outputs()}
        self.ranges = ranges
        self.device_memory_size_v2 = memory
        self.contexts = []

    @property
    def num_io_tensors(self):
        return len(self.inputs) + len(self.outputs)

    def get_tensor_name(self, index):
        return [*self.inputs, *self.outputs][index]

    def get_tensor_mode(self, name):
        return rtx.TensorIOMode.INPUT if name in self.inputs else rtx.TensorIOMode.OUTPUT

    def get_tensor_location(self, name):
        return rtx.TensorLocation.DEVICE

    def get_tensor_dtype(self, name):
        kind = ({**self.inputs, **self.outputs})[name].type
        return {
            "tensor(float)": rtx.DataType.FLOAT,
            "tensor(uint8)": rtx.DataType.UINT8,
            "tensor(int64)": rtx.DataType.INT64,
        }[kind]

    def get_tensor_shape(self, name):
        shape = ({**self.inputs, **self.outputs})[name].shape
        return rtx.Dims([axis if isinstance(axis, int) else -1 for axis in shape])

    def get_tensor_profile_shape(self, name, profile_index):
        fixed = tuple(self.inputs[name].shape)
        return [rtx.Dims(end) for end in self.ranges.get(name, (fixed, fixed, fixed))]

    def create_execution_context(self, strategy):
        assert strategy == rtx.ExecutionContextAllocationStrategy.USER_MANAGED
        self.contexts.append(IExecutionContext(self))
        return self.contexts[-1]

    def create_engine_inspector(self):
        return EngineInspector()


class EngineInspector:
    def get_engine_information(self, format):
        return '{"Layers": [], "Bindings": []}'


class IExecutionContext:
    def __init__(self, engine):
        self.engine = engine
        self.shapes = {}
        self.addresses = {}
        self.memory = None
        self.told = 0  # of how many addresses
        self.runs = 0

    def set_input_shape(self, name, shape):
        low, _, high = self.engine.get_tensor_profile_shape(name, 0)
        self.shapes[name] = tuple(shape)
        return all(a <= b <= c for a, b, c in zip(low, shape, high, strict=True))

    def get_tensor_shape(self, name):
        zeros = {
            name: np.zeros(shape, rtx.nptype(self.engine.get_tensor_dtype(name)))
            for name, shape in self.shapes.items()
        }
        return rtx.Dims(self.engine.session.run([name], zeros)[0].shape)

    def set_tensor_address(self, name, memory):
        self.told += 1
        self.addresses[name] = memory
        return True

    def set_device_memory(self, memory, size):
        assert size >= self.engine.device_memory_size_v2
        self.memory = memory, size

    def is_stream_capturable(self, stream):
        return True

    def execute_async_v3(self, stream_handle):
        assert stream_handle == 77
        card, engine = self.engine.card, self.engine
        if card.fails.get("execute"):
            card.sticky = card.fails["execute"]
            return False
        shapes, addresses, memory = dict(self.shapes), dict(self.addresses), self.memory

        def compute():
            assert memory is not None
            assert card.holds(*memory)
            given = {}
            for name, shape in shapes.items():
                dtype = np.dtype(rtx.nptype(engine.get_tensor_dtype(name)))
                size = int(np.prod(shape)) * dtype.itemsize
                assert card.holds(addresses[name], size)
                given[name] = np.frombuffer(view(addresses[name], size), dtype).reshape(shape)
            for name, made in zip(
                engine.outputs, engine.session.run(list(engine.outputs), given), strict=True
            ):
                assert card.holds(addresses[name], made.nbytes)
                ctypes.memmove(addresses[name], made.tobytes(), made.nbytes)
            self.runs += 1

        card.ask(compute)
        return True


class Runtime:
    plans = {}  # noqa: RUF012 (what the tests put there)

    def __init__(self, logger):
        self.logger = logger

    def deserialize_cuda_engine(self, serialized_engine):
        if serialized_engine not in self.plans:
            self.logger.log(rtx.ILogger.ERROR, "Magic tag does not match")
            return None
        return ICudaEngine(*self.plans[serialized_engine])


FAKES = (Runtime, ICudaEngine, IExecutionContext, EngineInspector)


def fake_tensorrt(version="10.3.0"):
    """TensorRT's module: RTX's own enumerations, and an execution that is none."""
    module = ModuleType("tensorrt")
    module.__dict__.update({name: value for name, value in vars(rtx).items() if name[0] != "_"})
    module.__version__ = version
    for fake in FAKES:
        setattr(module, fake.__name__, fake)
    return module


def model(path, nodes, inputs, outputs, **initializers):
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in inputs],
        [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in outputs],
        [onnx.numpy_helper.from_array(array, name) for name, array in initializers.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(made, path)
    return path


@pytest.fixture
def rows_graph(tmp_path):
    """A graph x [B 3] -> doubled [B 3], negated [B 3]."""
    shape = ["B", 3]
    return model(
        tmp_path / "rows.onnx",
        [
            helper.make_node("Add", ["x", "x"], ["doubled"]),
            helper.make_node("Neg", ["x"], ["negated"]),
        ],
        [("x", TensorProto.FLOAT, shape)],
        [("doubled", TensorProto.FLOAT, shape), ("negated", TensorProto.FLOAT, shape)],
    )


@pytest.fixture
def frame_graph(tmp_path):
    """A graph frame uint8 [1 H W 3] -> mean [1 1 1 3]."""
    return model(
        tmp_path / "frame.onnx",
        [
            helper.make_node("Cast", ["frame"], ["as_floats"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMean", ["as_floats"], ["mean"], axes=[1, 2]),
        ],
        [("frame", TensorProto.UINT8, [1, "H", "W", 3])],
        [("mean", TensorProto.FLOAT, [1, 1, 1, 3])],
    )


ROWS = {"x": ((1, 3), (1, 3), (8, 3))}
FRAMES = {"frame": ((1, 16, 16, 3), (1, 96, 128, 3), (1, 2160, 3840, 3))}


@pytest.fixture
def card():
    """CUDA's runtime without a card."""
    return FakeRuntime()


@pytest.fixture
def chain(card):
    """Everything that the engines of one card share."""
    cuda = Cuda(card)
    return Chain(cuda, find_card(cuda, "auto"))


@pytest.fixture
def binding():
    """TensorRT's binding whose execution is none."""
    return Binding(fake_tensorrt())


@pytest.fixture
def opened(card, chain, binding):
    """Open a graph on the card that is none."""
    engines = []

    def open_(path, ranges=None, *, memory=4096, outputs=None):
        found = ranges or {"rows": ROWS, "frame": FRAMES}.get(path.stem, {})
        plan = f"{path} {len(Runtime.plans)}".encode()
        Runtime.plans[plan] = (card, path, found, memory)
        engines.append(TensorRtEngine(plan, binding, chain, name=path.stem, outputs=outputs))
        return engines[-1]

    yield open_
    Runtime.plans.clear()


@pytest.fixture
def fakes():
    """What stands for a part of NVIDIA's bindings, to be held against it."""
    return SimpleNamespace(runtime=FakeRuntime, tensorrt=FAKES, module=fake_tensorrt)


def arguments(document):
    """The names of a bound function's arguments, of every overload, by its documentation."""
    return [
        [part.split(":")[0].split("=")[0].split()[-1] for part in split(inside)]
        for inside in re.findall(
            r"^\s*(?:\d+\. )?\w+\((.*?)\)(?: ->.*)?$", document or "", re.MULTILINE
        )
    ]


def split(inside):
    """Split at the commas that are in no brackets."""
    parts, depth, part = [], 0, ""
    for letter in inside:
        depth += (letter in "[(<") - (letter in "])>")
        if letter == "," and not depth:
            parts.append(part)
            part = ""
        else:
            part += letter
    return [one for one in [*parts, part] if one.strip()]


@pytest.fixture
def told_arguments():
    return arguments
