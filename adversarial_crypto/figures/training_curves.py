"""Training curves: Bob's and Eve's bits wrong by step, over all replicas (the paper's Figure 2 with its spread)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from adversarial_crypto.errors import AcryptoError
from adversarial_crypto.figures import style
from adversarial_crypto.figures.spread import LEGEND, spread

RECORDED = ("step", "replica", "bob_bits_wrong", "eve_bits_wrong", "passed", "diverged")
SETTINGS = ("message_bits", "batch", "bob_bits_max", "eve_error_min")


def table(
    metrics: pd.DataFrame, *, message_bits: int, batch: int, bob_bits_max: float, eve_error_min: float
) -> pd.DataFrame:
    """What this figure draws, as one table from which it can be redrawn alone.

    Args:
        metrics: a run's metrics.csv; the columns RECORDED are kept.
        message_bits, batch: N and B.
        bob_bits_max, eve_error_min: the thresholds, in continuous bits wrong.
    Returns:
        The rows of metrics with RECORDED and SETTINGS as columns; hand it to `draw` as {"metrics": table}.
    """
    recorded = style.frame({"metrics": metrics}, "training_curves", "metrics", RECORDED)
    values = (message_bits, batch, bob_bits_max, eve_error_min)
    return recorded.assign(**dict(zip(SETTINGS, values, strict=True)))


def draw(frames: Mapping[str, pd.DataFrame]) -> Figure:
    """Median and 10-90 % band over replicas, single replicas faint, guessing, thresholds, and where replicas passed.

    A diverged replica leaves the figure at the record that says so, and the title counts it. Median and band end where
    the first of the others ends: past that they would be those of the slow replicas.

    Args:
        frames: {"metrics": what `table` returns}.
    Raises:
        AcryptoError: a column is missing or not numeric, there are no rows, or the rows are of different settings.
    """
    metrics = style.frame(frames, "training_curves", "metrics", RECORDED + SETTINGS)
    mixed = [name for name in SETTINGS if metrics[name].nunique() != 1]
    if mixed:
        raise AcryptoError(
            f"The figure training_curves draws one run, but {', '.join(mixed)} differs between its rows."
        )
    settings = {name: float(metrics[name].iloc[0]) for name in SETTINGS}
    with style.style():
        figure = style.blank()
        axes = figure.add_subplot()
        for player in ("eve", "bob"):
            spread(axes, metrics, f"{player}_bits_wrong", player, style.COLOURS[player], player.capitalize())
        _passed(axes, metrics)
        _levels(axes, settings)
        _frame(axes, metrics, settings)
        handles, labels = axes.get_legend_handles_labels()
        order = sorted(range(len(labels)), key=lambda i: (not labels[i].startswith("Bob"), i))
        axes.legend([handles[i] for i in order], [labels[i] for i in order], loc="center right")
    return figure


def _passed(axes: Axes, metrics: pd.DataFrame) -> None:
    """A small triangle on Bob's curve at each replica's first record that counts as passed."""
    won = metrics[(metrics["passed"] != 0) & (metrics["diverged"] == 0)]
    if won.empty:
        return
    first = won.sort_values("step").groupby("replica").first()
    axes.plot(
        first["step"],
        first["bob_bits_wrong"],
        linestyle="none",
        marker="^",
        markersize=6,
        color=style.COLOURS["bob"],
        markeredgecolor="white",
        markeredgewidth=0.7,
        clip_on=False,
        label="a replica passes",
        gid="passed",
        zorder=5,
    )


def _levels(axes: Axes, settings: dict[str, float]) -> None:
    """Guessing and the two thresholds."""
    chance = settings["message_bits"] / 2
    levels = (
        ("chance", chance, f"guessing: {chance:g}", style.COLOURS["quiet"], "--", "bottom"),
        ("eve threshold", settings["eve_error_min"], "Eve passes at ≥ {:g}", style.COLOURS["eve"], ":", "top"),
        ("bob threshold", settings["bob_bits_max"], "Bob passes at ≤ {:g}", style.COLOURS["bob"], ":", "bottom"),
    )
    for gid, height, words, colour, dashes, side in levels:
        style.level(axes, gid, height, words.format(height), colour, dashes, side)


def _frame(axes: Axes, metrics: pd.DataFrame, settings: dict[str, float]) -> None:
    bits, replicas = f"{settings['message_bits']:g}", metrics["replica"].nunique()
    passed = metrics.loc[metrics["passed"] != 0, "replica"].nunique()
    diverged = metrics.loc[metrics["diverged"] != 0, "replica"].nunique()
    axes.set_title(
        f"N = {bits} bits, batch {settings['batch']:,g}, {replicas} replica{'s' * (replicas != 1)}: {passed} passed"
        + (f", {diverged} diverged" if diverged else "")
        + "\n"
    )
    axes.text(
        0,
        1.015,
        LEGEND,
        transform=axes.transAxes,
        fontsize=8,
        color=style.COLOURS["quiet"],
    )
    axes.set_xlabel("step (one round of the schedule)")
    axes.set_ylabel(f"bits wrong, of {bits} (half the L1 distance)")
    axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    finite = metrics.loc[metrics["diverged"] == 0, ["bob_bits_wrong", "eve_bits_wrong"]].to_numpy()
    tallest = max(np.nanmax(finite, initial=0.0), *(settings[name] for name in ("bob_bits_max", "eve_error_min")))
    top = 1.06 * max(tallest, settings["message_bits"] / 2)
    axes.set_ylim(-0.015 * top, top)  # a little below 0, so that a Bob without error is not hidden by the axis
    last = float(metrics["step"].max())
    axes.set_xlim(min(0.0, float(metrics["step"].min())), last if last > 0 else 1.0)
