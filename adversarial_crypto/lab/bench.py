"""How fast the engines are, against the ordinary way and against this machine's own limit, told fairly on a shared one.

At each (N, B) all engines, at all R, and the yardstick take turns of half a second or more, A B C A B C ..., with a
large matrix product at the head of every round; what is told are medians over the rounds. A short disturbance so falls
on all alike. A lasting one does not: each small operation of two threads waits for the slower of them, and the
yardstick is made of small operations. With both cores of two taken by other programs it made 0.4 to 4 steps a second on
two threads, and 45 on one (N=4, B=64). A ratio from such a time flatters us and means nothing, so how long the threads
stood waiting is measured, told beside the rows and warned of.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import groupby
from typing import Any

import torch

from adversarial_crypto.errors import ConfigError
from adversarial_crypto.lab.arithmetic import flops_per_example, product_rate
from adversarial_crypto.lab.contestant import Contestant, Point
from adversarial_crypto.lab.machine import execution, probe
from adversarial_crypto.training import Machine, choose_engine

SCHEMA = "acrypto.bench/1"
ENGINES = ("eager", "compiled", "yardstick")
# What is measured when nothing is asked for: the paper's own size, a small batch for many replicas, a long message.
POINTS = tuple(Point(*sizes) for sizes in [(16, 4096, 1), (16, 512, 1), (16, 512, 16), (16, 512, 256), (64, 512, 1)])
DEFAULT = Point(16, 4096, 1)
TURN_SECONDS = 0.7
DISTURBED = 0.1  # of the threads' time spent waiting: from here on ratios are not to be quoted

Tell = Callable[[str], None]


def bench(
    *,
    message_bits: Sequence[int] = (),
    batch: Sequence[int] = (),
    replicas: Sequence[int] = (),
    engines: Sequence[str] = (),
    repeats: int = 5,
    device: str = "auto",
    threads: int | None = None,
    progress: Tell | None = None,
) -> dict[str, Any]:
    """Times every engine at every point.

    Args:
        message_bits, batch, replicas: N, B and R; every combination is a point. What is not given is 16, 4096 and 1;
            with none of them given the points are `POINTS`.
        engines: any of `ENGINES`; not given, all that this machine has (without a compiler there is no "compiled").
        repeats: rounds of turns.
        progress: told in a few words what is being done, for the minutes that it takes.
    Returns:
        {"schema", "repeats", "machine", "rows"}, ready for JSON. machine["waited"] is the share of their time that a
        contestant's threads stood waiting for other programs, the worst of all; past `DISTURBED` the ratios mean
        nothing, and `progress` is told so. A row for every engine at every point, one for the
        yardstick at every (N, B), as it has one replica:
        engine, device, message_bits, replicas, batch;
        replica_steps_per_second: R times steps (rounds of the schedule) per second;
        ratio: that over the yardstick's at the same N and B, None where the yardstick was not asked for;
        matmul_fraction: useful operations (`flops_per_example`) per second over those of a large matrix product;
        compile_seconds: first calls with an empty compile cache, None for what is not compiled;
        peak_mb: 10^6 bytes, the peak of a process that does nothing else, compiling, Python and torch included; on
        CUDA the peak of allocated device memory.
    Raises:
        ConfigError: an unknown engine, no rounds, or sizes that no run may have; before anything is timed.
        EnvironmentProblem: no such device, "compiled" asked for without a compiler, or memory ran out.
    """
    machine = probe(device, threads, False)
    points, chosen = _points(message_bits, batch, replicas), _engines(engines, machine)
    if repeats < 1:
        raise ConfigError(f"repeats must be at least 1, not {repeats}.")
    for engine in chosen:
        if engine != "yardstick":
            choose_engine(engine, points[0].run(), machine)  # refuses what the machine cannot do
    for point in points:
        point.run()
    torch.set_num_threads(machine.threads)
    tell = progress or (lambda _: None)
    rows: list[dict[str, Any]] = []
    rates: list[float] = []
    waits: list[float] = []
    for _, group in groupby(points, key=lambda point: (point.message_bits, point.batch)):
        found, rate, waited = _contest(list(group), chosen, repeats, machine, tell)
        rows += found
        rates.append(rate)
        waits.append(waited)
    measured = {"matmul_gflops": statistics.median(rates) / 1e9, "waited": max(waits)}
    described = execution(machine, "bench") | {"cores": os.cpu_count()} | measured
    if max(waits) > DISTURBED:
        share = f"{100 * max(waits):.0f} %"
        tell(f"Other programs kept the threads waiting {share} of the time; do not quote these ratios; measure again.")
    del described["engine"]  # each row has its own
    return {"schema": SCHEMA, "repeats": repeats, "machine": described, "rows": rows}


def _points(message_bits: Sequence[int], batch: Sequence[int], replicas: Sequence[int]) -> tuple[Point, ...]:
    if not (message_bits or batch or replicas):
        return POINTS
    return tuple(
        Point(bits, size, count)
        for bits in dict.fromkeys(message_bits or (DEFAULT.message_bits,))
        for size in dict.fromkeys(batch or (DEFAULT.batch,))
        for count in dict.fromkeys(replicas or (DEFAULT.replicas,))
    )


def _engines(asked: Sequence[str], machine: Machine) -> tuple[str, ...]:
    unknown = [engine for engine in asked if engine not in ENGINES]
    if unknown:
        raise ConfigError([f"No engine is named {engine!r}; there are {', '.join(ENGINES)}." for engine in unknown])
    available = tuple(engine for engine in ENGINES if engine != "compiled" or machine.compiler)
    return tuple(dict.fromkeys(asked)) or available


def _contest(
    points: list[Point], engines: tuple[str, ...], repeats: int, machine: Machine, tell: Tell
) -> tuple[list[dict[str, Any]], float, float]:
    """The rows of the points of one (N, B), the matrix product's rate, and the most that a contestant waited."""
    device = torch.device(machine.device)
    alone = Point(points[0].message_bits, points[0].batch, 1)
    at = f"N={alone.message_bits}, B={alone.batch}"
    entries = [(engine, point) for point in points for engine in engines if engine != "yardstick"]
    if "yardstick" in engines:
        entries.append(("yardstick", alone))
    with ExitStack() as stack:
        tell(f"{at}: starting")
        contestants = [stack.enter_context(Contestant(engine, point, machine)) for engine, point in entries]
        for contestant in contestants:
            contestant.wait()
        for contestant in contestants:
            verb = "compiling" if contestant.engine == "compiled" else "warming up"
            tell(f"{at}: {verb} {contestant.engine}, R={contestant.point.replicas}")
            contestant.warm_up(TURN_SECONDS)
        rates = []
        for repeat in range(repeats):
            tell(f"{at}: round {repeat + 1} of {repeats}")
            rates.append(product_rate(device))
            for contestant in contestants:
                contestant.take_turn(TURN_SECONDS)
    rate = statistics.median(rates)
    base = next((_speed(contestant) for contestant in contestants if contestant.engine == "yardstick"), None)
    waited = max(statistics.median(turn.waited for turn in contestant.slices) for contestant in contestants)
    return [_row(contestant, base, rate) for contestant in contestants], rate, waited


def _speed(contestant: Contestant) -> float:
    """Replica-steps per second, the median over turns."""
    return statistics.median(contestant.point.replicas * turn.steps / turn.seconds for turn in contestant.slices)


def _row(contestant: Contestant, base: float | None, rate: float) -> dict[str, Any]:
    point, speed = contestant.point, _speed(contestant)
    operations = flops_per_example(point.message_bits, point.message_bits) * point.batch
    return {
        "engine": contestant.engine,
        "device": contestant.machine.device,
        "message_bits": point.message_bits,
        "replicas": point.replicas,
        "batch": point.batch,
        "replica_steps_per_second": speed,
        "ratio": None if base is None else speed / base,
        "matmul_fraction": operations * speed / rate,
        "compile_seconds": contestant.compile_seconds,
        "peak_mb": max(turn.peak_mb for turn in contestant.slices),
    }
