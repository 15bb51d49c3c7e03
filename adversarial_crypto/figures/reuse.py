"""What a key tells once it is used again: bits of a new message flipped, by pairs known under the same key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from adversarial_crypto.figures import style
from adversarial_crypto.figures.intervals import Look, series
from adversarial_crypto.figures.replicas import (
    DASHES,
    ROLES,
    faint,
    intervals,
    looks,
    missing,
    nothing,
    one_role,
    only,
    over_replicas,
)

NUMBERS = ("pairs", "replica", "bits_flipped", "low", "high")
WORDS = ("cipher", "role", "attacker")
SETTINGS = ("message_bits",)
ROOM = 0.7  # of the gap between two numbers of pairs, for all series beside one another


def draw(frames: Mapping[str, pd.DataFrame]) -> Figure:
    """By the number of known pairs: bits flipped of a new message; a colour and mark a cipher, a line an attacker.

    Args:
        frames: {"points": NUMBERS and WORDS; bits flipped of N; role "target" or "control"; NaN or no row where nothing
            is known; "settings": message_bits, target and budget, one row}.
    Raises:
        AcryptoError: a column is missing or not numeric, there are no rows, a role is none of those, or a cipher has
            both.
    """
    points = style.frame(frames, "reuse", "points", NUMBERS, WORDS)
    settings = style.frame(frames, "reuse", "settings", SETTINGS, ("target", "budget")).iloc[0]
    only(points, "reuse", {"role": ROLES})
    one_role(points, "reuse")
    attackers, known = points["attacker"].drop_duplicates().tolist(), sorted(points["pairs"].unique())
    bits = float(settings["message_bits"])
    with style.style():
        figure = style.blank(7.6, 5.2)
        axes = figure.add_subplot()
        style.level(axes, "chance", bits / 2, f"guessing: {bits / 2:g}", style.COLOURS["quiet"], "--")
        all_looks = _looks(points, attackers)
        for number, ((cipher, attacker), look) in enumerate(all_looks.items()):
            rows = points[(points["cipher"] == cipher) & (points["attacker"] == attacker)]
            _series(axes, rows, look, known, ROOM * ((number + 0.5) / len(all_looks) - 0.5))
        _axes(axes, points, known, bits)
        words = f"{settings['target']} when a key is used again: N = {bits:g} bits\n{intervals(points)}"
        columns = ("cipher", "attacker", "pairs")
        lost = missing(points, columns, "bits_flipped", {each: each for each in attackers}, _pairs)
        style.heading(figure, f"{words}\n{lost}", settings["budget"])
        # Two columns keep the attackers of a cipher under one another.
        style.legend_below(figure, style.fitting(figure, [look.label for look in all_looks.values()], most=2))
    return figure


def _pairs(known: Sequence[float]) -> str:
    return f"m = {', '.join(f'{pairs:g}' for pairs in known)}"


def _looks(points: pd.DataFrame, attackers: Sequence[str]) -> dict[tuple[str, str], Look]:
    """Colour and mark of the cipher, line and filling of the attacker."""
    found = {}
    for cipher, look in looks(points, "cipher").items():
        for i, attacker in enumerate(attackers):
            mine = replace(look, label=f"{look.label}, {attacker}", dashes=DASHES[i % len(DASHES)], hollow=bool(i % 2))
            if ((points["cipher"] == cipher) & (points["attacker"] == attacker)).any():
                found[cipher, attacker] = mine
    return found


def _series(axes: Axes, rows: pd.DataFrame, look: Look, known: Sequence[float], shift: float) -> None:
    place = {pairs: number + shift for number, pairs in enumerate(known)}
    if rows["replica"].nunique() > 1:
        wide = rows.pivot_table(index="pairs", columns="replica", values="bits_flipped")
        x = wide.index.map(place).to_numpy()
        axes.plot(x, wide.to_numpy(), color=look.colour, linestyle=look.dashes, linewidth=0.6, marker=".",
                  markersize=2.5, alpha=faint(wide.shape[1]), gid=f"{look.label} replicas")  # fmt: skip
    middle = over_replicas(rows, "pairs", "bits_flipped")
    series(axes, np.array([place[pairs] for pairs in middle["pairs"]]), middle, "bits_flipped", look, look.label)


def _axes(axes: Axes, points: pd.DataFrame, known: Sequence[float], bits: float) -> None:
    axes.set_xticks(range(len(known)), [f"{pairs:g}" for pairs in known])
    axes.set_xlim(-0.6, len(known) - 0.4)
    axes.set_xlabel("known pairs of message and ciphertext under the same key")
    axes.set_ylabel(f"bits flipped, of {bits:g}, in a new message")
    highest = np.nanmax([0.5 * bits, points[["bits_flipped", "high"]].max().max()])
    axes.set_ylim(-0.02 * bits, highest + 0.04 * bits)
    if not points["bits_flipped"].notna().any():
        nothing(axes)
