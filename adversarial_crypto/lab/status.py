"""How a sweep stands, by looks at its directory alone; nothing is computed, written or waited for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from adversarial_crypto.lab.drive import Pace, at
from adversarial_crypto.store.checkpoints import FOLDER
from adversarial_crypto.store.lease import holder
from adversarial_crypto.store.ledger import Ledger

_STEP = re.compile(r"step-(\d+)")


@dataclass(frozen=True)
class Begun:
    """A shard that was begun and is not committed.

    Args:
        at: its point of the grid, in words.
        state: "running" where a process works on it, "failed" where its last attempt failed, else "stopped".
        who: the process at work.
        step: of its newest checkpoint, training and fresh adversaries together.
        failures: how many attempts failed; error: the last one's sentence.
        log: where to read on.
    """

    shard: str
    at: str
    state: Literal["running", "failed", "stopped"]
    who: str | None
    step: int
    failures: int
    error: str
    log: Path


@dataclass(frozen=True)
class Status:
    """A sweep at this moment.

    Args:
        shards: of the plan; committed: of them.
        begun: what is under way or failed.
        quarantined: runs whose bytes differ from the committed shard's.
        seconds_left: of computing for those who are at work, or one where nobody is; None before a shard is done.
    """

    directory: Path
    shards: int
    committed: int
    begun: tuple[Begun, ...]
    quarantined: tuple[Path, ...]
    seconds_left: float | None

    def count(self, state: str) -> int:
        """How many of the begun are in a state."""
        return sum(each.state == state for each in self.begun)


def status(directory: Path | str) -> Status:
    """How a sweep stands; StoreError when there is none, or its plan is damaged."""
    ledger = Ledger.open(Path(directory))
    committed = ledger.committed()
    begun = tuple(_begun(ledger, shard, newest) for shard, newest in ledger.begun())
    left = [row for shard, row in ledger.plan.items() if shard not in committed]
    workers = max(1, sum(each.state == "running" for each in begun))
    pace = Pace.of(ledger, committed)
    return Status(
        directory=ledger.path,
        shards=len(ledger.plan),
        committed=len(committed),
        begun=begun,
        quarantined=tuple(ledger.quarantined()),
        seconds_left=pace.seconds(left, workers),
    )


def _begun(ledger: Ledger, shard: str, newest: Path | None) -> Begun:
    failures = ledger.failures(shard)
    who = holder(newest) if newest else None
    folder = newest / FOLDER if newest else None
    steps = [int(found[1]) for path in (folder.iterdir() if folder and folder.is_dir() else ())
             if (found := _STEP.match(path.name))]  # fmt: skip
    log = newest / "log.txt" if newest else ledger.path / "attempts" / shard
    return Begun(
        shard=shard,
        at=at(ledger, shard),
        state="running" if who else "failed" if failures else "stopped",
        who=who,
        step=max(steps, default=0),
        failures=len(failures),
        error=str(failures[-1]["error"]).partition("\n")[0] if failures else "",
        log=log,
    )
