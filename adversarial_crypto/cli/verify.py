"""`acrypto verify`: every file of a run, or of many, against its recorded hash."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from adversarial_crypto.cli.output import common_options, document, example, plural, say
from adversarial_crypto.cli.place import Place

if TYPE_CHECKING:
    from adversarial_crypto.store import Problem

EPILOG = example("acrypto verify runs", "acrypto verify runs/quick --repair")


@click.command("verify", short_help="Check every file of a run or of many.", epilog=EPILOG)
@click.argument("directory", metavar="DIR", type=Place())
@click.option("--repair", is_flag=True, help="Set aside what is broken, so that the same commands can continue.")
@common_options
def command(directory: Path, repair: bool, as_json: bool, quiet: bool) -> None:
    """Check every file of a run, or of all runs and attacks below a directory.

    Each broken, missing or foreign file is named on stdout, and the exit code is 1. With --repair it is 0 when all of
    them were set aside (renamed, nothing is deleted).
    """
    from adversarial_crypto import store

    runs, attacks = len(store.runs(directory)), len(store.attacks(directory))
    if repair:
        found = store.repair(directory)
        left = store.verify(directory) if store.runs(directory) or store.attacks(directory) else []
        rows = [_row(problem, to) for problem, to in found] + [_row(problem) for problem in left]
    else:
        left = store.verify(directory)
        rows = [_row(problem) for problem in left]
    if as_json:
        document(
            "verify", {"directory": directory, "runs": runs, "attacks": attacks, "intact": not rows, "problems": rows}
        )
    else:
        for row in rows:
            click.echo(f"{row['file']}: {row['problem']}" + (f" Now {row['moved_to']}." if row["moved_to"] else ""))
    if not rows:
        kinds = [plural(runs, "run")] if runs or not attacks else []
        kinds += [plural(attacks, "attack")] if attacks else []
        say(f"{' and '.join(kinds)} checked: every file is as it was written.", quiet)
    elif not left:
        say(f"{plural(len(rows), 'problem')} set aside; run the same commands again to continue.", quiet)
    elif not repair:
        say(f"{plural(len(left), 'problem')} found; `acrypto verify {directory} --repair` sets them aside.", quiet)
    if left:
        click.get_current_context().exit(1)


def _row(problem: Problem, moved_to: Path | None = None) -> dict[str, str | None]:
    return {"file": problem.file, "problem": problem.sentence, "moved_to": str(moved_to) if moved_to else None}
