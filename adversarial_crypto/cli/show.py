"""`acrypto show`: the verdict of a finished run, or how far an unfinished one is."""

from __future__ import annotations

from pathlib import Path

import click

from adversarial_crypto.cli.output import common_options, document, example, say
from adversarial_crypto.cli.place import Place


@click.command("show", short_help="Show a run, finished or not.", epilog=example("acrypto show runs/quick"))
@click.argument("directory", metavar="DIR", type=Place())
@common_options
def command(directory: Path, as_json: bool, quiet: bool) -> None:
    """Show a run: verdict and measures when it is complete, else how far it is.

    Nothing is written; a file that is not as it was recorded is named, and nothing of the run is shown.
    """
    from adversarial_crypto.cli import result
    from adversarial_crypto.store import Run

    run = Run.read(directory)
    if not run.complete:
        state = result.unfinished(run)
        if as_json:
            document("show", state)
        else:
            result.show_unfinished(state)
            say(f"\nContinue: acrypto run {directory}", quiet or bool(state["by"]))
        return
    summary = run.summary()
    if as_json:
        document("show", {**result.as_document(directory, summary), "state": "complete"})
    else:
        result.show_complete(directory, summary)
        say(f"\nNext: {result.next_command(directory, summary)}", quiet)
