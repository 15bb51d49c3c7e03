"""The replicas of a target beside known ciphers: who is drawn how, medians with intervals, and what is not measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product

import pandas as pd
from matplotlib.axes import Axes

from adversarial_crypto.errors import AcryptoError
from adversarial_crypto.figures import style
from adversarial_crypto.figures.intervals import Look
from adversarial_crypto.numerics.statistics import median_interval

ROLES = ("target", "control")
COLOURS = [style.COLOURS[name] for name in ("eve", "paper", "public", "bob", "quiet")]  # the target is the first
MARKERS = "osD^vPX"
DASHES = ("-", "--", ":", "-.")
NAMED = 4  # gaps in the table, past which they are counted
LONG = 32  # letters of a name, past which a legend with it is wider than a figure
FEW = 6  # replicas, below which the interval of a median is their range


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


def one_role(table: pd.DataFrame, figure: str) -> None:
    """Checks that no cipher is target and control at once, for both would be drawn as one.

    Raises:
        AcryptoError: one is, which is named.
    """
    roles = table.groupby("cipher")["role"].nunique()
    if (roles > 1).any():
        raise AcryptoError(
            f"The figure {figure} has one role for a cipher, but {roles.idxmax()} is target and control."
        )


def looks(table: pd.DataFrame, column: str) -> dict[str, Look]:
    """How each cipher, or whatever the column names, is drawn in every panel, the target before the controls.

    The heading names the target in full, so that a legend need not where its name is long.
    """
    ordered = table.sort_values("role", ascending=False, kind="stable") if "role" in table else table
    targets = set(ordered[column][ordered["role"] == "target"]) if "role" in table else set()
    found = {}
    for i, name in enumerate(ordered[column].drop_duplicates()):
        label = "the target" if name in targets and len(name) > LONG else name
        found[name] = Look(
            label, COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)], DASHES[i % len(DASHES)], bool(i % 2)
        )
    return found


def over_replicas(rows: pd.DataFrame, by: str, measure: str) -> pd.DataFrame:
    """For each place the median over the replicas that have a value, with its interval; of a single value its own.

    Args:
        rows: by, measure, low and high, a row a replica.
    Returns:
        by, measure, measure_low and measure_high, as `intervals.series` takes them, in the order of by.
    """
    made = []
    for place, group in rows[rows[measure].notna()].groupby(by):
        values = group[measure].tolist()
        if len(values) > 1:
            middle, low, high = median_interval(values)
        else:
            middle, low, high = values[0], *group[["low", "high"]].iloc[0].fillna(values[0])
        made.append((place, middle, low, high))
    return pd.DataFrame(made, columns=[by, measure, f"{measure}_low", f"{measure}_high"])


def intervals(table: pd.DataFrame) -> str:
    """What lines and bars are, in words."""
    count = table["replica"][table["role"] == "target"].nunique() if "role" in table else table["replica"].nunique()
    if count < 2:
        return "Bars: the interval of each value"
    bars = "their range" if count < FEW else f"95 % intervals, below {FEW} values the range"
    return f"Medians over {count} replicas (faint: each); bars: {bars}, of one value its own"


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


def nothing(axes: Axes) -> None:
    """Says on empty axes that they are not empty by mistake."""
    axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", color=style.COLOURS["quiet"])
