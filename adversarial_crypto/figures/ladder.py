"""What attackers read against what they can compute, and beside it how near they come to the best where it is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from adversarial_crypto.figures import style
from adversarial_crypto.figures.intervals import Look, series
from adversarial_crypto.figures.replicas import faint, intervals, looks, nothing, over_replicas

ATTACKERS = ("operations", "replica", "bits_flipped", "low", "high")
DOSES = ("q", "bits_flipped", "low", "high", "exact")
SETTINGS = ("message_bits",)
GOLDEN = 0.6180339887498949  # its multiples, less their whole part, spread dots evenly however many there are
SPREAD = 0.12  # decades, of the dots of one attacker
OPTIMUM = "the least that anybody can flip, exact"
ROOM = 0.5  # of the gap between two doses, for all attackers beside one another
LETTERS = 60  # of a line over the left panel
MARGIN = 2.5  # by which factor the axis goes on beyond the first and the last attacker


def draw(frames: Mapping[str, pd.DataFrame]) -> Figure:
    """Bits flipped by the attackers' multiply-adds, a dot a replica; and of biased_pad(q), beside its exact optimum.

    Args:
        frames: {"attackers": ATTACKERS and attacker, a row a replica, operations in multiply-adds for one guess;
            "doses": DOSES and attacker, exact the least that anybody can flip, N q for q <= 1/2; "settings":
            message_bits, target and budget, one row}. Bits flipped of N; NaN where nothing is known.
    Raises:
        AcryptoError: a column is missing or not numeric, or there are no rows.
    """
    attackers = style.frame(frames, "ladder", "attackers", ATTACKERS, ("attacker",)).sort_values("operations")
    doses = style.frame(frames, "ladder", "doses", DOSES, ("attacker",))
    settings = style.frame(frames, "ladder", "settings", SETTINGS, ("target", "budget")).iloc[0]
    bits = float(settings["message_bits"])
    names = pd.concat([attackers[["attacker"]], doses[["attacker"]]])
    every = {name: replace(look, dashes="none") for name, look in looks(names, "attacker").items()}
    with style.style():
        figure = style.blank(10.0, 4.9)
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
        _attackers(left, attackers, every)
        _doses(right, doses, every)
        left.axhline(bits / 2, color=style.COLOURS["quiet"], linestyle="--", linewidth=1.1, zorder=1.5)
        style.level(right, "chance", bits / 2, f"guessing: {bits / 2:g}", style.COLOURS["quiet"], "--")
        left.set_title(fill(str(settings["target"]), LETTERS))
        right.set_title("biased_pad(q), whose answer is known")
        left.set_ylabel(f"bits flipped, of {bits:g}")
        reach = [table[["bits_flipped", "high"]].max().max() for table in (attackers, doses)]
        left.set_ylim(-0.02 * bits, np.nanmax([0.5 * bits, *reach]) + 0.04 * bits)
        words = f"What attackers read, by what they can compute: N = {bits:g} bits\n{intervals(attackers)}"
        style.heading(figure, f"{words}\n{_missing(attackers, doses)}", settings["budget"])
        style.legend_below(figure, style.fitting(figure, [*every, OPTIMUM], most=6))
    return figure


def _attackers(axes: Axes, attackers: pd.DataFrame, every: Mapping[str, Look]) -> None:
    placed = attackers[attackers["operations"] > 0]
    steps = []
    for attacker, rows in placed.groupby("attacker", sort=False):
        look, order = every[str(attacker)], np.arange(len(rows))
        if len(rows) > 1:
            x = rows["operations"] * 10 ** (SPREAD * (((GOLDEN * (order + 0.5)) % 1) - 0.5))
            axes.scatter(x, rows["bits_flipped"], s=12, marker=look.marker, color=look.colour, linewidths=0,
                         alpha=faint(len(rows)), gid=f"{attacker} replicas")  # fmt: skip
        middle = over_replicas(rows, "operations", "bits_flipped")
        series(axes, middle["operations"].to_numpy(), middle, "bits_flipped", look, f"{attacker} target")
        steps.append(middle)
    middles = pd.concat(steps) if steps else pd.DataFrame()
    if middles.empty:
        nothing(axes)
    else:
        line: dict[str, Any] = {"color": style.COLOURS["quiet"], "linestyle": (0, (1, 2)), "linewidth": 1}
        axes.plot(middles["operations"], middles["bits_flipped"], zorder=2, gid="ladder", **line)
    if not placed.empty:
        axes.set_xscale("log")
        axes.set_xlim(placed["operations"].min() / MARGIN, placed["operations"].max() * MARGIN)
    axes.set_xlabel("the attacker's multiply-adds for one guess")


def _doses(axes: Axes, doses: pd.DataFrame, every: Mapping[str, Look]) -> None:
    """Evenly spaced, for what is hard to find lies close to 1/2."""
    exact = doses.drop_duplicates("q").sort_values("q")
    place = {q: number for number, q in enumerate(exact["q"])}
    ends = [number + side * (ROOM + 0.2) / 2 for number in place.values() for side in (-1, 1, np.nan)]
    axes.plot(ends, exact["exact"].repeat(3), color=style.COLOURS["paper"], linewidth=1.4, label=OPTIMUM, gid="exact")
    groups = list(doses.groupby("attacker", sort=False))
    for number, (attacker, rows) in enumerate(groups):
        middle = over_replicas(rows, "q", "bits_flipped")
        x = middle["q"].map(place) + ROOM * ((number + 0.5) / len(groups) - 0.5)
        series(axes, x.to_numpy(), middle, "bits_flipped", every[str(attacker)], f"{attacker} doses")
    axes.set_xticks(list(place.values()), [f"{q:g}" for q in place])
    axes.set_xlim(-0.6, len(place) - 0.4)
    axes.set_xlabel("q, the probability that a key bit is 1")


def _missing(attackers: pd.DataFrame, doses: pd.DataFrame) -> str:
    """What has no value, or no place on the axis."""
    said, whole = [], attackers["replica"].nunique()
    for attacker, rows in attackers.groupby("attacker", sort=False):
        known = int(rows["bits_flipped"].notna().sum())
        if not (rows["operations"] > 0).all():
            said.append(f"{attacker}'s operations")
        elif known < whole:
            said.append(f"{attacker}" + (f" on {whole - known} of {whole} replicas" if known else ""))
    places = sorted(doses["q"].unique())
    for attacker, rows in doses.groupby("attacker", sort=False):
        known_doses = set(rows["q"][rows["bits_flipped"].notna()])
        if gone := [f"{q:g}" for q in places if q not in known_doses]:
            said.append(f"{attacker} at q = {', '.join(gone)}")
    return f"Not measured: {'; '.join(said)}" if said else ""
