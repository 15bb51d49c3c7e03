"""Numbers for other programs, and trackers: the same numbers there, and no harm to the run whatever a tracker does."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from cli_runs import call, document
from lab_runs import EASY, contents, stop_at, tiny
from tensorboardX.proto import event_pb2

from adversarial_crypto import lab, store
from adversarial_crypto.config import ConfigError
from adversarial_crypto.errors import StoreError
from adversarial_crypto.lab import trackers
from adversarial_crypto.lab.events import Event, Note

RESULTS = Path(__file__).parent.parent / "results"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> lab.RunResult:
    """A small run, followed by TensorBoard."""
    return tiny(tmp_path_factory.mktemp("export") / "run", *EASY, track=["tensorboard"])


def events(folder: Path) -> Iterator[event_pb2.Event]:
    """The events of all files of a folder, in their order."""
    for path in sorted(folder.glob("events.*")):
        data, at = path.read_bytes(), 0
        while at < len(data):
            (size,) = struct.unpack_from("<Q", data, at)
            yield event_pb2.Event.FromString(data[at + 12 : at + 12 + size])
            at += 16 + size


def scalars(folder: Path) -> dict[tuple[str, int], float]:
    """(tag, step) -> the value that was written last, after what a resumed run purged."""
    found: dict[tuple[str, int], float] = {}
    for event in events(folder):
        if event.HasField("session_log") and event.session_log.status == event_pb2.SessionLog.START:
            found = {key: value for key, value in found.items() if key[1] < event.step}
        for value in event.summary.value:
            if value.HasField("simple_value"):
                found[value.tag, event.step] = value.simple_value
    return found


class TestExport:
    @pytest.mark.parametrize(("form", "read"), [("csv", pd.read_csv), ("parquet", pd.read_parquet)])
    def test_tables(self, run: lab.RunResult, tmp_path: Path, form: str, read: object) -> None:
        """Metrics, protocol and measures of a run, the same numbers in either format."""
        files = lab.export(run.run_dir, form, tmp_path)
        found = {path.stem: read(path) for path in files}  # type: ignore[operator]
        assert set(found) == {"metrics", "protocol", "measures"}
        pd.testing.assert_frame_equal(found["metrics"], run.metrics())
        pd.testing.assert_frame_equal(found["protocol"], run.protocol())
        medians = found["measures"].set_index("measure")["median"].to_dict()
        assert medians == {name: value["median"] for name, value in run.summary["measures"].items()}

    def test_a_sweep(self, tmp_path: Path) -> None:
        """A sweep's results are one table; it has no curves."""
        folder = RESULTS / "sweeps" / "learning-rate"
        (file,) = lab.export(folder, "parquet", tmp_path)
        pd.testing.assert_frame_equal(pd.read_parquet(file), pd.read_csv(folder / "results.csv"))
        with pytest.raises(ConfigError, match="is no run"):
            lab.export(folder, "tensorboard", tmp_path)

    def test_curves(self, run: lab.RunResult, tmp_path: Path) -> None:
        """TensorBoard's files hold each replica's value of each measure at each record, and their median."""
        assert lab.export(run.run_dir, "tensorboard", tmp_path) == [tmp_path]
        found, metrics = scalars(tmp_path), run.metrics()
        for row in metrics.itertuples():
            assert found[f"bob_bits_wrong/replica_{row.replica}", row.step] == pytest.approx(row.bob_bits_wrong, 1e-6)
        medians = metrics.groupby("step")["eve_bits_wrong"].median()
        assert all(found["eve_bits_wrong/median", s] == pytest.approx(m, 1e-6) for s, m in medians.items())
        texts = {value.tag for event in events(tmp_path) for value in event.summary.value if value.HasField("tensor")}
        assert {tag.partition("/")[0] for tag in texts} == {"verdict", "config"}

    def test_what_cannot_be_had(self, run: lab.RunResult, tmp_path: Path) -> None:
        """An unknown format and a folder without numbers have their sentence, and nothing is written."""
        with pytest.raises(ConfigError, match="unknown format 'xls'; there are csv, parquet, tensorboard, mlflow"):
            lab.export(run.run_dir, "xls", tmp_path / "out")
        with pytest.raises(StoreError, match="neither a complete run nor a sweep"):
            lab.export(tmp_path, "csv", tmp_path / "out")
        assert not (tmp_path / "out").exists()

    def test_the_command(self, run: lab.RunResult, tmp_path: Path) -> None:
        """The files are named on stdout, or in the document."""
        result = call("export", run.run_dir, "--to", "csv", "-o", tmp_path / "a")
        names = ("metrics", "protocol", "measures")
        assert result.stdout.splitlines() == [str(tmp_path / "a" / f"{name}.csv") for name in names]
        told = document(call("export", run.run_dir, "--to", "csv", "-o", tmp_path / "b", "--json"))
        assert told["schema"] == "acrypto.export/1" and len(told["files"]) == 3


class TestTrackers:
    def test_what_is_followed_is_what_is_exported(self, run: lab.RunResult, tmp_path: Path) -> None:
        """Live scalars are those of the finished run, the run is intact, and its bytes are those of one unfollowed."""
        lab.export(run.run_dir, "tensorboard", tmp_path / "events")
        assert scalars(run.run_dir / "tensorboard") == pytest.approx(scalars(tmp_path / "events"))
        assert store.verify(run.run_dir) == []
        plain = tiny(tmp_path / "plain", *EASY)
        assert contents(plain.run_dir) == contents(run.run_dir)

    def test_a_run_that_was_stopped(self, run: lab.RunResult, tmp_path: Path) -> None:
        """Continued, the curves have every record once."""
        with pytest.raises(lab.Stopped):
            tiny(tmp_path / "run", *EASY, track=["tensorboard"], stop=stop_at(4))
        again = tiny(tmp_path / "run", *EASY, track=["tensorboard"])
        assert scalars(again.run_dir / "tensorboard") == pytest.approx(scalars(run.run_dir / "tensorboard"))

    def test_a_broken_tracker_harms_nothing(
        self, run: lab.RunResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A tracker that raises is told of once and left alone; the run ends with the same bytes."""

        def broken(event: Event) -> None:
            raise OSError("no route to\nhost")

        monkeypatch.setitem(trackers.TRACKERS, "broken", lambda: broken)  # type: ignore[attr-defined]
        told: list[Event] = []
        result = tiny(tmp_path / "run", *EASY, track=["broken"], progress=told.append)
        notes = [event.text for event in told if isinstance(event, Note) and "tracker" in event.text]
        assert notes == ["The tracker broken failed (OSError: no route to host); the run goes on without it."]
        assert contents(result.run_dir) == contents(run.run_dir)

    def test_an_unknown_tracker_is_refused_before_anything(self, tmp_path: Path) -> None:
        """One sentence, exit code 2, nothing written."""
        result = call("run", "quick", "--profile", "smoke", "--track", "wandb", "-o", tmp_path / "run")
        assert result.exit_code == 2 and "unknown tracker 'wandb'; there are tensorboard" in result.stderr
        assert not (tmp_path / "run").exists()
