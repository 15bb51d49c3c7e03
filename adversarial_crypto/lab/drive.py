"""The driver of a sweep: hands shards to workers, counts attempts, and lives with workers that die, hang or are late.

It may be killed at any time: everything it knows is in the ledger, and the same command goes on.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adversarial_crypto.errors import EnvironmentProblem
from adversarial_crypto.executors import Pool, Receipt
from adversarial_crypto.lab.events import ShardEnded, SweepProgress, Tell
from adversarial_crypto.lab.plan import grid_keys
from adversarial_crypto.lab.result import Stopped
from adversarial_crypto.lab.shard import Item, Told, receive
from adversarial_crypto.store import Run as Stored
from adversarial_crypto.store.ledger import Ledger

LOOK = 0.5  # seconds between looks at the clock, the signals and the workers
LATER = 5.0  # seconds until a shard that somebody else works on is tried again
SAMPLE = 20  # committed shards that an estimate begins with
LEASE = "lease.json"


@dataclass(frozen=True)
class Limits:
    """When a shard is given up.

    Args:
        attempts: failures after which it is.
        forgive: whether failures of earlier commands count.
        stall: seconds without a sign of work after which a worker is ended.
        keep_going: whether the others go on when one is given up.
    """

    attempts: int = 3
    forgive: bool = False
    stall: float = 1800.0
    keep_going: bool = True


@dataclass
class Drive:
    """One command's work on a sweep.

    Args:
        shards: ids to bring to their commit, in this order.
        make: shard -> what its worker needs to know.
        stop: asked at every look; a reason means that workers save themselves and `Stopped` is raised.
    Attributes:
        failed: given up -> why.
        quarantined: shards of which a second run had other bytes.
    """

    ledger: Ledger
    shards: Sequence[str]
    make: Callable[[str], Item]
    limits: Limits
    tell: Tell
    stop: Callable[[], str | None]
    failed: dict[str, str] = field(default_factory=dict)
    quarantined: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        committed = self.ledger.committed()
        self._pending = deque(shard for shard in self.shards if shard not in committed)
        self._done = len(self.shards) - len(self._pending)
        self._late: dict[str, float] = {}
        self._running: dict[str, float] = {}
        self._items: dict[str, Item] = {}
        self._looked: float = time.monotonic()
        self._told = SweepProgress(-1, 0, 0, 0, None)
        self._pace = Pace.of(self.ledger, committed)
        self._before = {
            shard: len(self.ledger.failures(shard)) if self.limits.forgive else 0 for shard in self._pending
        }

    def work(self, pool: Pool) -> None:
        """All that is left to do, or until it is to stop.

        Raises:
            Stopped: `stop` gave a reason; all work is saved.
            EnvironmentProblem: the sweep's directory cannot be written any more.
        """
        self._give_up_old()
        while self._pending or self._running or self._late:
            if reason := self.stop():
                self._wind_down(pool, reason)
                raise Stopped(reason, self.ledger.path, f"{self._done:,} of {len(self.shards):,} shards")
            if self.failed and not self.limits.keep_going:
                self._wind_down(pool, "another shard failed")
                return
            self._hand_out(pool)
            self._take(pool, LOOK)
            self._end_the_stalled(pool)
            self._say(pool.slots)

    def _give_up_old(self) -> None:
        for shard in list(self._pending):
            failures = self.ledger.failures(shard)
            if len(failures) - self._before[shard] >= self.limits.attempts:
                self._pending.remove(shard)
                self.failed[shard] = str(failures[-1]["error"])
                text = f"failed {len(failures)} times before ({failures[-1]['error']}); --retry-failed tries again"
                self._ended(shard, "failed", text)

    def _hand_out(self, pool: Pool) -> None:
        now = time.monotonic()
        for shard in [shard for shard, when in self._late.items() if when <= now]:
            del self._late[shard]
            self._pending.append(shard)
        while self._pending and len(self._running) < pool.slots:
            shard = self._pending.popleft()
            if self.ledger.shard(shard).is_dir():
                self._finished(shard)
                continue
            self._items[shard] = self.make(shard)
            self._running[shard] = now
            pool.submit(shard, self._items[shard])

    def _take(self, pool: Pool, seconds: float) -> None:
        if not self._running:
            time.sleep(seconds)
        for receipt in pool.wait(seconds) if self._running else ():
            del self._running[receipt.key]
            self._read(receipt)

    def _read(self, receipt: Receipt) -> None:
        shard, told = receipt.key, receipt.result
        if told is None:
            died = {"error": receipt.died or "it ended without a word", "signal": receipt.signal}
            self._failure(shard, {**died, "trace": receipt.trace, "peak_bytes": receipt.peak_bytes})
            return
        assert isinstance(told, Told)
        if told.became == "sent":
            told = receive(self.ledger, self._items[shard], told)
        if told.became in ("busy", "stopped"):
            self._late[shard] = time.monotonic() + (LATER if told.became == "busy" else 0.0)
        elif told.became in ("failed", "refused"):
            record = {"error": told.error, "signal": None, "trace": told.trace, "peak_bytes": told.peak_bytes}
            self._failure(shard, record, final=told.became == "refused", work=told.work)
        elif told.became == "no room":
            self._pending.append(shard)
            raise EnvironmentProblem(told.error)
        else:
            self._committed(shard, told)

    def _committed(self, shard: str, told: Told) -> None:
        self._pace.add(self.ledger.plan[shard], told.seconds)
        if told.became == "different":
            self.quarantined.append(shard)
            text = "another run of it has other bytes, by the same machine and engine; it is in quarantine/"
        elif told.became == "other machine":
            text = "was committed before by another machine or engine, with other bytes; the first one stays"
        elif not told.replicas:
            text = "is there already"
        else:
            text = f"{told.passed} of {told.replicas} passed"
        self._finished(shard)
        self._ended(shard, told.became, text)

    def _finished(self, shard: str) -> None:
        self._done += 1
        self.failed.pop(shard, None)

    def _failure(self, shard: str, record: Mapping[str, Any], final: bool = False, work: str = "") -> None:
        """Keep the record of a failed attempt, and try again or give up."""
        there = self.ledger.attempts(shard)
        place = Path(work) if work else there[0] if there else None
        stamp = {"time": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "attempt": str(place) if place else None}
        kept = self.ledger.record(shard, "failed", {**record, **stamp})
        count = len(self.ledger.failures(shard)) - self._before[shard]
        first = str(record["error"]).strip().partition("\n")[0]
        log = place / "log.txt" if place and (place / "log.txt").exists() else kept
        if final or count >= self.limits.attempts:
            self.failed[shard] = first
            text = f"given up after {count} of {self.limits.attempts} attempts: {first} (see {log})"
        else:
            self._pending.append(shard)
            text = f"attempt {count} of {self.limits.attempts} failed: {first} (see {log})"
        self._ended(shard, "failed", text)

    def _end_the_stalled(self, pool: Pool) -> None:
        """End workers that have not written anything for long; their shards count as failed once."""
        now = time.monotonic()
        if now - self._looked < min(30.0, self.limits.stall / 4):
            return
        self._looked = now
        for shard, since in self._running.items():
            there = self.ledger.attempts(shard)
            idle = min(now - since, _idle(there[0]) if there else now - since)
            if idle > self.limits.stall:
                pool.kill(shard)

    def _wind_down(self, pool: Pool, reason: str) -> None:
        """Let everyone at work save themselves."""
        pool.stop(reason)
        while self._running:
            self._take(pool, LOOK)
        self._late.clear()

    def _ended(self, shard: str, became: str, text: str) -> None:
        self.tell(ShardEnded(shard, at(self.ledger, shard), became, text))

    def _say(self, workers: int) -> None:
        left = [self.ledger.plan[shard] for shard in (*self._pending, *self._running, *self._late)]
        seconds = self._pace.seconds(left, max(1, min(workers, len(left))))
        now = SweepProgress(self._done, len(self.shards), len(self._running), len(self.failed), seconds)
        if now != self._told:
            self._told = now
            self.tell(now)


@dataclass
class Pace:
    """How fast one worker is, by what is committed: planned cost a second."""

    cost: float = 0.0
    spent: float = 0.0

    @classmethod
    def of(cls, ledger: Ledger, committed: set[str]) -> Pace:
        pace = cls()
        for shard in sorted(committed)[:SAMPLE]:
            pace.add(ledger.plan[shard], float(Stored.read(ledger.shard(shard)).summary()["seconds"]))
        return pace

    def add(self, row: Mapping[str, str], seconds: float) -> None:
        self.cost += float(row["cost"])
        self.spent += seconds

    def seconds(self, rows: Sequence[Mapping[str, str]], workers: int) -> float | None:
        """Until these are done; None as long as nothing is known."""
        if not self.spent or not self.cost:
            return None
        return sum(float(row["cost"]) for row in rows) * self.spent / self.cost / workers


def at(ledger: Ledger, shard: str) -> str:
    """A shard's point in words: "game.key_bits = 8, replicas 64 to 127"."""
    row = ledger.plan[shard]
    words = [f"{key} = {row[key]}" for key in grid_keys(ledger.plan)]
    if int(row["first"]):
        words.append(f"replicas {row['first']} to {int(row['first']) + int(row['replicas']) - 1}")
    return ", ".join(words)


def _idle(work: Path) -> float:
    """Seconds since anything of an attempt was written; its lease beats by itself and is no sign of work."""
    newest = 0.0
    for path in (work, *work.rglob("*")):
        if path.name != LEASE:
            try:
                newest = max(newest, path.stat().st_mtime)
            except FileNotFoundError:  # a checkpoint that was dropped meanwhile
                continue
    return time.time() - newest
