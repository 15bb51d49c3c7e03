"""One engine at one point of the benchmark, in a process of its own.

So a first call is a cold one and the peak of memory is this engine's alone, which one process could tell of neither:
compilers keep programs in memory, and a peak never falls. The processes take turns and wait in between, so at any time
one of them works.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Self

import torch
from pydantic import ValidationError

from adversarial_crypto.config import Run
from adversarial_crypto.config.problems import in_plain_words
from adversarial_crypto.errors import AcryptoError, ConfigError, EnvironmentProblem
from adversarial_crypto.lab.arithmetic import synchronise
from adversarial_crypto.lab.machine import use_compiler
from adversarial_crypto.lab.yardstick import Yardstick
from adversarial_crypto.numerics.philox import Occasion
from adversarial_crypto.training import Engine, Machine, Training, prepare

PROGRAM = "import sys; from adversarial_crypto.lab.contestant import serve; serve(int(sys.argv[1]))"
PATIENCE = 10  # seconds that a process has to leave when it is told to


@dataclass(frozen=True)
class Point:
    """Sizes at which engines are compared: N, B, R. The key is as long as the message."""

    message_bits: int
    batch: int
    replicas: int

    def run(self) -> Run:
        """The experiment that is timed: the paper's, at these sizes, in chunks of the default size.

        Raises:
            ConfigError: a size that no run may have.
        """
        data = {
            "name": "bench",
            "game": {"message_bits": self.message_bits},
            "train": {"batch": self.batch, "record_batch": self.batch},
            "replicas": {"count": self.replicas},
            "protocol": {"adversaries": 0},
        }
        try:
            return Run.model_validate(data)
        except ValidationError as error:
            details = error.errors(include_url=False)
            sentences = [d["ctx"]["text"] if d["type"] == "together" else in_plain_words(d) for d in details]
            raise ConfigError(sentences) from error


@dataclass(frozen=True)
class Slice:
    """A turn: steps (rounds of the schedule, of all replicas) in so many seconds; peak memory so far in 10^6 bytes.

    `waited` is the share of the threads' time in which they could have run but other programs had the processor.
    """

    steps: int
    seconds: float
    peak_mb: float
    waited: float = 0.0


class Contestant:
    """The asking side's handle of the process; a context manager, at whose end the process is gone.

    Args:
        engine: "eager", "compiled" or "yardstick".
    """

    def __init__(self, engine: str, point: Point, machine: Machine) -> None:
        self.engine, self.point, self.machine = engine, point, machine
        self.compile_seconds: float | None = None
        self.slices: list[Slice] = []

    def __enter__(self) -> Self:
        self._cache = tempfile.TemporaryDirectory(prefix="acrypto-bench-", ignore_cleanup_errors=True)
        self._connection, theirs = Pipe()
        environment = {
            **os.environ,
            "TORCHINDUCTOR_CACHE_DIR": self._cache.name,
            "TRITON_CACHE_DIR": str(Path(self._cache.name) / "triton"),
            # So that the process finds this very package, wherever it was imported from.
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        theirs.close()
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._cache.cleanup()

    def wait(self) -> None:
        """Waits until the process has loaded Python and torch, which several may do at a time."""
        self._answer()

    def warm_up(self, seconds: float) -> None:
        """Builds, compiles with an empty cache, and takes a first turn that does not count."""
        answer = self._ask((self.engine, self.point, self.machine))
        self.compile_seconds = answer if isinstance(answer, float) else None
        self._ask(seconds)

    def take_turn(self, seconds: float) -> None:
        """Trains for about so long, at least one step."""
        answer = self._ask(seconds)
        assert isinstance(answer, Slice)
        self.slices.append(answer)

    def _ask(self, request: object) -> object:
        # A process that is gone does not take the request, but may have left word why.
        with suppress(OSError):
            self._connection.send(request)
        return self._answer()

    def _answer(self) -> object:
        try:
            answer = self._connection.recv()
        except (EOFError, OSError) as error:
            code = self._process.wait()
            raise EnvironmentProblem(
                f"The process that timed {self.engine} at {self.point} was ended from outside (exit {code}); "
                "most often memory ran out, and a smaller batch or fewer replicas help."
            ) from error
        if isinstance(answer, AcryptoError):
            raise answer
        return answer


def serve(descriptor: int) -> None:
    """The process's own side: first calls, then a turn for every number of seconds that comes in, until it closes."""
    connection = Connection(descriptor)
    try:
        connection.send(None)  # ready
        engine, point, machine = connection.recv()
        device = torch.device(machine.device)
        advance, compile_seconds = _workload(engine, point, machine)
        advance(1)  # the other chunks' first step
        connection.send(compile_seconds)
        per_step = _timed(advance, 1, device)
        while True:
            steps = max(1, round(connection.recv() / per_step))
            before = _waiting()
            seconds = _timed(advance, steps, device)
            per_step = seconds / steps
            waited = (_waiting() - before) / (machine.threads * seconds)
            connection.send(Slice(steps, seconds, peak_memory(device) / 1e6, waited))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except Exception as error:  # whatever it is, the other side has to say it: nobody reads this process's stderr
        told = error if isinstance(error, AcryptoError) else EnvironmentProblem(f"{type(error).__name__}: {error}")
        connection.send(told)


def _timed(advance: Callable[[int], None], steps: int, device: torch.device) -> float:
    synchronise(device)
    start = time.perf_counter()
    advance(steps)
    synchronise(device)
    return time.perf_counter() - start


def _workload(engine: str, point: Point, machine: Machine) -> tuple[Callable[[int], None], float | None]:
    """What takes all replicas so many steps further, and the seconds of first calls if it was compiled."""
    if engine == "yardstick":
        torch.set_num_threads(machine.threads)
        yardstick = Yardstick(point.message_bits, point.batch, 0.0008, seed=0, device=machine.device)

        def repeat(steps: int) -> None:
            for _ in range(steps):
                yardstick.step()

        return repeat, None
    use_compiler(machine.device)
    training = Training(prepare(point.run()), Engine(engine, machine))
    steppers = [training.loop.stepper(state) for state in training.states]

    def advance(steps: int) -> None:
        for stepper in steppers:
            stepper(steps)

    start = time.perf_counter()
    steppers[0](1)
    state = training.states[0]
    training.loop.measure(state.weights, state.seeds, state.adversary, 0, Occasion.RECORD)
    synchronise(torch.device(machine.device))
    return advance, time.perf_counter() - start if engine == "compiled" else None


def _waiting() -> float:
    """Seconds that this process's threads have stood in the queue for a processor; 0 where the system does not tell."""
    tables = Path("/proc/self/task").glob("*/schedstat")
    return sum(int(table.read_text().split()[1]) for table in tables) / 1e9


def peak_memory(device: torch.device) -> float:
    """Bytes: the most this process ever had resident (with Python and torch themselves), or had allocated on CUDA."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    # Not getrusage: on Linux its maximum outlives exec, so a child reports its parent's.
    status = Path("/proc/self/status")
    if status.exists():
        return next(1024.0 * int(line.split()[1]) for line in status.read_text().splitlines() if "VmHWM" in line)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak if sys.platform == "darwin" else 1024 * peak)
