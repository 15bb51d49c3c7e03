"""How likely each sign of the ciphertext flips with each bit of message and key, beside ciphers that are known.

One half everywhere is the strict avalanche criterion (Webster and Tavares 1985, "On the design of S-boxes"). It is no
secrecy: the one-time pad, which is perfectly secret, flips exactly one sign, and always.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from adversarial_crypto.errors import AcryptoError
from adversarial_crypto.figures import style
from adversarial_crypto.figures.replicas import ROLES, only

NUMBERS = ("replica", "bit", "element", "flips")
WORDS = ("cipher", "role", "word")
SETTINGS = ("message_bits", "key_bits", "messages")
SHOWN = ("message", "key")
# Blue never flips, white flips as often as not, vermillion always flips.
SHADES = LinearSegmentedColormap.from_list("flips", [style.COLOURS["bob"], "#FFFFFF", style.COLOURS["eve"]])
SCALE = Normalize(0, 1, clip=True)
OFTEN = 0.75  # from here on a dot, for in grey blue and vermillion are the same
LARGE, SMALL = 3.3, 1.9  # inches of a matrix of the target and of a control
TALL = 4.1  # inches of both matrices of a control, with their titles


def draw(frames: Mapping[str, pd.DataFrame]) -> Figure:
    """Flip probabilities, input bit by ciphertext element: message and key of one replica of the target, and controls.

    The replica is the one whose mean over all cells is the median of the replicas' (of an even number, the lower one).

    Args:
        frames: {"flips": NUMBERS and WORDS; bit and element from 0, flips in [0, 1], word "message" or "key", role
            "target" or "control"; NaN or no row where nothing is known; "settings": SETTINGS and target, one row}.
    Raises:
        AcryptoError: a column is missing or not numeric, there are no rows, no target, or a role or word is none of
            those.
    """
    flips = style.frame(frames, "avalanche", "flips", NUMBERS, WORDS)
    settings = style.frame(frames, "avalanche", "settings", SETTINGS, ("target",)).iloc[0]
    only(flips, "avalanche", {"role": ROLES, "word": SHOWN})
    target = flips[flips["role"] == "target"]
    if target.empty:
        raise AcryptoError("The figure avalanche has nothing to draw: the table flips has no rows of a target.")
    replica = _middle(target)
    controls = [rows for _, rows in flips[flips["role"] == "control"].groupby("cipher", sort=False)]
    with style.style():
        figure = style.blank(1.2 + 2 * LARGE + SMALL * 1.15 * len(controls), TALL + 1.4)
        large, small = _grid(figure, len(controls))
        for axes, word in zip(large, SHOWN, strict=True):
            _matrix(axes, target[target["replica"] == replica], word, settings, LARGE)
            axes.set_xlabel("ciphertext element (from 0)")
            axes.set_ylabel(f"flipped {word} bit (from 0)")
        for pair, rows in zip(small, controls, strict=True):
            for axes, word in zip(pair, SHOWN, strict=True):
                _matrix(axes, rows[rows["replica"] == _middle(rows)], word, settings, SMALL)
                axes.set_title(f"{rows['cipher'].iloc[0]}\n{axes.get_title(loc='left')}", fontsize=8)
                axes.tick_params(labelsize=7)
        bar = figure.colorbar(ScalarMappable(SCALE, SHADES), ax=figure.axes, location="bottom", aspect=50, shrink=0.6)
        bar.set_label(f"probability that the sign of the element flips (dots: {OFTEN:g} or more)")
        style.heading(figure, _words(target, replica, settings), _lost(figure))
    return figure


def _middle(rows: pd.DataFrame) -> float:
    """The replica with the median mean; one without any value only if all are."""
    means = rows.groupby("replica")["flips"].mean().sort_values(kind="stable")
    known = means[means.notna()]
    return float(means.index[0] if known.empty else known.index[(len(known) - 1) // 2])


def _grid(figure: Figure, controls: int) -> tuple[list[Axes], list[list[Axes]]]:
    """Two large places, and for each control two small ones over one another."""
    widths = [LARGE, LARGE, *[SMALL] * controls]
    grid = figure.add_gridspec(2, 2 + controls, width_ratios=widths)
    large = [figure.add_subplot(grid[:, place]) for place in range(2)]
    small = [[figure.add_subplot(grid[row, 2 + place]) for row in range(2)] for place in range(controls)]
    return large, small


def _matrix(axes: Axes, rows: pd.DataFrame, word: str, settings: pd.Series, inches: float) -> None:
    """One matrix, with how many signs a bit flips as its title; hatched where nothing is known."""
    rows, size = rows[rows["word"] == word], int(settings[f"{word}_bits"])
    bits, width = max(size, _count(rows["bit"])), max(1, _count(rows["element"]))
    values: NDArray[np.float64] = np.full((bits, width), np.nan)
    values[rows["bit"].to_numpy(int), rows["element"].to_numpy(int)] = rows["flips"]
    lost = np.isnan(values)
    axes.grid(visible=False)
    axes.spines[:].set_visible(True)  # white cells end somewhere
    axes.imshow(values, cmap=SHADES, norm=SCALE, aspect="auto", interpolation="nearest", zorder=1,
                gid=f"{rows['cipher'].iloc[0]} {word}" if len(rows) else word)  # fmt: skip
    if lost.any():
        axes.add_patch(Rectangle((-0.5, -0.5), width, bits, facecolor="#EBEBEB", edgecolor="#C4C4C4", hatch="////",
                                 linewidth=0, zorder=0, gid="not measured"))  # fmt: skip
    places = np.argwhere(values >= OFTEN)
    size_of = (0.25 * 72 * inches / max(bits, width)) ** 2  # a quarter of a cell, in points
    axes.scatter(places[:, 1], places[:, 0], s=size_of, color="white", linewidths=0, zorder=2, gid=f"often {word}")
    told = "not measured" if lost.all() else f"flips {np.nanmean(values) * width:.2f} of {width}"
    axes.set_title(f"a {word} bit: {told}" if lost.all() else f"a {word} bit {told}", fontsize=9)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(8, integer=True))


def _count(numbers: pd.Series) -> int:
    return 0 if numbers.empty else int(numbers.max()) + 1


def _words(target: pd.DataFrame, replica: float, settings: pd.Series) -> str:
    count = target["replica"].nunique()
    which = (
        "its one replica" if count == 1 else f"replica {replica:g}, of {count} the one with the median share of flips"
    )
    return (
        f"{settings['target']}: what one flipped bit does to the signs of the ciphertext. "
        f"N = {settings['message_bits']:g} bits, K = {settings['key_bits']:g} bits\nShown: {which}; "
        f"{settings['messages']:,g} messages. One half everywhere is good diffusion, and says nothing about secrecy"
    )


def _lost(figure: Figure) -> str:
    found: Sequence[object] = figure.findobj(lambda artist: artist.get_gid() == "not measured")
    return "Hatched: not measured" if found else ""
