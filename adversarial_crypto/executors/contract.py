"""The contract of executors: what they are given, what they hand back, and what a pool of workers can be asked."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Protocol, Self

Stop = Callable[[], str | None]
# A function at the top of a module, so that it can be sent: work(item, stop) -> a small result that can be sent back.
# `stop` is asked now and then; None to go on, or a reason, upon which the work saves itself and returns.
Work = Callable[[Any, Stop], Any]


@dataclass(frozen=True)
class Settings:
    """How many workers there are and what each may use.

    Args:
        workers: that many items are worked on at a time.
        threads: of each worker's processor.
        gpus_per_worker: share of a GPU, such as 0.25; 0: none is asked for, and none is hidden.
        gpus: of this machine; an engine that knows its own machines ignores it.
        address: of a cluster, where the engine has such a thing; None: this machine.
        stop: asked by `inline` in the middle of an item; the others are told by `Pool.stop`.
    """

    workers: int = 1
    threads: int = 1
    gpus_per_worker: float = 0.0
    gpus: int = 0
    address: str | None = None
    stop: Stop = lambda: None


@dataclass(frozen=True)
class Receipt:
    """What became of an item.

    Args:
        key: as it was submitted.
        result: what the work returned; None where it did not.
        died: a sentence on why there is no result ("killed by signal 9 (SIGKILL)", ...); None where there is one.
        trace: the traceback, where the work raised.
        signal: that ended the worker, where one did and the engine knows it.
        peak_bytes: the most memory that a worker which died can have had; None where nobody knows.
    """

    key: str
    result: Any = None
    died: str | None = None
    trace: str | None = None
    signal: int | None = None
    peak_bytes: int | None = None


class Pool(Protocol):
    """Workers at work; a context, whose end leaves no process behind and waits for no item."""

    @property
    def slots(self) -> int:
        """How many items can be worked on at a time."""

    def submit(self, key: str, item: Any) -> None:
        """Begin an item; at most `slots` are under way at once, until their receipts have been handed out."""

    def wait(self, seconds: float) -> list[Receipt]:
        """Receipts that have come, waiting for a first one at most that long; an empty list when none has."""

    def kill(self, key: str) -> None:
        """End the worker of an item at once; its receipt says so, the other workers feel nothing."""

    def stop(self, reason: str) -> None:
        """Ask all work under way to save itself and return; the receipts still come. Nothing is submitted after it."""

    def everywhere(self, function: Callable[[Any], Any], argument: Any) -> list[Any]:
        """function(argument) once on every machine that work may be sent to."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...


def admit(key: str, under_way: Collection[str], slots: int) -> None:
    """ValueError when there is no slot for one more item, or when an item of that key is under way."""
    if key in under_way:
        raise ValueError(f"an item {key!r} is under way already")
    if len(under_way) >= slots:
        raise ValueError(f"all {slots} slots are taken; wait for a receipt before submitting {key!r}")
