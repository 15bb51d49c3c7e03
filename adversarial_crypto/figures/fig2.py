"""Training curves over the paper's own (its Figure 2, or Figure 6): one run of theirs, all of our replicas."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from adversarial_crypto.figures import style, training_curves

PAPER_BITS = 16  # N of the paper's curves
DASHES = {"bob": (0, (5, 1.5)), "eve": (0, (1.5, 1))}


def draw(frames: Mapping[str, pd.DataFrame]) -> Figure:
    """The training curves with the paper's curves on top; theirs are left out where N is not 16.

    Args:
        frames: {"metrics": what `training_curves.table` returns, "paper": player ("bob" or "eve"), step, bits_wrong}.
    Raises:
        AcryptoError: as `training_curves.draw`, or the paper's table is not there or not numeric.
    """
    paper = style.frame(frames, "fig2", "paper", ("step", "bits_wrong"), words=("player",))
    figure = training_curves.draw(frames)
    (axes,) = figure.axes
    if float(frames["metrics"]["message_bits"].iloc[0]) != PAPER_BITS:
        return figure
    with style.style():
        for player, dashes in DASHES.items():
            curve = paper[paper["player"] == player].sort_values("step")
            axes.plot(
                curve["step"],
                curve["bits_wrong"],
                color=style.COLOURS["paper"],
                linestyle=dashes,
                linewidth=1.4,
                label=f"{player.capitalize()}: paper, one run",
                gid=f"paper {player}",
                zorder=4.5,  # over our medians, under the marks of those who pass
            )
        axes.set_xlim(axes.get_xlim()[0], max(axes.get_xlim()[1], float(paper["step"].max())))
        style.legend_below(figure, columns=3)
    return figure
