"""What is committed under results/ is whole: each figure is what its table draws."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest
from paper_folders import check

from adversarial_crypto import lab
from adversarial_crypto.config import identity, load
from adversarial_crypto.figures import FIGURES, render
from adversarial_crypto.lab import claims
from adversarial_crypto.lab.attack_claims import attack_claims, markdown

ROOT = Path(__file__).parent.parent
FOLDERS = sorted(path.parent for path in (ROOT / "results").rglob("config.toml"))
SWEEPS = sorted(path.parent for path in (ROOT / "results").rglob("sweep.toml"))
ATTACKED = sorted(path.parent for path in (ROOT / "results" / "attacks").rglob("verdicts.csv"))
TARGETS = sorted(path.parent for path in (ROOT / "results" / "paper").glob("*/provenance.json"))


def test_there_are_results() -> None:
    """The sweeps below run over something."""
    assert FOLDERS


def tables_of(folder: Path) -> dict[str, dict[str, pd.DataFrame]]:
    """The figures of a folder and their tables: FIGURE.csv, where there is one, or FIGURE.TABLE.csv each."""
    found: dict[str, dict[str, pd.DataFrame]] = {}
    for path in folder.glob("*.csv"):
        figure, _, table = path.stem.partition(".")
        if figure in FIGURES:
            found.setdefault(figure, {})[table or "metrics"] = pd.read_csv(path)
    return found


@pytest.mark.parametrize(
    "folder", [*FOLDERS, *SWEEPS, *ATTACKED], ids=lambda folder: folder.relative_to(ROOT).as_posix()
)
def test_figures_are_redrawn_from_their_tables(folder: Path) -> None:
    """The committed PDF is, byte for byte, what the committed tables draw now."""
    drawn = tables_of(folder)
    assert drawn and {path.stem for path in folder.glob("*.pdf")} == set(drawn)
    for figure, frames in drawn.items():
        assert render(FIGURES[figure](frames))["pdf"] == (folder / f"{figure}.pdf").read_bytes()
        assert (folder / f"{figure}.png").stat().st_size > 10_000


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.relative_to(ROOT).as_posix())
def test_provenance_fits_the_configuration(folder: Path) -> None:
    """The configuration can be run again, and its identity is the one the results were computed under."""
    provenance = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert identity(load(folder / "config.toml"), {}) == provenance["identity"] == summary["id"]
    assert provenance["command"].startswith("acrypto run ")


@pytest.mark.parametrize("folder", SWEEPS, ids=lambda folder: folder.name)
def test_sweeps_are_whole(folder: Path, tmp_path: Path) -> None:
    """Every replica of every shard that sweep.toml plans has its row, and the shards are those that were computed."""
    planned = lab.sweep_plan(folder / "sweep.toml", out=tmp_path / "none")
    rows = pd.read_csv(folder / "results.csv")
    shards = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))["shards"]
    assert {each[:10] for each in shards} == set(rows["shard"]) and len(shards) == planned.shards
    assert len(rows) == len(rows[["point", "replica"]].drop_duplicates()) == planned.replicas


def test_the_papers_targets_are_whole() -> None:
    """Each target under results/paper is as `reproduce` leaves it, and the table of claims covers them all."""
    assert TARGETS
    for folder in TARGETS:
        check(folder, folder.name)
    found = pd.concat([pd.read_csv(folder / "claims.csv") for folder in TARGETS])
    every = pd.read_csv(ROOT / "results" / "paper" / "claims.csv")
    tested = every[every["verdict"] != "not tested"]
    assert set(tested["claim"]) == set(found["claim"]) and len(every) == len(claims.claims())


@pytest.mark.parametrize("folder", ATTACKED, ids=lambda folder: folder.name)
def test_attacks_say_what_their_findings_say(folder: Path) -> None:
    """The claims over replicas follow from the findings of each, and the players attacked are those that are here."""
    table = pd.read_csv(folder / "verdicts.csv", dtype=object).astype(object)
    rows = [{name: _value(name, cell) for name, cell in row.items()} for row in table.to_dict("records")]
    told = attack_claims(rows)
    assert markdown(folder.name, told).encode() == (folder / "claims.md").read_bytes()
    kept = pd.read_csv(folder / "claims.csv")
    pd.testing.assert_frame_equal(pd.DataFrame(told).astype({"bits": float}), kept, check_dtype=False)
    provenance = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
    players = (ROOT / "results" / folder.name / "players.safetensors").read_bytes()
    assert provenance["players"] == hashlib.sha256(players).hexdigest()
    assert provenance["command"].startswith("acrypto attack ")


def _value(name: str, cell: str) -> str | int | float | None:
    """A cell of verdicts.csv as what it was."""
    if cell != cell or cell == "":
        return None if name in ("bits", "value", "low", "high", "p", "p_holm", "chance") else ""
    if name in ("replica", "bits"):
        return int(cell)
    return float(cell) if name in ("value", "low", "high", "p", "p_holm", "chance") else cell
