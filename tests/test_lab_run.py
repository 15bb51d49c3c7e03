"""lab.run: one call from a name to a verdict, the same call again, and what it says on the way."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from lab_runs import EASY, TINY, tiny

from adversarial_crypto import config, lab, store
from adversarial_crypto.config import ConfigError
from adversarial_crypto.training import Training


@pytest.fixture(scope="module")
def told() -> list[lab.Event]:
    """The events of the run of `complete`."""
    return []


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory, told: list[lab.Event]) -> lab.RunResult:
    """A run in which everyone passes at once, drawn and all."""
    return tiny(tmp_path_factory.mktemp("lab") / "run", *EASY, draw=True, progress=told.append)


def test_complete_run_is_sound(complete: lab.RunResult) -> None:
    """A run leaves a complete directory in which every hash is right, and its figure with its table."""
    assert store.verify(complete.run_dir) == []
    assert {path.name for path in complete.run_dir.iterdir()} == {
        *("config.toml", "manifest.json", "log.txt", "metrics.csv", "players.safetensors", "protocol.csv"),
        *("snapshots.safetensors", "summary.json", "figures"),
    }
    assert set(store.read_figure(complete.run_dir, "training_curves")) == {
        f"training_curves.{kind}" for kind in ("csv", "png", "pdf")
    }
    assert [path.name for path in complete.figures()] == ["training_curves.png"]


def test_metrics_table(complete: lab.RunResult) -> None:
    """metrics.csv has one row for each record and replica, from step 0 to the last, in the contract's columns."""
    metrics = complete.metrics()
    assert ",".join(metrics.columns) == (
        "step,replica,bob_bits_wrong,bob_bits_flipped,eve_bits_wrong,eve_bits_flipped,passed,diverged"
    )
    assert metrics[["step", "replica"]].values.tolist() == [[s, r] for s in (0, 4, 8, 12) for r in (0, 1)]
    assert set(metrics["passed"]) == {1}
    assert metrics["bob_bits_wrong"].between(0, 4).all()


def test_protocol_table(complete: lab.RunResult) -> None:
    """protocol.csv has a row for each fresh adversary; the best by validation alone is quoted, with its interval."""
    table = complete.protocol()
    assert ",".join(table.columns) == (
        "replica,network,adversary,passed,passed_step,validation_bits_wrong,best,bits_wrong,bits_wrong_low,"
        "bits_wrong_high,bits_flipped,bits_flipped_low,bits_flipped_high,bob_bits_wrong,bob_bits_flipped,"
        "eve_bits_wrong,eve_bits_flipped"
    )
    assert table[["replica", "adversary"]].values.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert set(table["network"]) == {"own"}
    assert set(table["passed_step"]) == {0}
    best = table.loc[table.groupby("replica")["validation_bits_wrong"].idxmin()]
    assert table["best"].sum() == 2
    assert best["best"].tolist() == [1, 1]
    assert table["bits_wrong"].notna().tolist() == (table["best"] == 1).tolist()
    assert (best["bits_wrong_low"] < best["bits_wrong"]).all()
    assert (best["bits_wrong"] < best["bits_wrong_high"]).all()
    assert (best["bits_wrong_high"] - best["bits_wrong_low"]).max() < 0.4  # 1,024 messages of 4 bits


def test_summary(complete: lab.RunResult) -> None:
    """summary.json carries the contract's numbers, taken of the tables' best rows, over the replicas that passed."""
    summary = complete.summary
    assert json.loads((complete.run_dir / "summary.json").read_text())["verdict"] == summary["verdict"]
    expected = {
        "schema": "acrypto.run/1",
        "experiment": "quick",
        "replicas": 2,
        "passed": 2,
        "diverged": 0,
        "steps": 12,
    }
    assert expected.items() <= summary.items()
    assert {"engine": "eager", "device": "cpu", "over": "passed", "over_replicas": 2}.items() <= summary.items()
    assert summary["seconds"] > 0
    assert summary["replica_steps_per_second"] > 0
    best = complete.protocol().query("best == 1")
    columns = {"fresh_eve_bits_wrong": "bits_wrong", "fresh_eve_bits_flipped": "bits_flipped"}
    for name, measure in summary["measures"].items():
        values = best[columns.get(name, name)]
        assert measure == pytest.approx({"median": values.median(), "low": values.min(), "high": values.max()})
    assert len(summary["measures"]) == 6
    assert summary["rates"]["passed"] == pytest.approx({"k": 2, "n": 2, "low": 0.3424, "high": 1}, abs=1e-4)
    robust = ((best["bits_wrong"] >= 1.5) & (best["bob_bits_wrong"] <= 4)).sum()
    assert summary["robust"] == summary["rates"]["robust"]["k"] == robust


def test_verdict_names_budget_and_limits(complete: lab.RunResult) -> None:
    """The verdict states how many passed, the budget of the fresh Eves, and that it is no proof of secrecy."""
    verdict = complete.summary["verdict"]
    assert verdict.startswith("2 of 2 replicas passed (100 %, 95 % interval 34–100 %)")
    assert "the best of 2 fresh Eves (4 steps at batch 16 each)" in verdict
    assert "guessing is 2" in verdict
    assert "no proof of secrecy" in verdict


def test_events(complete: lab.RunResult, told: list[lab.Event]) -> None:
    """The run tells where it works, how far it is in both phases, and at the end its result."""
    assert isinstance(told[0], lab.Started)
    assert (told[0].run_dir, told[0].replicas, told[0].steps, told[0].resumed_step) == (complete.run_dir, 2, 12, None)
    progress = [event for event in told if isinstance(event, lab.Progress)]
    assert [p for p in progress if p.phase == "training"][-1].step == 12
    last = progress[-1]
    assert (last.phase, last.step, last.steps, last.passed) == ("protocol", 8, 8, 2)
    medians = complete.metrics().groupby("step")["bob_bits_wrong"].median().tolist()
    bob, eve = last.curves
    assert (bob.watched.label, eve.watched.label) == ("Bob", "Eve")
    assert list(bob.history) == pytest.approx(medians)
    assert bob.value == bob.history[-1]
    assert told[-1] == lab.Finished(complete)


def test_again_is_complete(complete: lab.RunResult) -> None:
    """The same call again says already complete, writes nothing, and so does the run directory by its path."""
    before = {path: path.stat().st_mtime_ns for path in complete.run_dir.rglob("*")}
    again = tiny(complete.run_dir, *EASY)
    by_path = lab.run(complete.run_dir)
    assert again.already_complete
    assert by_path.already_complete
    assert again.summary == by_path.summary == complete.summary
    assert {path: path.stat().st_mtime_ns for path in complete.run_dir.rglob("*")} == before


def test_missing_figure_is_drawn_again(tmp_path: Path) -> None:
    """A run whose figure was cut short is complete; the next call draws it."""
    first = tiny(tmp_path / "run", draw=True)
    names = store.read_figure(first.run_dir, "training_curves")
    (first.run_dir / "figures" / "training_curves").rename(tmp_path / "away")
    assert tiny(tmp_path / "run", draw=True).already_complete
    assert store.read_figure(first.run_dir, "training_curves") == names


def test_other_settings_are_refused(complete: lab.RunResult) -> None:
    """Other settings, and an execution that was named and differs, are refused with the difference."""
    with pytest.raises(ConfigError, match=r"train.batch = 16 there, 32 here"):
        tiny(complete.run_dir, *EASY, "train.batch=32")
    with pytest.raises(ConfigError, match=r"threads = 1, not 2"):
        tiny(complete.run_dir, *EASY, threads=2)


def test_players_are_those_of_the_training(complete: lab.RunResult) -> None:
    """players.safetensors holds each player by full name with R leading, as trained, and each best fresh Eve."""
    arrays, meta = store.Run.read(complete.run_dir).players()
    assert meta["identity"] == complete.summary["id"]
    assert {name.split(".")[0] for name in arrays} == {"alice", "bob", "eve", "adversary"}
    assert {array.shape[0] for array in arrays.values()} == {2}
    from adversarial_crypto.training import Engine, Machine, prepare

    training = Training(prepare(config.load(complete.run_dir / "config.toml")), Engine("eager", Machine()))
    for _ in training.beats():
        pass
    trained = {
        name: tensor.numpy()
        for coalition, flat in training.players().items()
        for name, tensor in training.layouts[coalition].named(flat).items()
    }
    for name, array in trained.items():
        assert np.array_equal(arrays[name], array), name
    assert not np.array_equal(arrays["adversary.own.eve.mix.weight"], arrays["eve.mix.weight"])


def test_nobody_passed(tmp_path: Path) -> None:
    """Nobody having passed is a result: the verdict says so and what a plateau is, the measures are over all."""
    summary = tiny(tmp_path / "run").summary
    assert (summary["passed"], summary["robust"], summary["over"]) == (0, 0, "all")
    assert summary["verdict"].startswith("0 of 2 replicas passed")
    assert "no proof" not in summary["verdict"]
    assert not math.isnan(summary["measures"]["fresh_eve_bits_wrong"]["median"])


def test_no_adversaries(tmp_path: Path) -> None:
    """Without fresh adversaries the protocol has a row a replica, and robustness is unknown, not zero."""
    result = tiny(tmp_path / "run", *EASY, "protocol.adversaries=0")
    assert result.summary["robust"] is None
    assert result.summary["measures"]["fresh_eve_bits_wrong"] is None
    assert result.summary["rates"]["robust"] is None
    assert "no fresh Eve was trained" in result.summary["verdict"].replace("No", "no")
    table = result.protocol()
    assert table["replica"].tolist() == [0, 1]
    assert table["bob_bits_wrong"].notna().all()
    assert table["adversary"].isna().all()


def test_varied_learning_rates(tmp_path: Path) -> None:
    """Varied values times count replicas stand in one array, and the first value's are the run of that value alone."""
    wide = tiny(tmp_path / "wide", 'replicas.vary={"train.learning_rate"=[0.002, 0.02]}').metrics()
    alone = tiny(tmp_path / "alone", "train.learning_rate=0.002").metrics()
    assert wide["replica"].nunique() == 4
    np.testing.assert_allclose(wide[wide["replica"] < 2].to_numpy(), alone.to_numpy(), atol=1e-5)
    last = wide[wide["step"] == 12].set_index("replica")["eve_bits_wrong"]
    assert abs(last[0] - last[2]) > 1e-4


def test_diverged_replica(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A replica that diverges leaves the others' rows as they are, and the run does not wait for it."""
    sound = tiny(tmp_path / "sound", "train.stop=steps")
    begin = Training.__init__

    def poisoned(self: Training, *arguments: object) -> None:
        begin(self, *arguments)  # type: ignore[arg-type]
        self.states[0].weights["alice_bob"][1, 0] = math.nan

    monkeypatch.setattr(Training, "__init__", poisoned)
    result = tiny(tmp_path / "poisoned", "train.stop=steps")
    metrics, others = result.metrics(), sound.metrics()
    assert metrics.query("replica == 0").equals(others.query("replica == 0"))
    assert metrics.query("replica == 1 and step == 4")["diverged"].tolist() == [1]
    assert (result.summary["diverged"], result.summary["over_replicas"]) == (1, 1)
    assert "1 replica diverged" in result.summary["verdict"]

    def hopeless(self: Training, *arguments: object) -> None:
        begin(self, *arguments)  # type: ignore[arg-type]
        self.states[0].weights["alice_bob"][:, 0] = math.nan

    monkeypatch.setattr(Training, "__init__", hopeless)
    summary = tiny(tmp_path / "hopeless").summary
    assert (summary["steps"], summary["diverged"], summary["over_replicas"]) == (4, 2, 0)
    assert set(summary["measures"].values()) == {None}


def test_default_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A finished Run goes to runs/NAME-ID below the working directory."""
    monkeypatch.chdir(tmp_path)
    run = lab.load("quick", TINY)
    result = lab.run(run, engine="eager", threads=1)
    assert result.run_dir == Path("runs") / f"quick-{config.short_id(config.identity(run, {}))}"
    assert (tmp_path / result.run_dir / "summary.json").exists()
