"""`acrypto status`: how a sweep stands, from any terminal, while it is worked on or not."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adversarial_crypto.cli.output import common_options, document, duration, example, say, table
from adversarial_crypto.cli.place import Place

if TYPE_CHECKING:
    from adversarial_crypto.lab.status import Status

EVERY = 5.0  # seconds between looks with --watch
SHOWN = 20  # shards in a table, past which the rest is counted


@click.command("status", short_help="How a sweep stands.", epilog=example("acrypto status sweeps/keys --watch"))
@click.argument("directory", metavar="DIR", type=Place())
@click.option("--watch", is_flag=True, help="Look again every five seconds until it is complete or Ctrl-C.")
@click.option("--failed", is_flag=True, help="Only the shards that failed, with the reason and the log.")
@common_options
def command(directory: Path, watch: bool, failed: bool, as_json: bool, quiet: bool) -> None:
    """Say how many shards are committed, who works on what, what failed and why, and how long it takes still."""
    from adversarial_crypto.lab.status import status

    while True:
        found = status(directory)
        _show(found, failed, as_json, quiet)
        if not watch or found.committed == found.shards:
            return
        time.sleep(EVERY)


def _show(found: Status, failed: bool, as_json: bool, quiet: bool) -> None:
    begun = [each for each in found.begun if not failed or each.failures]
    if as_json:
        content = {
            "directory": found.directory,
            "shards": found.shards,
            "committed": found.committed,
            **{state: found.count(state) for state in ("running", "failed", "stopped")},
            "seconds_left": found.seconds_left,
            "quarantined": list(found.quarantined),
            "begun": [{**asdict(each), "log": str(each.log)} for each in begun],
        }
        document("status", content)
        return
    counts = f"{found.count('running')} running, {found.count('failed')} failed, {found.count('stopped')} stopped"
    left = "" if found.seconds_left is None or found.committed == found.shards else (
        f", at most {duration(found.seconds_left)} left"
    )  # fmt: skip
    click.echo(f"{found.committed:,} of {found.shards:,} shards committed, {counts}{left}")
    if begun:
        rows = [(each.shard, each.state, f"{each.step:,}", str(each.failures), each.at) for each in begun[:SHOWN]]
        click.echo(table(("shard", "state", "step", "failures", "point"), rows))
        if len(begun) > SHOWN:
            say(f"and {len(begun) - SHOWN:,} more; --json has them all.", quiet)
    for each in begun:
        if each.failures:
            say(f"{each.shard}: {each.error} (see {each.log})", quiet)
    for place in found.quarantined:
        say(f"{place} has other bytes than the committed shard.", quiet)
