"""What a folder of results holds, for the page: read from its files alone, and checked where their hashes are known."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adversarial_crypto import config
from adversarial_crypto.errors import StoreError
from adversarial_crypto.report.players import playground
from adversarial_crypto.store.atomic import damaged, read_bytes, read_sealed
from adversarial_crypto.store.manifest import ATTACKS, CONFIG, MANIFEST, PLAYERS, PROTOCOL, SNAPSHOTS, SUMMARY

if TYPE_CHECKING:
    from adversarial_crypto.figures import Frames

PROVENANCE, CLAIMS, VERDICTS, SWEEP, RESULTS = (
    "provenance.json",
    "claims.csv",
    "verdicts.csv",
    "sweep.toml",
    "results.csv",
)
Table = Sequence[Mapping[str, str]]


@dataclass
class Subject:
    """A folder of results.

    Args:
        path: the folder; kind: "run", "attack", "sweep" or "target" (of `acrypto reproduce`).
        sentence: what came out, in words; empty where the tables say it.
        figures: name -> the tables that it is drawn from.
        tables: caption -> rows.
        texts: caption -> a file's text, such as the configuration.
        facts: where it comes from, name -> value.
        hashes: file -> sha256.
        playground: the players, or why there are none; None: nobody would look for them here.
    """

    path: Path
    kind: str
    sentence: str = ""
    figures: dict[str, Frames] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    playground: dict[str, Any] | str | None = None

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.path.resolve().name


def subjects(path: Path) -> list[Subject]:
    """All that is found in a folder: itself, or else what its folders hold; a run's attacks come after it.

    Raises:
        StoreError: nothing to report there, or a damaged file.
    """
    found = list(_found(path))
    if not found:
        raise StoreError(f"{path} has nothing to report: no complete run, sweep, attack or target of `reproduce`.")
    return found


def _found(path: Path) -> Iterator[Subject]:
    for kind, (mark, read) in KINDS.items():
        if (path / mark).is_file():
            subject = Subject(path, kind, figures=_figures(path))
            read(subject)
            yield subject
            if kind == "run" and (path / ATTACKS).is_dir():
                yield from (each for folder in _folders(path / ATTACKS) for each in _found(folder))
            return
    if path.is_dir():
        for folder in _folders(path):
            yield from _found(folder)


def _folders(path: Path) -> list[Path]:
    return sorted(each for each in path.iterdir() if each.is_dir() and not each.is_symlink())


def _run(subject: Subject) -> None:
    path = subject.path
    summary = read_sealed(path / SUMMARY)
    there = {name: digest for name, digest in summary["files"].items() if (path / name).exists()}
    _refuse_damaged(path, there)
    subject.sentence, subject.hashes = str(summary["verdict"]), there
    words = ("experiment", "id", "replicas", "passed", "robust", "diverged", "steps", "engine", "device")
    subject.facts = {word: str(summary[word]) for word in words if summary.get(word) is not None}
    subject.facts |= _provenance(path / MANIFEST) | _provenance(path / PROVENANCE)
    over = "those that passed" if summary["over"] == "passed" else "all"
    rows = [
        {"measure": name, "median": _number(value["median"]), "95 % interval": _span(value["low"], value["high"])}
        for name, value in summary["measures"].items()
        if value
    ]
    if rows:
        subject.tables[f"Measures over replicas ({over}: {summary['over_replicas']})"] = rows
    if (path / PROTOCOL).exists():
        protocol = _rows(path / PROTOCOL)
        subject.tables["Every replica and fresh adversary"] = protocol
        subject.playground = _playground(path, protocol)
    subject.texts["Configuration"] = _text(path / CONFIG)


def _attack(subject: Subject) -> None:
    if (subject.path / CLAIMS).exists():
        subject.tables["What each attack comes to over the replicas"] = _rows(subject.path / CLAIMS)
    subject.tables["Every finding"] = _rows(subject.path / VERDICTS)
    board = subject.figures.get("board")
    if board is not None:
        subject.sentence = str(board["settings"].iloc[0]["sentence"])
    subject.facts = _provenance(subject.path / PROVENANCE)


def _sweep(subject: Subject) -> None:
    if (subject.path / RESULTS).exists():
        subject.tables["Every point and replica"] = _rows(subject.path / RESULTS)
    subject.texts["The sweep"] = _text(subject.path / SWEEP)
    subject.facts = _provenance(subject.path / PROVENANCE)


def _target(subject: Subject) -> None:
    rows = _rows(subject.path / CLAIMS)
    if rows:
        subject.tables["The paper's claims"] = rows
    subject.facts = _provenance(subject.path / PROVENANCE)
    for path in sorted(subject.path.glob("config*.toml")):
        subject.texts[path.name] = _text(path)


# In this order: a run may have claims beside it, and an attack has a table of claims of its own.
KINDS = {"run": (SUMMARY, _run), "attack": (VERDICTS, _attack), "sweep": (SWEEP, _sweep), "target": (CLAIMS, _target)}


def _figures(path: Path) -> dict[str, Frames]:
    """The figures whose tables lie here or under figures/NAME, as NAME.csv or NAME.TABLE.csv."""
    import pandas as pd

    from adversarial_crypto.figures import FIGURES

    found: dict[str, dict[str, pd.DataFrame]] = {}
    for table in sorted([*path.glob("*.csv"), *path.glob("figures/*/*.csv")]):
        name, _, part = table.stem.partition(".")
        if name in FIGURES:
            found.setdefault(name, {})[part or "metrics"] = pd.read_csv(StringIO(_text(table)))
    return {name: found[name] for name in FIGURES if name in found}


def _playground(path: Path, protocol: Table) -> dict[str, Any] | str:
    from safetensors.numpy import load

    run = config.load(path / CONFIG)
    if not (path / PLAYERS).exists():
        return "The weights of the players are not kept here."
    snapshots = load(read_bytes(path / SNAPSHOTS)) if (path / SNAPSHOTS).exists() else None
    return playground(run, load(read_bytes(path / PLAYERS)), protocol, snapshots)


def _refuse_damaged(path: Path, files: Mapping[str, str]) -> None:
    if found := damaged(path, files):
        raise StoreError("\n".join(sentence for _, sentence in found))


def _provenance(path: Path) -> dict[str, str]:
    """The facts of a JSON file, those within others as "versions.python"."""
    if not path.exists():
        return {}
    try:
        document = json.loads(_text(path))
    except ValueError as error:
        raise StoreError(f"{path} is damaged: it is no JSON.") from error
    return dict(_flat("", document))


def _flat(name: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _flat(f"{name}.{key}" if name else str(key), each)
    elif isinstance(value, list):
        yield name, ", ".join(map(str, value))
    elif value is not None:
        yield name, str(value)


def _rows(path: Path) -> Table:
    return list(csv.DictReader(StringIO(_text(path), newline="")))


def _text(path: Path) -> str:
    try:
        return read_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise StoreError(f"{path} is damaged: it is no text.") from error


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _span(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.4g} to {high:.4g}"
