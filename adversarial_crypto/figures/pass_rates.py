"""Shares of replicas that pass and that are robust, by setting, with intervals, beside the paper's where it has any."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from adversarial_crypto.errors import AcryptoError
from adversarial_crypto.figures import style

NUMBERS = ("order", "k", "n", "low", "high", "rate")
WORDS = ("setting", "rule", "source", "budget")
# (rule, source): offset along x, marker, colour, label
LOOKS = {
    ("passed", "ours"): (-0.17, "o", style.COLOURS["bob"], "passed, ours"),
    ("robust", "ours"): (0.17, "s", style.COLOURS["eve"], "robust, ours"),
    ("passed", "paper"): (0.0, "D", style.COLOURS["paper"], "passed, the paper"),
    ("robust", "paper"): (0.34, "d", style.COLOURS["paper"], "robust, the paper"),
}
WIDE = 6  # settings, past which the figure is wider
LETTERS = 14  # of a line of a setting's name: what twelve settings leave room for


def draw(frames: Mapping[str, pd.DataFrame]) -> Figure:
    """A point a setting and rule with its 95 % interval; the paper's hollow, without interval where it gives a share.

    Args:
        frames: {"rates": NUMBERS and WORDS; rule "passed" or "robust", source "ours" or "paper", shares in [0, 1],
            order the settings' places along the axis}.
    Raises:
        AcryptoError: a column is missing or not numeric, there are no rows, or a rule or source is none of those.
    """
    rates = style.frame(frames, "pass_rates", "rates", NUMBERS, WORDS)
    strange = [pair for pair in zip(rates["rule"], rates["source"], strict=True) if pair not in LOOKS]
    if strange:
        rule, source = strange[0]
        raise AcryptoError(f"The figure pass_rates knows no rule {rule!r} of source {source!r}.")
    settings = rates.drop_duplicates("order").sort_values("order")
    names = ["\n".join(fill(line, LETTERS) for line in str(name).splitlines()) for name in settings["setting"]]
    with style.style():
        figure = style.blank(11.5 if len(settings) > WIDE else 6.8, 4.6)
        axes = figure.add_subplot()
        for (rule, source), look in LOOKS.items():
            _points(axes, rates[(rates["rule"] == rule) & (rates["source"] == source)], source, *look)
        axes.set_xticks(settings["order"], names, fontsize=8 if len(settings) <= WIDE else 7)
        axes.set_xlim(settings["order"].min() - 0.6, settings["order"].max() + 0.6)
        axes.set_ylim(-0.04, 1.09)  # room for the counts over an interval that ends at 1
        axes.set_yticks(np.linspace(0, 1, 6))
        axes.set_ylabel("share of replicas (bars: 95 %)")
        axes.grid(axis="x", visible=False)
        axes.set_title("\n".join(_budgets(rates)), fontsize=8)
        style.legend_below(figure, columns=4)
    return figure


def _points(axes: Axes, rows: pd.DataFrame, source: str, offset: float, marker: str, colour: str, label: str) -> None:
    if rows.empty:
        return
    x = rows["order"] + offset
    # Rounding may leave a bound on the wrong side of a rate of 0 or 1; a share without a count has no bounds at all.
    error = np.vstack([rows["rate"] - rows["low"], rows["high"] - rows["rate"]]).clip(min=0)
    axes.errorbar(
        x,
        rows["rate"],
        yerr=error,
        fmt=marker,
        color=colour,
        markerfacecolor=colour if source == "ours" else "white",
        markersize=6,
        elinewidth=1.2,
        capsize=3,
        label=label,
        gid=label,
    )
    if source != "ours":
        return
    for place, row in zip(x, rows.itertuples(), strict=True):
        axes.annotate(
            f"{row.k:g}/{row.n:g}",
            (place, row.high),
            xytext=(0, 4),  # clear of the mark, where the interval ends in it
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=7,
            color=colour,
        )


def _budgets(rates: pd.DataFrame) -> list[str]:
    """The budget, where all settings share it; else that they differ."""
    budgets = rates.loc[rates["source"] == "ours", "budget"].drop_duplicates().tolist()
    return [str(budgets[0])] if len(budgets) == 1 else ["budgets differ by setting: see the column budget of the table"]
