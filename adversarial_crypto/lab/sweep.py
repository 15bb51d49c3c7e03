"""A sweep from its name to its table: what a command means, who works, and what is there in the end.

    sweeps/<name>/   sweep.toml, plan.csv, shards/<id>/ (run directories), attempts/, results.csv, figures/

The same call continues a sweep that was stopped, killed, or is worked on elsewhere. The driver imports no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from adversarial_crypto.config import ConfigError
from adversarial_crypto.executors import EXECUTORS
from adversarial_crypto.lab.crew import Crew, shared
from adversarial_crypto.lab.drive import Drive, Limits
from adversarial_crypto.lab.events import Event, Note, SweepStarted, Tell
from adversarial_crypto.lab.machine import check_device, full_name
from adversarial_crypto.lab.result import Stopped
from adversarial_crypto.lab.results import write_results
from adversarial_crypto.lab.run import ENGINES, never, silent
from adversarial_crypto.lab.shard import Item, work
from adversarial_crypto.lab.sweep_figures import draw_sweep
from adversarial_crypto.lab.sweep_plan import open_ledger, share_of
from adversarial_crypto.store.atomic import read_bytes
from adversarial_crypto.store.ledger import Ledger
from adversarial_crypto.store.sums import read_sums


@dataclass(frozen=True)
class SweepResult:
    """What a call of `sweep` leaves.

    Args:
        directory: of the sweep.
        shards, committed: of the share that was asked for; all of them committed means done.
        failed: shard -> why it was given up.
        quarantined: shards of which a second run had other bytes.
        results: results.csv.
        figures: the pictures drawn from it, as PNG.
        already_complete: nothing had to be computed.
    """

    directory: Path
    shards: int
    committed: int
    failed: Mapping[str, str]
    quarantined: Sequence[str]
    results: Path
    figures: Sequence[Path]
    already_complete: bool


def sweep(
    source: str | Path,
    *,
    overrides: Sequence[str] = (),
    grid: Mapping[str, Sequence[Any]] | None = None,
    profile: str | None = None,
    executor: str = "local",
    workers: int | None = None,
    gpus_per_worker: float = 0.0,
    ray_address: str | None = None,
    share: tuple[int, int] | None = None,
    device: str = "auto",
    engine: str = "auto",
    threads: int = 1,
    tf32: bool = False,
    max_attempts: int = 3,
    retry_failed: bool = False,
    keep_going: bool = True,
    stall: float = 1800.0,
    out: Path | str | None = None,
    progress: Callable[[Event], None] | None = None,
    stop: Callable[[], str | None] | None = None,
) -> SweepResult:
    """Bring every shard of a sweep to its commit, then write its table and figures. The same call continues.

    Args:
        source: an experiment's name or .toml file, or a sweep's directory.
        overrides: `KEY=VALUE` each, at every point.
        grid: axis -> values, instead of the experiment's own grid (config/grid.py).
        profile: "smoke", "standard" or "full", where the experiment has it.
        executor: of EXECUTORS: "inline", "local" or "ray"; ray_address: of a cluster that runs.
        workers: how many shards at a time; None: as many as processors allow, or as the GPUs have room for.
        gpus_per_worker: share of a GPU that a worker has.
        share: (k, n): of the plan's shards the k-th, (k + n)-th, ... only.
        device, engine, threads, tf32: of each shard's run, as `lab.run`; one thread, so that every executor makes the
            same bytes.
        max_attempts: failures after which a shard is given up, those of earlier calls included unless retry_failed.
        keep_going: whether the others go on when a shard is given up.
        stall: seconds without a sign of work after which a worker is ended.
        out: the sweep's directory; None: the one that was given, else sweeps/NAME.
        progress, stop: as `lab.run`.
    Raises:
        ConfigError: the configuration, an option or the place is wrong; nothing has been written.
        Stopped: `stop` gave a reason; all work is saved.
        StoreError: a damaged file of the sweep itself.
        EnvironmentProblem: the disk is full, or an executor lacks something.
    """
    tell, asks = progress or silent, stop or never
    check_device(device)
    _check(engine, max_attempts, share)
    crew = Crew(executor, workers, threads, gpus_per_worker, ray_address)
    ledger = open_ledger(source, overrides, grid, profile, out)
    shards = share_of(ledger, share)
    left = [shard for shard in shards if shard not in ledger.committed()]
    settings = crew.settings(len(left), asks)
    tell(SweepStarted(ledger.path, len(shards), len(shards) - len(left), executor, settings.workers))
    execution = {"device": full_name(device), "engine": engine, "threads": threads, "tf32": tf32}
    limits = Limits(max_attempts, retry_failed, stall, keep_going)
    drive = Drive(ledger, shards, _maker(ledger, execution), limits, tell, asks)
    if left:
        function = partial(work, progress=tell) if executor == "inline" else work
        try:
            with EXECUTORS[executor](function, settings) as pool:
                if not shared(ledger, pool):
                    tell(Note("Not every machine sees the sweep's directory; results travel to this one instead."))
                    drive.make = _maker(ledger, execution, _files(ledger))
                drive.work(pool)
        except Stopped:
            _finish(ledger, tell)
            raise
    results, figures = _finish(ledger, tell)
    there, put_aside = ledger.committed(), [place.name.partition("-")[0] for place in ledger.quarantined()]
    return SweepResult(
        directory=ledger.path,
        shards=len(shards),
        committed=sum(shard in there for shard in shards),
        failed=drive.failed,
        quarantined=tuple(dict.fromkeys(put_aside)),
        results=results,
        figures=figures,
        already_complete=not left,
    )


def _check(engine: str, max_attempts: int, share: tuple[int, int] | None) -> None:
    problems = []
    if engine not in ENGINES:
        problems.append(f"unknown engine '{engine}'; there are {', '.join(ENGINES)}")
    if max_attempts < 1:
        problems.append(f"max_attempts must be at least 1, not {max_attempts}")
    if share and not 1 <= share[0] <= share[1]:
        problems.append(f"a share is K/N with K from 1 to N, not {share[0]}/{share[1]}")
    if problems:
        raise ConfigError(problems)


def _files(ledger: Ledger) -> dict[str, bytes]:
    return {name: read_bytes(ledger.path / name) for name in read_sums(ledger.path)}


def _maker(
    ledger: Ledger, execution: Mapping[str, Any], files: Mapping[str, bytes] | None = None
) -> Callable[[str], Item]:
    # Absolute: a worker may have been started elsewhere.
    place = "" if files is not None else str(ledger.path.resolve())
    return lambda shard: Item(place, ledger.plan[shard], execution, files)


def _finish(ledger: Ledger, tell: Tell) -> tuple[Path, list[Path]]:
    """The table and figures of what is there."""
    results = write_results(ledger)
    figures = [path for path in draw_sweep(ledger) if path.suffix == ".png"]
    if not figures and ledger.committed():
        tell(Note("No figure fits this grid; results.csv has every replica."))
    return results, figures
