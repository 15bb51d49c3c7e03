"""By key size, for each message size: shares that pass and that are robust, and what Bob and the Eves get wrong."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from adversarial_crypto.figures import style
from adversarial_crypto.figures.intervals import BARS, Look, Places, series

BLUE, RED = style.COLOURS["bob"], style.COLOURS["eve"]
RATES = {
    "passed_rate": Look("share that passed", BLUE, "o"),
    "robust_rate": Look("share that is robust", RED, "s", "--", hollow=True),
}
ERRORS = {
    "bob": Look("Bob", BLUE, "o"),
    "training_eve": Look("Eve of the training", RED, "^", ":"),
    "own": Look("Eve, fresh: her own network", RED, "D", "-"),
    "dense": Look("Eve, fresh: a dense network", RED, "v", "--", hollow=True),
}
ENDS = ("", "_low", "_high")
POINTS = ("message_bits", "key_bits", *(f"{name}{end}" for name in (*RATES, *ERRORS) for end in ENDS))
SETTINGS = ("planned",)
APART = 0.18  # of the gap between two key sizes, between two measures


def draw(frames: Mapping[str, pd.DataFrame]) -> Figure:
    """By key size, a column a message size: shares that pass and are robust above, errors of Bob and the Eves below.

    Args:
        frames: {"points": POINTS, one row a point that is computed, NaN where nothing is known; errors in continuous
            bits wrong, as a share of N; "settings": planned (how many points) and budget, one row}.
    Raises:
        AcryptoError: a column is missing or not numeric, or there are no rows.
    """
    points = style.frame(frames, "key_slices", "points", POINTS)
    settings = style.frame(frames, "key_slices", "settings", SETTINGS, ("budget",)).iloc[0]
    sizes = sorted(points["message_bits"].unique())
    places = Places(points["key_bits"].tolist())
    with style.style():
        inches = min(6.0, max(6.0 / len(sizes), 2.2, places.length * places.tick))
        figure = style.blank(1.4 + len(sizes) * inches, 5.8)
        columns = figure.subplots(2, len(sizes), sharex=True, sharey="row", squeeze=False, height_ratios=(2, 3)).T
        for (above, below), bits in zip(columns, sizes, strict=True):
            rows = points[points["message_bits"] == bits].sort_values("key_bits")
            for axes, looks in ((above, RATES), (below, ERRORS)):
                _panel(axes, rows, looks, places, float(bits))
            above.set_title(f"N = {bits:g} bits")
            places.ticks(below, "key size K (bits)", inches - 0.2)
        _frame(columns[0][0], columns[0][1], points)
        done = f"{len(points)} of {settings['planned']:g} points"
        words = f"By key size: {done}; errors are medians over the replicas that did not diverge\n{BARS}"
        style.heading(figure, words, settings["budget"])
        style.legend_below(figure, style.fitting(figure, [look.label for look in (*RATES.values(), *ERRORS.values())]))
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, looks: Mapping[str, Look], places: Places, bits: float) -> None:
    quiet = style.COLOURS["quiet"]
    if looks is ERRORS:
        axes.axhline(0.5, color=quiet, linestyle="--", linewidth=1.1, label="guessing: 0.5 of N", gid="chance")
    axes.axvline(bits, color=quiet, linewidth=0.8, label="K = N", gid="K = N", zorder=1.5)
    for number, (name, look) in enumerate(looks.items()):
        x = places.beside(rows["key_bits"].tolist(), APART * (number - (len(looks) - 1) / 2))
        series(axes, x, rows, name, look, f"{name} {bits:g}")


def _frame(above: Axes, below: Axes, points: pd.DataFrame) -> None:
    above.set_ylim(-0.04, 1.04)
    above.set_yticks(np.linspace(0, 1, 6))
    above.set_ylabel("share of replicas")
    highest = points[[f"{name}_high" for name in ERRORS]].max().max()
    below.set_ylim(-0.02, max(0.54, 1.05 * highest) if highest == highest else 0.54)
    below.set_ylabel("bits wrong, share of N")
