"""Ctrl-C, SIGTERM and the time limit stop a run at a checkpoint, and the same line brings it to the same end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
from cli_runs import PLAIN, start, tiny

from adversarial_crypto.cli.stopping import Stopping, parse_duration

FILES = ("config.toml", "metrics.csv", "protocol.csv", "players.safetensors", "snapshots.safetensors")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("1.5", 1.5),
        ("45s", 45),
        ("90m", 5400),
        ("2h", 7200),
        ("1h30m", 5400),
        ("1d", 86400),
        ("1.5H", 5400),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    """A time limit is seconds, or amounts with units, one after another."""
    assert parse_duration(None, None, text) == seconds  # type: ignore[arg-type]


def test_time_limit() -> None:
    """The limit is a reason from its moment on, and is told once."""
    now, told = [100.0], list[str]()
    stopping = Stopping(60, told.append, clock=lambda: now[0])
    assert stopping() is None
    now[0] = 159.9
    assert stopping() is None
    now[0] = 160.0
    assert [stopping(), stopping()] == ["time limit", "time limit"]
    assert len(told) == 1


def test_signals_become_reasons() -> None:
    """SIGTERM is "terminate", SIGINT "interrupt"; a second SIGINT raises at once; afterwards all is as before."""
    before, told = signal.getsignal(signal.SIGINT), list[str]()
    with Stopping(None, told.append) as stopping:
        assert stopping() is None
        os.kill(os.getpid(), signal.SIGTERM)
        assert stopping() == "terminate"
        os.kill(os.getpid(), signal.SIGINT)
        assert stopping() == "interrupt"
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert len(told) == 2
    assert signal.getsignal(signal.SIGINT) is before


def begin(line: list[str | Path], folder: Path) -> subprocess.Popen[str]:
    """Start a run and wait until it tells of its training."""
    process = start(line, folder)
    assert process.stderr
    for said in process.stderr:
        if said.startswith("training: "):
            return process
    raise AssertionError(f"the run ended with {process.wait()} before it began")


def finish(line: list[str | Path], folder: Path) -> dict[str, object]:
    """Run to the end; the document."""
    with start([*line, "--json"], folder) as process:
        out, said = process.communicate()
    assert process.returncode == 0, said
    document = json.loads(out)
    assert isinstance(document, dict)
    return document


def command(folder: Path) -> list[str | Path]:
    """A run of some seconds, as it is written in a folder."""
    return ["run", tiny(folder, steps="60"), *PLAIN]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the command makes when nobody stops it."""
    folder = tmp_path_factory.mktemp("undisturbed")
    finish([*command(folder), "-o", "run"], folder)
    return folder / "run"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 75)])
def test_stopped_and_continued(number: signal.Signals, code: int, undisturbed: Path, tmp_path: Path) -> None:
    """A signal stops a run with its exit code; the same line continues it to the bytes of an undisturbed run."""
    line = command(tmp_path)
    with begin([*line, "-o", "run"], tmp_path) as process:
        process.send_signal(number)
        out, said = process.communicate(timeout=60)
    assert process.returncode == code
    assert out == ""
    assert "stopping at a checkpoint" in said.lower()
    assert "run the same command again to continue" in said.splitlines()[-1]
    assert "Traceback" not in said
    assert not (tmp_path / "run" / "summary.json").exists()
    assert not (tmp_path / "run" / "lease.json").exists()
    assert finish([*line, "-o", "run"], tmp_path)["steps"] == 60
    for name in FILES:
        assert (tmp_path / "run" / name).read_bytes() == (undisturbed / name).read_bytes(), name
