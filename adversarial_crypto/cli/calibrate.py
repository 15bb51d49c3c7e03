"""`acrypto calibrate`: every attack against every known cipher, expected against observed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from adversarial_crypto.cli.attack import MARKS
from adversarial_crypto.cli.output import common_options, document, duration, example, say, table
from adversarial_crypto.cli.stopping import Stopping, parse_duration

if TYPE_CHECKING:
    from adversarial_crypto.lab.calibrate import Calibration

WRONG = 1


@click.command(
    "calibrate",
    short_help="Hold the attacks to ciphers whose answers are known.",
    epilog=example("acrypto calibrate --attack ind_cpa"),
)
@click.option("--tier", default="smoke", metavar="smoke|standard|full", help="Which attacks, at which budget [smoke].")
@click.option("--attack", "attacks", multiple=True, metavar="NAME", help="Only this attack.")
@click.option("--device", default="auto", metavar="auto|cpu|cuda[:i]", help="Where to train attackers.")
@click.option("--engine", default="auto", type=click.Choice(["auto", "eager", "compiled"]), help="How to train them.")
@click.option("--workers", type=int, default=1, help="Attacks at a time, each in a process of its own [1].")
@click.option("--threads", type=click.IntRange(1, 1024), help="Threads of the CPU, of each worker [its share].")
@click.option("--time-limit", callback=parse_duration, metavar="TIME", help="Stop resumably after 90m, or 2h.")
@common_options
def command(time_limit: float | None, as_json: bool, quiet: bool, **settings: Any) -> None:
    """Put every attack of a tier to every known cipher, and compare with what is expected; exit code 1 on any mismatch.

    The same line again continues; results are kept in ./attacks/controls.
    """
    from adversarial_crypto.cli.progress import talker
    from adversarial_crypto.lab.calibrate import calibrate

    talk = talker(quiet)
    with Stopping(time_limit, talk.tell) as stopping, talk:
        result = calibrate(progress=talk, stop=stopping, **settings)
    if as_json:
        document("calibrate", _content(result))
    else:
        _show(result, quiet)
    if result.wrong:
        raise click.exceptions.Exit(WRONG)


def _content(result: Calibration) -> dict[str, Any]:
    cells = [
        {"attack": attack, "cipher": c.label, "outcome": c.outcome, "expected": list(c.expected), "right": c.right}
        for attack, row in result.cells.items()
        for c in row
    ]
    return {"tier": result.tier, "wrong": len(result.wrong), "seconds": result.seconds, "cells": cells}


def _show(result: Calibration, quiet: bool) -> None:
    ciphers = list(dict.fromkeys(c.label for row in result.cells.values() for c in row))
    rows = []
    for cipher in ciphers:
        marks = []
        for row in result.cells.values():
            cell = next((c for c in row if c.label == cipher), None)
            marks.append("" if cell is None else MARKS[cell.outcome] + ("" if cell.right else "!"))
        rows.append((cipher, *marks))
    click.echo(table(("cipher", *result.cells), rows))
    legend = ", ".join(f"{mark} {outcome.replace('_', ' ')}" for outcome, mark in MARKS.items())
    click.echo(f"\n{legend}, ! not expected")
    for attack, cell in result.wrong:
        click.echo(f"{attack} on {cell.label}: {cell.outcome}, where {' or '.join(cell.expected)} is expected")
    count = sum(map(len, result.cells.values()))
    say(f"\n{count - len(result.wrong)} of {count} cells as expected ({duration(result.seconds)} of computing).", quiet)
