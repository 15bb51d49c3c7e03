"""What a game has people watch, by step: a panel a measure, with what a guess would give where that is known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from adversarial_crypto.figures import style
from adversarial_crypto.figures.spread import LEGEND, spread

RECORDED = ("step", "replica", "passed", "diverged")
LOOKS = ("bob", "eve", "public")


def draw(frames: Mapping[str, pd.DataFrame]) -> Figure:
    """The panels, one under the other.

    Args:
        frames: {"metrics": RECORDED and the measures, "watched": measure, label, unit and guess, a row a panel}.
    Raises:
        AcryptoError: a column is missing or not numeric, or there are no rows.
    """
    watched = style.frame(frames, "watched", "watched", ("guess",), ("measure", "label", "unit"))
    metrics = style.frame(frames, "watched", "metrics", (*RECORDED, *watched["measure"]))
    with style.style():
        figure = style.blank(6.8, 1.2 + 2.0 * len(watched))
        panels = figure.subplots(len(watched), 1, sharex=True, squeeze=False)[:, 0]
        rows = zip(watched["measure"], watched["label"], watched["unit"], watched["guess"], strict=True)
        for index, (measure, label, unit, guess) in enumerate(rows):
            axes, colour = panels[index], style.COLOURS[LOOKS[index % len(LOOKS)]]
            spread(axes, metrics, measure, measure, colour, label)
            if np.isfinite(guess):
                style.level(axes, f"{measure} guess", guess, f"guess: {guess:.3g}", style.COLOURS["quiet"], "--")
            axes.set_ylabel(f"{label}\n({unit})")
            tallest = float(metrics.loc[metrics["diverged"] == 0, measure].max())
            axes.set_ylim(min(0.0, float(metrics[measure].min())), 1.06 * float(np.nanmax([tallest, guess])))
        count, passed = metrics["replica"].nunique(), metrics.loc[metrics["passed"] != 0, "replica"].nunique()
        panels[0].set_title(f"{count} replica{'s' * (count != 1)}: {passed} passed\n{LEGEND}")
        panels[-1].set_xlabel("step (one round of the schedule)")
        panels[-1].xaxis.set_major_locator(MaxNLocator(7, integer=True))
        panels[-1].xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    return figure
