"""How the pure functions of the loop are executed: as they stand, compiled, or compiled and captured as CUDA graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
import torch._inductor
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

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

        def repeated(count: int) -> None:
            for _ in range(count):
                advance()

        return repeated


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

    It is first traced to a flat graph of tensor operations. Compiling the Python itself would take as long again, and
    at every call its guards on each module and parameter cost 0.2 ms: a quarter of a step at B = 512.
    """

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        self._function, self._options = function, options
        self._program: Callable[..., Any] | None = None

    def __call__(self, *arguments: Any) -> Any:
        if self._program is None:
            graph = make_fx(self._flat(arguments))(*_leaves(arguments))
            self._program = torch.compile(graph, fullgraph=True, dynamic=False, options=self._options)
        return self._program(*_leaves(arguments))

    def _flat(self, arguments: tuple[Any, ...]) -> Callable[..., Any]:
        """The function as one of its tensors alone."""

        def flat(*leaves: Tensor) -> Any:
            queue = iter(leaves)
            rebuilt = ({name: next(queue) for name in a} if isinstance(a, dict) else next(queue) for a in arguments)
            return self._function(*rebuilt)

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
