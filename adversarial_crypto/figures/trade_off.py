"""Selective protection by the weight of secrecy: what Bob, the public and fresh Eves know, replica by replica."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from adversarial_crypto.figures import style

REPLICAS = ("weight", "replica", "bob_ratio", "public_ratio", "gain", "gain_low", "gain_high", "passed")
SETTINGS = ("ratio_max", "gain_max")
# measure, marker, colour, height of its panel, title of its axis
PANELS = (
    ("bob_ratio", "o", style.COLOURS["bob"], "Bob's squared error\nof D, by its floor"),
    ("public_ratio", "s", style.COLOURS["public"], "D-public's, by\nits floor"),
    ("gain", "D", style.COLOURS["eve"], "the best fresh Eve:\n% better than blind"),
)


def draw(frames: Mapping[str, pd.DataFrame]) -> Figure:
    """Three panels over one axis of weights: a mark a replica, filled if it passed in training; limits dashed.

    Args:
        frames: {"replicas": REPLICAS, ratios by the exact floors, gain the share by which the best of all fresh Eves is
            better than blind, with its interval; "settings": SETTINGS and budget, one row}.
    Raises:
        AcryptoError: a column is missing or not numeric, or there are no rows.
    """
    replicas = style.frame(frames, "trade_off", "replicas", REPLICAS)
    settings = style.frame(frames, "trade_off", "settings", SETTINGS, ("budget",)).iloc[0]
    shown = replicas.assign(**{name: 100 * replicas[name] for name in ("gain", "gain_low", "gain_high")})
    with style.style():
        figure = style.blank(7.0, 6.4)
        panels = figure.subplots(3, 1, sharex=True, height_ratios=(2, 2, 3))
        for axes, (measure, marker, colour, title) in zip(panels, PANELS, strict=True):
            _marks(axes, shown, measure, marker, colour)
            limit = float(settings["ratio_max"]) if measure != "gain" else 100 * float(settings["gain_max"])
            style.level(axes, f"{measure} limit", limit, f"limit: {limit:g}", style.COLOURS["quiet"], "--")
            axes.set_ylabel(title)
        below = panels[-1]
        below.set_xscale("log")
        weights = sorted(replicas["weight"].unique())
        below.xaxis.set_major_locator(FixedLocator(weights))
        below.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        below.xaxis.set_minor_locator(NullLocator())
        below.set_xlim(weights[0] / 1.5, weights[-1] * 1.5)
        below.set_xlabel("weight of secrecy, beside 1 for Bob and 1 for D-public")
        panels[0].set_title(f"{settings['budget']}\nfilled: passed in training", fontsize=8)
    return figure


def _marks(axes: Axes, rows: pd.DataFrame, measure: str, marker: str, colour: str) -> None:
    """A mark a replica, beside one another within a weight, with its interval where it has one."""
    places = rows.groupby("weight").cumcount()
    counts = rows.groupby("weight")["replica"].transform("count")
    x = rows["weight"] * 1.06 ** (places - (counts - 1) / 2)
    if measure == "gain":
        ends = [(rows["gain"] - rows["gain_low"]).clip(lower=0), (rows["gain_high"] - rows["gain"]).clip(lower=0)]
        axes.errorbar(x, rows["gain"], ends, linestyle="none", color=colour, elinewidth=1.2, gid="gain intervals")
    for passed, face in ((0, "white"), (1, colour)):
        chosen = (rows["passed"] != 0) == bool(passed)
        look: dict[str, Any] = {"marker": marker, "s": 28, "facecolors": face, "edgecolors": colour, "zorder": 3}
        axes.scatter(x[chosen], rows.loc[chosen, measure], gid=f"{measure} {'passed' if passed else 'failed'}", **look)
