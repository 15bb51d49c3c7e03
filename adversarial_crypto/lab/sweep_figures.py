"""The figures of a sweep, from its results.csv, complete or not: those that its axes have a picture for."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from adversarial_crypto.config import Run, grid
from adversarial_crypto.lab.done import budget
from adversarial_crypto.lab.plan import shard_run
from adversarial_crypto.lab.results import RESULTS, write_results
from adversarial_crypto.store import commit_figure
from adversarial_crypto.store.atomic import read_bytes
from adversarial_crypto.store.ledger import PLAN, SWEEP, Ledger

if TYPE_CHECKING:
    from adversarial_crypto.figures import Frames

LOOKED_AT = 200  # shards whose budget is looked up


def sweep_figures(directory: Path) -> list[Path]:
    """Write the table of a sweep anew and draw what it has figures for; the files written.

    Raises:
        StoreError: not a sweep, or a damaged shard.
    """
    ledger = Ledger.open(directory)
    return [write_results(ledger), *draw_sweep(ledger)]


def draw_sweep(ledger: Ledger) -> list[Path]:
    """Each figure as figures/<name>/ with PNG, PDF and the tables it is drawn from; the files written."""
    from adversarial_crypto.figures import FIGURES, render  # here: matplotlib takes a second to import

    written = []
    for name, frames in _frames(ledger).items():
        files = {f"{name}.{kind}": content for kind, content in render(FIGURES[name](frames)).items()}
        files |= {f"{name}.{frame}.csv": table.to_csv(index=False).encode() for frame, table in frames.items()}
        target = commit_figure(ledger.path, name, files)
        written += [target / file for file in sorted(files)]
    return written


def _frames(ledger: Ledger) -> Mapping[str, Frames]:
    import pandas as pd

    from adversarial_crypto.lab.sweep_frames import frames_for

    results = pd.read_csv(ledger.path / RESULTS)
    if results.empty:
        return {}
    runs = _runs(ledger)
    data = tomllib.loads(read_bytes(ledger.path / SWEEP).decode())
    # Of keys that one axis moves together the first one names it.
    axes = [grid.keys(axis)[0] for axis in data.get("grid", {})]
    message_bits = getattr(runs[0].game, "message_bits", 0)
    words = told_at_once([budget(run) for run in runs])
    plan = pd.read_csv(ledger.path / PLAN)
    return frames_for(results, axes, list(runs[0].replicas.vary), message_bits, words, plan)


def told_at_once(budgets: Sequence[str]) -> str:
    """Budgets of several points as one: two as they are, more that differ in numbers only as "batch 64 to 2,048"."""
    different = list(dict.fromkeys(budgets))
    if len(different) <= 2:
        return "\n".join(different)
    split = [re.split(r"(\d[\d,]*(?<!,))", words) for words in different]
    if len({tuple(parts[::2]) for parts in split}) > 1:
        return "budgets differ by point: see plan.csv"
    told = list(split[0])
    for place in range(1, len(told), 2):  # the numbers
        numbers = sorted({int(parts[place].replace(",", "")) for parts in split})
        told[place] = " to ".join(f"{number:,}" for number in dict.fromkeys((numbers[0], numbers[-1])))
    return "".join(told)


def _runs(ledger: Ledger) -> list[Run]:
    """The configurations of the first shards, one a point."""
    rows = {row["point"]: row for row in ledger.plan.values()}
    return [shard_run(ledger.path, row) for row in list(rows.values())[:LOOKED_AT]]
