"""What is said of attacks while they work: how far one is, and what it came to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adversarial_crypto.cli.output import duration

if TYPE_CHECKING:
    from adversarial_crypto.lab.events import AttackEnded, AttackProgress


def attack_line(seen: AttackProgress) -> str:
    """Which attack, on what, how far."""
    return f"{seen.attack} on {seen.target}: {seen.doing} ({100 * seen.share:.0f} %)"


def attack_ended(event: AttackEnded) -> str:
    """What it came to, and how long it took."""
    when = "found before" if event.cached else duration(event.seconds)
    return f"{event.attack} on {event.target}: {event.outcome.replace('_', ' ')} ({when})"
