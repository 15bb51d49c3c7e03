"""How the pure functions of the loop are executed: as they stand, compiled, or compiled and captured as CUDA graphs."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils._pytree import TreeSpec, tree_flatten, tree_unflatten

from adversarial_crypto.numerics.fused import fused
from adversarial_crypto.training.machine import Machine

# Captured rounds per launch: a launch costs some 10 us, a round at B=512 some 500.
ROUNDS_PER_GRAPH = 10


class Engine:
    """Executes updates and measures on one machine.

    Args:
        name: "eager" or "compiled".
        machine: its device, threads and whether TF32 was asked for are set here, once.
    """

    def __init__(self, name: str, machine: Machine) -> None:
        self.name, self.machine = name, machine
        self.device = torch.device(machine.device)
        torch.set_num_threads(machine.threads)
        torch.backends.cuda.matmul.allow_tf32 = machine.tf32
        _keep_freed_memory()
        torch.tanh(torch.zeros(64))  # see decision 28: a process's first tanh must not be on two threads

    def wrap(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself, or compiled whole for the shapes of its first call.

        Args:
            function: takes tensors and dicts of tensors, none of which it changes.
        """
        if self.name == "eager":
            return function
        return _Compiled(function, _options(self.device.type))

    def repeat(self, advance: Callable[[], None], tensors: Iterable[Tensor]) -> Callable[[int], None]:
        """A function that runs `advance`, which works in place on `tensors`, a given number of times.

        On CUDA with the compiled engine the rounds are captured as graphs and replayed without the host.
        """
        if self.name == "compiled" and self.device.type == "cuda":
            return _captured(advance, list(tensors))
        return repeated(advance)


def repeated(advance: Callable[[], None]) -> Callable[[int], None]:
    """A function that runs `advance` a given number of times."""

    def run(count: int) -> None:
        for _ in range(count):
            advance()

    return run


def _keep_freed_memory() -> None:
    """Has glibc's allocator keep what is freed, up to 1 GiB, instead of giving it back to the system.

    A step frees and takes the same buffers again; each page that went back in between costs a fault (docs/log.md).
    """
    trim_threshold, mmap_threshold = -1, -3  # names of mallopt(3)
    if sys.platform == "linux":
        with suppress(AttributeError):  # another C library
            mallopt = ctypes.CDLL(None).mallopt
            mallopt(trim_threshold, 2**30)
            mallopt(mmap_threshold, 2**25)  # the largest it takes


def _options(device: str) -> dict[str, Any]:
    """Settings of the compiler, of those that this version of it knows."""
    chosen: dict[str, Any] = {"triton.cudagraphs": False, "deterministic": True}
    if device == "cpu":
        chosen = {
            # Skip a second look at every index, a sixth of the compiler's time in a profile (docs/log.md).
            "cpp.enable_tiling_heuristics": False,
            "cpp.use_decompose_tanh": True,  # by the exponential: the library's tanh takes three times as long
            "cpp.vec_isa_ok": True,  # trust the processor's flags: trying each instruction set out takes 10 s
        }
    known = set(torch._inductor.list_options())
    return {name: value for name, value in chosen.items() if name in known}


class _Compiled:
    """A pure function of tensors, compiled at its first call, for those shapes.

    It is traced to a flat graph of tensor operations, which goes to the compiler as it is. Compiled as Python it would
    take twice as long and be guarded at every call, four times a step: 0.2 ms for its modules and parameters, and still
    0.1 ms around a flat graph, where a step at B = 512 takes 2 ms.
    """

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        self._function, self._options = function, options
        self._program: Callable[..., Any] | None = None
        self._form: TreeSpec

    def __call__(self, *arguments: Any) -> Any:
        leaves: list[Any] = _leaves(arguments)
        if self._program is None:
            with fused():
                graph = make_fx(self._flat(arguments))(*leaves)
            self._program = torch._inductor.standalone_compile(
                graph, leaves, dynamic_shapes="from_example_inputs", options={"config_patches": self._options}
            )
        return tree_unflatten(self._program(*leaves), self._form)

    def _flat(self, arguments: tuple[Any, ...]) -> Callable[..., Any]:
        """The function from its arguments' tensors to its results' tensors; remembers the results' form."""

        def flat(*leaves: Tensor) -> list[Tensor]:
            queue = iter(leaves)
            rebuilt = ({name: next(queue) for name in a} if isinstance(a, dict) else next(queue) for a in arguments)
            results, self._form = tree_flatten(self._function(*rebuilt))
            return results

        return flat


def _leaves(arguments: tuple[Any, ...]) -> list[Tensor]:
    leaves: list[Tensor] = []
    for argument in arguments:
        if isinstance(argument, dict):
            leaves.extend(argument.values())
        else:
            leaves.append(argument)
    return leaves


def _captured(advance: Callable[[], None], tensors: list[Tensor]) -> Callable[[int], None]:
    """Replays of one and of ROUNDS_PER_GRAPH captured rounds.

    The first call warms up on a side stream, as capture asks for, and puts the tensors back as they were.
    """
    graphs: dict[int, torch.cuda.CUDAGraph] = {}

    def capture() -> None:
        before = [tensor.clone() for tensor in tensors]
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(2):
                advance()
        torch.cuda.current_stream().wait_stream(side)
        for rounds in (1, ROUNDS_PER_GRAPH):
            graphs[rounds] = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graphs[rounds]):
                for _ in range(rounds):
                    advance()
        for tensor, value in zip(tensors, before, strict=True):
            tensor.copy_(value)

    def replay(count: int) -> None:
        if not graphs:
            capture()
        for _ in range(count // ROUNDS_PER_GRAPH):
            graphs[ROUNDS_PER_GRAPH].replay()
        for _ in range(count % ROUNDS_PER_GRAPH):
            graphs[1].replay()

    return replay
