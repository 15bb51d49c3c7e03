"""A run is found by the name of its experiment, without the digest at the end of its directory's name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cli_runs import call, complete

from adversarial_crypto.cli.place import named

FIRST, SECOND = "tiny-0123456789", "tiny-abcdef0123"


@pytest.fixture(autouse=True)
def _one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(complete(), tmp_path / "runs" / FIRST)
    (tmp_path / "runs" / "tiny-figures").mkdir()  # no digest
    (tmp_path / "runs" / "other-0123456789").mkdir()


@pytest.mark.parametrize("name", ["runs/tiny", "tiny", "runs/tiny/", f"runs/{FIRST}"])
def test_one_is_meant(name: str) -> None:
    """With its folder or without, and one line on stderr says which it is; the whole name is taken as it is."""
    result = call("show", name)
    assert result.exit_code == 0 and "passed" in result.stdout
    said = f"{name.rstrip('/')} is runs/{FIRST}.\n"
    assert result.stderr.startswith(said) == (FIRST not in name)


def test_several_are_asked_about() -> None:
    """Two runs of one experiment: a question with both, and exit code 2."""
    shutil.copytree(complete(), Path("runs") / SECOND)
    result = call("verify", "runs/tiny")
    assert result.exit_code == 2 and result.stdout == ""
    assert f"There is no runs/tiny; which is meant, runs/{FIRST} or runs/{SECOND}?" in result.stderr


def test_what_is_there_is_meant() -> None:
    """A directory of that very name goes first, and what nothing is close to stays as it was typed."""
    Path("runs/tiny").mkdir()
    assert "runs/tiny is not a run directory" in call("show", "runs/tiny").stderr
    assert "nowhere is not a run directory" in call("show", "nowhere").stderr
    assert "figures is not a run directory" in call("show", "figures").stderr
    assert ". is not a run directory" in call("show", ".").stderr


def test_names_of_other_things_are_left_alone() -> None:
    """An experiment and a known cipher are no directories; with a slash it is a run, to continue or to attack."""
    assert [named(text) for text in ("tiny", "known:tiny", "./runs/tiny:build")] == [
        "tiny",
        "known:tiny",
        "./runs/tiny:build",
    ]
    assert named("runs/tiny") == f"runs/{FIRST}"
    result = call("run", "runs/tiny", "-q")
    assert result.exit_code == 0 and f"runs/{FIRST}" in result.output
    result = call("attack", "runs/tiny", "--attack", "key_use", "--replica", "0")
    assert result.exit_code == 0 and list(Path("runs", FIRST, "attacks").glob("*-smoke-*/key_use.json"))
