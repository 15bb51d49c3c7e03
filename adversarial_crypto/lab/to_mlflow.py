"""A finished run in MLflow: its settings, versions, curves and files as one run there, however often it is sent."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adversarial_crypto.config.files import parse_toml
from adversarial_crypto.errors import EnvironmentProblem
from adversarial_crypto.lab.curves import of_metrics
from adversarial_crypto.store import Run as Stored
from adversarial_crypto.store.atomic import read_bytes, sha256

# Without these MLflow asks an absent server for four minutes, tells its makers what it was used for, and prints.
SETTINGS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",  # seconds
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",  # seconds
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
RESULT = "acrypto.result"  # the tag by which a run is found again
WORDS = ("name", "question", "paper")  # of a config; they change nothing that is computed


@dataclass(frozen=True)
class Content:
    """What is sent of a run.

    Attributes:
        experiment, name: MLflow's experiment, and what its run is called.
        result: the sha256 of summary.json, which holds those of the other files.
        began, ended: when the first and the last file of the run were written, in milliseconds since 1970.
        params, tags: key -> text.
        points: (curve, value in the measure's unit, step).
        files: paths in the run's directory.
    """

    experiment: str
    name: str
    result: str
    began: int
    ended: int
    params: dict[str, str]
    tags: dict[str, str]
    points: list[tuple[str, float, int]]
    files: list[Path]


def to_mlflow(stored: Stored, uri: str | None) -> str:
    """Send a complete run to MLflow, into an experiment of its experiment's name.

    The same results become the same run there: what an earlier call has sent is found by the hash of summary.json and
    completed. Environment variables that MLflow knows are obeyed.

    Args:
        uri: MLflow's tracking URI; None: MLFLOW_TRACKING_URI, else mlflow.db and mlruns/ in the current directory.
    Returns:
        The address of the run there.
    Raises:
        StoreError: the run is not complete, or a file is damaged.
        EnvironmentProblem: the package is missing, or MLflow does not answer or refuses; what has arrived stays there.
    """
    content = _content(stored)
    with _settings():
        try:
            import mlflow
        except ImportError as error:
            raise EnvironmentProblem("MLflow needs a package: pip install 'acrypto[mlflow]'.") from error
        uri = uri or mlflow.get_tracking_uri()
        try:
            client = mlflow.MlflowClient(uri)
            run = _run(client, content)
            _send(client, run, content, stored.path)
        except Exception as error:  # somebody else's code on somebody else's disk or network
            raise EnvironmentProblem(_sentence(uri, error)) from error
    return _shown(f"{uri.rstrip('/')}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}")


def _content(stored: Stored) -> Content:
    config, summary = parse_toml(stored.config_text), stored.summary()
    sealed, figures = stored.path / "summary.json", stored.path / "figures"
    curves = list(of_metrics(stored.read_bytes("metrics.csv").decode()))
    results = _flat({"summary": {**summary["measures"], **summary["rates"]}}, "/")
    curves.append((summary["steps"], {key: value for key, value in results.items() if value is not None}))
    return Content(
        experiment=summary["experiment"],
        name=stored.path.resolve().name,
        result=sha256(read_bytes(sealed)),
        began=_milliseconds(stored.path / "manifest.json"),
        ended=_milliseconds(sealed),
        params=_texts({key: value for key, value in config.items() if key not in WORDS}),
        tags=_tags(stored, config, summary),
        points=[(key, float(value), step) for step, values in curves for key, value in values.items()],
        files=[
            *(Path(name) for name in (*summary["files"], sealed.name)),
            *(file.relative_to(stored.path) for file in sorted(figures.rglob("*")) if file.is_file()),
        ],
    )


def _tags(stored: Stored, config: Mapping[str, Any], summary: Mapping[str, Any]) -> dict[str, str]:
    """What it is, what came of it, and where it was computed; MLflow shows its own names in places of their own."""
    git = stored.manifest.get("git") or {}
    told = {key: config[key] for key in WORDS if key in config}
    where = {"versions": stored.manifest["versions"], "execution": stored.execution, "git": git}
    shown = {"mlflow.note.content": summary["verdict"], "mlflow.source.name": "acrypto"}
    commit = {"mlflow.source.git.commit": git["commit"]} if git else {}
    return {**shown, **commit, **_texts({"acrypto": {"identity": stored.identity, **told, **where}})}


@contextmanager
def _settings() -> Iterator[None]:
    """SETTINGS where the user has made none, as long as this lasts."""
    ours = {name: value for name, value in SETTINGS.items() if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            os.environ.pop(name, None)


def _run(client: Any, content: Content) -> Any:
    """MLflow's run of these results, made if it is not there."""
    found = client.get_experiment_by_name(content.experiment)
    place = found.experiment_id if found else client.create_experiment(content.experiment)
    for run in client.search_runs([place], f"tags.`{RESULT}` = '{content.result}'", max_results=1):
        return run
    return client.create_run(place, content.began, {RESULT: content.result}, content.name)


def _send(client: Any, run: Any, content: Content, folder: Path) -> None:
    """Everything, also what is there already: equal metrics of equal times are one metric for MLflow."""
    from mlflow.entities import Metric, Param, RunTag

    run_id, time = run.info.run_id, run.info.start_time
    client.log_batch(
        run_id,
        [Metric(key, value, time, step) for key, value, step in content.points],
        [Param(key, text) for key, text in content.params.items()],
        [RunTag(key, text) for key, text in content.tags.items()],
    )
    for file in content.files:
        client.log_artifact(run_id, str(folder / file), None if file.parent == Path() else file.parent.as_posix())
    client.set_terminated(run_id, end_time=content.ended)


def _flat(values: Mapping[str, Any], joint: str = ".") -> dict[str, Any]:
    """Nested tables as one: {"train": {"steps": 12}} is {"train.steps": 12}."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        inner = _flat(value, joint) if isinstance(value, Mapping) else {"": value}
        found |= {f"{key}{joint}{name}" if name else key: each for name, each in inner.items()}
    return found


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    """Nested tables as one of texts: {"train": {"steps": 12}} is {"train.steps": "12"}."""
    return {key: each if isinstance(each, str) else json.dumps(each) for key, each in _flat(values).items()}


def _milliseconds(file: Path) -> int:
    """When it was last written, since 1970."""
    return int(file.stat().st_mtime * 1000)


def _sentence(uri: str, error: Exception) -> str:
    """What went wrong, in words for the user; the exception of a request is told apart by what it arose from."""
    import requests

    if isinstance(error.__context__, requests.ConnectionError | requests.Timeout):
        said = "does not answer; start it, or name another place with -o"
    else:
        said = f"refused: {' '.join(str(error).split())[:300]}"
    again = "The run is as it was, and the same line again sends what is missing."
    return _shown(f"MLflow at {uri} {said}. {again}")


def _shown(text: str) -> str:
    """Without names and passwords in addresses."""
    return re.sub(r"//[^/@\s]*@", "//", text)
