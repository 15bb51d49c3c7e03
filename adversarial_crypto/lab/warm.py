"""Compiling on two processors: the compiler is Python and holds one of them, so a second process shares the work.

What it compiles reaches this process through the compiler's own cache on disk. It is a matter of time only: where the
second process fails, this one compiles everything itself.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adversarial_crypto.config import load
from adversarial_crypto.lab.machine import probe, use_compiler
from adversarial_crypto.lab.sources import Sources
from adversarial_crypto.training import Engine, Machine, Training, prepare


def compile_programs(directory: Path, training: Training, machine: Machine) -> None:
    """Compiles all programs of a training, the longest and the shortest here, the others in a second process.

    Args:
        directory: the run's, which holds the configuration that the second process reads.
    """
    if machine.device != "cpu" or machine.threads < 2:
        return  # one processor; or a device whose compiler has workers of its own
    longest, *others, shortest = training.loop.programs
    with _second_process(directory, machine.threads, others):
        training.loop.compile(training.states[0], [longest, shortest])


@contextmanager
def _second_process(directory: Path, threads: int, programs: list[str]) -> Iterator[None]:
    command = [sys.executable, "-m", "adversarial_crypto.lab.warm", str(directory), str(threads), *programs]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)
    try:
        yield
        process.wait()
    finally:
        process.kill()
        process.wait()


def main(directory: str, threads: str, *programs: str) -> None:
    """The second process."""
    sources = Sources.read(load(Path(directory) / "config.toml"))
    use_compiler("cpu")
    engine = Engine("compiled", probe("cpu", int(threads), tf32=False))
    training = Training(prepare(sources.run, sources.builds()), engine)
    training.loop.compile(training.states[0], programs)


if __name__ == "__main__":
    main(*sys.argv[1:])
