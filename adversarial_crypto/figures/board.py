"""What became of each attack on each replica of a target, and beside it on ciphers whose answer is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from adversarial_crypto.errors import AcryptoError
from adversarial_crypto.figures import style
from adversarial_crypto.figures.replicas import ROLES, only

WORDS = ("attack", "scope", "column", "role", "outcome", "expected")
SETTINGS = ("target", "tier", "overall", "sentence")
# scope -> what the attacker is allowed
SCOPES = {
    "one_time": "one_time: a fresh key",
    "known_pair": "known_pair: one known pair",
    "reuse": "reuse: one key, many messages",
    "description": "description: no break",
}
EDGE = "#C4C4C4"
MOST = 24  # replicas, past which they share a column with counts
SLOT = 0.36  # inches of a cell
COUNT = 1.4  # cells that a symbol with its count needs
HEAD = -0.5  # rows from the top of the middle of the words over the columns
NAMES = 2.6  # inches of the words at the left
SMALLEST = 7.2  # inches, for heading and legend


@dataclass(frozen=True)
class Mark:
    """How an outcome is drawn: apart by its sign also in grey."""

    sign: str
    label: str
    paper: str
    ink: str


MARKS = {
    "broken": Mark("✗", "broken", style.COLOURS["eve"], "white"),
    "refuted": Mark("≠", "refuted: a proof", "#7A3500", "white"),
    "not_broken": Mark("○", "not broken", "#DCEBF5", style.COLOURS["bob"]),
    "void": Mark("?", "void: a control came out wrong", "#BDBDBD", "black"),
    "skipped": Mark("–", "skipped", "white", style.COLOURS["quiet"]),
    "": Mark("•", "not run", "white", style.COLOURS["quiet"]),
}
BREAKS = ("broken", "refuted")


@dataclass(frozen=True)
class Column:
    """A place of the board.

    Args:
        rows: of the table, that belong here.
        label: under it.
        left, width: in cells.
    """

    rows: pd.DataFrame
    label: str
    left: float
    width: float


def draw(frames: Mapping[str, pd.DataFrame]) -> Figure:
    """A row an attack, by scope; a column a replica of the target, or one with counts if many; then the controls.

    A control whose outcome is not the expected is framed; where "broken" is expected, "refuted" is too. What is not in
    the table, or has no outcome there, was not run.

    Args:
        frames: {"cells": replica and WORDS, a row a cell; scope one of SCOPES, role "target" or "control", outcome and
            expected one of MARKS; "settings": SETTINGS, one row}.
    Raises:
        AcryptoError: a column is missing or not numeric, there are no rows, two rows are of one cell, or a word is none
            of those.
    """
    cells = style.frame(frames, "board", "cells", ("replica",), WORDS)
    settings = style.frame(frames, "board", "settings", (), SETTINGS).iloc[0]
    for word in ("outcome", "expected"):  # an empty field of a CSV is read as NaN, a whole empty column as numbers
        cells = cells.assign(**{word: cells[word].astype(object).where(cells[word].notna(), "")})
    _check(cells)
    columns, places = _columns(cells), _places(cells)
    width, height = columns[-1].left + columns[-1].width + 0.1, max(places.values()) + 1 - 2 * HEAD
    with style.style():
        figure = style.blank(max(SMALLEST, NAMES + width * SLOT), 2.9 + height * SLOT * 0.8)
        axes, drawn = figure.add_subplot(), set[str]()
        for column in columns:
            for (scope, attack), top in places.items():
                if attack:
                    rows = column.rows[(column.rows["scope"] == scope) & (column.rows["attack"] == attack)]
                    drawn |= _cell(axes, column, top, rows, f"{attack} {scope} {column.label}")
        _axes(axes, columns, places, max(width, (figure.get_figwidth() - NAMES) / SLOT))
        words = f"{settings['target']}, tier {settings['tier']}: {settings['overall']}"
        style.heading(figure, words, _text(settings["sentence"]))
        _legend(figure, drawn, bool(_surprising(cells).any()))
    return figure


def _text(word: object) -> str:
    return word if isinstance(word, str) else ""


def _check(cells: pd.DataFrame) -> None:
    words = tuple(MARKS)
    only(cells, "board", {"scope": tuple(SCOPES), "role": ROLES, "outcome": words, "expected": words})
    twice = cells[cells.duplicated(["scope", "attack", "role", "column", "replica"])]
    if not twice.empty:
        row = twice.iloc[0]
        where = f"{row['attack']} ({row['scope']}) on {row['column']}, replica {row['replica']:g}"
        raise AcryptoError(f"The figure board has one cell for {where}, but the table cells has several rows.")


def _columns(cells: pd.DataFrame) -> list[Column]:
    """The target's replicas, or all of them in one, a gap, and the controls in the order of the table."""
    target, controls = (cells[cells["role"] == role] for role in ROLES)
    made: list[Column] = []
    if target["replica"].nunique() > MOST:
        count = target["replica"].nunique()
        cells_of = target.groupby(["scope", "attack"])["outcome"]
        kinds = (cells_of.nunique() + (cells_of.size() < count)).max()
        made.append(Column(target, f"{count} replicas", 0, COUNT * max(2, kinds)))
    else:
        for place, (number, rows) in enumerate(target.groupby("replica")):
            made.append(Column(rows, f"replica {number:g}", place, 1))
    left = made[-1].left + made[-1].width + 1 if made else 0.0
    for label, each in controls.groupby("column", sort=False):
        for replica, rows in each.groupby("replica"):
            alone = each["replica"].nunique() == 1
            made.append(Column(rows, str(label) if alone else f"{label}, replica {replica:g}", left, 1))
            left += 1
    return made


def _places(cells: pd.DataFrame) -> dict[tuple[str, str], float]:
    """(scope, attack) -> rows from the top; (scope, "") is the scope's name over its attacks."""
    places: dict[tuple[str, str], float] = {}
    top = 0.0
    for scope in SCOPES:
        attacks = cells["attack"][cells["scope"] == scope].drop_duplicates().tolist()
        if not attacks:
            continue
        for attack in ("", *attacks):
            places[scope, attack] = top
            top += 1
        top += 0.3
    return places


def _cell(axes: Axes, column: Column, top: float, rows: pd.DataFrame, gid: str) -> set[str]:
    """Draws the outcome, or of a column of many replicas how many have each, and gives back which there are."""
    found = rows["outcome"].value_counts().to_dict()
    if lost := column.rows["replica"].nunique() - len(rows):
        found[""] = found.get("", 0) + lost
    shown = [outcome for outcome in MARKS if outcome in found]
    for place, outcome in enumerate(shown):
        mark, width = MARKS[outcome], column.width / len(shown)
        corner = (column.left + place * width, top)
        axes.add_patch(Rectangle(corner, width, 1, facecolor=mark.paper, edgecolor=EDGE, linewidth=0.6, gid=gid))
        words = mark.sign if column.width == 1 else f"{mark.sign} {found[outcome]}"
        axes.text(corner[0] + width / 2, top + 0.5, words, ha="center", va="center", color=mark.ink, fontsize=9,
                  gid=gid)  # fmt: skip
    if _surprising(rows).any():
        inside = (column.left + 0.06, top + 0.06)
        axes.add_patch(Rectangle(inside, column.width - 0.12, 0.88, fill=False, edgecolor="black", linewidth=2,
                                 zorder=3, gid=f"unexpected {gid}"))  # fmt: skip
    return set(shown)


def _surprising(rows: pd.DataFrame) -> pd.Series:
    """Which controls came out otherwise than expected."""
    asked = (rows["role"] == "control") & (rows["expected"] != "") & (rows["outcome"] != "")
    as_broken = rows["outcome"].isin(BREAKS) & (rows["expected"] == "broken")
    return asked & (rows["outcome"] != rows["expected"]) & ~as_broken


def _axes(axes: Axes, columns: list[Column], places: Mapping[tuple[str, str], float], width: float) -> None:
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.set_xlim(0, width)
    axes.set_ylim(max(places.values()) + 1.05, 2 * HEAD)
    axes.set_xticks([each.left + each.width / 2 for each in columns], [each.label for each in columns], rotation=90)
    axes.set_yticks([top + 0.5 for top in places.values()], [attack or SCOPES[scope] for scope, attack in places])
    for role, words in zip(ROLES, ("target", "known ciphers"), strict=True):
        firsts = [each.left for each in columns if (each.rows["role"] == role).any()]
        if firsts:
            axes.text(firsts[0], HEAD, words, va="center", fontweight="bold", gid=f"{role} columns")
    for text, (_, attack) in zip(axes.get_yticklabels(), places, strict=True):
        text.set_fontweight("normal" if attack else "bold")


def _legend(figure: Figure, drawn: set[str], surprising: bool) -> None:
    handles = [
        Patch(facecolor=mark.paper, edgecolor=EDGE, label=f"{mark.sign}  {mark.label}")
        for outcome, mark in MARKS.items()
        if outcome in drawn
    ]
    if surprising:
        handles.append(Patch(fill=False, edgecolor="black", linewidth=2, label="a control, not as expected"))
    columns = style.fitting(figure, [str(handle.get_label()) for handle in handles])
    figure.legend(handles=handles, loc="outside lower center", ncols=columns)
