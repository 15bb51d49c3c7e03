"""Which sweep a command means: its directory, its files, the share that is asked for, and what there is to do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adversarial_crypto.config import ConfigError
from adversarial_crypto.lab.drive import Pace
from adversarial_crypto.lab.plan import planned, written
from adversarial_crypto.lab.run import is_experiment
from adversarial_crypto.store.atomic import read_bytes
from adversarial_crypto.store.ledger import PLAN, SWEEP, Ledger, is_sweep, read_plan

SWEEPS = Path("sweeps")
# Planned cost that a thread computes in a second, a first guess until shards are done: half of what quick's 1,023
# replica-steps a second on two threads are (docs/log.md), 3 updates of 512 examples with 48 inputs each.
USUAL_PACE = 3.8e7


@dataclass(frozen=True)
class SweepPlan:
    """What a call of `sweep` would do.

    Args:
        directory: where.
        shards, committed: of the share; points, replicas: of the whole plan.
        seconds: of computing that is left for one worker, by the shards that are done or else by the usual pace.
        guessed: whether no shard is done yet.
        bytes: about how much the directory will hold at most.
    """

    directory: Path
    shards: int
    committed: int
    points: int
    replicas: int
    seconds: float
    guessed: bool
    bytes: int


def sweep_plan(
    source: str | Path,
    *,
    overrides: Sequence[str] = (),
    grid: Mapping[str, Sequence[Any]] | None = None,
    profile: str | None = None,
    share: tuple[int, int] | None = None,
    out: Path | str | None = None,
) -> SweepPlan:
    """What `sweep` would do, with nothing written; arguments and errors as there."""
    place, files = meant(source, overrides, grid, profile, out)
    there = is_sweep(place)
    if there:
        ledger = Ledger.admit(place, files) if files else Ledger.open(place)
    else:
        ledger = Ledger(place, read_plan(files[PLAN], place / PLAN))
    committed = ledger.committed() if there else set()
    shards = share_of(ledger, share)
    pace = Pace.of(ledger, committed)
    guessed = not pace.spent
    rows = list(ledger.plan.values())
    seconds = (Pace(USUAL_PACE, 1.0) if guessed else pace).seconds(
        [ledger.plan[shard] for shard in shards if shard not in committed], 1
    )
    return SweepPlan(
        directory=place,
        shards=len(shards),
        committed=sum(shard in committed for shard in shards),
        points=len({row["point"] for row in rows}),
        replicas=sum(int(row["replicas"]) for row in rows),
        seconds=seconds or 0.0,
        guessed=guessed,
        bytes=sum(int(row["bytes"]) for row in rows),
    )


def open_ledger(
    source: str | Path,
    overrides: Sequence[str],
    grid: Mapping[str, Sequence[Any]] | None,
    profile: str | None,
    out: Path | str | None,
) -> Ledger:
    """The sweep that is meant, begun where it is new."""
    place, files = meant(source, overrides, grid, profile, out)
    return Ledger.create(place, files) if files else Ledger.open(place)


def meant(
    source: str | Path,
    overrides: Sequence[str],
    grid: Mapping[str, Sequence[Any]] | None,
    profile: str | None,
    out: Path | str | None,
) -> tuple[Path, Mapping[str, bytes]]:
    """The sweep's directory and its files; no files where the directory was given or already holds that sweep."""
    if not is_experiment(source) and is_sweep(Path(source)):
        if overrides or grid or profile or out:
            raise ConfigError(
                f"{source} is a sweep and says what it is; leave out -s, --grid, --zip, --profile and -o."
            )
        return Path(source), {}
    given = list(overrides)
    if grid:
        axes = ", ".join(f"{json.dumps(axis)} = {json.dumps(list(values))}" for axis, values in grid.items())
        given.append(f"grid={{{axes}}}")
    # Of 10,000 points the plan takes seconds, and follows from sweep.toml: where that is there already, so is the plan.
    name, text = written(source, given, profile)
    place = Path(out) if out else SWEEPS / name
    if text is not None and is_sweep(place) and read_bytes(place / SWEEP) == text:
        return place, {}
    return place, planned(source, given, profile).files


def share_of(ledger: Ledger, share: tuple[int, int] | None) -> list[str]:
    """The shards of a share (k, n): the k-th, (k + n)-th, ...; all without one."""
    k, n = share or (1, 1)
    return list(ledger.plan)[k - 1 :: n]
