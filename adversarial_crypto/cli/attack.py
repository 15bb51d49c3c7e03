"""`acrypto attack`: what a cipher really hides, asked by a battery of attacks that are calibrated on known ciphers."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adversarial_crypto.cli.output import common_options, document, duration, example, number, plural, say, table
from adversarial_crypto.cli.place import named
from adversarial_crypto.cli.stopping import Stopping, parse_duration

if TYPE_CHECKING:
    from adversarial_crypto.lab.attack_result import AttackResult

EPILOG = example(
    "acrypto attack known:one_bit_key -s message_bits=8 -s key_bits=8 --attack linear",
    "acrypto attack known:one_time_pad -s message_bits=8 -s key_bits=8 --attack support --json",
)
MARKS = {"broken": "✗", "refuted": "≠", "not_broken": "·", "void": "?", "skipped": "–"}
SURE = 1e-12  # a p below which no finding is more certain than another
WIDEST = 24  # replicas that the board shows one by one


@click.command("attack", short_help="Ask what a cipher really hides.", epilog=EPILOG)
@click.argument("target", metavar="TARGET")
@click.option(
    "--attack", "attacks", multiple=True, metavar="NAME", help="This attack, or FILE.py:NAME; else the tier's."
)
@click.option(
    "--tier", default="smoke", metavar="smoke|standard|full", help="A minute, half an hour, or a GPU's [smoke]."
)
@click.option("--bits", type=int, metavar="B", help="Send only B bits of each element.")
@click.option("--noise", type=float, metavar="SIGMA", help="Add normal noise of this deviation to each element.")
@click.option("--replica", "chosen", type=int, multiple=True, metavar="I", help="Of a run; else those that passed.")
@click.option("--all-replicas", is_flag=True, help="Of a run: those that did not pass too.")
@click.option(
    "-s", "--set", "settings", multiple=True, metavar="KEY=VALUE", help="message_bits, key_bits of known:NAME."
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, help="Of all that is drawn at random [0].")
@click.option("--device", default="auto", metavar="auto|cpu|cuda[:i]", help="Where to train attackers.")
@click.option("--engine", default="auto", type=click.Choice(["auto", "eager", "compiled"]), help="How to train them.")
@click.option("--workers", type=int, default=1, help="Attacks at a time, each in a process of its own [1].")
@click.option("--threads", type=click.IntRange(1, 1024), help="Threads of the CPU, of each worker [its share].")
@click.option("--time-limit", callback=parse_duration, metavar="TIME", help="Stop resumably after 90m, or 2h.")
@click.option("-o", "--out", type=click.Path(path_type=Path), metavar="DIR", help="Where the results go.")
@common_options
def command(
    target: str,
    chosen: tuple[int, ...],
    all_replicas: bool,
    time_limit: float | None,
    as_json: bool,
    quiet: bool,
    **settings: Any,
) -> None:
    """Attack a cipher: a run directory's, known:NAME (`acrypto list ciphers`), or my_cipher.py:build.

    Every attack first meets its controls, known ciphers that it must and must not break; a wrong one voids it. "Not
    broken" says at which budget, and the smallest known leak that was found with it; a leak of another kind may be
    larger. Exit code 0, also when it is broken.
    """
    from adversarial_crypto.cli.progress import talker
    from adversarial_crypto.lab.attack import attack

    replicas = "all" if all_replicas else chosen or "passed"
    talk = talker(quiet)
    # What a user's file prints is talk, and no part of the document.
    with Stopping(time_limit, talk.tell) as stopping, talk, redirect_stdout(sys.stderr):
        result = attack(named(target), replicas=replicas, progress=talk, stop=stopping, **settings)  # type: ignore[arg-type]
    if as_json:
        content = {"target": result.target, "tier": result.tier, "overall": result.overall, "sentence": result.sentence}
        document("attack", {**content, "directory": result.directory, "verdicts": list(result.verdicts)})
        return
    _show(result, quiet)


def _show(result: AttackResult, quiet: bool) -> None:
    if result.already_complete:
        say(f"{result.directory} is already complete.", quiet)
    shown = result.replicas[:WIDEST]
    heads = [str(each) for each in shown] if len(result.replicas) > 1 else [""]
    rows = [
        (_named(result, name), *(MARKS[row[replica]] for replica in shown), _told(result, name))
        for name, row in result.board.items()
    ]
    click.echo(table(("attack", *heads, "most telling finding"), rows))
    if len(result.replicas) > WIDEST:
        click.echo(f"{len(result.replicas) - WIDEST} more replicas are in {result.directory / 'verdicts.csv'}")
    legend = ", ".join(f"{mark} {outcome.replace('_', ' ')}" for outcome, mark in MARKS.items())
    click.echo(f"\n{legend}; replicas in columns" if len(shown) > 1 else f"\n{legend}")
    click.echo(f"\n{result.sentence}")
    if len(result.replicas) > 1:
        click.echo(f"over all replicas: {result.directory / 'claims.md'}")
    click.echo(f"every finding: {result.directory / 'verdicts.csv'} ({duration(result.seconds)} of computing)")
    if result.tier == "smoke" and not quiet:
        say("\nNext: the same with --tier standard")


def _named(result: AttackResult, name: str) -> str:
    """The attack, and its scope where that is not what decides."""
    scope = result.scopes[name]
    return name if scope == "one_time" else f"{name} ({scope.replace('_', ' ')})"


def _told(result: AttackResult, name: str) -> str:
    """Of the findings in the attack's own scope the strongest with the smallest p, in words; of equals the first."""
    order = list(MARKS)
    rows = [row for row in result.verdicts if row["attack"] == name and row["scope"] == result.scopes[name]]
    if not rows:
        return ""
    best = min(rows, key=lambda row: (order.index(row["outcome"]), 1.0 if row["p"] is None else max(row["p"], SURE)))
    if best["outcome"] in ("skipped", "void"):
        return str(best["note"])
    at = "" if best["bits"] is None else f" at {plural(best['bits'], 'bit')} an element"
    chance = f" (chance {number(best['chance'])})" if best["chance"] is not None else ""
    limit = f"; smallest known leak found: {best['detection_limit']}" if best["detection_limit"] else ""
    return f"{best['statistic'].replace('_', ' ')} {number(best['value'])}{chance}{at}{limit}"
