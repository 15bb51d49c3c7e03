"""`acrypto figures`: draw the figures of a run or a sweep from its tables."""

from __future__ import annotations

from pathlib import Path

import click

from adversarial_crypto.cli.output import common_options, document, example, say
from adversarial_crypto.cli.place import Place


@click.command(
    "figures", short_help="Draw the figures of a run or a sweep.", epilog=example("acrypto figures runs/quick")
)
@click.argument("directory", metavar="DIR", type=Place())
@common_options
def command(directory: Path, as_json: bool, quiet: bool) -> None:
    """Draw the training curves of a run, or the maps of a sweep, finished or not, from its tables.

    Each figure is a PNG, a PDF and the CSV it is drawn from; stdout names the files.
    """
    from adversarial_crypto import lab

    say(f"Drawing the figures of {directory}.", quiet)
    files = [str(path) for path in lab.figures(directory)]
    if as_json:
        document("figures", {"run_dir": directory, "files": files})
        return
    for path in files:
        click.echo(path)
