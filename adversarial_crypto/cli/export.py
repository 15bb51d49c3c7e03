"""`acrypto export`: a run's or a sweep's numbers for other programs."""

from __future__ import annotations

from pathlib import Path

import click

from adversarial_crypto.cli.output import common_options, document, example
from adversarial_crypto.cli.place import Place

EPILOG = example("acrypto export runs/quick --to csv -o exported", "acrypto export runs/quick --to mlflow")
OUT = "Where to write [exported]; of mlflow the tracking URI [MLFLOW_TRACKING_URI, else mlflow.db here]."


@click.command("export", short_help="Numbers for other programs.", epilog=EPILOG)
@click.argument("directory", metavar="DIR", type=Place())
@click.option("--to", "form", required=True, metavar="csv|parquet|tensorboard|mlflow", help="The format.")
@click.option("-o", "--out", metavar="DIR|URI", help=OUT)
@common_options
def command(directory: Path, form: str, out: str | None, as_json: bool, quiet: bool) -> None:
    """Write the tables of a complete run, or of a sweep, as CSV or Parquet, or send a run to TensorBoard or MLflow."""
    from adversarial_crypto.lab.export import export

    files = export(directory, form, out)
    if as_json:
        document("export", {"files": files})
    else:
        for file in files:
            click.echo(file)
