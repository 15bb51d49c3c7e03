"""The parts of the laboratory that can be checked by hand: tables, verdict, meter, watch, machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from adversarial_crypto import lab
from adversarial_crypto.config import ConfigError
from adversarial_crypto.lab import machine, meter, watch
from adversarial_crypto.lab.outcome import Outcome, outcome
from adversarial_crypto.lab.summary import Facts, summarise
from adversarial_crypto.lab.tables import interval, metrics_header, metrics_rows, protocol_table
from adversarial_crypto.training import Report, Row, prepare

RUN = lab.load("quick")
GAME = prepare(RUN).game
FACTS = Facts("f" * 64, 10_000, 61.5, 1234.5, {"engine": "compiled", "device": "cpu"})


def made(passed: bool, bob: float, fresh: float, step: int = 4_000, diverged: bool = False) -> Outcome:
    """A replica with these test means."""
    names = ("bob_bits_wrong", "bob_bits_flipped", "eve_bits_wrong", "eve_bits_flipped")
    means = dict.fromkeys(names, bob) | {"fresh_eve_bits_wrong": fresh, "fresh_eve_bits_flipped": fresh}
    return Outcome(passed, step if passed else -1, diverged, means)


def report(**changes: object) -> Report:
    """A replica against two networks; the second one's first adversary is the best of all on validation."""
    players = dict.fromkeys(("bob_bits_wrong", "bob_bits_flipped", "eve_bits_wrong", "eve_bits_flipped"), (0.25, 0.1))
    tested = {"eve_bits_wrong": (6.0, 0.1), "eve_bits_flipped": (5.0, 0.1), "bob_bits_wrong": (0.25, 0.1)}
    stronger = {**tested, "eve_bits_wrong": (3.0, 0.5)}
    given: dict[str, object] = {
        "replica": 3,
        "passed": False,
        "passed_step": -1,
        "validation": {"own": (6.5, 6.0), "a,b": (3.1, 7.0)},
        "best": {"own": 1, "a,b": 0},
        "adversary": {"own": tested, "a,b": stronger},
        "players": players,
    }
    return Report(**(given | changes))  # type: ignore[arg-type]


def test_interval_is_two_standard_errors() -> None:
    """The 95 % interval of a mean over a test draw is 1.96 standard errors to each side."""
    assert interval(6.0, 0.1) == pytest.approx((6.0, 5.804, 6.196), abs=1e-4)


def test_metrics_text_reads_back_exactly() -> None:
    """Numbers are written so that they read back to the bit, and flags as 0 and 1."""
    third = 1 / 3
    text = metrics_header(["a"]) + metrics_rows([Row(200, 1, {"a": third}, True, False)], ["a"])
    assert text == f"step,replica,a,passed,diverged\n200,1,{third!r},1,0\n"


def test_protocol_lines_by_hand() -> None:
    """Each network's best has the test columns; a name with a comma is quoted; not passed leaves the step empty."""
    lines = protocol_table([report()], GAME).splitlines()
    assert lines[1] == "3,own,0,0,,6.5,0,,,,,,,,,,"
    assert lines[2].startswith("3,own,1,0,,6.0,1,6.0,5.80")
    assert lines[2].endswith(",0.25,0.25,0.25,0.25")
    assert lines[3].startswith('3,"a,b",0,0,,3.1,1,3.0,')
    assert len(lines) == 5


def test_best_over_networks() -> None:
    """The fresh Eve that counts is the best on validation over all networks, quoted as it did on test."""
    assert outcome(report(), False, GAME).means["fresh_eve_bits_wrong"] == 3.0
    assert outcome(report(validation={}, best={}, adversary={}), False, GAME).means.keys() == report().players.keys()


def test_robust_needs_all_three() -> None:
    """Robust is passed, Bob within his limit on test, and the best fresh Eve at least 6 of 16 bits wrong."""
    cases = [made(True, 0.01, 6.0), made(True, 0.06, 7.0), made(True, 0.01, 5.9), made(False, 0.01, 7.0)]
    assert [each.robust(GAME) for each in cases] == [True, False, False, False]


def test_verdict_by_hand() -> None:
    """The words carry the counts, the medians, the intervals, the budget, the plateau and the diverged."""
    passing = [
        made(True, 0.01, fresh, step)
        for fresh, step in zip((5.0, 6.1, 6.2, 6.3, 6.4, 6.5), range(4000, 4600, 100), strict=True)
    ]
    rest = [made(False, 7.99, 8.0), made(False, 1.0, 5.0), made(False, 3.0, 3.0, diverged=True)]
    summary = summarise(RUN, GAME, passing + rest, FACTS)
    assert (summary["passed"], summary["robust"], summary["diverged"], summary["over_replicas"]) == (6, 5, 1, 6)
    words = summary["verdict"]
    for part in (
        "6 of 9 replicas passed (67 %, 95 % interval 35–88 %)",
        "the median one passed at step 4,250",
        "the best of 2 fresh Eves (3,000 steps at batch 512 each) has 6.25 bits wrong",
        "(median, 95 % interval 5.00–6.50)",
        "5 of 9 are robust (56 %, 95 % interval 27–81 %)",
        "1 replica was still on the plateau",
        "1 replica left the plateau and did not reach the thresholds",
        "1 replica diverged",
        "no proof of secrecy",
    ):
        assert part in words, words


def test_verdict_without_a_pass_claims_nothing() -> None:
    """A verdict on replicas that learned nothing calls none robust or secret: the trap of the untrained cipher."""
    words = summarise(RUN, GAME, [made(False, 8.0, 8.0)] * 3, FACTS)["verdict"]
    assert words.startswith("0 of 3 replicas passed")
    assert "robust" not in words
    assert "nothing has been learned that could be secret" in words


class Clock:
    """A clock to set by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr("time.monotonic", lambda: self.now)


def test_meter_leaves_compiling_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rate is that of the beats after the first that steps, over all attempts; the seconds are all seconds."""
    clock = Clock(monkeypatch)
    first = meter.Meter()
    first.start(0)
    for now, step in ((105, 0), (150, 10), (151, 20), (152, 20)):
        clock.now = now
        first.beat(step)
    assert first.rate == pytest.approx(10 / 2)
    second = meter.Meter(**first.saved())  # type: ignore[arg-type]
    second.start(20)
    for now, step in ((190, 30), (191, 60)):
        clock.now = now
        second.beat(step)
    assert second.rate == pytest.approx(40 / 3)
    assert second.seconds == pytest.approx(91)
    alone = meter.Meter()
    alone.start(0)
    clock.now = 195
    alone.beat(8)
    alone.rest()
    assert alone.rate == pytest.approx(2)


def test_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most four events a second, a rate over the last seconds, an upper bound, a plateau note once a minute."""
    clock, told = Clock(monkeypatch), list[lab.Event]()
    observer = watch.Watch(RUN, GAME, {"training": 8, "protocol": 8}, told.append)
    means = {"bob_bits_wrong": 7.99, "eve_bits_wrong": 7.5}
    rows = [Row(0, 0, means, False, False), Row(0, 1, {**means, "bob_bits_wrong": 8.01}, False, False)]
    observer.record([*rows, Row(0, 2, dict.fromkeys(means, float("nan")), False, True)])
    for step in range(0, 10_001, 10):
        observer.beat("training", step, 10_000)
        clock.now += 0.1
    progress = [event for event in told if isinstance(event, lab.Progress)]
    assert len(progress) <= 1 + 100 / 0.25
    middle = progress[len(progress) // 2]
    assert [curve.value for curve in middle.curves] == [8.0, 7.5]
    assert (middle.diverged, middle.at_most) == (1, True)
    assert middle.rate == pytest.approx(800)
    assert middle.seconds_left == pytest.approx((10_000 - middle.step) / 100)
    notes = [event.text for event in told if isinstance(event, lab.Note)]
    assert len(notes) == 2
    assert "Still on the plateau at step 10: Bob has 8.00 bits wrong of 16" in notes[0]
    observer.record([Row(10, 0, {**means, "bob_bits_wrong": 0.5}, True, False)])
    clock.now += 100
    observer.beat("training", 10_000, 10_000)
    assert len([event for event in told if isinstance(event, lab.Note)]) == 2


def test_probe() -> None:
    """The CPU is always there; threads are those asked for, else those that this process may use."""
    asked = lab.probe("cpu", 3, True)
    assert (asked.device, asked.threads, asked.tf32) == ("cpu", 3, True)
    assert 1 <= lab.probe("cpu").threads <= (os.cpu_count() or 1)
    for device in ("gpu", "cuda:", "cuda:x", ""):
        with pytest.raises(ConfigError, match="unknown device"):
            lab.probe(device)


def test_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiler is what CXX names or g++ or clang++ on the path, and counts only with Python's headers."""
    for name in ("clang++", "mine"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "Python.h").touch()
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    assert machine.compiler("cpu") == "clang++"
    machine.use_compiler("cpu")
    assert os.environ["CXX"] == "clang++"
    monkeypatch.setenv("CXX", "mine")
    assert machine.compiler("cpu") == "mine"
    monkeypatch.setenv("CXX", "missing")
    assert machine.compiler("cpu") is None
    monkeypatch.setenv("CXX", "mine")
    (tmp_path / "Python.h").unlink()
    assert machine.compiler("cpu") is None


def test_figures_of_an_unfinished_run(tmp_path: Path) -> None:
    """A run without saved records has no figure yet, and says so."""
    from lab_runs import tiny

    from adversarial_crypto.errors import StoreError

    with pytest.raises(KeyboardInterrupt):
        tiny(tmp_path / "run", stop=_interrupt)
    with pytest.raises(StoreError, match="no saved records"):
        lab.figures(tmp_path / "run")
    with pytest.raises(lab.Stopped):
        tiny(tmp_path / "run", stop=lambda: "terminate")
    assert [path.name for path in lab.figures(tmp_path / "run")] == [
        f"training_curves.{k}" for k in ("csv", "pdf", "png")
    ]


def _interrupt() -> None:
    raise KeyboardInterrupt
