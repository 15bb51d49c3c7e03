"""Attacks side by side in processes of their own: the same findings, whoever dies or is stopped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_runs import call

from adversarial_crypto import lab
from adversarial_crypto.config import ConfigError
from adversarial_crypto.lab.events import AttackProgress, Note

SIZES = ("message_bits=4", "key_bits=4")
# An attack of a user's who prints, and whose process is killed the first time.
FATAL = """
import os, signal
from pathlib import Path
from dataclasses import replace
from adversarial_crypto.attacks.ind_cpa import ATTACK as OTHER

def run(cipher, budget, seeds):
    print("on the way")
    if not Path("died").exists():
        Path("died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    yield from OTHER.run(cipher, budget, seeds)

ATTACK = replace(OTHER, run=run)
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def attacked(*attacks: str, out: str, told: list[object] | None = None, **options: object) -> lab.AttackResult:
    """Attacks on a leaking cipher of 4 bits."""
    heard = told if told is not None else []
    target = "known:one_bit_key"
    return lab.attack(target, attacks=attacks, settings=SIZES, out=out, progress=heard.append, **options)  # type: ignore[arg-type]


def crowds(told: list[object]) -> list[AttackProgress]:
    """What was said while several were at work."""
    return [each for each in told if isinstance(each, AttackProgress) and each.attack.endswith(" attacks")]


def test_two_at_a_time_find_the_same() -> None:
    """The same table and verdicts as one after the other; what is complete wakes no worker."""
    told: list[object] = []
    serial = attacked("support", "linear", "ind_cpa", out="serial")
    abreast = attacked("support", "linear", "ind_cpa", out="abreast", told=told, workers=2)
    assert abreast.verdicts == serial.verdicts and abreast.board == serial.board and not abreast.already_complete
    assert Path("abreast/verdicts.csv").read_bytes() == Path("serial/verdicts.csv").read_bytes()
    assert crowds(told)[0].doing == "ind_cpa, linear" and 0 <= crowds(told)[-1].share < 1
    told.clear()
    assert attacked("support", "linear", "ind_cpa", out="abreast", told=told, workers=2).already_complete
    assert not crowds(told)


def test_one_that_dies_is_done_by_the_command_itself() -> None:
    """A killed worker is told of, its attack made again, and what a user's file prints is no part of the document."""
    Path("mine.py").write_text(FATAL)
    arguments = ("--attack", "mine.py:ATTACK", "--attack", "linear", "--workers", "2", "-o", "here", "--json")
    done = call("attack", "known:one_bit_key", *(part for size in SIZES for part in ("-s", size)), *arguments)
    assert "killed by signal 9" in done.stderr and "on the way" in done.stderr
    assert {row["attack"] for row in json.loads(done.stdout)["verdicts"]} == {"mine", "linear"}


def test_stopped_they_go_on() -> None:
    """A reason to stop ends them all; the same call continues, also alone, and ends with what one call gives."""
    told: list[object] = []
    line = "support", "linear"
    with pytest.raises(lab.Stopped, match="time limit"):
        attacked(*line, out="here", told=told, workers=2, stop=lambda: "time limit" if crowds(told) else None)
    assert not Path("here/verdicts.csv").exists() and not any(isinstance(each, Note) for each in told)
    assert attacked(*line, out="here").verdicts == attacked(*line, out="there").verdicts


def test_an_absurd_number_of_workers_is_refused() -> None:
    """In one sentence, with nothing written."""
    with pytest.raises(ConfigError, match="workers must be between 1 and 1024, not 0"):
        attacked("support", out="there", workers=0)
    assert not Path("there").exists()
