"""`acrypto merge`: one table over a sweep that was computed in several directories."""

from __future__ import annotations

from pathlib import Path

import click

from adversarial_crypto.cli.output import common_options, document, example, say
from adversarial_crypto.cli.place import Place

EPILOG = example("acrypto merge sweeps/one sweeps/two -o keys.csv")
FAILED = 1


@click.command("merge", short_help="One table over the parts of a sweep.", epilog=EPILOG)
@click.argument("directories", metavar="DIR...", nargs=-1, required=True, type=Place())
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), metavar="FILE", help="The table (CSV).")
@common_options
def command(directories: tuple[Path, ...], out: Path, as_json: bool, quiet: bool) -> None:
    """Check that the directories hold the same sweep and write what they have together.

    A shard that several have counts once; one that two have with other bytes, by the same machine and engine, is named
    and the exit code is 1.
    """
    from adversarial_crypto import lab

    there, shards, problems = lab.merge(list(directories), out)
    if as_json:
        document("merge", {"results": out, "shards": shards, "committed": there, "problems": problems})
    else:
        click.echo(str(out))
        missing = "" if there == shards else f"; {shards - there:,} are not there yet"
        say(f"{there:,} of {shards:,} shards{missing}.", quiet)
    for problem in problems:
        say(problem)
    if problems:
        raise click.exceptions.Exit(FAILED)
