"""Selective protection by step (the paper's Figure 4): Bob, D-public and Eve, the paper's curves, the floors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from adversarial_crypto.figures import style
from adversarial_crypto.figures.spread import LEGEND, spread

RECORDED = ("step", "replica", "bob_error", "public_error", "eve_gain", "passed", "diverged")
SETTINGS = ("bob_floor", "public_floor", "variance", "batch")
FRESH = ("replica", "best", "gain", "gain_low", "gain_high")
DASHES: dict[str, Any] = {"bob": "-", "public": (0, (4, 1.2)), "eve": "-"}


def draw(frames: Mapping[str, pd.DataFrame]) -> Figure:
    """Above: squared errors of D, Bob's and the public one. Below: Eve's squared error of C less blind Eve's.

    Left ours, right the paper's one run, each over its own steps and both on one scale.

    Args:
        frames: {"metrics": RECORDED, "settings": SETTINGS, one row, "paper": step, error and who ("bob", "public" or
            "eve"); and of a finished run "fresh": FRESH and network, its protocol.csv}.
    Raises:
        AcryptoError: a column is missing or not numeric, or nothing was recorded.
    """
    metrics = style.frame(frames, "fig4", "metrics", RECORDED)
    settings = style.frame(frames, "fig4", "settings", SETTINGS).iloc[0]
    paper = style.frame(frames, "fig4", "paper", ("step", "error"), ("who",))
    metrics = metrics.assign(eve_less_blind=-metrics["eve_gain"] * settings["variance"])
    with style.style():
        figure = style.blank(10.4, 5.8)
        (above, above_paper), (below, below_paper) = figure.subplots(
            2, 2, sharex="col", sharey="row", height_ratios=(3, 2), width_ratios=(3, 2)
        )
        spread(above, metrics, "bob_error", "bob", style.COLOURS["bob"], "Bob, of D")
        spread(above, metrics, "public_error", "public", style.COLOURS["public"], "D-public, of D", DASHES["public"])
        spread(
            below, metrics, "eve_less_blind", "eve", style.COLOURS["eve"], "Eve, of C, less blind Eve", DASHES["eve"]
        )
        if "fresh" in frames:
            _fresh(
                below, style.frame(frames, "fig4", "fresh", FRESH, ("network",)), metrics, float(settings["variance"])
            )
        for axes, who in ((above_paper, "bob"), (above_paper, "public"), (below_paper, "eve")):
            curve = paper[paper["who"] == who]
            look: dict[str, Any] = {"color": style.COLOURS[who], "linestyle": DASHES[who], "linewidth": 1.2}
            axes.plot(curve["step"], curve["error"], gid=f"paper {who}", **look)
        for axes in (above_paper, above):
            _levels(axes, settings, named=axes is above_paper)
        for axes in (below_paper, below):
            style.level(axes, "blind", 0.0, "blind Eve" * (axes is below_paper), style.COLOURS["quiet"], "--")
        _frame(above, below, metrics, settings)
        above_paper.set_title("the paper: one run\nsome lines leave the frame")
        below_paper.set_xlabel("step")
        for axes in (below, below_paper):
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
            axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        style.legend_below(figure, columns=3)
    return figure


def _fresh(axes: Axes, rows: pd.DataFrame, metrics: pd.DataFrame, variance: float) -> None:
    """After the last step: the best fresh Eve of each network against each replica, with her interval."""
    last = float(metrics["step"].max())
    for index, (network, own) in enumerate(rows[rows["best"] == 1].groupby("network")):
        at = [last * (1.02 + 0.03 * index)] * len(own)
        ends = [variance * (own["gain_high"] - own["gain"]), variance * (own["gain"] - own["gain_low"])]
        label = "best linear Eve" if network == "linear" else f"best fresh Eve ({network})"
        look: dict[str, Any] = {"fmt": "osD"[index % 3], "markersize": 4, "color": style.COLOURS["eve"], "label": label}
        axes.errorbar(at, -variance * own["gain"], ends, linestyle="none", **look)


def _levels(axes: Axes, settings: pd.Series[float], named: bool) -> None:
    """The floors, and what a constant guess gives."""
    levels = (
        ("bob floor", settings["bob_floor"], "Bob's floor: {:.4f}", style.COLOURS["bob"], ":", "center"),
        ("public floor", settings["public_floor"], "public floor: {:.4f}", style.COLOURS["public"], ":", "center"),
        ("chance", settings["variance"], "a constant: {:.4f}", style.COLOURS["quiet"], "--", "center"),
    )
    for gid, height, words, colour, dashes, side in levels:
        style.level(axes, gid, float(height), words.format(height) * named, colour, dashes, side)


def _frame(above: Axes, below: Axes, metrics: pd.DataFrame, settings: pd.Series[float]) -> None:
    count, passed = metrics["replica"].nunique(), metrics.loc[metrics["passed"] != 0, "replica"].nunique()
    title = f"ours, batch {settings['batch']:,g}, {count} replica{'s' * (count != 1)}: {passed} passed"
    above.set_title(f"{title}\n{LEGEND}")
    above.set_ylabel("squared error of D")
    above.set_ylim(min(0.65 * settings["variance"], 0.94 * settings["bob_floor"]), 1.4 * settings["variance"])
    below.set_ylabel("squared error of C,\nless blind Eve's")
    below.set_ylim(-1.2 * settings["variance"], 0.5 * settings["variance"])
    below.set_xlabel("step (one round of the schedule)")
