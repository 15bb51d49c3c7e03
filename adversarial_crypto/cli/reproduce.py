"""`acrypto reproduce`: the paper's figures and claims; the same line again continues or draws what is done anew."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adversarial_crypto.cli.output import common_options, document, duration, example, say, table
from adversarial_crypto.cli.stopping import Stopping, parse_duration

if TYPE_CHECKING:
    from adversarial_crypto.lab import Reproduction

EPILOG = example(
    "acrypto reproduce fig2 --profile smoke -o runs/try",
    "acrypto reproduce batch sizes --profile smoke -o runs/try",
)


@click.command("reproduce", short_help="Reproduce the paper's figures and claims.", epilog=EPILOG)
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@click.option(
    "--profile", default="standard", metavar="smoke|standard|full", help="Seconds, hours on two cores, or the paper's."
)
@click.option("--device", default="auto", metavar="auto|cpu|cuda[:i]", help="Where to compute.")
@click.option(
    "--time-limit", callback=parse_duration, metavar="TIME", help="Stop resumably after seconds, or 90m, or 2h."
)
@click.option("-o", "--out", type=click.Path(path_type=Path), metavar="DIR", help="Where [runs/paper-PROFILE].")
@common_options
def command(targets: tuple[str, ...], time_limit: float | None, as_json: bool, quiet: bool, **settings: Any) -> None:
    """Run what the targets need, draw their figures over the paper's own and judge its claims.

    TARGET is fig2, fig3, batch, sizes, losses, diffusion, fig4, weights, fig6, gan, or all, as without one. Targets
    share trainings where their configurations are equal. The same line again continues what was stopped.
    """
    from adversarial_crypto import lab
    from adversarial_crypto.cli.progress import talker

    talk = talker(quiet)
    with Stopping(time_limit, talk.tell) as stopping, talk:
        result = lab.reproduce(targets or ("all",), progress=talk, stop=stopping, **settings)
    if as_json:
        document("reproduce", _content(result))
        return
    _show(result, quiet)


def _content(result: Reproduction) -> dict[str, Any]:
    return {
        "directory": result.directory,
        "targets": {
            name: {"directory": path, "seconds": result.seconds[name]} for name, path in result.targets.items()
        },
        "claims": result.claims,
    }


def _show(result: Reproduction, quiet: bool) -> None:
    rows = [
        (str(row["target"]), str(row["claim"]), str(row["verdict"]))
        for row in result.claims
        if row["target"] in result.targets
    ]
    if rows:
        click.echo(table(("target", "claim", "verdict"), rows) + "\n")
    for name, path in result.targets.items():
        pictures = ", ".join(str(picture) for picture in sorted(path.glob("*.png")))
        click.echo(f"{name}: {pictures} ({duration(result.seconds[name])} of computing)")
    say(f"\nThe claims, with intervals and budgets: {result.directory / 'claims.md'}", quiet)
