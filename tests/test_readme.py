"""The README says what is there: its tree is the tree, its claims are the committed ones."""

from __future__ import annotations

import re
from pathlib import Path

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
