"""A run in MLflow: against a real server of its own on this machine, with SQLite behind it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from cli_runs import call, document
from lab_runs import EASY, tiny

from adversarial_crypto import lab
from adversarial_crypto.config import ConfigError
from adversarial_crypto.errors import EnvironmentProblem
from adversarial_crypto.lab.to_mlflow import SETTINGS
from adversarial_crypto.store import commit_figure

SWEEP = Path(__file__).parent.parent / "results" / "sweeps" / "learning-rate"
START = 300  # seconds that a server may take to start; one that is alone on the machine takes some ten


class Server:
    """An MLflow server with its database and its artifacts in a folder."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.uri = f"http://127.0.0.1:{port}"
        places = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", f"{folder}/files"]
        command = [sys.executable, "-m", "mlflow", "server", *places, "--host", "127.0.0.1", "--port", str(port)]
        quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        self.log = folder / "log.txt"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "--workers", "1"],
                env={**os.environ, **quiet},
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
                start_new_session=True,  # it has children, which are to end with it
            )

    def wait(self) -> None:
        """Until it answers."""
        for _ in range(START * 5):
            try:
                with urlopen(f"{self.uri}/health", timeout=START):
                    return
            except (URLError, ConnectionError):
                assert self.process.poll() is None, self.log.read_text()
                time.sleep(0.2)
        raise AssertionError(self.log.read_text())

    def kill(self) -> None:
        """At once, if it still runs."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> lab.RunResult:
    """A small run with what stands for a figure."""
    run = tiny(tmp_path_factory.mktemp("mlflow") / "run", *EASY)
    commit_figure(run.run_dir, "training_curves", {"training_curves.png": b"a picture"})
    return run


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that runs as long as these tests; what needs no answer of it may go on while it starts."""
    server = Server(tmp_path_factory.mktemp("server"))
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a user may have set for MLflow is not of these tests."""
    for name in ("MLFLOW_TRACKING_URI", *SETTINGS):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def client(server: Server, monkeypatch: pytest.MonkeyPatch) -> Any:
    """MLflow's own client, to read back with, of the server that answers."""
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    from mlflow import MlflowClient

    server.wait()
    return MlflowClient(server.uri)


def only_run(client: Any) -> Any:
    """The one run of the one experiment that this run belongs to."""
    (run,) = client.search_runs([client.get_experiment_by_name("quick").experiment_id])
    return run


def history(client: Any, run_id: str, key: str) -> dict[int, float]:
    """Step -> value of a metric, each step told once."""
    points = client.get_metric_history(run_id, key)
    found = {point.step: point.value for point in points}
    assert len(found) == len(points)
    return found


def files(folder: Path) -> dict[str, bytes]:
    """Everything in a folder, path in it -> content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.mlflow
class TestServer:
    """In this order: each goes on from what the one before has sent, and the last one kills the server."""

    def test_sent_in_two_parts(
        self, server: Server, run: lab.RunResult, client: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An export that broke off is told in a sentence and completed by the same line, as one run."""

        def full(self: Any, *args: Any) -> None:
            raise OSError("no space left\non device")

        with monkeypatch.context() as patch:
            patch.setattr(type(client), "log_artifact", full)
            broken = call("export", run.run_dir, "--to", "mlflow", "-o", server.uri)
        said = f"MLflow at {server.uri} refused: no space left on device."
        assert broken.exit_code == 3 and broken.stderr.startswith(said) and broken.stderr.count("\n") == 1
        assert only_run(client).info.status == "RUNNING"
        whole = call("export", run.run_dir, "--to", "mlflow", "-o", server.uri)
        there = only_run(client).info
        assert there.status == "FINISHED"
        assert whole.stdout == f"{server.uri}/#/experiments/{there.experiment_id}/runs/{there.run_id}\n"

    def test_metrics(self, run: lab.RunResult, client: Any) -> None:
        """Each replica's value of each measure at each record, their medians, and what the summary says."""
        run_id, metrics = only_run(client).info.run_id, run.metrics()
        measures = [name for name in metrics.columns if name.endswith(("_wrong", "_flipped"))]
        for name in measures:
            for replica, rows in metrics.groupby("replica"):
                told = history(client, run_id, f"{name}/replica_{replica}")
                assert told == dict(zip(rows["step"], rows[name], strict=True))
            assert history(client, run_id, f"{name}/median") == metrics.groupby("step")[name].median().to_dict()
        assert len(measures) == 4
        assert history(client, run_id, "passed") == metrics.groupby("step")["passed"].sum().to_dict()
        fresh = run.summary["measures"]["fresh_eve_bits_wrong"]["median"]
        assert history(client, run_id, "summary/fresh_eve_bits_wrong/median") == {run.summary["steps"]: fresh}
        assert history(client, run_id, "summary/passed/k") == {run.summary["steps"]: run.summary["passed"]}

    def test_what_it_was(self, run: lab.RunResult, client: Any) -> None:
        """Parameters are the resolved config, tags its identity, versions and words, the description the verdict."""
        there = only_run(client)
        params, tags = there.data.params, there.data.tags
        assert (params["game.message_bits"], params["train.loss"]) == ("4", "per_bit")
        assert params["protocol.adversary_networks"] == '["own"]'
        assert tags["acrypto.identity"] == run.summary["id"]
        assert tags["acrypto.execution.engine"] == "eager" and tags["acrypto.versions.python"]
        assert tags["acrypto.question"].endswith("?") and tags["mlflow.note.content"] == run.summary["verdict"]
        assert tags.get("mlflow.source.git.commit") == tags.get("acrypto.git.commit")
        assert there.info.run_name == "run"

    def test_files(self, run: lab.RunResult, client: Any, tmp_path: Path) -> None:
        """The artifacts are the run's own files and its figures, byte for byte."""
        folder = client.download_artifacts(only_run(client).info.run_id, "", str(tmp_path))
        assert files(Path(folder)) == files(run.run_dir)
        assert Path(folder, "figures/training_curves/training_curves.png").exists()

    def test_twice(
        self, run: lab.RunResult, server: Server, client: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """Sent again, to the place that MLflow's own variable names, it is the same run with the same points."""
        before = only_run(client)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
        monkeypatch.chdir(tmp_path)
        (told,) = document(call("export", run.run_dir, "--to", "mlflow", "--json"))["files"]
        after = only_run(client)
        assert told.endswith(f"/runs/{before.info.run_id}") and after.data.metrics == before.data.metrics
        assert len(history(client, after.info.run_id, "bob_bits_wrong/median")) == run.metrics()["step"].nunique()
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.fault
    def test_a_server_that_dies(
        self, run: lab.RunResult, server: Server, client: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Killed midway, and away from then on: a sentence each time, exit code 3, and the run as it was."""
        before, send = files(run.run_dir), type(client).log_artifact

        def killed(self: Any, *args: Any) -> None:
            server.kill()
            send(self, *args)

        monkeypatch.setattr(type(client), "log_artifact", killed)
        for _ in range(2):
            result = call("export", run.run_dir, "--to", "mlflow", "-o", server.uri)
            assert (result.exit_code, result.stdout) == (3, "")
            assert result.stderr == (
                f"MLflow at {server.uri} does not answer; start it, or name another place with -o. "
                "The run is as it was, and the same line again sends what is missing.\n"
            )
        assert files(run.run_dir) == before


@pytest.mark.mlflow
def test_no_password_is_told(run: lab.RunResult) -> None:
    """An address is told without the name and password in it, also in MLflow's own words."""
    with pytest.raises(EnvironmentProblem, match="MLflow at nowhere://host refused") as refusal:
        lab.export(run.run_dir, "mlflow", "nowhere://me:secret@host")
    assert "secret" not in str(refusal.value)


def test_the_users_settings_are_obeyed(run: lab.RunResult, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our settings hold while MLflow is at work and where the user has none; without the package it is named."""
    seen: dict[str, str | None] = {}

    class Absent:
        def find_spec(self, name: str, *rest: object) -> None:
            if name == "mlflow":
                seen.update({key: os.environ.get(key) for key in SETTINGS})
                raise ModuleNotFoundError(name)

    monkeypatch.delitem(sys.modules, "mlflow", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Absent(), *sys.meta_path])
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "500")
    result = call("export", run.run_dir, "--to", "mlflow")
    assert result.exit_code == 3
    assert result.stderr == "MLflow needs a package: pip install 'acrypto[mlflow]'.\n"
    assert seen == {**SETTINGS, "MLFLOW_HTTP_REQUEST_TIMEOUT": "500"}
    assert [name for name in SETTINGS if name in os.environ] == ["MLFLOW_HTTP_REQUEST_TIMEOUT"]


def test_a_sweep_is_no_run() -> None:
    """A sweep's directory is refused before anything is imported or asked."""
    with pytest.raises(ConfigError, match="is no run; MLflow's runs are of one"):
        lab.export(SWEEP, "mlflow")
