"""store: a run directory from the first command to the last: who may open it, what is kept, what is read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from store_runs import COMPLETE, CONFIG, STEPS, arrays, duplicate, empty, files, finish, open_run, template, work

from adversarial_crypto.errors import ConfigError, StoreError
from adversarial_crypto.store import RunDir, verify


def test_two_checkpoints_are_kept(tmp_path: Path) -> None:
    """Two checkpoints are kept, the newest by step; the same step again counts as newer; going back is an error."""
    with open_run(tmp_path / "run") as run:
        work(run, until=5)
        run.checkpoint(5, arrays(5), {"at": 5, "again": True})
        with pytest.raises(ValueError, match="step 4 after one at step 5"):
            run.checkpoint(4, arrays(4), {})
    assert sorted(os.listdir(tmp_path / "run" / "checkpoints")) == ["step-000000005", "step-000000005-2"]
    with open_run(tmp_path / "run") as run:
        assert run.resumed and run.resumed.meta == {"at": 5, "again": True}


def test_fresh_moves_ours_aside(tmp_path: Path) -> None:
    """`fresh` keeps the old run whole under the first free name and begins anew, for a damaged run as well."""
    run = duplicate("complete", tmp_path)
    for number in (1, 2):
        with open_run(run, fresh=True) as again:
            assert again.moved == run.with_name(f"run.old-{number}") and not again.complete
    assert files(run.with_name("run.old-1")) == files(template("complete"))
    empty(run / "manifest.json")
    open_run(run, fresh=True).close()
    assert open_run(run.with_name("new"), fresh=True).moved is None


@pytest.mark.parametrize("name", ["thesis.tex", "manifest.json"])
@pytest.mark.parametrize("fresh", [False, True])
def test_a_foreign_directory_is_refused(tmp_path: Path, fresh: bool, name: str) -> None:
    """A directory that is not ours (web apps have a manifest.json too) is neither written to nor moved aside."""
    (tmp_path / name).write_text("{}")
    with pytest.raises(ConfigError, match="not a run of acrypto"):
        open_run(tmp_path, fresh=fresh)
    with pytest.raises(ConfigError, match="not a directory"):
        open_run(tmp_path / name, fresh=fresh)
    assert os.listdir(tmp_path) == [name]
    with pytest.raises(StoreError, match="not a run directory"):
        RunDir.read(tmp_path)
    with pytest.raises(StoreError, match="no run of acrypto"):
        verify(tmp_path)


@pytest.mark.parametrize("kind", ["complete", "unfinished"])
def test_other_settings_are_refused_with_the_difference(tmp_path: Path, kind: str) -> None:
    """Another identity in an existing directory is refused with each differing setting named, names of runs aside."""
    run = duplicate(kind, tmp_path)
    other = CONFIG.replace("512", "1024").replace("tiny", "other").replace("    1,", "    1,\n    2,")
    with pytest.raises(ConfigError) as caught:
        open_run(run, config_text=other, identity="b" * 64, sources={"networks/my_net.py": b"changed"})
    assert caught.value.problems == (
        f"{run} holds a run with other settings (aaaaaaaaaa there, bbbbbbbbbb here):",
        "  replicas.vary = [1,] there, [1,2,] here",
        "  train.batch = 512 there, 1024 here",
        "  networks/my_net.py has another content",
        "Choose another directory with -o, or move that run aside with --fresh.",
    )
    with pytest.raises(ConfigError, match="another version of acrypto's numerics"):
        open_run(run, identity="b" * 64)


def test_execution_is_the_recorded_one(tmp_path: Path) -> None:
    """Execution is recorded at the first start and reused; an explicit different one is refused with the difference."""
    run = duplicate("unfinished", tmp_path)
    with open_run(run, execution={"engine": "compiled", "threads": 8}, asked={"threads": 2}) as again:
        assert again.execution == {"engine": "eager", "threads": 2}
    with pytest.raises(ConfigError, match="was started with engine = eager, not compiled"):
        open_run(run, asked={"engine": "compiled", "threads": 2})


def test_a_complete_run_is_not_written_to(tmp_path: Path) -> None:
    """Opening a complete run again changes no byte and no time of any file, and writing to it is refused."""
    path = duplicate("complete", tmp_path)
    before = {name: ((path / name).read_bytes(), (path / name).stat().st_mtime_ns) for name in files(path)}
    with open_run(path) as run:
        run.log("not written")
        for attempt in (
            lambda: run.append_metrics("1\n"),
            lambda: run.checkpoint(9, arrays(9), {}),
            lambda: run.write_protocol(""),
            lambda: run.commit({}),
        ):
            with pytest.raises(StoreError, match="is complete"):
                attempt()
    assert {name: ((path / name).read_bytes(), (path / name).stat().st_mtime_ns) for name in files(path)} == before


def test_reading_hands_out_what_was_written(tmp_path: Path) -> None:
    """What is read is what was written: players, rows, config; of an unfinished run the rows up to its checkpoint."""
    run = RunDir.read(duplicate("complete", tmp_path))
    players, meta = run.players()
    assert players["alice"].tolist() == arrays(STEPS)["alice"].tolist() and meta == {"players": ["alice"]}
    assert run.read_metrics().splitlines()[:2] == ["step,bob", "1,1.0"] and run.config_text == CONFIG
    assert set(run.summary()["files"]) == {name for name in COMPLETE if not name.startswith(("figures", "summary"))}
    assert run.read_bytes("protocol.csv") == b"replica,network\n0,own\n"


def test_reading_an_unfinished_run(tmp_path: Path) -> None:
    """An unfinished run shows the rows that its newest checkpoint vouches for, and has no players and no summary."""
    path = duplicate("unfinished", tmp_path)
    with open(path / "metrics.csv", "ab") as file:
        file.write(b"4,0.2")
    run = RunDir.read(path)
    assert not run.complete and run.read_metrics().splitlines()[-1] == "3,0.3333333333333333"
    for door in (run.players, run.summary):
        with pytest.raises(StoreError, match="not complete"):
            door()
    with pytest.raises(StoreError, match=r"does not vouch for metrics\.csv"):
        run.read_bytes("metrics.csv")


def test_a_run_commits_only_with_its_results(tmp_path: Path) -> None:
    """The commit mark is refused while players or protocol are not written."""
    with open_run(tmp_path / "run") as run, pytest.raises(ValueError, match=r"players\.safetensors and protocol\.csv"):
        run.commit({})


def test_links_inside_checkpoints(tmp_path: Path) -> None:
    """Links among the checkpoints are dropped when their time comes; what they point to stays."""
    run = duplicate("unfinished", tmp_path)
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.tex").write_text("x")
    for name in ("step-000000001", ".tmp-0123-step-000000001", "link"):
        (run / "checkpoints" / name).symlink_to(tmp_path / "precious")
    with open_run(run) as again:
        work(again)
        assert sorted(os.listdir(run / "checkpoints")) == ["link", "step-000000005", "step-000000006"]
        finish(again)
    assert not (run / "checkpoints").exists() and os.listdir(tmp_path / "precious") == ["thesis.tex"]
