"""What was computed in other programs' formats: tables as CSV or Parquet, curves as TensorBoard's files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from adversarial_crypto.config import ConfigError
from adversarial_crypto.errors import EnvironmentProblem, StoreError
from adversarial_crypto.store import Run as Stored
from adversarial_crypto.store.atomic import atomic_write
from adversarial_crypto.store.manifest import is_run

if TYPE_CHECKING:
    import pandas as pd

RESULTS = "results.csv"  # of a sweep


def export(directory: Path | str, form: str, out: Path | str | None = None) -> list[Path]:
    """Write a run's or a sweep's numbers for another program.

    Args:
        directory: a complete run (metrics, protocol and measures) or a sweep (results).
        form: "csv", "parquet" or "tensorboard" (of a run).
        out: the folder to write to; None: exported/ in the current directory.
    Returns:
        The files, or of "tensorboard" the folder.
    Raises:
        ConfigError: no such form, or one that this directory has no numbers for.
        StoreError: neither a complete run nor a sweep with results, or a damaged file.
        EnvironmentProblem: a package is missing, or it cannot be written.
    """
    if form not in FORMS:
        raise ConfigError(f"unknown format '{form}'; there are {', '.join(FORMS)}")
    return FORMS[form](Path(directory), Path(out or "exported"))


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


def _csv(directory: Path, out: Path) -> list[Path]:
    return _written(out, "csv", {n: table.to_csv(index=False).encode() for n, table in tables(directory).items()})


def _parquet(directory: Path, out: Path) -> list[Path]:
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


def _tensorboard(directory: Path, out: Path) -> list[Path]:
    from adversarial_crypto.lab.scalars import Scalars

    if not is_run(directory):
        raise ConfigError(f"{directory} is no run; TensorBoard's curves are of one.")
    stored, writer = Stored.read(directory), Scalars(out)
    writer.records(stored.read_bytes("metrics.csv").decode())
    config = (stored.path / "config.toml").read_text(encoding="utf-8")
    writer.close(str(stored.summary()["verdict"]), [("config", f"```\n{config}\n```")])
    return [out]


def _written(out: Path, ending: str, files: Mapping[str, bytes]) -> list[Path]:
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        atomic_write(out / f"{name}.{ending}", content)
    return [out / f"{name}.{ending}" for name in files]


FORMS: Mapping[str, Callable[[Path, Path], list[Path]]] = {
    "csv": _csv,
    "parquet": _parquet,
    "tensorboard": _tensorboard,
}
