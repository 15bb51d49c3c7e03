"""`acrypto doctor`: what this machine offers and what it lacks."""

from __future__ import annotations

import click

from adversarial_crypto.cli.output import common_options, document, example, say, table


@click.command("doctor", short_help="Say what this machine offers.", epilog=example("acrypto doctor"))
@common_options
def command(as_json: bool, quiet: bool) -> None:
    """Say what this machine offers: versions, devices, compiler, memory, disk."""
    from adversarial_crypto.lab.doctor import doctor

    checks = doctor()
    lacking = [check for check in checks if not check.ok]
    if as_json:
        document("doctor", {"ok": not lacking, "checks": [check._asdict() for check in checks]})
    else:
        rows = [(check.name, check.value, "" if check.ok else "(!)") for check in checks]
        click.echo(table(("what", "found", ""), rows))
    for check in lacking:
        say(f"{check.name}: {check.advice}", quiet)
    if not lacking:
        say("Nothing is missing.", quiet)
