"""What the training may know of the machine it runs on; the lab probes it and hands it down."""

from __future__ import annotations

from dataclasses import dataclass

from adversarial_crypto.config import Run
from adversarial_crypto.errors import EnvironmentProblem

# Compiling one shape takes about 40 s and then saves about 15 us an example and step (docs/log.md): even at 3 million
# example-steps, and two minutes gained at this number.
WORTH_COMPILING = 10_000_000


@dataclass(frozen=True)
class Machine:
    """One device and what it offers.

    Args:
        device: "cpu" or "cuda:i".
        threads: of the CPU.
        compiler: whether programs can be compiled for the device.
        tf32: whether matrix products on CUDA may round their inputs to 10 bits; only when asked for.
    """

    device: str = "cpu"
    threads: int = 1
    compiler: bool = False
    tf32: bool = False


def choose_engine(asked: str, run: Run, machine: Machine) -> tuple[str, str]:
    """("eager" or "compiled", why), a pure function of configuration and machine, never of a timing.

    Raises:
        EnvironmentProblem: "compiled" was asked for where there is no compiler.
    """
    if asked == "compiled" and not machine.compiler:
        raise EnvironmentProblem(
            "The compiled engine needs a C++ compiler (g++ or clang++) and none was found; use --engine eager."
        )
    if asked != "auto":
        return asked, "asked for"
    if not machine.compiler:
        return "eager", "no compiler was found"
    protocol = run.protocol
    adversaries = protocol.adversaries * len(protocol.adversary_networks)
    work = run.train.steps * run.train.batch + protocol.adversary_steps * protocol.adversary_batch * adversaries
    if run.total_replicas * work < WORTH_COMPILING:
        return "eager", "too little work to be worth compiling"
    return "compiled", "enough work to be worth compiling"
