"""What one flipped bit of key or message does to the ciphertext, over replicas (section 2.5's look at the cipher)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from adversarial_crypto.figures import style

MOVED = ("replica", "amount", "moved_relative")
FLIPS = ("replica", "bit", "moved_relative")
DEPENDENCE = ("replica", "key_dependence", "message_dependence", "xor_gap", "spread")
SETTINGS = ("message_bits", "key_bits", "amount", "messages")
PAPERS = (3, 6)  # elements of 16 that one key bit changes significantly
PAPER_BITS = 16
WORDS = {"key": ("eve", "-"), "message": ("bob", (0, (4, 1.5)))}


def draw(frames: Mapping[str, pd.DataFrame]) -> Figure:
    """Left: elements that move by more than an amount, by the amount; right: at the stated amount, by the bit flipped.

    Amounts are in units of the replica's spread, the standard deviation of a ciphertext element.

    Args:
        frames: {"moved": MOVED and word; "flips": FLIPS and word; "dependence": DEPENDENCE; "settings": SETTINGS and
            over ("passed" or "all", which replicas these are), one row}.
    Raises:
        AcryptoError: a column is missing or not numeric, or there are no rows.
    """
    moved = style.frame(frames, "diffusion", "moved", MOVED, ("word",))
    flips = style.frame(frames, "diffusion", "flips", FLIPS, ("word",))
    whole = style.frame(frames, "diffusion", "dependence", DEPENDENCE)
    settings = style.frame(frames, "diffusion", "settings", SETTINGS, ("over",)).iloc[0]
    with style.style():
        figure = style.blank(9.0, 4.4)
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
        for word, (colour, dashes) in WORDS.items():
            _curves(left, moved[moved["word"] == word], word, style.COLOURS[colour], dashes)
            _bits(right, flips[flips["word"] == word], word, style.COLOURS[colour])
        for axes in (left, right):
            _levels(axes, settings)
        _frame(figure, left, right, settings, whole)
        style.legend_below(figure, columns=3)
    return figure


def _curves(axes: Axes, rows: pd.DataFrame, word: str, colour: str, dashes: object) -> None:
    wide = rows.pivot_table(index="amount", columns="replica", values="moved_relative")
    axes.plot(wide.index, wide.to_numpy(), color=colour, linewidth=0.6, alpha=max(0.1, min(0.4, 4 / wide.shape[1])))
    median = wide.median(axis=1)
    label = f"one {word} bit (median over replicas)"
    axes.plot(wide.index, median, color=colour, linestyle=dashes, linewidth=2, label=label, gid=f"{word} median")


def _bits(axes: Axes, rows: pd.DataFrame, word: str, colour: str) -> None:
    """A mark a replica, and the median of each bit; the words differ in place and mark, for those who print in grey."""
    shift, marker = (-0.17, "o") if word == "key" else (0.17, "x")
    axes.plot(rows["bit"] + shift, rows["moved_relative"], linestyle="none", marker=marker, markersize=2.5,
              markeredgewidth=0.7, color=colour, alpha=0.4, label=f"one {word} bit (single replicas)",
              gid=f"{word} replicas by bit")  # fmt: skip
    median = rows.groupby("bit")["moved_relative"].median()
    axes.plot(median.index + shift, median, linestyle="none", marker="_", markersize=9, markeredgewidth=2,
              color=colour, gid=f"{word} bits")  # fmt: skip


def _levels(axes: Axes, settings: pd.Series) -> None:
    axes.axhline(1, color=style.COLOURS["quiet"], linestyle="--", linewidth=1.1, label="the one-time pad: 1", gid="pad")
    if settings["message_bits"] == PAPER_BITS:
        label = f"the paper: {PAPERS[0]} to {PAPERS[1]} by a key bit, “significantly”"
        axes.axhspan(*PAPERS, color=style.COLOURS["quiet"], alpha=0.15, linewidth=0, label=label, gid="paper")


def _frame(figure: Figure, left: Axes, right: Axes, settings: pd.Series, whole: pd.DataFrame) -> None:
    bits = f"{settings['message_bits']:g}"
    who = "that passed" if settings["over"] == "passed" else "(none passed: all of them)"
    key, message, gap = (whole[name].median() for name in ("key_dependence", "message_dependence", "xor_gap"))
    figure.suptitle(
        f"{len(whole)} replicas {who}. Medians: {100 * key:.0f} % of the ciphertext's variance comes with the key, "
        f"{100 * message:.0f} % with the message;\ndistance from XOR {gap:.2f} (0 for any one-time pad)",
        fontsize=9,
        x=0.01,
        ha="left",
    )
    left.set_xlabel("amount, in standard deviations of an element")
    left.set_ylabel(f"elements that move by more, of {bits}")
    left.set_xlim(0, 2)
    left.set_ylim(0, None)
    right.set_title(f"by more than {settings['amount']:g}; bars: medians over replicas", fontsize=9)
    right.set_xlabel("flipped bit (key left of its place, message right)")
    right.set_xticks(np.arange(0, max(settings["message_bits"], settings["key_bits"]), 4))
