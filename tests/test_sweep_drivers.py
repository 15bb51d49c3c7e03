"""Drivers of a sweep that are killed, or meet each other: the same shards as in peace, each once."""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path

import pytest
from sweep_runs import GRID, driver, hashes, patient, pid_at_work, swept, tiny

from adversarial_crypto.store.ledger import Ledger

pytestmark = pytest.mark.fault


def test_the_driver_is_killed_five_times(tmp_path: Path) -> None:
    """SIGKILL to the driver at random, in the middle of the sweep for certain; the same command ends with the same."""
    source, out = tiny(tmp_path, GRID.replace("[2, 4]", "[2, 4, 6]")), tmp_path / "sweep"
    rng = random.Random(5)
    kills = begun = 0
    while kills < 5:
        process = driver(source, out, "--workers", "2", "-q")
        seen = lambda: pid_at_work(out) not in (None, process.pid) or process.poll() is not None  # noqa: B023, E731
        patient(seen)
        time.sleep(rng.uniform(0, 0.3))
        assert process.poll() is None, "the sweep was over before it was killed; make it longer"
        begun += (out / "shards").is_dir()
        process.kill()
        process.communicate()
        kills += 1
        left = len(Ledger.open(out).plan) - len(Ledger.open(out).committed())
        if left <= 2 and kills < 5:  # the rest of the kills needs something to kill
            for shard in sorted(Ledger.open(out).committed())[:4]:
                shutil.rmtree(out / "shards" / shard)
    assert begun == 5
    process = driver(source, out, "--workers", "2")
    _, said = process.communicate(timeout=240)
    assert process.returncode == 0, said
    swept(source, tmp_path / "serial")
    assert hashes(out) == hashes(tmp_path / "serial")
    assert (out / "results.csv").read_bytes() == (tmp_path / "serial" / "results.csv").read_bytes()


def test_two_drivers_on_one_directory(tmp_path: Path) -> None:
    """Two commands at once: every shard once, nothing in quarantine, both end well."""
    source, out = tiny(tmp_path), tmp_path / "sweep"
    both = [driver(source, out, "--workers", "1") for _ in range(2)]
    said = [process.communicate(timeout=240)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    swept(source, tmp_path / "serial")
    assert hashes(out) == hashes(tmp_path / "serial")
    assert not Ledger.open(out).quarantined()


def test_an_orphan_saves_itself(tmp_path: Path) -> None:
    """When the driver dies its workers stop at a checkpoint and go, so that the next driver need not wait for them."""
    source = tiny(tmp_path, '[grid]\n"game.key_bits" = [2]\n')
    out = tmp_path / "sweep"
    long = ("-s", "train.steps=1000000", "-s", "train.record_every=100000", "-s", "train.batch=4096")
    process = driver(source, out, "--workers", "1", *long)
    patient(lambda: pid_at_work(out) not in (None, process.pid))
    pid = pid_at_work(out)
    assert pid is not None
    process.kill()
    process.communicate()
    patient(lambda: pid_at_work(out) is None)
    patient(lambda: not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().split(")")[1][:3])
    assert list(out.glob("attempts/*/1/checkpoints/step-*"))
