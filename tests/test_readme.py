"""The README says what is there: its tree is the tree, its claims and figures are the committed ones."""

from __future__ import annotations

import json
import re
from pathlib import Path

from adversarial_crypto.cli.output import duration

ROOT = Path(__file__).parent.parent


def test_the_tree_in_the_readme_is_the_tree() -> None:
    """Every room of the package and every top-level folder stands in the README's tree, and nothing else does."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    tree = text.partition("## The tree\n```\n")[2].partition("```")[0]
    assert tree
    top = set(re.findall(r"^([a-z_]+)/", tree, re.MULTILINE))
    rooms = set(re.findall(r"^  ([a-z_]+)/", tree, re.MULTILINE))
    package = ROOT / "adversarial_crypto"
    assert rooms == {path.parent.name for path in package.glob("*/__init__.py")}
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
    generated = {"runs", "sweeps", "attacks", "build", "dist"}
    assert top - {"results"} == folders - generated - {"results"}


def test_the_claims_in_the_readme_are_the_committed_ones() -> None:
    """The README shows the table of results/paper as `reproduce` wrote it."""
    table = (ROOT / "results" / "paper" / "claims.md").read_text(encoding="utf-8")
    assert table.count("\n") > 10 and table in (ROOT / "README.md").read_text(encoding="utf-8")


def recorded(folder: Path) -> float | None:
    """Seconds of computing that a result recorded: of its runs, of its attacks, or of itself; None where none are."""
    provenance = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
    if "runs" in provenance:
        return sum(float(run["seconds"]) for run in provenance["runs"])
    if "seconds" in provenance:
        return sum(map(float, provenance["seconds"].values()))
    summary = folder / "summary.json"
    return float(json.loads(summary.read_text(encoding="utf-8"))["seconds"]) if summary.exists() else None


def test_every_figure_has_its_command_and_its_time() -> None:
    """Each committed picture stands in one row, with the command and the seconds that its folder recorded."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    log = " ".join((ROOT / "docs" / "log.md").read_text(encoding="utf-8").split())
    rows = re.findall(
        r"^\| [^|]*\| ([^|]*) \| ([^|]*)\| (results/\S+/)(\S+\.png(?:, \S+\.png)*) \|$", text, re.MULTILINE
    )
    named = [ROOT / folder / picture for _, _, folder, pictures in rows for picture in pictures.split(", ")]
    assert sorted(named) == sorted((ROOT / "results").rglob("*.png"))
    for command, time, folder, _ in rows:
        provenance = json.loads((ROOT / folder / "provenance.json").read_text(encoding="utf-8"))
        if command == "of that run":
            continue
        assert command == f"`{provenance['command']}`"
        amount, _, threads = time.strip().partition(", ")
        first = provenance["runs"][0] if "runs" in provenance else provenance
        assert threads == {1: "one thread", 2: "two threads"}[first["execution"]["threads"]], command
        seconds = recorded(ROOT / folder)
        told = re.search(rf"`{re.escape(provenance['command'])}` \([^)]*?; ({amount})\b", log)
        assert amount == (duration(seconds) if seconds else told and told[1]), command
