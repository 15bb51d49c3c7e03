"""Snapshots of a training: on their schedule, of the weights that were there, and the end is what was kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from lab_runs import EASY, tiny

from adversarial_crypto import lab
from adversarial_crypto.lab.snapshots import MOST, REPLICAS, schedule
from adversarial_crypto.store.checkpoints import load_arrays


def snapshots(run_dir: Path, result: lab.RunResult) -> dict[str, np.ndarray]:
    """The arrays of snapshots.safetensors."""
    return load_arrays(run_dir / "snapshots.safetensors", result.summary["files"]["snapshots.safetensors"])[0]


def test_the_schedule_begins_early_and_ends_at_the_end() -> None:
    """At most 24 steps, all of them records, the first and the last among them, and gaps that grow."""
    for experiment in ("quick", "paper-n16"):
        run = lab.load(experiment)
        steps = sorted(schedule(run))
        assert steps[0] == 0 and steps[-1] == run.train.steps and 15 < len(steps) <= MOST
        assert all(step % run.train.record_every == 0 for step in steps)
        gaps = np.diff(steps)
        assert gaps[-1] > 3 * gaps[0] and (np.diff(gaps) >= -run.train.record_every).all()


def test_they_are_the_players_as_they_were(tmp_path: Path) -> None:
    """Each snapshot holds every player of the first replicas; a run that ends there has the same players."""
    result = tiny(tmp_path / "run", *EASY, "replicas.count=3")
    found = snapshots(tmp_path / "run", result)
    assert found["step"].tolist() == [0, 4, 8, 12]
    shorter = tiny(tmp_path / "short", *EASY, "replicas.count=3", "train.steps=8")
    for run_dir, outcome, at in ((tmp_path / "run", result, 3), (tmp_path / "short", shorter, 2)):
        kept, _ = load_arrays(run_dir / "players.safetensors", outcome.summary["files"]["players.safetensors"])
        for name, weight in kept.items():
            if not name.startswith("adversary."):
                assert np.array_equal(found[name][at], weight[:REPLICAS]), name
    assert not np.array_equal(found["alice.mix.weight"][0], found["alice.mix.weight"][1])


def test_a_run_that_is_not_drawn_has_none(tmp_path: Path) -> None:
    """Shards of a sweep are tables and players alone."""
    result = tiny(tmp_path / "run", *EASY, draw=True)
    assert (tmp_path / "run" / "snapshots.safetensors").exists() and "snapshots.safetensors" in result.summary["files"]
    lab.run("quick", profile="smoke", overrides=["replicas.count=1"], out=tmp_path / "plain", draw=False,
            engine="eager", threads=1)  # fmt: skip
    assert not (tmp_path / "plain" / "snapshots.safetensors").exists()
