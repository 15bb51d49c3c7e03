"""Progress on stderr: plain lines at a modest cadence, a live display on a terminal, silence when asked for."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from adversarial_crypto.cli.progress import BLOCKS, Live, Plain, Silent, sparkline, talker
from adversarial_crypto.games import Watched
from adversarial_crypto.lab.events import Compiling, Curve, Event, Note, Progress, Started

NAN = float("nan")
STARTED = Started(Path("runs/x"), "quick", "ab" * 32, 8, 10_000, "compiled", "cpu", "enough work", None)
BOB, EVE = (Watched(name, f"{name.lower()}_bits_wrong", "bits wrong of 16", 8.0) for name in ("Bob", "Eve"))
SEEN = Progress(
    phase="training", step=1200, steps=10_000, passed=2, diverged=1, curves=(
        Curve(BOB, (8.0, 6.0, 3.41)), Curve(EVE, (8.0, 7.5, 7.02))
    ), seconds_left=80.0, at_most=True, rate=812.0,
)  # fmt: skip


def lines(talk: Silent, events: list[Event], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What is said of events, on stderr alone."""
    with talk:
        for event in events:
            talk(event)
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.splitlines()


def test_plain_line_says_all(capsys: pytest.CaptureFixture[str]) -> None:
    """A line tells phase, step, Bob and Eve in bits with what guessing gives, the counts, rate and estimate."""
    assert lines(Plain(), [STARTED, SEEN], capsys) == [
        "quick in runs/x: 8 replicas of up to 10,000 steps, compiled on cpu (enough work).",
        "training: step 1,200 of 10,000 (12 %), Bob █▇▄ 3.41, Eve ███ 7.02 bits wrong of 16 (guessing: 8), "
        "passed 2, diverged 1, at most 80 s left at 812 replica-steps/s",
    ]


def test_plain_cadence(capsys: pytest.CaptureFixture[str]) -> None:
    """Progress is told every ten seconds and at each change of phase; notes and compiling at once."""
    now = iter([0.0, 4.0, 9.9, 10.1, 10.2, 10.3])
    events: list[Event] = [SEEN, SEEN, Note("A plateau."), SEEN, SEEN, replace(SEEN, phase="protocol")]
    said = lines(Plain(clock=lambda: next(now)), [*events, Compiling("one step")], capsys)
    kinds = [line.split(":")[0].split(".")[0] for line in said]
    assert kinds == ["training", "A plateau", "training", "protocol", "Compiling one step"]


def test_silence(capsys: pytest.CaptureFixture[str]) -> None:
    """--quiet says nothing at all."""
    talk = talker(quiet=True)
    talk.tell("Stopping.")
    assert lines(talk, [STARTED, SEEN, Note("A plateau.")], capsys) == []


def test_plain_off_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Off a terminal the lines are plain; on one the display is live, unless it cannot move its cursor."""
    assert isinstance(talker(quiet=False), Plain)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(talker(quiet=False), Live)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(talker(quiet=False), Plain)


def test_live_display() -> None:
    """On a terminal the display shows the same, with a bar, both curves, and that a stop was asked for."""
    from rich.console import Console

    console = Console(file=io.StringIO(), force_terminal=True, width=120, color_system=None)
    with Live(console) as live:
        live(STARTED)
        live(Compiling("one step"))
        live(SEEN)
        live(Note("A plateau."))
        live.tell("Stopping at a checkpoint.")
    console.print(live._render())
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    for words in (
        *("quick in runs/x", "A plateau.", "training", "━", "step 1,200 of 10,000 (12 %)", "at most 80 s left"),
        *(
            "3.41 bits wrong of 16 (guessing: 8)",
            "7.02 bits wrong",
            BLOCKS[-1],
            "passed 2, diverged 1",
            "Stopping at a",
        ),
    ):
        assert words in text, words


@pytest.mark.parametrize(
    ("history", "width", "expected"),
    [
        ((), 8, ""),
        ((0.0, 4.0, 8.0), 8, "▁▅█"),
        ((-1.0, 9.0, NAN), 8, "▁█ "),
        (tuple(range(8)), 8, BLOCKS),
        (tuple(range(8)) + (0.0,) * 8, 2, "█▁"),
    ],
)
def test_sparkline(history: tuple[float, ...], width: int, expected: str) -> None:
    """A curve from 0 to guessing: values outside go to the ends, none leaves a gap, and the newest is always seen."""
    assert sparkline(history, 8.0, width) == expected


def test_all_diverged(capsys: pytest.CaptureFixture[str]) -> None:
    """Where every replica has diverged there is no median, and the line says – for it."""
    curves = tuple(Curve(each, (8.0, NAN)) for each in (BOB, EVE))
    gone = replace(SEEN, curves=curves, seconds_left=None, rate=0.0)
    [line] = lines(Plain(), [gone], capsys)
    assert "Eve █  – bits wrong of 16" in line.replace("█   –", "█  –")
    assert line.endswith("time left unknown")
