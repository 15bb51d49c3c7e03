"""Training on from the players of a finished run: where they come from, what is kept of them, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from lab_runs import contents, tiny
from small_runs import eager, small_plan, start

from adversarial_crypto import config, lab
from adversarial_crypto.config import ConfigError
from adversarial_crypto.store import Run as Stored
from adversarial_crypto.training import Start, Training, prepare


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of two replicas."""
    return tiny(tmp_path_factory.mktemp("first") / "run").run_dir


def test_everyone_begins_as_he_was_kept(first: Path, tmp_path: Path) -> None:
    """At step 0 the players are the first run's, so the first record is what they are; nothing else is carried over."""
    result = tiny(tmp_path / "on", f"train.start_from={first}", "train.stop=steps")
    plan = prepare(config.load(first / "config.toml"))
    arrays, _ = Stored.read(first).players()
    weights = {name: torch.from_numpy(array) for name, array in arrays.items()}
    on = Training(prepare(plan.run, start=Start(weights, 7)), eager())
    for chunk in on.states:
        for coalition, layout in on.layouts.items():
            for name, weight in layout.named(chunk.weights[coalition]).items():
                assert torch.equal(weight, weights[name])
            assert not bool(chunk.first[coalition].any() or chunk.second[coalition].any())
    record = result.metrics()
    again = on._record()
    for row in again:
        found = record[(record["step"] == 0) & (record["replica"] == row.replica)]
        assert found["bob_bits_wrong"].item() == pytest.approx(row.means["bob_bits_wrong"], abs=1e-6)


def test_data_are_other_than_those_of_the_first_training() -> None:
    """The same seed goes on with minibatches that the first training never saw, and measures on the same ones."""
    plan = small_plan()
    once = start(plan)
    weights = {
        n: w for name, layout in once.layouts.items() for n, w in layout.named(once.states[0].weights[name]).items()
    }
    on = Training(prepare(plan.run, start=Start(weights, 7)), eager())
    assert once._record()[0].means == on._record()[0].means
    for training in (once, on):
        training._steppers[0](1)
    other = Training(prepare(plan.run, start=Start(weights, 8)), eager())
    other._steppers[0](1)
    trained = [training.states[0].weights["alice_bob"] for training in (once, on, other)]
    assert not any(torch.equal(trained[i], trained[j]) for i, j in ((0, 1), (0, 2), (1, 2)))


def test_what_they_could_before_is_no_merit_of_this_training(first: Path, tmp_path: Path) -> None:
    """Players who would pass as they came are trained on all the same, and are judged from the first record after."""
    easy = ("protocol.bob_bits_max=4", "protocol.eve_error_min=0")
    result = tiny(tmp_path / "on", f"train.start_from={first}", *easy)
    metrics = result.metrics()
    assert result.summary["steps"] > 0 and not metrics.loc[metrics["step"] == 0, "passed"].any()
    assert result.summary["passed"] == 2


def test_dry_run_refuses_what_the_run_would(first: Path) -> None:
    """What does not fit is told before anything is begun."""
    from cli_runs import call

    told = call("run", "quick", "--dry-run", "-s", f"train.start_from={first}", "-s", "game.message_bits=5")
    assert told.exit_code == 2 and "train.start_from" in told.stderr


def test_the_run_is_whole_without_the_first(first: Path, tmp_path: Path) -> None:
    """The new run keeps a copy, from which its config.toml gives the same identity and the same bytes again."""
    result = tiny(tmp_path / "on", f"train.start_from={first}")
    on = result.run_dir
    assert config.load(on / "config.toml").train.start_from == (on / "start/players.safetensors").as_posix()
    assert 'start_from = "start/players.safetensors"' in (on / "config.toml").read_text("utf-8")
    again = lab.run(on / "config.toml", out=tmp_path / "again", engine="eager", threads=1)
    assert again.summary["id"] == result.summary["id"] and contents(again.run_dir) == contents(on)
    assert lab.run(on).already_complete


def test_other_players_are_another_run(first: Path, tmp_path: Path) -> None:
    """The identity holds what the players are, not where they lie."""
    moved = tmp_path / "copy.safetensors"
    moved.write_bytes((first / "players.safetensors").read_bytes())
    other = tiny(tmp_path / "other", "replicas.seed=1").run_dir
    ids = [
        tiny(tmp_path / name, f"train.start_from={path}").summary["id"]
        for name, path in (("a", first), ("b", moved), ("c", other))
    ]
    assert ids[0] == ids[1] != ids[2]
    assert tiny(tmp_path / "none").summary["id"] not in ids


def test_it_continues_after_a_stop(first: Path, tmp_path: Path) -> None:
    """Stopped on the way, it ends in the same bytes."""
    from lab_runs import stop_at

    whole = tiny(tmp_path / "whole", f"train.start_from={first}").run_dir
    with pytest.raises(lab.Stopped):
        tiny(tmp_path / "parts", f"train.start_from={first}", stop=stop_at(3))
    assert contents(tiny(tmp_path / "parts", f"train.start_from={first}").run_dir) == contents(whole)


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("game.message_bits=5", r"its alice\.mix\.weight is \(8, 8\), and this run's is \(10, 10\)"),
        ("replicas.count=3", "it has 2 replicas and this run needs 3"),
        ("networks.eve=released", r"it has no eve\.|its eve\."),
    ],
)
def test_players_that_do_not_fit_are_refused(first: Path, tmp_path: Path, override: str, sentence: str) -> None:
    """Other sizes, more replicas or other networks are one sentence, and nothing is written."""
    with pytest.raises(ConfigError, match=rf"train\.start_from: {sentence}"):
        tiny(tmp_path / "run", f"train.start_from={first}", override)
    assert not (tmp_path / "run").exists()


def test_what_is_no_finished_run_is_refused(first: Path, tmp_path: Path) -> None:
    """A directory without a run, a file that is something else, a damaged one, and nothing at all: a sentence each."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.safetensors").write_text("hello")
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    for path in first.iterdir():
        if path.is_file():
            (damaged / path.name).write_bytes(path.read_bytes())
    data = bytearray((damaged / "players.safetensors").read_bytes())
    data[-1] ^= 1
    (damaged / "players.safetensors").write_bytes(data)
    for name in ("empty", "text.safetensors", "damaged", "damaged/players.safetensors", "nowhere"):
        with pytest.raises(ConfigError, match=r"train\.start_from: ") as raised:
            tiny(tmp_path / "run", f"train.start_from={tmp_path / name}")
        assert len(raised.value.problems) == 1
    assert not (tmp_path / "run").exists()
