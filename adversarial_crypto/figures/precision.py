"""How much of the ciphertext Eve and Bob need: what is read without the key, and with it, by bits kept an element.

Real numbers carry far more than N bits, so each cipher is shown cut to b = 1, 2, ... bits an element, and whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from adversarial_crypto.figures import style
from adversarial_crypto.figures.intervals import Look, series
from adversarial_crypto.figures.replicas import (
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

NUMBERS = ("replica", "bits", "value", "low", "high")
WORDS = ("cipher", "role", "measure")
SETTINGS = ("message_bits", "key_bits")
FLOAT32 = 32  # bits
BOB = "bob_bits_flipped"
MEASURES = {"messages_found": "decrypted without the key", "advantage": "advantage", BOB: "Bob's bits"}
GAP = 1.6  # from the last number of bits to float32, which is no next step of the axis
ROOM = 0.5  # of a bit, for all ciphers beside one another


def draw(frames: Mapping[str, pd.DataFrame]) -> Figure:
    """By bits kept an element: messages found without the key, the exact advantage, and Bob's bits with the true key.

    Args:
        frames: {"points": NUMBERS and WORDS; bits an element, 32 for float32; measure one of MEASURES, the first two in
            [0, 1], Bob's in bits flipped of N; role one of ROLES; NaN or no row where nothing is known; "settings":
            SETTINGS, target and budget, one row}.
    Raises:
        AcryptoError: a column is missing or not numeric, there are no rows, a measure or role is none of those, or a
            cipher has both roles.
    """
    points = style.frame(frames, "precision", "points", NUMBERS, WORDS)
    settings = style.frame(frames, "precision", "settings", SETTINGS, ("target", "budget")).iloc[0]
    only(points, "precision", {"measure": tuple(MEASURES), "role": ROLES})
    one_role(points, "precision")
    places = _places(points["bits"].tolist())
    with style.style():
        figure = style.blank(7.6, 7.4)
        panels = figure.subplots(3, 1, sharex=True)
        for axes, measure in zip(panels, MEASURES, strict=True):
            _panel(axes, points[points["measure"] == measure], measure, looks(points, "cipher"), places)
        _axes(panels, settings, places, points.loc[points["measure"] == BOB, ["value", "high"]].max().max())
        words = f"{settings['target']}: what a ciphertext of b bits an element tells. "
        words += f"N = {settings['message_bits']:g} bits, K = {settings['key_bits']:g} bits\n{intervals(points)}"
        lost = missing(points, ("cipher", "measure", "bits"), "value", MEASURES, _bits)
        style.heading(figure, f"{words}\n{lost}", settings["budget"])
        labels = [str(label) for axes in panels for label in axes.get_legend_handles_labels()[1]]
        style.legend_below(figure, style.fitting(figure, list(dict.fromkeys(labels)) or [""]))
    return figure


def _places(bits: Sequence[float]) -> dict[float, float]:
    """Where each number of bits stands."""
    cut = sorted({b for b in bits if b < FLOAT32})
    whole = (cut[-1] if cut else 0) + GAP
    return {**{b: b for b in cut}, **({FLOAT32: whole} if FLOAT32 in bits else {})}


def _bits(bits: Sequence[float]) -> str:
    return ", ".join("float32" if each == FLOAT32 else f"{each:g}" for each in bits)


def _panel(
    axes: Axes, points: pd.DataFrame, measure: str, every: Mapping[str, Look], places: Mapping[float, float]
) -> None:
    """One measure of all ciphers; the target is Eve's colour where she reads, and Bob's where he does."""
    for number, (cipher, look) in enumerate(every.items()):
        rows = points[points["cipher"] == cipher]
        shift = ROOM * ((number + 0.5) / len(every) - 0.5)
        x = rows["bits"].map(places) + shift
        if (rows["role"] == "target").any():
            player = "Bob" if measure == BOB else "Eve"
            label = f"Bob of {look.label}" if player == "Bob" else f"Eve against {look.label}"
            look = replace(look, label=label, colour=style.COLOURS[player.lower()])
        if rows["replica"].nunique() > 1:
            _replicas(axes, rows.assign(x=x), look, f"{measure} {cipher} replicas")
        middle = over_replicas(rows, "bits", "value")
        for part, gid in ((middle["bits"] < FLOAT32, ""), (middle["bits"] == FLOAT32, " float32")):
            shown = middle[part]
            along = np.array([places[bits] + shift for bits in shown["bits"]])
            series(axes, along, shown, "value", look, f"{measure} {cipher}{gid}")
            if number == 0 and len(shown) > 1:
                axes.fill_between(along, shown["value_low"], shown["value_high"], color=look.colour, alpha=0.15,
                                  linewidth=0, gid=f"{measure} {cipher} band")  # fmt: skip
    if not points["value"].notna().any():
        nothing(axes)


def _replicas(axes: Axes, rows: pd.DataFrame, look: Look, gid: str) -> None:
    for part in (rows["bits"] < FLOAT32, rows["bits"] == FLOAT32):
        wide = rows[part].pivot_table(index="x", columns="replica", values="value", dropna=False)
        if not wide.empty:
            axes.plot(wide.index, wide.to_numpy(), color=look.colour, linewidth=0.6, marker=".", markersize=2.5,
                      alpha=faint(wide.shape[1]), gid=gid)  # fmt: skip


def _axes(panels: Sequence[Axes], settings: pd.Series, places: Mapping[float, float], reach: float) -> None:
    """Labels and limits; Bob's panel reaches to so many bits, and to guessing at least."""
    bits = settings["message_bits"]
    labels = (
        "Eve: share of messages\nread without the key",
        "best Eve's exact advantage\n(0: guesses, 1: is certain)",
        f"Bob: bits flipped, of {bits:g}\n(with the true key)",
    )
    guessing = ((2.0**-bits, f"$2^{{-{bits:g}}}$"), (0.0, "0"), (bits / 2, f"{bits / 2:g}"))
    for axes, label, (chance, words) in zip(panels, labels, guessing, strict=True):
        axes.set_ylabel(label)
        style.level(axes, "chance", chance, f"guessing: {words}", style.COLOURS["quiet"], "--")
        axes.set_ylim(-0.05, 1.08)
        axes.set_yticks(np.linspace(0, 1, 6))
    highest = np.nanmax([0.5 * bits, reach])
    panels[-1].set_ylim(-0.025 * bits, highest + 0.04 * bits)
    ticks = MaxNLocator(5, steps=[1, 2, 4, 5, 10]).tick_values(0, highest)
    panels[-1].set_yticks([tick for tick in ticks if 0 <= tick <= highest])
    below = panels[-1]
    below.set_xticks(list(places.values()), [_bits([each]) for each in places])
    below.xaxis.set_minor_locator(NullLocator())
    below.set_xlim(min(places.values()) - 0.7, max(places.values()) + 0.7)
    below.set_xlabel("bits kept of each ciphertext element (b)")
    if FLOAT32 in places and len(places) > 1:
        for axes in panels:
            axes.axvline(places[FLOAT32] - GAP / 2, color=style.COLOURS["quiet"], linewidth=0.8, linestyle=(0, (1, 3)))
