"""store: every damaged file is named by verify, refused by every door, and repaired by starting from what is whole."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from store_runs import (
    COMPLETE,
    CONFIG,
    DAMAGE,
    DETERMINISTIC,
    STEP2,
    STEP3,
    UNFINISHED,
    arrays,
    duplicate,
    files,
    finish,
    flip,
    open_run,
    template,
    work,
)

from adversarial_crypto.errors import StoreError
from adversarial_crypto.store import RunDir, checkpoints, read_figure, repair, verify


def test_the_lists_of_files_are_whole() -> None:
    """The damage below is done to every file that a run has, complete or not."""
    assert files(template("complete")) == sorted(COMPLETE)
    assert files(template("unfinished")) == sorted(UNFINISHED)
    assert verify(template("complete")) == verify(template("unfinished")) == []
    assert verify(template("complete").parent) == []


@pytest.mark.fault
@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", COMPLETE)
def test_damage_to_a_complete_run(tmp_path: Path, name: str, damage: str) -> None:
    """A damaged file of a complete run is named by verify, alone, and no door loads it; repaired, the run is whole."""
    run = duplicate("complete", tmp_path)
    DAMAGE[damage](run / name)
    assert [problem.file for problem in verify(run)] == [name]
    assert [problem.file for problem in verify(run.parent)] == [f"run/{name}"]
    assert name.split("/")[-1] in verify(run)[0].sentence
    if name.startswith("figures/"):
        with pytest.raises(StoreError, match=re.escape(name)):
            read_figure(run, "training")
        assert RunDir.read(run).complete
    else:
        for door in (RunDir.read, open_run):
            with pytest.raises(StoreError, match=re.escape(name)):
                door(run)
    assert files(run) == sorted(COMPLETE)  # a look changes nothing
    repair(run)
    with open_run(run) as again:
        if not again.complete:
            work(again)
            finish(again)
    assert verify(run) == verify(run.parent) == []


@pytest.mark.fault
@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", UNFINISHED)
def test_damage_to_an_unfinished_run(tmp_path: Path, name: str, damage: str) -> None:
    """A damaged file of an unfinished run is named by verify, never loaded; repaired, the command ends byte-equal."""
    run = duplicate("unfinished", tmp_path)
    DAMAGE[damage](run / name)
    assert {problem.file for problem in verify(run)} == {name}
    if name in ("config.toml", "manifest.json", "metrics.csv", "networks/my_net.py"):
        with pytest.raises(StoreError, match=re.escape(name)):
            open_run(run)
    if name == "lease.json":
        os.utime(run / name, (0, 0))
    repair(run)
    with open_run(run) as again:
        work(again)
        finish(again)
    assert verify(run) == []
    for file in DETERMINISTIC:
        assert (run / file).read_bytes() == (template("complete") / file).read_bytes()


@pytest.mark.parametrize("name", COMPLETE)
def test_missing_file_of_a_complete_run(tmp_path: Path, name: str) -> None:
    """A file that is missing from a complete run is named by verify; only without its summary is the run unfinished."""
    run = duplicate("complete", tmp_path)
    (run / name).unlink()
    assert [problem.file for problem in verify(run)] == ([name] if name != "summary.json" else [])


def test_foreign_files_are_named(tmp_path: Path) -> None:
    """A file slipped into a committed directory is named; a user's own note beside the run is nobody's business."""
    run = duplicate("complete", tmp_path)
    (run / "figures" / "training" / "extra.csv").write_text("1")
    (run / "notes.md").write_text("mine")
    assert [problem.file for problem in verify(run)] == ["figures/training/extra.csv"]


@pytest.mark.fault
def test_damaged_checkpoint_is_passed_over(tmp_path: Path) -> None:
    """A damaged newest checkpoint is set aside with a warning that names it, and the one before it is continued."""
    run = duplicate("unfinished", tmp_path)
    flip(run / STEP3 / "state.safetensors")
    with open_run(run) as again:
        assert again.resumed and again.resumed.step == 2
        assert len(again.warnings) == 1 and f"{STEP3}/state.safetensors is damaged" in again.warnings[0]
        assert again.read_metrics() == "step,bob\n1,1.0\n2,0.5\n"
    assert sorted(os.listdir(run / "checkpoints")) == ["step-000000002", "step-000000003.corrupt-1"]


@pytest.mark.fault
def test_no_checkpoint_left_starts_over(tmp_path: Path) -> None:
    """With every checkpoint damaged the run starts at step 0 and still ends byte-equal."""
    run = duplicate("unfinished", tmp_path)
    for step in (STEP2, STEP3):
        flip(run / step / "SHA256SUMS")
    with open_run(run) as again:
        assert again.resumed is None and len(again.warnings) == 2
        work(again)
        finish(again)
    assert (run / "metrics.csv").read_bytes() == (template("complete") / "metrics.csv").read_bytes()


@pytest.mark.fault
def test_damaged_metrics_advise(tmp_path: Path) -> None:
    """Damaged rows are refused, both ways out named, and repair falls back to the checkpoint that they still fit."""
    run = duplicate("unfinished", tmp_path)
    rows = (run / "metrics.csv").read_bytes()
    (run / "metrics.csv").write_bytes(rows[:-3] + b"9\n\n")
    with pytest.raises(StoreError, match=r"metrics\.csv is damaged.*--fresh.*--repair"):
        open_run(run)
    repair(run)
    with open_run(run) as again:
        assert again.resumed and again.resumed.step == 2
    assert open_run(run, fresh=True).moved == run.with_name("run.old-1")


def test_verify_sees_a_checkpoint_of_another_run(tmp_path: Path) -> None:
    """A checkpoint copied from a run with other settings is named and not continued from."""
    run = duplicate("unfinished", tmp_path)
    with open_run(tmp_path / "other", identity="c" * 64, config_text=CONFIG + "x = 1\n") as other:
        place = other.checkpoint(9, arrays(9), {})
        shutil.copytree(place, run / "checkpoints" / place.name)
    assert [problem.file for problem in verify(run)] == ["checkpoints/step-000000009"]
    with pytest.raises(StoreError, match="belongs to another run"):
        open_run(run)


def test_repair_waits_for_the_living(tmp_path: Path) -> None:
    """Repair leaves a run alone in which another process is writing."""
    with open_run(tmp_path / "run") as run:
        work(run, until=3)
        flip(checkpoints.names(run.path)[0] / "state.safetensors")
        with pytest.raises(StoreError, match="in use by"):
            repair(tmp_path)
    assert [place.name for _, place in repair(tmp_path)] == ["step-000000002.corrupt-1"]
