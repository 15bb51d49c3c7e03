"""`acrypto report`: one HTML page about runs, sweeps, attacks and the paper's experiments."""

from __future__ import annotations

from pathlib import Path

import click

from adversarial_crypto.cli.output import common_options, document, example, say
from adversarial_crypto.cli.place import Place

EPILOG = example("acrypto report runs/quick -o report.html")


@click.command("report", short_help="One page about what was computed.", epilog=EPILOG)
@click.argument("folders", metavar="DIR...", nargs=-1, required=True, type=Place())
@click.option(
    "-o", "--out", default="report.html", type=click.Path(path_type=Path), metavar="FILE", help="[report.html]"
)
@click.option("--title", default="", metavar="TEXT", help="Of the page; else the names of the folders.")
@common_options
def command(folders: tuple[Path, ...], out: Path, title: str, as_json: bool, quiet: bool) -> None:
    """Write one HTML page about runs, sweeps, attacks, or folders of them, such as results.

    It needs no other file and no network: figures, tables, claims, configuration, provenance, and a playground in which
    the trained networks encrypt what is typed.
    """
    from adversarial_crypto.report import page
    from adversarial_crypto.store.atomic import atomic_write

    content = page(folders, title).encode()
    atomic_write(out, content)
    if as_json:
        document("report", {"file": out, "bytes": len(content)})
    else:
        click.echo(out)
        say(f"{len(content) / 1e6:.2f} MB; open it in any browser.", quiet)
