"""What was computed, for other programs: tables as CSV or Parquet, curves as TensorBoard's files, a run in MLflow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from adversarial_crypto.config import ConfigError
from adversarial_crypto.errors import EnvironmentProblem, StoreError
from adversarial_crypto.store import Run as Stored
from adversarial_crypto.store.atomic import atomic_write
from adversarial_crypto.store.manifest import is_run

if TYPE_CHECKING:
    import pandas as pd

RESULTS = "results.csv"  # of a sweep
FOLDER = "exported"
Out: TypeAlias = "Path | str | None"


def export(directory: Path | str, form: str, out: Path | str | None = None) -> list[Path] | list[str]:
    """Write a run's or a sweep's numbers for another program.

    Args:
        directory: a complete run (metrics, protocol and measures) or a sweep (results).
        form: "csv", "parquet", or of a run "tensorboard" or "mlflow".
        out: the folder to write to; None: exported/ in the current directory. Of "mlflow" the tracking URI; None:
            MLFLOW_TRACKING_URI, else mlflow.db and mlruns/ in the current directory.
    Returns:
        The files; of "tensorboard" the folder, of "mlflow" the run's address there.
    Raises:
        ConfigError: no such form, or one that this directory has no numbers for.
        StoreError: neither a complete run nor a sweep with results, or a damaged file.
        EnvironmentProblem: a package is missing, it cannot be written, or MLflow does not answer or refuses.
    """
    if form not in FORMS:
        raise ConfigError(f"unknown format '{form}'; there are {', '.join(FORMS)}")
    return FORMS[form](Path(directory), out)


def tables(directory: Path) -> dict[str, pd.DataFrame]:
    """The tables of a run or of a sweep, by name."""
    import pandas as pd

    if is_run(directory):
        stored = Stored.read(directory)
        summary = stored.summary()
        measures = [{"measure": name, **(value or {})} for name, value in summary["measures"].items()]
        found = {name: pd.read_csv(BytesIO(stored.read_bytes(f"{name}.csv"))) for name in ("metrics", "protocol")}
        return {**found, "measures": pd.DataFrame(measures)}
    if (directory / RESULTS).is_file():
        return {"results": pd.read_csv(StringIO((directory / RESULTS).read_text(encoding="utf-8")))}
    raise StoreError(f"{directory} is neither a complete run nor a sweep with results.")


def _csv(directory: Path, out: Out) -> list[Path]:
    return _written(out, "csv", {n: table.to_csv(index=False).encode() for n, table in tables(directory).items()})


def _parquet(directory: Path, out: Out) -> list[Path]:
    try:
        import pyarrow  # noqa: F401  (what pandas writes it with)
    except ImportError as error:
        raise EnvironmentProblem("Parquet needs a package: pip install 'acrypto[parquet]'.") from error
    files = {}
    for name, table in tables(directory).items():
        stream = BytesIO()
        table.to_parquet(stream, index=False)
        files[name] = stream.getvalue()
    return _written(out, "parquet", files)


def _tensorboard(directory: Path, out: Out) -> list[Path]:
    from adversarial_crypto.lab.scalars import Scalars

    folder = Path(out or FOLDER)
    stored = _stored(directory, "TensorBoard's curves")
    writer = Scalars(folder)
    writer.records(stored.read_bytes("metrics.csv").decode())
    writer.close(str(stored.summary()["verdict"]), [("config", f"```\n{stored.config_text}\n```")])
    return [folder]


def _mlflow(directory: Path, out: Out) -> list[str]:
    from adversarial_crypto.lab.to_mlflow import to_mlflow

    return [to_mlflow(_stored(directory, "MLflow's runs"), None if out is None else str(out))]


def _stored(directory: Path, what: str) -> Stored:
    if not is_run(directory):
        raise ConfigError(f"{directory} is no run; {what} are of one.")
    return Stored.read(directory)


def _written(out: Out, ending: str, files: Mapping[str, bytes]) -> list[Path]:
    folder = Path(out or FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        atomic_write(folder / f"{name}.{ending}", content)
    return [folder / f"{name}.{ending}" for name in files]


FORMS: Mapping[str, Callable[[Path, Out], list[Path] | list[str]]] = {
    "csv": _csv,
    "parquet": _parquet,
    "tensorboard": _tensorboard,
    "mlflow": _mlflow,
}
