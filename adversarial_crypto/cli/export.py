"""`acrypto export`: a run's or a sweep's numbers for other programs."""

from __future__ import annotations

from pathlib import Path

import click

from adversarial_crypto.cli.output import common_options, document, example

EPILOG = example("acrypto export runs/quick --to csv -o exported")


@click.command("export", short_help="Numbers for other programs.", epilog=EPILOG)
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--to", "form", required=True, metavar="csv|parquet|tensorboard", help="The format.")
@click.option("-o", "--out", type=click.Path(path_type=Path), metavar="DIR", help="Where to write [exported].")
@common_options
def command(directory: Path, form: str, out: Path | None, as_json: bool, quiet: bool) -> None:
    """Write the tables of a complete run, or of a sweep, as CSV or Parquet, or a run's curves for TensorBoard."""
    from adversarial_crypto.lab.export import export

    files = export(directory, form, out)
    if as_json:
        document("export", {"files": files})
    else:
        for file in files:
            click.echo(file)
