"""docs/security.md: its table is that of the attacks, and the files it shows do what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from adversarial_crypto import lab
from adversarial_crypto.attacks import ATTACKS
from adversarial_crypto.cli.attack import MARKS

TEXT = (Path(__file__).parent.parent / "docs" / "security.md").read_text(encoding="utf-8")
CIPHER, ATTACK, CALL = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
SMALL = ["message_bits=8", "key_bits=8"]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my_cipher.py").write_text(CIPHER, encoding="utf-8")
    Path("my_attack.py").write_text(ATTACK, encoding="utf-8")


def test_the_table_lists_every_attack() -> None:
    """Each attack has its row, in their order, with its scope and tier."""
    rows = re.findall(r"^\| (\w+) \| [^|]+ \| ([\w, ]+) \| (\w+) \| [^|]+ \|$", TEXT, re.MULTILINE)[1:]
    assert [name for name, *_ in rows] == list(ATTACKS)
    for name, scopes, tier in rows:
        assert scopes.split(", ")[0] == ATTACKS[name].scope and tier == ATTACKS[name].tier


def test_every_mark_is_explained() -> None:
    """The marks of the board are those that the text explains."""
    assert {f"**{outcome.replace('_', ' ')}** {mark}" for outcome, mark in MARKS.items()} <= set(
        re.findall(r"^- (\*\*[\w ]+\*\* .)", TEXT, re.MULTILINE)
    )


def test_the_cipher_leaks_what_it_must() -> None:
    """The pad with a key bit too few leaks one relation, of its last two message bits."""
    result = lab.attack("my_cipher.py:build", attacks=["linear"])
    relations = next(row for row in result.verdicts if row["statistic"] == "leaked_relations")
    assert relations["value"] == 1 and result.overall == "broken"


def test_the_attack_breaks_what_it_must() -> None:
    """The attack of the text breaks a cipher in clear and no pad, and its controls hold."""
    broken, held = (
        lab.attack(f"known:{cipher}", attacks=["my_attack.py:ATTACK"], settings=SMALL)
        for cipher in ("identity", "permuted_pad")
    )
    assert (broken.overall, held.overall) == ("broken", "not_broken")
    assert "bits" in held.verdicts[0]["detection_limit"]


def test_the_call_is_one() -> None:
    """The call from Python runs as written."""
    namespace: dict[str, lab.AttackResult] = {}
    exec(compile(CALL, "call", "exec"), namespace)
    assert namespace["result"].overall == "broken"
