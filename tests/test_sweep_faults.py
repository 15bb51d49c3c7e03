"""Sweeps that are killed, hang, crash, meet each other or a full disk: the same shards as in peace, each once."""

from __future__ import annotations

import os
import resource
import signal
import threading
from pathlib import Path

import pytest
from sweep_runs import driver, hashes, patient, pid_at_work, swept, tiny

from adversarial_crypto import lab
from adversarial_crypto.errors import EnvironmentProblem
from adversarial_crypto.lab import Stopped
from adversarial_crypto.store.ledger import Ledger

pytestmark = pytest.mark.fault

# A network whose building does something once: {once} is tried where the key has two bits and the mark is not there.
TROUBLE = """
import os, signal, time
from pathlib import Path
from adversarial_crypto.networks.dense import build as dense

MARK = Path({mark!r})


def build(in_width, out_width, init):
    if in_width == 6 and not MARK.exists():
        {once}
    return dense(in_width, out_width, init)
"""
KEYS = '[grid]\n"game.key_bits" = [2, 4, 6]\n'


def troubled(folder: Path, once: str) -> tuple[Path, Path]:
    """A sweep over three key sizes whose Alice makes trouble where K = 2, and the mark that ends it."""
    mark = folder / "mark"
    (folder / "trouble.py").write_text(TROUBLE.format(mark=str(mark), once=once))
    source = tiny(folder, KEYS)
    source.write_text(source.read_text().replace('alice = "dense"', 'alice = "trouble.py:build"'))
    return source, mark


def in_peace(source: Path, mark: Path, folder: Path) -> dict[str, str]:
    """The shards' hashes of the same sweep where nothing happens."""
    had = mark.exists()
    mark.touch()
    swept(source, folder / "peace")
    if not had:
        mark.unlink()
    return hashes(folder / "peace")


def test_a_killed_worker(tmp_path: Path) -> None:
    """SIGKILL in the middle of a shard: it is tried again from where it was, and the attempt is on record."""
    source, out = tiny(tmp_path), tmp_path / "sweep"
    killed: list[int] = []

    def kill() -> None:
        patient(lambda: (pid_at_work(out) or os.getpid()) != os.getpid())
        pid = pid_at_work(out)
        if pid is not None and pid != os.getpid():
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    thread = threading.Thread(target=kill)
    thread.start()
    result, told = swept(source, out, executor="local", workers=1)
    thread.join()
    assert killed and not result.failed and result.committed == 4
    (failed,) = (each for each in told if each.became == "failed")
    assert "attempt 1 of 3 failed: killed by signal 9" in failed.text
    (record,) = Ledger.open(out).failures(failed.shard)
    assert record["signal"] == 9 and record["peak_bytes"] > 10**7
    swept(source, tmp_path / "serial")
    assert hashes(out) == hashes(tmp_path / "serial")


def test_a_worker_that_hangs(tmp_path: Path) -> None:
    """A worker that writes nothing for long is ended, and its shard tried again."""
    source, mark = troubled(tmp_path, "MARK.touch(); time.sleep(3600)")
    result, told = swept(source, tmp_path / "sweep", executor="local", workers=1, stall=25.0)
    assert mark.exists() and not result.failed
    assert [each.became for each in told].count("failed") == 1
    assert hashes(tmp_path / "sweep") == in_peace(source, mark, tmp_path)


def test_a_shard_that_always_crashes(tmp_path: Path) -> None:
    """Three attempts, the others finish, exit code 1, status names it; --retry-failed then makes it alone."""
    source, mark = troubled(tmp_path, "os.kill(os.getpid(), signal.SIGKILL)")
    out = tmp_path / "sweep"
    process = driver(source, out, "--workers", "1")
    _, said = process.communicate(timeout=240)
    assert process.returncode == 1, said
    found = lab.status(out)
    assert (found.committed, found.shards, found.count("failed")) == (2, 3, 1)
    (failed,) = found.begun
    assert failed.failures == 3 and "signal 9" in failed.error
    assert said.count(failed.shard) >= 3 and "given up after 3 of 3 attempts" in said
    mark.touch()
    again, told = swept(source, out)
    assert list(again.failed) == [failed.shard] and "--retry-failed" in told[0].text
    result, told = swept(source, out, retry_failed=True)
    assert [each.shard for each in told] == [failed.shard] and not result.failed
    assert hashes(out) == in_peace(source, mark, tmp_path)


def test_fail_fast_stops(tmp_path: Path) -> None:
    """Without keep_going the first shard that is given up ends the sweep, and what is done stays."""
    source, _ = troubled(tmp_path, "raise RuntimeError('no such day')")
    result, told = swept(source, tmp_path / "sweep", keep_going=False)
    # A network that fails on its trial input is a mistake of the configuration: it is not tried three times.
    assert next(iter(result.failed.values())).count("no such day") == 1
    assert [each.became for each in told] == ["failed"] and result.committed == 0


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No room for a shard's files: the sweep ends with that sentence, and goes on when there is room."""
    source, out = tiny(tmp_path), tmp_path / "sweep"
    swept(source, out, share=(1, 2))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, hard))
    try:
        with pytest.raises(EnvironmentProblem, match="disk is full"):
            swept(source, out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    result, _ = swept(source, out)
    swept(source, tmp_path / "serial")
    assert result.committed == 4 and hashes(out) == hashes(tmp_path / "serial")


def test_damaged_work_is_set_aside(tmp_path: Path) -> None:
    """An attempt whose records were damaged while it was stopped fails once; the shard is then made anew."""
    source, out = tiny(tmp_path, '[grid]\n"game.key_bits" = [2]\n'), tmp_path / "sweep"
    asked = iter([None] * 4)
    with pytest.raises(Stopped):
        swept(source, out, stop=lambda: next(asked, "time limit"))
    ((shard, work),) = Ledger.open(out).begun()
    assert work is not None and (work / "metrics.csv").stat().st_size > 300
    (work / "metrics.csv").write_text("step,replica\n")
    result, told = swept(source, out)
    assert [each.became for each in told] == ["failed", "committed"] and not result.failed
    assert (out / "attempts" / shard / "1.corrupt-1" / "metrics.csv").exists()
    swept(source, tmp_path / "serial")
    assert hashes(out) == hashes(tmp_path / "serial")


def test_a_different_duplicate_ends_with_a_failure(tmp_path: Path) -> None:
    """A second run of a shard with other bytes: exit code 1, the first stays, and it is said where the second is."""
    from test_sweep_ledger import second, with_other_rows

    source, out = tiny(tmp_path), tmp_path / "sweep"
    swept(source, out, share=(1, 2))
    ledger = Ledger.open(out)
    shard = min(ledger.committed())
    work = second(ledger, shard)
    with_other_rows(work)
    assert ledger.commit(shard, work) == "different"
    process = driver(source, out, "--executor", "inline")
    _, said = process.communicate(timeout=240)
    assert process.returncode == 1 and f"Shard {shard} has a second run with other bytes" in said
    swept(source, tmp_path / "serial")
    assert hashes(out) == hashes(tmp_path / "serial")
