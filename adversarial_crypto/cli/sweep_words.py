"""What is said of a sweep while it is worked on: a line at its start, one a shard, and how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adversarial_crypto.cli.output import duration, plural

if TYPE_CHECKING:
    from adversarial_crypto.lab.events import ShardEnded, SweepProgress, SweepStarted


def start_line(event: SweepStarted) -> str:
    """Where, how much, and who works."""
    done = f", {event.committed:,} of them done" if event.committed else ""
    who = f"{event.executor}, {plural(event.workers, 'worker')}"
    return f"Sweep in {event.directory}: {plural(event.shards, 'shard')}{done}; {who}."


def shard_line(event: ShardEnded) -> str:
    """A shard with its point, and what became of it."""
    place = f" ({event.at})" if event.at else ""
    return f"shard {event.shard}{place}: {event.text}"


def sweep_line(seen: SweepProgress) -> str:
    """How far, and how long still."""
    failed = f", {seen.failed:,} failed" if seen.failed else ""
    if seen.committed == seen.shards:
        left = ""
    else:
        left = ", time left unknown" if seen.seconds_left is None else f", at most {duration(seen.seconds_left)} left"
    return f"{seen.committed:,} of {seen.shards:,} shards, {seen.running:,} running{failed}{left}"
