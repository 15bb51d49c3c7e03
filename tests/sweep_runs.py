"""Sweeps of the real code at sizes that take a second a shard, for the tests of ledger, driver and executors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from adversarial_crypto.lab import Event, ShardEnded, SweepResult, sweep
from adversarial_crypto.store import Run
from adversarial_crypto.store.ledger import Ledger, shard_hash

TINY = """
question = "Does a sweep end as it should?"
[game]
message_bits = 4
[networks]
alice = "dense"
bob = "dense"
eve = "dense"
[train]
steps = 4
batch = 64
record_every = 2
record_batch = 64
[replicas]
count = 2
[protocol]
adversaries = 1
adversary_steps = 2
adversary_batch = 64
"""
GRID = '[grid]\n"game.key_bits" = [2, 4]\n"train.learning_rate" = [0.001, 0.01]\n'


def tiny(folder: Path, text: str = GRID, name: str = "tiny.toml") -> Path:
    """The file of a tiny sweep."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(TINY + text)
    return path


def swept(source: Path, out: Path, **settings: Any) -> tuple[SweepResult, list[ShardEnded]]:
    """A sweep brought to its end in this process unless told otherwise, and what was said of its shards."""
    told: list[ShardEnded] = []

    def listen(event: Event) -> None:
        if isinstance(event, ShardEnded):
            told.append(event)

    return sweep(source, out=out, progress=listen, **{"executor": "inline", **settings}), told


def hashes(directory: Path) -> dict[str, str]:
    """Shard -> the hash of its deterministic files, each checked; the shards are those of the plan, each once."""
    ledger = Ledger.open(directory)
    found = {shard: shard_hash(Run.read(ledger.shard(shard))) for shard in sorted(ledger.committed())}
    assert sorted(path.name for path in (directory / "shards").iterdir()) == sorted(ledger.plan) == sorted(found)
    return found


def driver(source: Path, out: Path, *options: str) -> subprocess.Popen[str]:
    """`acrypto sweep` in a process of its own, with its group, so that all of it can be signalled."""
    command = [sys.executable, "-m", "adversarial_crypto", "sweep", str(source), "-o", str(out), *options]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )


def patient(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    """Wait until something is so; a failure when it never is."""
    import time

    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.05)


def pid_at_work(sweep: Path) -> int | None:
    """The process that holds the lease of an attempt."""
    for lease in sorted(sweep.glob("attempts/*/*/lease.json")):
        try:
            return int(json.loads(lease.read_text())["pid"])
        except (OSError, ValueError):
            continue
    return None
