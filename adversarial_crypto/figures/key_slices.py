"""By key size, for each message size: shares that pass and that are robust, and what Bob and the Eves get wrong."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from adversarial_crypto.figures import style
from adversarial_crypto.figures.intervals import Look, Places, series

BLUE, RED = style.COLOURS["bob"], style.COLOURS["eve"]
RATES = {
    "passed_rate": Look("passed", BLUE, "o"),
    "robust_rate": Look("robust", RED, "s", "--", hollow=True),
}
ERRORS = {
    "bob": Look("Bob", BLUE, "o"),
    "training_eve": Look("Eve of the training", RED, "^", ":"),
    "own": Look("Eve, fresh: best of her own network", RED, "D", "-"),
    "dense": Look("Eve, fresh: best dense network", RED, "v", "--", hollow=True),
}
POINTS = (
    "message_bits",
    "key_bits",
    "n",
    *(f"{name}{end}" for name in (*RATES, *ERRORS) for end in ("", "_low", "_high")),
)
SETTINGS = ("planned",)
APART = 0.18  # of the gap between two key sizes, between two measures


def draw(frames: Mapping[str, pd.DataFrame]) -> Figure:
    """A column a message size: shares of replicas above, errors below; K = N upright, guessing across.

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
        width = max(7.5, 1.2 + len(sizes) * max(2.3, 0.36 * len(places.settings)))
        figure = style.blank(width, 5.8)
        columns = figure.subplots(2, len(sizes), sharex=True, sharey="row", squeeze=False, height_ratios=(2, 3)).T
        for (above, below), bits in zip(columns, sizes, strict=True):
            rows = points[points["message_bits"] == bits].sort_values("key_bits")
            for axes, looks in ((above, RATES), (below, ERRORS)):
                _panel(axes, rows, looks, places, float(bits))
            above.set_title(f"N = {bits:g} bits")
            places.ticks(below, "key size K (bits)")
        _frame(columns[0][0], columns[0][1], points)
        style.heading(figure, f"By key size: {len(points)} of {settings['planned']:g} points", settings["budget"])
        style.legend_below(figure, columns=4)
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
    above.set_ylabel("share of replicas\n(bars: 95 %)")
    highest = points[[f"{name}_high" for name in ERRORS]].max().max()
    below.set_ylim(-0.02, max(0.54, 1.05 * highest) if highest == highest else 0.54)
    below.set_ylabel("bits wrong, share of N: median of the\nnot diverged (bars: 95 %, below 6 the range)")
