"""Along one number of the configuration: shares that pass and that are robust, and the step at which replicas did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import StrMethodFormatter

from adversarial_crypto.figures import style
from adversarial_crypto.figures.intervals import BARS, Look, Places, series

RULES = ("passed", "robust")
ENDS = ("", "_low", "_high")
POINTS = (
    *("value", "n", *RULES),
    *(f"{name}{end}" for name in ("passed_rate", "robust_rate", "step") for end in ENDS),
)
REPLICAS = ("value", "replica", "passed", "passed_step")
SETTINGS = ("planned",)
WORDS = ("axis", "unit", "budget")
COLOURS = [style.COLOURS[name] for name in ("bob", "eve", "public", "paper", "quiet")]
MARKERS = "osD^vPX"  # 5 and 7 have no common factor: 35 lines differ
DASHES = ("-", "--", ":", "-.")
MEDIAN, DOT = "median step of the passed", "a replica passes"
LABEL = {"passed": "share that passed", "robust": "share that is robust"}
DIGIT = 0.065  # inches of a digit of 7 points
WIDEST = 12.0  # inches of axis; counts that would need more are left to the table
HALO = [withStroke(linewidth=2, foreground="white")]  # of a count that a line crosses
ROOM = 0.8  # of the gap between two settings, for all lines together
GOLDEN = 0.6180339887498949  # multiples of it, less their whole part, are evenly spread however many there are


def draw(frames: Mapping[str, pd.DataFrame]) -> Figure:
    """Along one number: shares that pass and are robust, with counts, and below the step of passing, a dot a replica.

    Several lines have a panel for each of the two shares. Counts are left out where they would touch.

    Args:
        frames: {"points": POINTS and line, a row a line and value, NaN where nothing is known; "replicas": REPLICAS and
            line, a row a replica; "settings": planned (how many points), axis, unit and budget, one row}.
    Raises:
        AcryptoError: a column is missing or not numeric, or there are no rows.
    """
    points = style.frame(frames, "axis_rates", "points", POINTS, ("line",))
    each = style.frame(frames, "axis_rates", "replicas", REPLICAS, ("line",))
    settings = style.frame(frames, "axis_rates", "settings", SETTINGS, WORDS).iloc[0]
    lines, places = points["line"].drop_duplicates().tolist(), Places(points["value"].tolist())
    rules = [rule for rule in RULES if points[rule].notna().any()]
    panels = [rules] if len(lines) == 1 else [[rule] for rule in rules]
    slot = DIGIT * (2 * len(f"{points['n'].max():g}") + 1.5)
    counted = places.length * slot * max(len(lines), len(panels[0])) / ROOM
    counts = counted <= WIDEST
    inches = min(WIDEST, max(6.0, counted * counts, places.length * places.tick))
    with style.style():
        figure = style.blank(1.0 + inches, 2.6 + 1.9 * len(panels))
        *shares, below = figure.subplots(len(panels) + 1, 1, sharex=True)
        for axes, shown in zip(shares, panels, strict=True):
            _shares(axes, points, shown, lines, places, counts)
        _steps(below, points, each, lines, places)
        places.ticks(below, f"{settings['axis']} ({settings['unit']})", inches)
        heading = f"Along the {settings['axis']}: {len(points)} of {settings['planned']:g} points"
        style.heading(figure, f"{heading}\n{BARS}", settings["budget"])
        style.legend_below(figure, style.fitting(figure, [*rules, MEDIAN, DOT] if len(lines) == 1 else [*lines, DOT]))
    return figure


def looks(lines: Sequence[str]) -> dict[str, Look]:
    """How each line is drawn, or each rule of a single one."""
    return {
        line: Look(line, COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)], DASHES[i % len(DASHES)], bool(i % 2))
        for i, line in enumerate(lines)
    }


def _shares(
    axes: Axes, points: pd.DataFrame, rules: Sequence[str], lines: Sequence[str], places: Places, counts: bool
) -> None:
    """The rules of the one line, or every line under the one rule."""
    if len(lines) == 1:
        chosen = [(lines[0], rule, look) for rule, look in looks(rules).items()]
    else:
        chosen = [(line, rules[0], look) for line, look in looks(lines).items()]
    for number, (line, rule, look) in enumerate(chosen):
        rows = points[(points["line"] == line) & points[rule].notna()].sort_values("value")
        x = places.beside(rows["value"].tolist(), _slot(number, len(chosen)))
        series(axes, x, rows, f"{rule}_rate", look, f"{rule} {line}")
        labels = zip(x, rows[rule], rows["n"], rows[f"{rule}_rate_high"], strict=True) if counts else ()
        for place, k, n, high in labels:
            axes.annotate(f"{k:g}/{n:g}", (place, high), xytext=(0, 4), textcoords="offset points", ha="center",
                          va="bottom", fontsize=7, color=look.colour, path_effects=HALO)  # fmt: skip
    axes.set_ylim(-0.04, 1.16)  # room for the counts over an interval that ends at 1
    axes.set_yticks(np.linspace(0, 1, 6))
    axes.set_ylabel("share of replicas" if len(rules) > 1 else LABEL[rules[0]])


def _steps(axes: Axes, points: pd.DataFrame, each: pd.DataFrame, lines: Sequence[str], places: Places) -> None:
    """A faint dot a replica that passed, beside one another in a fixed order, and their median over them."""
    passed = each[each["passed_step"].notna()]
    alone = Look(MEDIAN, style.COLOURS["paper"], "D", ":")
    for number, (line, look) in enumerate(looks(lines).items() if len(lines) > 1 else [(lines[0], alone)]):
        slot, rows = _slot(number, len(lines)), passed[passed["line"] == line]
        order = rows.groupby("value").cumcount().to_numpy()
        spread = ROOM / len(lines) * 0.8 * ((GOLDEN * (order + 0.5)) % 1 - 0.5)
        x = places.beside(rows["value"].tolist(), slot + spread)
        label = DOT if number == 0 else None
        axes.scatter(x, rows["passed_step"], s=12, color=look.colour, alpha=0.35, linewidths=0, label=label,
                     gid=f"replicas {line}")  # fmt: skip
        medians = points[points["line"] == line].sort_values("value")
        series(axes, places.beside(medians["value"].tolist(), slot), medians, "step", look, f"step {line}")
    if passed.empty:
        axes.text(0.5, 0.5, "no replica passed", transform=axes.transAxes, ha="center", color=style.COLOURS["quiet"])
        axes.set_yticks([])
    axes.set_ylim(0, None)
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set_ylabel("step of passing")


def _slot(number: int, count: int) -> float:
    """Where the number-th of so many stands, in gaps from its setting."""
    return ROOM * ((number + 0.5) / count - 0.5)
