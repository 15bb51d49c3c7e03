"""Interrupted runs: stopped at any beat of training and protocol, the same call finishes with the same bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lab_runs import DETERMINISTIC, EASY, contents, stop_at, tiny
from torch import Tensor

from adversarial_crypto import lab
from adversarial_crypto.lab import attempt
from adversarial_crypto.training import Training, protocol, train


@pytest.fixture(autouse=True)
def short_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two steps a beat: 4 records and 6 beats of steps in training, then two folds of 2 beats and an end each."""
    monkeypatch.setattr(train, "BEAT_EXAMPLES", 2 * 16 * 2)
    monkeypatch.setattr(protocol, "BEAT_EXAMPLES", 2 * 16 * 2)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The bytes of an undisturbed run with long beats."""
    return contents(tiny(tmp_path_factory.mktemp("whole") / "run", *EASY).run_dir)


@pytest.mark.parametrize("beats", [(1,), (2, 1, 1), (5, 3), (10,), (11, 1), (12, 2), (13,), (16,)])
def test_stopped_and_continued(tmp_path: Path, whole: dict[str, bytes], beats: tuple[int, ...]) -> None:
    """Stopped at these polls, one after another, the same call ends with the bytes of an undisturbed run."""
    steps = []
    for beat in beats:
        with pytest.raises(lab.Stopped) as stopped:
            tiny(tmp_path / "run", *EASY, stop=stop_at(beat))
        assert (stopped.value.reason, stopped.value.exit_code) == ("interrupt", 130)
        assert stopped.value.directory == tmp_path / "run"
        assert not (tmp_path / "run" / "summary.json").exists()
        steps.append(int(stopped.value.done.split()[0].replace(",", "")))
    events: list[lab.Event] = []
    result = tiny(tmp_path / "run", *EASY, progress=events.append)
    assert steps == sorted(steps)
    assert isinstance(events[0], lab.Started)
    assert events[0].resumed_step == steps[-1]
    assert not result.already_complete
    assert contents(result.run_dir) == whole


def test_stops_fall_into_both_phases(tmp_path: Path) -> None:
    """The polls above cover both phases: the tenth is the last one of the training, the 16th that of the protocol."""
    phases: list[str] = []

    def note(event: lab.Event) -> None:
        if isinstance(event, lab.Progress):
            phases.append(event.phase)

    polls: list[None] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("adversarial_crypto.lab.watch.SECONDS_BETWEEN", 0.0)
        tiny(tmp_path / "run", *EASY, progress=note, stop=lambda: polls.append(None))
    assert phases == ["training"] * 10 + ["protocol"] * 6
    assert len(polls) == 16


def test_other_reasons_are_resumable(tmp_path: Path) -> None:
    """A time limit or SIGTERM stops with exit code 75, in words that say how to continue."""
    with pytest.raises(lab.Stopped, match="time limit") as stopped:
        tiny(tmp_path / "run", stop=lambda: "time limit")
    assert stopped.value.exit_code == 75
    assert "run the same command again" in str(stopped.value)


def test_killed_between_checkpoints(tmp_path: Path, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """What was done since the newest checkpoint is done again, and not twice in the tables."""
    monkeypatch.setattr(attempt, "CHECKPOINT_SECONDS", 0.0)
    beats = iter(range(100))

    def die() -> None:
        beat = next(beats)
        if beat == 4:
            monkeypatch.setattr(attempt, "CHECKPOINT_SECONDS", 1e9)
        if beat == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tiny(tmp_path / "run", *EASY, stop=die)
    rows = (tmp_path / "run" / "metrics.csv").read_text().count("\n")
    events: list[lab.Event] = []
    result = tiny(tmp_path / "run", *EASY, progress=events.append)
    assert isinstance(events[0], lab.Started)
    assert events[0].resumed_step == 4
    assert rows > 1 + 2 * 2  # rows after that checkpoint were there
    assert contents(result.run_dir) == whole


def test_step_counter_matters(tmp_path: Path, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: were the step counter not restored, the bytes would differ and these tests would see it."""
    restore = Training.restore

    def forgetful(self: Training, arrays: dict[str, Tensor]) -> None:
        restore(self, {**arrays, "0.step": arrays["0.step"] * 0})

    with pytest.raises(lab.Stopped):
        tiny(tmp_path / "run", *EASY, stop=stop_at(5))
    monkeypatch.setattr(Training, "restore", forgetful)
    got = contents(tiny(tmp_path / "run", *EASY).run_dir)
    assert got["metrics.csv"] != whole["metrics.csv"]


def test_history_and_time_go_on(tmp_path: Path) -> None:
    """A continued run knows the records before it, and its seconds are those of all attempts."""
    with pytest.raises(lab.Stopped):
        tiny(tmp_path / "run", *EASY, stop=stop_at(12))
    events: list[lab.Event] = []
    result = tiny(tmp_path / "run", *EASY, progress=events.append)
    last = [event for event in events if isinstance(event, lab.Progress)][-1]
    medians = result.metrics().groupby("step")["eve_bits_wrong"].median().tolist()
    assert list(last.curves[1].history) == pytest.approx(medians)
    assert last.passed == 2
    assert result.summary["replica_steps_per_second"] > 0


def test_fresh_starts_over(tmp_path: Path) -> None:
    """Fresh moves the old run aside and begins at step 0; what was asked for differently then counts."""
    with pytest.raises(lab.Stopped):
        tiny(tmp_path / "run", *EASY, stop=stop_at(5))
    events: list[lab.Event] = []
    tiny(tmp_path / "run", "train.steps=8", fresh=True, progress=events.append)
    assert isinstance(events[0], lab.Started)
    assert events[0].resumed_step is None
    assert (tmp_path / "run.old-1" / "checkpoints").is_dir()


def test_another_machine_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Continued with another torch the run says that its bytes are no longer those of an undisturbed one."""
    with pytest.raises(lab.Stopped):
        tiny(tmp_path / "run", stop=stop_at(2))
    monkeypatch.setattr("torch.__version__", "9.9")
    events: list[lab.Event] = []
    tiny(tmp_path / "run", progress=events.append)
    assert any("9.9" in event.text for event in events if isinstance(event, lab.Note))


def test_recorded_execution_is_reused(tmp_path: Path) -> None:
    """A run that was begun with named settings goes on with them when none are named."""
    with pytest.raises(lab.Stopped):
        tiny(tmp_path / "run", stop=stop_at(2))
    options: dict[str, Any] = {"engine": "auto", "threads": None}
    result = tiny(tmp_path / "run", **options)
    assert result.summary["engine"] == "eager"
    assert set(DETERMINISTIC) <= set(result.summary["files"])


def test_unforeseen_failure_is_logged(tmp_path: Path) -> None:
    """A traceback goes to log.txt, and the run can be continued."""

    def fail() -> None:
        raise ZeroDivisionError("of the test")

    with pytest.raises(ZeroDivisionError):
        tiny(tmp_path / "run", stop=fail)
    assert "ZeroDivisionError: of the test" in (tmp_path / "run" / "log.txt").read_text()
    assert not tiny(tmp_path / "run").already_complete
