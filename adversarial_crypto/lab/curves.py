"""A run's records as single curves, for programs that show those: medians, the middle 80 % and a few replicas."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping
from io import StringIO

FEW = 16  # replicas that have curves of their own; of more there are the median and the middle 80 %


def of_metrics(metrics: str) -> Iterator[tuple[int, dict[str, float]]]:
    """Each step of a run's metrics.csv with its points, over the replicas that have not diverged."""
    import pandas as pd

    table = pd.read_csv(StringIO(metrics))
    names = [name for name in table.columns if name not in ("step", "replica", "passed", "diverged")]
    for step, rows in table.groupby("step"):
        sound = rows[rows["diverged"] == 0]
        values = {name: dict(zip(sound["replica"].tolist(), sound[name].tolist(), strict=True)) for name in names}
        yield int(str(step)), points(values, {"passed": int(rows["passed"].sum())})


def points(values: Mapping[str, Mapping[int, float]], counts: Mapping[str, int]) -> dict[str, float]:
    """One record: NAME/median, /low and /high (10 % and 90 %), NAME/replica_I of a few, and the counts.

    Args:
        values: measure -> replica -> value, in the measure's unit.
        counts: name -> number.
    Returns:
        curve -> value; a measure without a finite value has none.
    """
    found: dict[str, float] = {}
    for name, of_replicas in values.items():
        known = sorted(value for value in of_replicas.values() if math.isfinite(value))
        if not known:
            continue
        found[f"{name}/median"] = statistics.median(known)
        found[f"{name}/low"] = known[round(0.1 * (len(known) - 1))]
        found[f"{name}/high"] = known[round(0.9 * (len(known) - 1))]
        if len(of_replicas) <= FEW:
            found |= {f"{name}/replica_{replica}": value for replica, value in of_replicas.items()}
    return {**found, **counts}
