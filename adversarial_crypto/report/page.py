"""The page itself: what was read, drawn and written into the template."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from adversarial_crypto import __version__
from adversarial_crypto.errors import AcryptoError
from adversarial_crypto.report.read import Subject, Table, subjects
from adversarial_crypto.report.svg import Drawing, drawing

if TYPE_CHECKING:
    import pandas as pd

PLAIN = __name__.rpartition(".")[0]
FEW = 20  # rows of a table that is shown at once, before the figures; longer ones are folded up behind them
MOST_ROWS = 60  # of a table; the rest is in the folder
KINDS = {
    "run": "a run",
    "attack": "attacks",
    "sweep": "a sweep",
    "target": "an experiment of the paper",
}


@dataclass(frozen=True)
class Picture:
    """A figure with the tables behind it."""

    name: str
    drawing: Drawing
    tables: dict[str, Shown]


@dataclass(frozen=True)
class Shown:
    """A table as it is shown: its columns, some of its rows, and how many there are."""

    columns: list[str]
    rows: list[list[str]]
    total: int


def page(folders: Sequence[Path], title: str = "") -> str:
    """One self-contained HTML page about these folders.

    Args:
        folders: runs, sweeps, attacks, targets of `reproduce`, or folders of such.
        title: of the page; empty: made of the folders' names.
    Raises:
        AcryptoError: a folder has nothing to report, a file is damaged, or a table is not what its figure needs.
    """
    found = [subject for folder in folders for subject in subjects(folder)]
    if not found:
        raise AcryptoError("Give at least one folder to report on.")
    environment = Environment(
        loader=PackageLoader(PLAIN, ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["data"] = _data
    chapters = [(f"s{i}", subject, _pictures(subject, f"s{i}")) for i, subject in enumerate(found)]
    series = {f"{key}-{each.name}": each.drawing.series for key, _, pictures in chapters for each in pictures}
    scripts = {name: _file(f"{name}.js") for name in ("networks", "page", "playground")}
    play = {key: subject.playground for key, subject, _ in chapters if isinstance(subject.playground, dict)}
    text: str = environment.get_template("page.html").render(
        title=title or ", ".join(dict.fromkeys(subject.name for subject in found)),
        version=__version__,
        kinds=KINDS,
        FEW=FEW,
        chapters=[(key, subject, pictures, _tables(subject)) for key, subject, pictures in chapters],
        style=Markup(_file("page.css")),
        scripts={name: Markup(text) for name, text in scripts.items()},
        hashes=[_hash(text) for text in scripts.values()],
        series=series,
        play=play,
    )
    return text


def _pictures(subject: Subject, key: str) -> list[Picture]:
    from adversarial_crypto.figures import FIGURES

    pictures = []
    for name, frames in subject.figures.items():
        made = drawing(FIGURES[name](frames), FIGURES[name], f"{key}-{name}")
        tables = {part: _of_frame(frame) for part, frame in frames.items()}
        pictures.append(Picture(name, made, tables))
    return pictures


def _tables(subject: Subject) -> dict[str, Shown]:
    return {caption: _of(rows) for caption, rows in subject.tables.items()}


def _of(rows: Table) -> Shown:
    columns = list(rows[0]) if rows else []
    return Shown(columns, [[_short(row[column] or "") for column in columns] for row in rows[:MOST_ROWS]], len(rows))


def _of_frame(frame: pd.DataFrame) -> Shown:
    cells = [["" if value != value else _short(str(value)) for value in row] for row in frame.head(MOST_ROWS).values]
    return Shown(list(map(str, frame.columns)), cells, len(frame))


def _short(cell: str) -> str:
    """A number with five digits; anything else as it is."""
    try:
        return f"{float(cell):.5g}" if "." in cell or "e" in cell else cell
    except ValueError:
        return cell


def _data(value: Any) -> Markup:
    """JSON that may stand in a script element: nothing in it can end the element."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))


def _file(name: str) -> str:
    return (resources.files(PLAIN) / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """What the page's own policy allows to be executed."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'"
