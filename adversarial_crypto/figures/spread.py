"""A measure over all replicas by step: every replica faint, the median, and the band of the middle 80 %."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

BAND = (0.1, 0.9)
LEGEND = "line: median over replicas · band: 10–90 % · faint: single replicas"
# Past 32 replicas the faint lines go into the PDF as pixels: 256 with 751 records take 2.6 MB as vectors, 0.1 MB so.
VECTOR_REPLICAS = 32


def spread(
    axes: Axes, metrics: pd.DataFrame, column: str, gid: str, colour: str, label: str, dashes: Any = "-"
) -> None:
    """Draw one column of a metrics.csv.

    A diverged replica leaves at the record that says so. Median and band end where the first of the others ends: past
    that they would be those of the slow replicas.

    Args:
        metrics: step, replica, diverged and the column.
        gid: under which the parts are found: "GID replicas", "GID band" and "GID median".
    """
    wide = _wide(metrics, column)
    if wide.empty:
        return
    single = [np.column_stack([line.index, line.to_numpy()]) for _, line in wide.items() for line in [line.dropna()]]
    faint = LineCollection(
        single,
        colors=colour,
        linewidths=0.6,
        alpha=max(0.06, min(0.35, 4 / len(single))),
        rasterized=len(single) > VECTOR_REPLICAS,
        gid=f"{gid} replicas",
        zorder=2,
    )
    axes.add_collection(faint)
    diverged = set(metrics.loc[metrics["diverged"] != 0, "replica"])
    steady = wide.drop(columns=[replica for replica in wide.columns if replica in diverged])
    common = wide[steady.notna().all(axis=1) & wide.notna().any(axis=1)]
    low, middle, high = common.quantile(BAND[0], axis=1), common.median(axis=1), common.quantile(BAND[1], axis=1)
    axes.fill_between(common.index, low, high, color=colour, alpha=0.18, linewidth=0, gid=f"{gid} band", zorder=3)
    marker = "o" if len(common) == 1 else None  # a single record has no line
    look = {"color": colour, "linestyle": dashes, "linewidth": 2, "marker": marker}
    axes.plot(common.index, middle, label=label, gid=f"{gid} median", zorder=4, **look)


def _wide(metrics: pd.DataFrame, column: str) -> pd.DataFrame:
    """Rows are steps, columns are the replicas; NaN where a replica has diverged or is not recorded."""
    alive = metrics[metrics["diverged"] == 0]
    return alive.pivot_table(index="step", columns="replica", values=column, aggfunc="last").sort_index()
