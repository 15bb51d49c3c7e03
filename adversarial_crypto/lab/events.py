"""What a run tells while it works: values handed to the `progress` callback, in the order in which they happen.

    Started · (Compiling | Recorded | Progress | Note)* · Finished
    SweepStarted · (ShardEnded | SweepProgress | Note)*          and in the same process those of each shard's run
    (AttackProgress* · AttackEnded)* · Note*                     of the controls too

A run that is already complete tells Finished alone; one that is stopped or fails ends without it. The callback runs in
the thread of the run, some four times a second and at each record, and should return at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from adversarial_crypto.lab.result import RunResult

if TYPE_CHECKING:
    from adversarial_crypto.games import Watched
    from adversarial_crypto.training import Row

Phase = Literal["training", "protocol"]


@dataclass(frozen=True)
class Started:
    """The run directory is open and work begins.

    Args:
        identity: the whole digest, 64 hex digits.
        replicas: R, over all varied values.
        steps: the most the training can take.
        reason: why this engine.
        resumed_step: work already done, in steps of training and protocol together; None at a first start.
    """

    run_dir: Path
    name: str
    identity: str
    replicas: int
    steps: int
    engine: str
    device: str
    reason: str
    resumed_step: int | None


@dataclass(frozen=True)
class Compiling:
    """The next beat takes longer, because programs are compiled for it; `what` completes "compiling ..."."""

    what: str


@dataclass(frozen=True)
class Curve:
    """A measure at every record so far (the last 1,000), oldest first: medians over what has not diverged."""

    watched: Watched
    history: tuple[float, ...]

    @property
    def value(self) -> float:
        """At the latest record; NaN without one."""
        return self.history[-1] if self.history else float("nan")


@dataclass(frozen=True)
class Progress:
    """How far the work is.

    Args:
        phase: "training", or "protocol" for the fresh adversaries.
        step, steps: of this phase.
        passed, diverged: replicas so far.
        curves: what the game has people watch, Bob's first.
        seconds_left: of this phase, by the rate of the last seconds; None as long as there is no rate.
        at_most: the estimate is an upper bound, for the training ends as soon as every replica has passed or diverged.
        rate: replica-steps per second (in the protocol: steps of one fresh adversary per second), 0 at first.
    """

    phase: Phase
    step: int
    steps: int
    passed: int
    diverged: int
    curves: tuple[Curve, ...]
    seconds_left: float | None
    at_most: bool
    rate: float


@dataclass(frozen=True)
class Recorded:
    """A record was taken; each of these is told, however many a second: a row for every replica."""

    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Note:
    """A sentence for the user: what a plateau means, a checkpoint that was damaged, a machine that changed."""

    text: str


@dataclass(frozen=True)
class Finished:
    """The run is complete."""

    result: RunResult


@dataclass(frozen=True)
class SweepStarted:
    """The sweep's directory is open and work begins.

    Args:
        shards, committed: of the whole plan, or of the share that was asked for.
        executor, workers: who works, and how many at a time.
    """

    directory: Path
    shards: int
    committed: int
    executor: str
    workers: int


@dataclass(frozen=True)
class ShardEnded:
    """An attempt at a shard is over.

    Args:
        at: its point of the grid, in words.
        became: "committed", or what became of it instead (lab/shard.py).
        text: a line on it.
    """

    shard: str
    at: str
    became: str
    text: str


@dataclass(frozen=True)
class SweepProgress:
    """How far a sweep is: shards, and seconds left by those that are done; None as long as none is."""

    committed: int
    shards: int
    running: int
    failed: int
    seconds_left: float | None


@dataclass(frozen=True)
class AttackProgress:
    """How far one attack on one target is: the share that is done, and what it is doing."""

    attack: str
    target: str
    share: float
    doing: str


@dataclass(frozen=True)
class AttackEnded:
    """An attack on one target is over.

    Args:
        outcome: the strongest over its replicas, in words.
        cached: whether it had been computed before.
    """

    attack: str
    target: str
    outcome: str
    seconds: float
    cached: bool


Event = (
    Started
    | Compiling
    | Recorded
    | Progress
    | Note
    | Finished
    | SweepStarted
    | ShardEnded
    | SweepProgress
    | AttackProgress
    | AttackEnded
)
Tell = Callable[[Event], None]
