"""store: kills, a full disk and a second writer at any moment, and the same command continues."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from store_runs import (
    COMPLETE,
    CONFIG,
    DETERMINISTIC,
    STEPS,
    arrays,
    duplicate,
    files,
    finish,
    open_run,
    template,
    work,
)

from adversarial_crypto.errors import EnvironmentProblem, StoreError
from adversarial_crypto.store import atomic, sums, verify


@pytest.mark.fault
@pytest.mark.parametrize("where", ["write_synced", "_place", "sync_directory"])
def test_failure_inside_a_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """Whatever fails while a checkpoint is written, the one before it stays and nothing else is left."""
    path = tmp_path / "run"

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with open_run(path) as run:
        work(run, until=2)
        with monkeypatch.context() as patch, pytest.raises(EnvironmentProblem, match="disk is full"):
            patch.setattr(sums, where, fails)
            run.checkpoint(3, arrays(3), {"at": 3})
    left = sorted(os.listdir(path / "checkpoints"))
    assert left == ["step-000000001", "step-000000002"]
    with open_run(path) as run:
        assert run.resumed and run.resumed.step == 2


@pytest.mark.fault
def test_what_a_kill_leaves_is_swept(tmp_path: Path) -> None:
    """Half a checkpoint, half a summary and rows after the checkpoint vanish when the same command continues."""
    run = duplicate("unfinished", tmp_path)
    (run / "checkpoints" / ".tmp-0123-step-000000004").mkdir()
    (run / "checkpoints" / ".tmp-0123-step-000000004" / "state.safetensors").write_bytes(b"half")
    (run / ".tmp-0123-summary.json").write_bytes(b"half")
    (run / "players.safetensors").write_bytes(b"half a commit")
    with open(run / "metrics.csv", "ab") as file:
        file.write(b"4,0.2")
    assert verify(run) == []
    with open_run(run) as again:
        assert again.resumed and again.resumed.step == 3
        assert sorted(os.listdir(run / "checkpoints")) == ["step-000000002", "step-000000003"]
        assert {"players.safetensors", ".tmp-0123-summary.json"}.isdisjoint(os.listdir(run))
        assert (run / "metrics.csv").read_text().endswith("3,0.3333333333333333\n")


@pytest.mark.fault
def test_kill_between_summary_and_clean_up(tmp_path: Path) -> None:
    """A kill right after the commit mark leaves a complete run, and the same command tidies what stood around."""
    run = duplicate("unfinished", tmp_path)
    shutil.copytree(template("complete"), run, dirs_exist_ok=True)
    assert verify(run) == []
    with open_run(run) as again:
        assert again.complete and again.summary()["passed"] == 1
    assert files(run) == sorted(COMPLETE)


@pytest.mark.fault
def test_kill_during_creation(tmp_path: Path) -> None:
    """A kill before config.toml, before manifest.json or before anything is continued by the same command."""
    path = tmp_path / "run"
    open_run(path).close()
    inputs = ["networks/my_net.py", "config.toml"]
    for lost in (inputs[:1], ["metrics.csv", "log.txt", *inputs], ["metrics.csv", "log.txt", *inputs, "manifest.json"]):
        for name in lost:
            (path / name).unlink()
        if len(lost) == 5:
            (path / "networks").rmdir()
        (path / ".tmp-0123-manifest.json").write_bytes(b"{")
        with open_run(path) as run:
            assert run.config_text == CONFIG and run.resumed is None
        assert not (path / ".tmp-0123-manifest.json").exists()


CHILD = """
import sys
sys.path.insert(0, {tests!r})
import store_runs as t
with t.open_run(t.Path({path!r})) as run:
    {body}
"""


def child(path: Path, body: str, before: str = "") -> subprocess.Popen[str]:
    """Another process of the same command."""
    code = before + CHILD.format(tests=str(Path(__file__).parent), path=str(path), body=body)
    root = Path(__file__).parent.parent
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", code], cwd=root, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


@pytest.mark.fault
def test_kill_nine_and_the_second_writer(tmp_path: Path) -> None:
    """A second writer is refused while the first lives, and takes over once it is killed; the files end byte-equal."""
    path = tmp_path / "run"
    for until in (2, 4):
        with child(path, f"t.work(run, {until}, lambda s: s == {until} and (print(flush=True), input()))") as first:
            # Now it waits inside step `until`: the row is written, the checkpoint is not.
            assert first.stdout and first.stdout.readline() == "\n"
            for fresh in (False, True):
                with pytest.raises(StoreError, match=f"in use by process {first.pid} on "):
                    open_run(path, fresh=fresh)
            first.send_signal(signal.SIGKILL)
    with open_run(path) as run:
        assert run.resumed and run.resumed.step == 3
        work(run)
        finish(run)
    for file in DETERMINISTIC:
        assert (path / file).read_bytes() == (template("complete") / file).read_bytes()


@pytest.mark.fault
def test_disk_full(tmp_path: Path) -> None:
    """A full disk is exit code 3 with the last checkpoint intact; with space again the same command continues."""
    path = tmp_path / "run"
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))\n"
    body = """
    run.append_metrics('step,bob\\n')
    for step in (1, 2, 3):
        if step == 3:
            t.arrays = lambda _: {'alice': t.np.zeros((1000, 1000), t.np.float32)}
        run.append_metrics(f'{step},{1 / step}\\n')
        try:
            run.checkpoint(step, t.arrays(step), {'at': step})
        except Exception as error:
            print(type(error).__name__, error.exit_code, error, sep='|')
    try:
        run.append_metrics('x' * 5000)
    except Exception as error:
        print(type(error).__name__, error.exit_code, error, sep='|')
    """
    out, err = child(path, body, limit).communicate(timeout=60)
    lines = out.splitlines()
    assert err == "" and [line.split("|")[:2] for line in lines] == [["EnvironmentProblem", "3"]] * 2
    assert "The disk is full while writing" in lines[0] and "run the same command again" in lines[0]
    assert "metrics.csv" in lines[1] and (path / "metrics.csv").stat().st_size < 100
    assert verify(path) == [] and sorted(os.listdir(path / "checkpoints")) == ["step-000000001", "step-000000002"]
    with open_run(path) as run:
        assert run.resumed and run.resumed.step == 2
        work(run)
        finish(run)
    assert (path / "metrics.csv").read_bytes() == (template("complete") / "metrics.csv").read_bytes()


def test_two_writers_are_noticed_without_the_lease(tmp_path: Path) -> None:
    """Rows that another process slipped in are noticed before a checkpoint or a commit vouches for them."""
    with open_run(tmp_path / "run") as run:
        work(run)
        run.write_players(arrays(1), {})
        run.write_protocol("replica\n")
        rows = (tmp_path / "run" / "metrics.csv").read_bytes()
        (tmp_path / "run" / "metrics.csv").write_bytes(rows.replace(b"0.5", b"0.4"))  # as long as before
        with pytest.raises(StoreError, match=r"metrics\.csv is damaged"):
            run.commit({})
        (tmp_path / "run" / "metrics.csv").write_bytes(rows + b"1,1\n")
        with pytest.raises(StoreError, match=r"metrics\.csv was changed by another process"):
            run.checkpoint(STEPS, arrays(STEPS), {})
    assert not (tmp_path / "run" / "summary.json").exists()


def test_a_lost_lease_stops_the_writer(tmp_path: Path) -> None:
    """A writer whose lease was taken over writes no checkpoint and no summary any more."""
    with open_run(tmp_path / "run") as run:
        lease = atomic.read_sealed(tmp_path / "run" / "lease.json")
        atomic.write_sealed(tmp_path / "run" / "lease.json", {**lease, "token": "another"})
        with pytest.raises(StoreError, match="taken over by another process"):
            run.checkpoint(1, arrays(1), {})
