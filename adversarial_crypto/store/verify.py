"""`acrypto verify`: hold every file of a run, or of many, against its recorded hash, and name what is wrong."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adversarial_crypto.errors import StoreError
from adversarial_crypto.store.appended import prefix_fault
from adversarial_crypto.store.atomic import ASIDE, TEMPORARY, damaged, read_sealed, set_aside, unseal
from adversarial_crypto.store.checkpoints import FOLDER, load, names
from adversarial_crypto.store.lease import LEASE, refuse_if_held
from adversarial_crypto.store.ledger import PLAN, SHARDS, Ledger, is_sweep
from adversarial_crypto.store.manifest import (
    ATTACKS,
    CONTROLS,
    LOG,
    MANIFEST,
    METRICS,
    PLAYERS,
    PROTOCOL,
    SNAPSHOTS,
    SUMMARY,
    is_run,
    read_manifest,
)
from adversarial_crypto.store.sums import SUMS, faults, read_sums


@dataclass(frozen=True)
class Problem:
    """One thing wrong: the file, relative to what was verified; a sentence; what `repair` renames on its account."""

    file: str
    sentence: str
    aside: Path


def runs(path: Path) -> list[Path]:
    """The run directories at or below a path; links are not followed, what was set aside as damaged is passed over."""
    if _looks_like_run(path):
        return [path]
    found = []
    for folder, children, _ in os.walk(path):
        here = Path(folder)
        if here != path and _looks_like_run(here):
            found.append(here)
            children.clear()
        children[:] = sorted(name for name in children if ASIDE not in name)
    return sorted(found)


def attacks(path: Path) -> list[Path]:
    """The results of attacks at or below a path: the sealed files of attacks/TARGET and attacks/controls/CIPHER."""
    found = []
    for folder, children, files in os.walk(path):
        here = Path(folder)
        parts = here.resolve().parts
        if parts[-2:-1] == (ATTACKS,) or parts[-3:-1] == (ATTACKS, CONTROLS):
            found += [here / name for name in files if name.endswith(".json") and ASIDE not in name]
        children[:] = sorted(name for name in children if ASIDE not in name)
    return sorted(found)


def _looks_like_run(path: Path) -> bool:
    return is_run(path) or any((path / name).exists() for name in (SUMMARY, FOLDER))


def verify(path: Path) -> list[Problem]:
    """Everything damaged, missing or foreign in a run or sweep, or in all runs below a directory; nothing is written.

    Results of attacks below it are looked at too.

    Raises:
        StoreError: there is no run, sweep or attack at `path` or below it, or a sweep has a link in it.
    """
    found, attacked = runs(path), attacks(path)
    problems = list(_sweep_problems(path)) if is_sweep(path) else []
    for file, sentence, aside in _attack_problems(attacked):
        problems.append(Problem(os.path.relpath(file, path), sentence, aside))
    if not found and not attacked and not is_sweep(path):
        raise StoreError(f"There is no run of acrypto at {path} or below it.")
    for run in found:
        for file, sentence, aside in _run_problems(run):
            problems.append(Problem(os.path.relpath(file, path), sentence, aside))
    return problems


def repair(path: Path) -> list[tuple[Problem, Path]]:
    """Set aside what `verify` names, so that the same commands can continue; each problem with its file's new place.

    A damaged checkpoint or figure goes alone, for an older checkpoint or a redrawing replaces it. A run whose manifest,
    inputs or committed results are damaged goes as a whole, and the same command makes it anew.

    Raises:
        StoreError: no run there, or another process is writing in one that would be changed.
    """
    problems = verify(path)
    for run in {run for run in runs(path) for problem in problems if problem.aside.is_relative_to(run)}:
        refuse_if_held(run)
    moved: dict[Path, Path] = {}
    for problem in sorted(problems, key=lambda problem: len(problem.aside.parts)):
        if problem.aside not in moved and os.path.lexists(problem.aside):
            moved[problem.aside] = set_aside(Path(os.path.abspath(problem.aside)))
    return [(problem, moved[problem.aside]) for problem in problems if problem.aside in moved]


def _run_problems(run: Path) -> Iterator[tuple[Path, str, Path]]:
    """(file, sentence, what to set aside) for one run directory."""
    recorded: dict[str, str] = {}
    identity = None
    try:
        manifest = read_manifest(run)
        recorded, identity = manifest["files"], manifest["identity"]
    except StoreError as error:
        yield run / MANIFEST, str(error), run
    if (run / SUMMARY).exists():
        yield from _committed_problems(run, recorded)
    else:
        yield from ((file, sentence, run) for file, sentence in damaged(run, recorded))
        yield from _checkpoint_problems(run, identity)
    try:
        if (run / LEASE).exists() and unseal((run / LEASE).read_bytes()) is None:
            yield run / LEASE, f"{run / LEASE} is damaged.", run / LEASE
    except FileNotFoundError:  # given back at this moment
        pass
    figures = run / "figures"
    for figure in sorted(figures.iterdir()) if figures.is_dir() else ():
        if figure.is_dir() and figure.name[0] != "." and ASIDE not in figure.name:
            yield from ((file, sentence, figure) for file, sentence in faults(figure))


def _attack_problems(results: Sequence[Path]) -> Iterator[tuple[Path, str, Path]]:
    """Each result carries its own hash, each figure beside them those of its files; set aside, both are made anew."""
    for path in results:
        try:
            read_sealed(path)
        except StoreError as error:
            yield path, str(error), path
    for figure in sorted({figure for path in results for figure in path.parent.glob("figures/[!.]*")}):
        if figure.is_dir() and ASIDE not in figure.name:
            yield from ((file, sentence, figure) for file, sentence in faults(figure))


def _sweep_problems(sweep: Path) -> Iterator[Problem]:
    """A sweep's own files, and shards that are not what its plan says; set aside, the same command makes them anew."""
    try:
        broken = damaged(sweep, read_sums(sweep))
    except StoreError as error:
        broken = [(sweep / SUMS, str(error))]
    if broken:
        yield from (Problem(os.path.relpath(file, sweep), sentence, file) for file, sentence in broken)
        return
    ledger = Ledger.open(sweep)
    ledger.committed()  # refuses links
    for place in sorted((sweep / SHARDS).iterdir()):
        if ASIDE in place.name or place.name.startswith(TEMPORARY):
            continue
        try:
            identity = read_manifest(place)["identity"] if place.is_dir() else ""
        except StoreError:
            continue  # a damaged run is named as one
        if identity != ledger.plan.get(place.name, {}).get("identity"):
            yield Problem(os.path.relpath(place, sweep), f"{place} is no shard of {sweep / PLAN}.", place)


def _committed_problems(run: Path, recorded: dict[str, str]) -> Iterator[tuple[Path, str, Path]]:
    """A complete run: the summary vouches for every file, itself included."""
    try:
        files: dict[str, str] = read_sealed(run / SUMMARY)["files"]
    except StoreError as error:
        yield run / SUMMARY, str(error), run
        files = recorded  # all that still vouches for something
    else:
        for name in (PLAYERS, PROTOCOL, SNAPSHOTS, METRICS, LOG):
            if name not in files and (run / name).exists():
                yield run / name, f"{run / name} is not listed in {SUMMARY}.", run / name
    # A damaged manifest has been named already, by the hash that it carries.
    listed = {name: digest for name, digest in files.items() if recorded or name != MANIFEST}
    yield from ((file, sentence, run) for file, sentence in damaged(run, listed))


def _checkpoint_problems(run: Path, identity: str | None) -> Iterator[tuple[Path, str, Path]]:
    """An unfinished run: each checkpoint, and what it vouches for of the files that grow."""
    for path in names(run):
        try:
            broken = faults(path)
            found = load(path) if not broken else None
        except (OSError, StoreError):
            if path.exists():
                raise
        if not path.exists():  # dropped by its living run while we looked
            continue
        yield from ((file, sentence, path) for file, sentence in broken)
        if found is None:
            continue
        if identity and found.meta["identity"] != identity:
            yield path, f"{path} belongs to another run.", path
            continue
        records: dict[str, Any] = found.meta["appended"]
        if sentence := prefix_fault(run / METRICS, records[METRICS]):
            yield run / METRICS, sentence, path
        if LOG in records and (run / LOG).exists() and (sentence := prefix_fault(run / LOG, records[LOG])):
            yield run / LOG, sentence, run / LOG
