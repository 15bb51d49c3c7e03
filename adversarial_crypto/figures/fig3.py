"""Bob's error against the best of several fresh Eves, a point a replica (the paper's Figure 3, with its 14 points)."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from adversarial_crypto.figures import style

REPLICAS = (
    *("replica", "passed", "robust", "bob_bits_wrong"),
    *("eve_bits_wrong", "eve_bits_wrong_low", "eve_bits_wrong_high"),
    *("message_bits", "batch", "adversaries", "adversary_steps", "bob_bits_max", "robust_error_min"),
)
PAPER_BITS = 16
TICKS = (0, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 4, 8, 16, 32)
# (passed, robust), label, marker
KINDS = (((1, 1), "robust", "o"), ((1, 0), "passed, not robust", "s"), ((0, 0), "did not pass", "x"))


def draw(frames: Mapping[str, pd.DataFrame]) -> Figure:
    """Our replicas by what became of them, with 95 % intervals, the paper's points, guessing and both thresholds.

    Args:
        frames: {"replicas": REPLICAS, one row a replica; "paper": bob, eve}. Errors in continuous bits wrong of N.
    Raises:
        AcryptoError: a column is missing or not numeric, or there are no rows.
    """
    replicas = style.frame(frames, "fig3", "replicas", REPLICAS)
    paper = style.frame(frames, "fig3", "paper", ("bob", "eve"))
    settings = replicas.iloc[0]
    with style.style():
        figure = style.blank(6.8, 4.6)
        axes = figure.add_subplot()
        for kind in KINDS:
            _points(axes, replicas, *kind)
        if settings["message_bits"] == PAPER_BITS:
            _papers(axes, paper)
        _levels(axes, settings)
        _frame(axes, replicas, settings)
        style.legend_below(figure, columns=4)
    return figure


def _points(axes: Axes, replicas: pd.DataFrame, kind: tuple[int, int], label: str, marker: str) -> None:
    rows = replicas[(replicas["passed"] == kind[0]) & (replicas["robust"] == kind[1])]
    if rows.empty:
        return
    error = (
        rows["eve_bits_wrong"] - rows["eve_bits_wrong_low"],
        rows["eve_bits_wrong_high"] - rows["eve_bits_wrong"],
    )
    colour = style.COLOURS["eve"] if kind[0] else style.COLOURS["quiet"]
    axes.errorbar(
        rows["bob_bits_wrong"],
        rows["eve_bits_wrong"],
        yerr=error,
        fmt=marker,
        color=colour,
        markersize=6,
        markerfacecolor=colour if kind != (1, 0) else "none",  # a point of the paper shows through
        elinewidth=1,
        capsize=2,
        label=f"{label} ({len(rows)})",
        gid=label,
        zorder=4,
    )


def _papers(axes: Axes, paper: pd.DataFrame) -> None:
    axes.plot(
        paper["bob"],
        paper["eve"],
        linestyle="none",
        marker="D",
        markersize=5,
        markerfacecolor="none",
        color=style.COLOURS["paper"],
        label=f"the paper's ({len(paper)})",
        gid="paper",
        zorder=3,
    )


def _levels(axes: Axes, settings: pd.Series) -> None:
    chance = settings["message_bits"] / 2
    lines = (
        ("chance", chance, f"guessing: {chance:g}", style.COLOURS["quiet"], "--"),
        ("robust threshold", settings["robust_error_min"], f"robust at ≥ {settings['robust_error_min']:g}",
         style.COLOURS["eve"], ":"),
    )  # fmt: skip
    for line in lines:
        style.level(axes, *line)
    limit = settings["bob_bits_max"]
    axes.axvline(limit, color=style.COLOURS["bob"], linestyle=":", linewidth=1.1, gid="bob threshold", zorder=1.5)


def _frame(axes: Axes, replicas: pd.DataFrame, settings: pd.Series) -> None:
    bits, passed, robust = settings["message_bits"], int(replicas["passed"].sum()), int(replicas["robust"].sum())
    axes.set_title(
        f"N = {bits:g}, batch {settings['batch']:,g}: {passed} of {len(replicas)} passed, {robust} robust\n"
        f"best of {settings['adversaries']:g} fresh Eves of {settings['adversary_steps']:,g} steps"
    )
    limit = float(settings["bob_bits_max"])
    # Linear up to the limit, where those who passed are, and by powers of ten beyond.
    axes.set_xscale("symlog", linthresh=limit if limit > 0 else 0.05)
    end = max(2 * limit, 1.1 * float(replicas["bob_bits_wrong"].max()))
    axes.set_xlim(-0.04 * limit, end)  # a little below 0, so that a Bob without error is not hidden by the axis
    axes.set_xticks([tick for tick in TICKS if tick <= end], labels=[f"{tick:g}" for tick in TICKS if tick <= end])
    axes.set_xticks([], minor=True)
    axes.set_xlabel(f"Bob: bits wrong, of {bits:g} (dotted: he passes at ≤ {limit:g})")
    axes.set_ylabel(f"best fresh Eve: bits wrong, of {bits:g} (bars: 95 %)")
    axes.set_ylim(0, 1.08 * bits / 2)
