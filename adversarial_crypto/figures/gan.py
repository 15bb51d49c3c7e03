"""What discriminators say, point by point, over the exact answer; below it the densities that they judge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from adversarial_crypto.figures import style

POINTS = ("x", "data", "generated", "exact", "seen")
REPLICAS = ("replica", "passed", "x", "judged")
TITLES = {"fixed": "fixed densities: D against D* = p/(p + g)", "trained": "trained generator: D against one half"}


def draw(frames: Mapping[str, pd.DataFrame]) -> Figure:
    """A column a setting: above the discriminators of all replicas and the exact one, below the two densities.

    Points where neither density is above 1 % of their peak are shaded: nothing is asked of a discriminator there.

    Args:
        frames: {"points": POINTS and setting, "replicas": REPLICAS and setting}.
    Raises:
        AcryptoError: a column is missing or not numeric, or there are no rows.
    """
    points = style.frame(frames, "gan", "points", POINTS, ("setting",))
    replicas = style.frame(frames, "gan", "replicas", REPLICAS, ("setting",))
    settings = list(dict.fromkeys(points["setting"]))
    with style.style():
        figure = style.blank(4.2 * len(settings) + 0.6, 5.2)
        panels = figure.subplots(2, len(settings), sharex="col", sharey="row", height_ratios=(3, 2), squeeze=False)
        for column, setting in enumerate(settings):
            own = points[points["setting"] == setting].sort_values("x")
            _judged(panels[0, column], own, replicas[replicas["setting"] == setting], str(setting))
            _densities(panels[1, column], own)
        panels[1, 0].set_ylim(0, 1.08 * float(points[["data", "generated"]].max().max()))
        panels[0, 0].set_ylabel("D(x): how likely x is data")
        panels[1, 0].set_ylabel("density")
        style.legend_below(figure, columns=3)
    return figure


def _judged(axes: Axes, points: pd.DataFrame, replicas: pd.DataFrame, setting: str) -> None:
    wide = replicas.pivot_table(index="x", columns="replica", values="judged").sort_index()
    faint = max(0.15, min(0.5, 4 / wide.shape[1]))
    axes.plot(wide.index, wide.to_numpy(), color=style.COLOURS["bob"], linewidth=0.7, alpha=faint)
    look: dict[str, Any] = {"color": style.COLOURS["bob"], "linewidth": 2.0, "gid": f"{setting} median"}
    axes.plot(wide.index, wide.median(axis=1), label="discriminators: median, and each replica", **look)
    axes.plot(points["x"], points["exact"], color=style.COLOURS["paper"], linestyle="--", label="exact", gid=setting)
    first = replicas.groupby("replica")["passed"].max()
    axes.set_title(f"{TITLES.get(setting, setting)}\n{int(first.sum())} of {len(first)} replicas passed")
    axes.set_ylim(-0.02, 1.02)
    inside = points.loc[points["seen"] != 0, "x"]
    if not inside.empty:
        for low, high in ((points["x"].min(), inside.min()), (inside.max(), points["x"].max())):
            axes.axvspan(float(low), float(high), color=style.COLOURS["quiet"], alpha=0.12, linewidth=0)


def _densities(axes: Axes, points: pd.DataFrame) -> None:
    axes.fill_between(points["x"], points["data"], color=style.COLOURS["quiet"], alpha=0.3, linewidth=0, label="data")
    look: dict[str, Any] = {"color": style.COLOURS["eve"], "linestyle": "-.", "linewidth": 1.4}
    axes.plot(points["x"], points["generated"], label="generated", **look)
    axes.set_xlabel("x")
