"""Programs on PATH that test randomness: called where they are, kept as they speak, never needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from adversarial_crypto.lab import outside
from adversarial_crypto.lab.attacked import known_target


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing of the kind but what a test puts there, and little to test."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(outside, "BYTES", 2**10)
    return tmp_path


def program(folder: Path, name: str, text: str) -> None:
    """A program of that name."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_without_them_nothing_is_done(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With neither program there is nothing written and nothing said."""
    monkeypatch.setenv("PATH", str(folder))
    told: list[str] = []
    assert outside.outside_tests(known_target("identity", 8), 0, folder / "out", told.append) == []
    assert told == [] and not (folder / "out").exists()


def test_they_are_given_the_signs(folder: Path) -> None:
    """Each replica's signs of each set are a file of their own; what is printed is kept, and not asked twice."""
    program(folder, "ent", f'echo "$1"; od -An -v -tx1 "$2" | tr -d " \\n"; echo x >> {folder}/calls')
    target, told = known_target("biased_pad(0.4,0.25)", 8), list[str]()
    files = outside.outside_tests(target, 0, folder / "out", told.append)
    assert [path.name for path in files] == [f"ent-{name}-{r}.txt" for name in outside.SETS for r in (0, 1)]
    said = [path.read_text().split() for path in files]
    assert [words[0] for words in said] == ["-t"] * 4
    assert len({words[1] for words in said}) == 4 and {len(words[1]) for words in said} == {2 * 2**10}
    assert outside.outside_tests(target, 0, folder / "out", told.append) == files
    assert (folder / "calls").read_text().count("x") == 4
    assert all("ent looked at the signs too" in text for text in told) and told


def test_plaintexts_in_clear_show(folder: Path) -> None:
    """What the program gets is the ciphertext: of the identity on texts of few ones, few bits are ones."""
    program(folder, "ent", f"cat $2 > {folder}/last")
    outside.outside_tests(known_target("identity", 8), 0, folder / "out", lambda text: None)
    ones = sum(byte.bit_count() for byte in (folder / "last").read_bytes())
    assert 0 < ones < 8 * 2**10 / 4


def test_one_that_fails_is_told(folder: Path) -> None:
    """A program that cannot be started leaves a sentence, and the rest goes on."""
    (folder / "dieharder").write_text("")
    (folder / "dieharder").chmod(0o755)
    told: list[str] = []
    files = outside.outside_tests(known_target("identity", 8), 0, folder / "out", told.append)
    assert len(files) == 2 and "failed" in files[0].read_text()
    assert "dieharder failed" in told[0]
