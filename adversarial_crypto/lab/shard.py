"""One shard of a sweep, worked on wherever an executor puts it: adopted, run, committed, and told in a few words."""

from __future__ import annotations

import os
import resource
import tempfile
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from adversarial_crypto.config import ConfigError
from adversarial_crypto.errors import EnvironmentProblem, StoreError
from adversarial_crypto.lab.events import Event
from adversarial_crypto.lab.plan import shard_run
from adversarial_crypto.lab.result import RunResult, Stopped
from adversarial_crypto.lab.run import run
from adversarial_crypto.store.atomic import set_aside
from adversarial_crypto.store.lease import holder
from adversarial_crypto.store.ledger import Ledger

# "busy": somebody else works on it. "refused": no attempt can succeed, for the configuration is wrong. "no room":
# nothing can be written there, whatever the shard. "sent": complete, its files in the receipt.
Became = Literal[
    "committed", "equal", "different", "other machine", "sent", "busy", "stopped", "failed", "refused", "no room"
]


@dataclass(frozen=True)
class Item:
    """What a worker needs to know of a shard.

    Args:
        sweep: the sweep's directory, or "" where the worker does not see it.
        row: the shard's row of plan.csv.
        execution: device, engine, threads, tf32, as `lab.run` takes them.
        files: the sweep's own files where the worker does not see them.
    """

    sweep: str
    row: Mapping[str, str]
    execution: Mapping[str, Any]
    files: Mapping[str, bytes] | None = None

    @property
    def shard(self) -> str:
        """Its id."""
        return self.row["shard"]


@dataclass(frozen=True)
class Told:
    """What became of an attempt.

    Args:
        seconds: of computing, over all attempts that were continued.
        passed, replicas: of a complete shard.
        peak_bytes: the most memory of this process so far.
        error, trace: why it failed, in a sentence and in full.
        work: where it was worked.
        files: of a shard that was sent.
    """

    became: Became
    seconds: float = 0.0
    passed: int = 0
    replicas: int = 0
    peak_bytes: int = 0
    error: str = ""
    trace: str = ""
    work: str = ""
    files: Mapping[str, bytes] | None = None


def work(item: Item, stop: Callable[[], str | None], progress: Callable[[Event], None] | None = None) -> Told:
    """Bring a shard to its commit, or say why not. Nothing but a signal ends it without a word."""
    if item.files is not None:
        return _far_away(item, stop)
    ledger = Ledger(Path(item.sweep), {item.shard: item.row})
    if ledger.shard(item.shard).is_dir():
        return Told("equal")
    place = ledger.adopt(item.shard)
    if place is None:
        return Told("busy")
    done = _attempt(item, Path(item.sweep), place, stop, progress)
    if isinstance(done, Told):
        return done
    try:
        outcome = ledger.commit(item.shard, place)
    except StoreError as error:
        # Another process with the same attempt was a moment faster.
        if ledger.shard(item.shard).is_dir() and not place.exists():
            return Told("equal")
        return Told("failed", error=str(error), work=str(place), peak_bytes=_peak())
    return _told(outcome, done, place)


def receive(ledger: Ledger, item: Item, told: Told) -> Told:
    """Commit a shard whose files came by value."""
    assert told.files is not None
    try:
        outcome = ledger.commit(item.shard, ledger.deliver(item.shard, told.files))
    except StoreError as error:
        return Told("failed", error=str(error), peak_bytes=told.peak_bytes)
    return Told(outcome, told.seconds, told.passed, told.replicas, told.peak_bytes)


def _far_away(item: Item, stop: Callable[[], str | None]) -> Told:
    """Work on a machine that does not see the sweep's directory: the complete run's files are the answer."""
    assert item.files is not None
    with tempfile.TemporaryDirectory(prefix="acrypto-") as folder:
        sweep = Path(folder)
        for name, content in item.files.items():
            (sweep / name).parent.mkdir(parents=True, exist_ok=True)
            (sweep / name).write_bytes(content)
        place = sweep / "attempt"
        done = _attempt(item, sweep, place, stop, None)
        if isinstance(done, Told):
            return done
        files = {str(path.relative_to(place)): path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file()}
        told = _told("sent", done, place)
        return Told(told.became, told.seconds, told.passed, told.replicas, told.peak_bytes, files=files)


def _attempt(
    item: Item,
    sweep: Path,
    place: Path,
    stop: Callable[[], str | None],
    progress: Callable[[Event], None] | None,
) -> RunResult | Told:
    """The complete run, or why there is none."""

    def told(became: Became, error: BaseException) -> Told:
        trace = "".join(traceback.format_exception(error))
        return Told(became, error=str(error), trace=trace, work=str(place), peak_bytes=_peak())

    try:
        return run(shard_run(sweep, item.row), out=place, draw=False, progress=progress, stop=stop, **item.execution)
    except Stopped as stopped:
        return Told("stopped", error=stopped.reason, work=str(place), peak_bytes=_peak())
    except ConfigError as error:
        return told("refused", error)
    except StoreError as error:
        # Between the look and the lease somebody else may have begun.
        if _taken(place):
            return Told("busy")
        if place.is_dir():  # damaged work fails every time: it is kept, and the next attempt begins anew
            set_aside(place)
        return told("failed", error)
    except EnvironmentProblem as error:
        # A full disk stops everybody; too little memory, or a compiler that fails, is this shard's own trouble.
        return told("no room" if isinstance(error.__cause__, OSError) else "failed", error)
    except Exception as error:
        return told("failed", error)


def _taken(place: Path) -> bool:
    who = holder(place)
    return who is not None and f"process {os.getpid()} " not in who


def _told(became: Became, done: RunResult, place: Path) -> Told:
    summary = done.summary
    return Told(
        became,
        seconds=float(summary["seconds"]),
        passed=int(summary["passed"]),
        replicas=int(summary["replicas"]),
        peak_bytes=_peak(),
        work=str(place),
    )


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
