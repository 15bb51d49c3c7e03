"""Two maps over message and key sizes: the share of replicas that passed, and the advantage of the best fresh Eve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from adversarial_crypto.figures import style

SHARE = ("passed_rate", "passed_rate_low", "passed_rate_high")
ADVANTAGE = ("advantage_passed", "advantage_passed_low", "advantage_passed_high")
POINTS = ("message_bits", "key_bits", "n", "passed", *SHARE, *ADVANTAGE, "leak_bound")
SETTINGS = ("planned",)
# From white to the player's colour, whose lightness falls all the way: also in grey more is darker.
SHADES = {
    SHARE: LinearSegmentedColormap.from_list("passed", ["#FFFFFF", style.COLOURS["bob"]]),
    ADVANTAGE: LinearSegmentedColormap.from_list("advantage", ["#FFFFFF", style.COLOURS["eve"]]),
}
SCALE = Normalize(0, 1, clip=True)  # the same for every sweep, so that two maps compare
TITLES = {
    SHARE: "Share of replicas that passed\n(95 % interval)",
    ADVANTAGE: "Eve's advantage over guessing: 0 none, 1 she reads all. Best fresh\n"
    "Eve, median of the passed (95 % interval; below 6 passed: range)",
}
EDGE = "#C4C4C4"
NOTHING: dict[str, Any] = {"facecolor": "#EBEBEB", "edgecolor": EDGE, "hatch": "////", "linewidth": 0.6}
# Relative luminance below which letters are white: there WCAG's contrast is 3.9 at least, and blue reads better so.
DARK = 0.22
CELL = (1.12, 0.66)  # inches


def draw(frames: Mapping[str, pd.DataFrame]) -> Figure:
    """Over message and key sizes: the share that passed and the best fresh Eve's advantage; K = N as a stair.

    Args:
        frames: {"points": POINTS, one row a planned point, n = 0 where it is not computed; advantages over the replicas
            that passed, NaN where there are none or no fresh Eves; "settings": planned (how many points) and budget,
            one row}.
    Raises:
        AcryptoError: a column is missing or not numeric, or there are no rows.
    """
    points = style.frame(frames, "key_map", "points", POINTS)
    settings = style.frame(frames, "key_map", "settings", SETTINGS, ("budget",)).iloc[0]
    sizes, keys = (sorted(points[name].unique()) for name in ("message_bits", "key_bits"))
    with style.style():
        figure = style.blank(max(9.2, 2.4 + 2 * len(sizes) * CELL[0]), 2.0 + len(keys) * CELL[1])
        for axes, shown in zip(figure.subplots(1, 2, sharey=True), SHADES, strict=True):
            for _, row in points.iterrows():
                corner = (sizes.index(row["message_bits"]), keys.index(row["key_bits"]))
                _cell(axes, corner, row, shown)
            _stair(axes, sizes, keys)
            _axes(axes, sizes, keys)
            axes.set_title(TITLES[shown], fontsize=9)
            bar = figure.colorbar(ScalarMappable(SCALE, SHADES[shown]), ax=axes, aspect=30, pad=0.02)
            bar.outline.set_visible(False)
        figure.axes[0].set_ylabel("key size K (bits)")
        done = int((points["n"] > 0).sum())
        words = f"Over message and key sizes: {done} of {settings['planned']:g} points"
        style.heading(figure, words, settings["budget"])
        _legend(figure, points)
    return figure


def _cell(axes: Axes, corner: tuple[int, int], row: pd.Series, shown: tuple[str, str, str]) -> None:
    x, y = corner[0] + 0.5, corner[1] + 0.5
    gid = f"{shown[0]} {row['message_bits']:g} {row['key_bits']:g}"
    if not row["n"]:
        axes.plot(x, y, marker="o", markersize=3, color=style.COLOURS["quiet"], gid=gid)
        return
    value, low, high = (row[name] for name in shown)
    if value != value:
        axes.add_patch(Rectangle(corner, 1, 1, gid=gid, **NOTHING))
        axes.text(x, y, "none passed" if not row["passed"] else "no fresh Eves", ha="center", va="center", fontsize=8)
        return
    colour = SHADES[shown](SCALE(value))
    axes.add_patch(Rectangle(corner, 1, 1, facecolor=colour, edgecolor=EDGE, linewidth=0.6, gid=gid))
    first = f"{row['passed']:g}/{row['n']:g}" if shown is SHARE else _number(value)
    lines = [(first, 10.0), (f"{_number(low)} to {_number(high)}", 7.5)]
    if shown is ADVANTAGE and row["leak_bound"] > 0:
        lines.append((f"≥ {row['leak_bound']:g} bits", 7.5))
    for number, (words, size) in enumerate(lines):
        height = y + 0.26 * ((len(lines) - 1) / 2 - number)
        axes.text(x, height, words, ha="center", va="center", fontsize=size, color=_ink(colour))


def _ink(paper: Sequence[float]) -> str:
    """Black or white, by the relative luminance of the colour (WCAG 2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in paper[:3]]
    luminance = sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return "black" if luminance > DARK else "white"


def _number(value: float) -> str:
    """Two decimals with a true minus sign, and no minus before 0."""
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")


def _stair(axes: Axes, sizes: Sequence[float], keys: Sequence[float]) -> None:
    """The borders between cells with K >= N and those with K < N; on the map's own border where one kind is missing."""
    heights = [sum(key < size for key in keys) for size in sizes]
    corners = [(place + side, height) for place, height in enumerate(heights) for side in (0, 1)]
    look: dict[str, Any] = {"linewidth": 2, "solid_capstyle": "butt", "clip_on": False, "zorder": 3}
    axes.plot(*zip(*corners, strict=True), color="black", gid="K = N", **look)


def _axes(axes: Axes, sizes: Sequence[float], keys: Sequence[float]) -> None:
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.set_xlim(0, len(sizes))
    axes.set_ylim(0, len(keys))
    axes.set_xticks([place + 0.5 for place in range(len(sizes))], [f"{size:g}" for size in sizes])
    axes.set_yticks([place + 0.5 for place in range(len(keys))], [f"{key:g}" for key in keys])
    axes.set_xlabel("message size N (bits)")


def _legend(figure: Figure, points: pd.DataFrame) -> None:
    """What is in the map besides numbers."""
    computed = points[points["n"] > 0]
    handles: list[Line2D | Patch] = [
        Line2D([], [], color="black", linewidth=2, label="K = N (Shannon: below it no perfect secrecy)")
    ]
    if (computed["leak_bound"] > 0).any():
        words = "≥ … bits: the ciphertext tells at least N − K of the message, if Bob reads it without error"
        handles.append(Patch(facecolor="none", edgecolor="none", label=words))
    if (computed["passed"] == 0).any():
        handles.append(Patch(label="none passed: what Eve has there means little", **NOTHING))
    if len(computed) < len(points):
        dot = Line2D([], [], linestyle="none", marker="o", markersize=3, color=style.COLOURS["quiet"])
        dot.set_label("not computed yet")
        handles.append(dot)
    columns = style.fitting(figure, [str(handle.get_label()) for handle in handles], most=2)
    figure.legend(handles=handles, loc="outside lower center", ncols=columns)
