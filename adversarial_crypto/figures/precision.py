"""How much of the ciphertext Eve and Bob need: what is read without the key, and with it, by bits kept an element.

Real numbers carry far more than N bits, so each cipher is shown cut to b = 1, 2, ... bits an element, and whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from adversarial_crypto.errors import AcryptoError
from adversarial_crypto.figures import style
from adversarial_crypto.figures.intervals import Look, series
from adversarial_crypto.numerics.statistics import median_interval

NUMBERS = ("replica", "bits", "value", "low", "high")
WORDS = ("cipher", "role", "measure")
SETTINGS = ("message_bits", "key_bits")
ROLES = ("target", "control")
FLOAT32 = 32  # bits
BOB = "bob_bits_flipped"
MEASURES = {"messages_found": "decrypted without the key", "advantage": "advantage", BOB: "Bob's bits"}
COLOURS = [style.COLOURS[name] for name in ("eve", "paper", "public", "bob", "quiet")]  # the target is the first
MARKERS = "osD^vPX"
DASHES = ("-", "--", ":", "-.")
GAP = 1.6  # from the last number of bits to float32, which is no next step of the axis
NAMED = 4  # gaps in the table, past which they are counted
ROOM = 0.5  # of a bit, for all ciphers beside one another


def draw(frames: Mapping[str, pd.DataFrame]) -> Figure:
    """By bits kept an element: messages found without the key, the exact advantage, and Bob's bits with the true key.

    Args:
        frames: {"points": NUMBERS and WORDS; bits an element, 32 for float32; measure one of MEASURES, the first two in
            [0, 1], Bob's in bits flipped of N; role one of ROLES; NaN or no row where nothing is known; "settings":
            SETTINGS, target and budget, one row}.
    Raises:
        AcryptoError: a column is missing or not numeric, there are no rows, or a measure or role is none of those.
    """
    points = style.frame(frames, "precision", "points", NUMBERS, WORDS)
    settings = style.frame(frames, "precision", "settings", SETTINGS, ("target", "budget")).iloc[0]
    only(points, "precision", {"measure": tuple(MEASURES), "role": ROLES})
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


def only(table: pd.DataFrame, figure: str, known: Mapping[str, Sequence[str]]) -> None:
    """Checks that each of those columns of words holds nothing but those that are known.

    Raises:
        AcryptoError: it holds another one, which is named.
    """
    for column, words in known.items():
        strange = [word for word in table[column] if word not in words]
        if strange:
            there = ", ".join(words)
            raise AcryptoError(f"The figure {figure} knows no {column} {strange[0]!r}; there are {there}.")


def looks(table: pd.DataFrame, column: str) -> dict[str, Look]:
    """How each cipher, or whatever the column names, is drawn in every panel, the target before the controls."""
    ordered = table.sort_values("role", ascending=False, kind="stable") if "role" in table else table
    return {
        name: Look(name, COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)], DASHES[i % len(DASHES)], bool(i % 2))
        for i, name in enumerate(ordered[column].drop_duplicates())
    }


def over_replicas(rows: pd.DataFrame, by: str, measure: str) -> pd.DataFrame:
    """For each place the median over the replicas that have a value, with its interval; of a single value its own.

    Args:
        rows: by, measure, low and high, a row a replica.
    Returns:
        by, measure, measure_low and measure_high, as `intervals.series` takes them, and replicas, in the order of by.
    """
    made = []
    for place, group in rows[rows[measure].notna()].groupby(by):
        values = group[measure].tolist()
        if len(values) > 1:
            middle, low, high = median_interval(values)
        else:
            middle, low, high = values[0], *group[["low", "high"]].iloc[0].fillna(values[0])
        made.append((place, middle, low, high, len(values)))
    return pd.DataFrame(made, columns=[by, measure, f"{measure}_low", f"{measure}_high", "replicas"])


def intervals(table: pd.DataFrame) -> str:
    """What lines and bars are, in words."""
    count = table["replica"][table["role"] == "target"].nunique() if "role" in table else table["replica"].nunique()
    if count < 2:
        return "Bars: the interval of each value"
    return (
        f"Medians over {count} replicas, faint: each of them; bars: 95 % interval of the median, below 6 replicas "
        "their range; of a single value its own interval"
    )


def missing(
    table: pd.DataFrame,
    columns: tuple[str, str, str],
    value: str,
    names: Mapping[str, str],
    words: Callable[[Sequence[float]], str],
) -> str:
    """What there is no value of, in a sentence: what (at which places, of whom), and how many of single replicas.

    Args:
        columns: who, what and where.
        names: of each `what` that there should be.
        words: for some places.
    """
    who, what, where = columns
    counts = table[table[value].notna()].groupby([who, what, where])["replica"].nunique()
    everyone, places = table[who].drop_duplicates().tolist(), sorted(table[where].unique())
    lost: dict[tuple[str, tuple[float, ...]], list[str]] = {}
    for one, each in product(everyone, names):
        if gone := tuple(place for place in places if (one, each, place) not in counts.index):
            lost.setdefault((each, gone), []).append(one)
    said = []
    for (each, gone), ciphers in lost.items():
        at = f" at {words(gone)}" if len(gone) < len(places) else ""
        said.append(f"{names[each]}{at}" + (f" ({', '.join(ciphers)})" if len(ciphers) < len(everyone) else ""))
    if len(said) > NAMED:
        others = sum(len(gone) * len(ciphers) for (_, gone), ciphers in list(lost.items())[NAMED:])
        said[NAMED:] = [f"{others} other points"]
    replicas = table.groupby(who)["replica"].nunique()
    if few := int(replicas.loc[counts.index.get_level_values(0)].sum() - counts.sum()):
        said.append(f"{few} values of single replicas")
    return f"Not measured: {'; '.join(said)}" if said else ""


def faint(replicas: int) -> float:
    """How opaque single replicas are, so many of them."""
    return max(0.1, min(0.4, 4 / max(replicas, 1)))


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
            label = f"Bob of {cipher}" if player == "Bob" else f"Eve against {cipher}"
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
        axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", color=style.COLOURS["quiet"])


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
    guessing = ((2.0**-bits, f"2^−{bits:g}"), (0.0, "0"), (bits / 2, f"{bits / 2:g}"))
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
