"""A fully connected layer and convolutions after it as one operation, for processors.

As many examples as a register holds go through all layers without leaving the caches (fused.cpp). The compiled engine
uses it; `layers.mixed_and_convolved` says the same in tensor operations.
"""

from __future__ import annotations

import ctypes
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch import library as operators

ACTIVATIONS = ("none", "sigmoid", "tanh")
BLOCK = 256  # examples that one thread works on, and whose gradients are summed together
MOST_VECTORS = 8192  # of 64 bytes at most, that a thread may need at once: what its stack and its second cache hold

_wanted: ContextVar[bool] = ContextVar("fused", default=False)


@contextmanager
def fused() -> Iterator[None]:
    """Within it networks take the fused operation where it can be had: what is traced here is for a compiler."""
    token = _wanted.set(True)
    try:
        yield
    finally:
        _wanted.reset(token)


def takes(inputs: Tensor, vectors: int) -> bool:
    """Whether the operation is wanted here and can do it: float32 on a processor, and no larger than its cache.

    Args:
        vectors: numbers of one example on its way through all layers, with as many for their gradients, and twice the
            number of weights.
    """
    return _wanted.get() and vectors <= MOST_VECTORS and inputs.device.type == "cpu" and inputs.dtype == torch.float32


def mixed_and_convolved(inputs: Tensor, matrix: Tensor, weights: Tensor, form: list[int]) -> Tensor:
    """A fully connected layer, then convolutions with an activation before, between (sigmoids) and after them.

    Args:
        inputs: (R, W, B) float32.
        matrix: (R, L, W), the fully connected layer's weight.
        weights: (R, P), its bias, then each convolution's weight (out, in, window) and bias, in their order.
        form: the activations before and after the convolutions, as indices of `ACTIVATIONS`, then each one's (in, out,
            window, stride).
    Returns:
        (R, length, B), the last convolution's only channel; differentiable once.
    """
    outputs: Tensor = _MixedAndConvolved.apply(inputs, matrix, weights, form)  # type: ignore[no-untyped-call]
    return outputs


# The block's size is an argument and so part of every graph: the compiler keeps graphs on disk and knows them by their
# text, so the shape of what an operation gives must follow from its arguments.
class _MixedAndConvolved(torch.autograd.Function):
    @staticmethod
    def forward(inputs: Tensor, matrix: Tensor, weights: Tensor, form: list[int]) -> Tensor:
        outputs: Tensor = torch.ops.acrypto.mixed_and_convolved(inputs, matrix, weights, form)
        return outputs

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor, Tensor, list[int]], output: Tensor) -> None:
        ctx.save_for_backward(*inputs[:3])
        ctx.form = inputs[3]

    @staticmethod
    def backward(ctx: Any, given: Tensor) -> tuple[Tensor | None, Tensor, Tensor, None]:
        inputs, matrix, weights = ctx.saved_tensors
        wanted = ctx.needs_input_grad[0]
        gradient, mixed, sums = _Gradients.apply(inputs, matrix, weights, given, ctx.form, wanted)  # type: ignore[no-untyped-call]
        return gradient if wanted else None, mixed @ inputs.transpose(1, 2), sums.sum(1), None


class _Gradients(torch.autograd.Function):
    """The gradients as an operation that says that it has none itself, instead of passing zeros on."""

    @staticmethod
    def forward(
        inputs: Tensor, matrix: Tensor, weights: Tensor, given: Tensor, form: list[int], wanted: bool
    ) -> tuple[Tensor, Tensor, Tensor]:
        arrays = inputs, matrix, weights, given
        gradient, mixed, sums = torch.ops.acrypto.mixed_and_convolved_backward(*arrays, form, BLOCK, wanted)
        return gradient, mixed, sums

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        """Nothing is kept."""

    @staticmethod
    def backward(ctx: Any, *given: Tensor) -> None:
        raise RuntimeError("The fused layers are differentiable once; use the eager engine for more.")


def _forward(inputs: Tensor, matrix: Tensor, weights: Tensor, form: list[int]) -> Tensor:
    arrays = inputs.contiguous(), matrix.contiguous(), weights.contiguous()
    outputs = _outputs(*arrays, form)
    _library(*matrix.shape[1:], tuple(form)).forward(*_arguments(BLOCK, *arrays, outputs))
    return outputs


def _outputs(inputs: Tensor, matrix: Tensor, weights: Tensor, form: list[int]) -> Tensor:
    _check(inputs, matrix, weights, form)
    length = matrix.shape[1]
    for stride in form[5::4]:
        length = -(-length // stride)
    return inputs.new_empty(inputs.shape[0], length, inputs.shape[2])


def _backward(
    inputs: Tensor, matrix: Tensor, weights: Tensor, given: Tensor, form: list[int], block: int, wanted: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of the inputs, if wanted, of what the fully connected layer gave, and of the weights for each block."""
    arrays = inputs.contiguous(), matrix.contiguous(), weights.contiguous(), given.contiguous()
    results = _gradients(*arrays, form, block, wanted)
    _library(*matrix.shape[1:], tuple(form)).backward(*_arguments(block, *arrays, *results))
    return results


def _gradients(
    inputs: Tensor, matrix: Tensor, weights: Tensor, given: Tensor, form: list[int], block: int, wanted: bool
) -> tuple[Tensor, Tensor, Tensor]:
    _check(inputs, matrix, weights, form)
    replicas, _, batch = inputs.shape
    return (
        inputs.new_empty(inputs.shape if wanted else 0),  # an empty tensor's address is null
        inputs.new_empty(replicas, matrix.shape[1], batch),
        inputs.new_empty(replicas, -(-batch // block), weights.shape[1]),
    )


def _check(inputs: Tensor, matrix: Tensor, weights: Tensor, form: list[int]) -> None:
    """Addresses go to C as they are, so what stands behind them is looked at here."""
    layers = [form[i : i + 4] for i in range(2, len(form), 4)]
    expected = matrix.shape[1] + sum(out * (channels * window + 1) for channels, out, window, _ in layers)
    replicas, width, _ = inputs.shape
    if matrix.shape[::2] != (replicas, width) or weights.shape != (replicas, expected):
        shapes = ", ".join(str(tuple(array.shape)) for array in (inputs, matrix, weights))
        raise ValueError(f"inputs, matrix and weights of shapes {shapes} do not belong together")
    if any(array.dtype != torch.float32 for array in (inputs, matrix, weights)):
        raise TypeError("inputs, matrix and weights must all be float32")


_LIBRARY = operators.Library("acrypto", "DEF")
_TAKEN = "Tensor inputs, Tensor matrix, Tensor weights"
_LIBRARY.define(f"mixed_and_convolved({_TAKEN}, int[] form) -> Tensor")
_GRADIENTS = "(Tensor, Tensor, Tensor)"
_LIBRARY.define(
    f"mixed_and_convolved_backward({_TAKEN}, Tensor given, int[] form, int block, bool wanted) -> {_GRADIENTS}"
)
_LIBRARY.impl("mixed_and_convolved", _forward, "CPU")
_LIBRARY.impl("mixed_and_convolved_backward", _backward, "CPU")
operators.register_fake("acrypto::mixed_and_convolved", _outputs, lib=_LIBRARY)
operators.register_fake("acrypto::mixed_and_convolved_backward", _gradients, lib=_LIBRARY)


@cache
def _library(length: int, width: int, form: tuple[int, ...]) -> ctypes.CDLL:
    """fused.cpp compiled for these sizes; kept on disk beside the compiler's own kernels."""
    from torch._inductor import config, list_options  # seconds of imports, for whoever compiles only
    from torch._inductor.codecache import CppCodeCache

    layers = (f"Conv<{', '.join(map(str, form[i : i + 4]))}>" for i in range(2, len(form), 4))
    values = {
        "WIDTH": width,
        "LENGTH": length,
        "ENTERING": ACTIVATIONS[form[0]].upper(),
        "LEAVING": ACTIVATIONS[form[1]].upper(),
        "LAYERS": ", ".join(layers),
    }
    lines = "".join(f"#define {name} {value}\n" for name, value in values.items())
    trusting = {"cpp.vec_isa_ok": True} if "cpp.vec_isa_ok" in list_options() else {}  # of the processor's flags
    with config.patch(trusting):
        library: ctypes.CDLL = CppCodeCache.load(lines + _source(), extra_flags=["-ffp-contract=fast"])
    for function, pointers in ((library.forward, 4), (library.backward, 7)):
        function.argtypes = [ctypes.c_void_p] * pointers + [ctypes.c_int64] * 4
        function.restype = None
    return library


def _source() -> str:
    """fused.cpp, as the import system finds it: part of this package's code, wherever that is installed."""
    found = pkgutil.get_data(__package__, "fused.cpp")
    assert found is not None
    return found.decode()


def _arguments(block: int, inputs: Tensor, *others: Tensor) -> list[int]:
    pointers = (array.data_ptr() for array in (inputs, *others))
    return [*pointers, inputs.shape[0], inputs.shape[2], block, torch.get_num_threads()]
