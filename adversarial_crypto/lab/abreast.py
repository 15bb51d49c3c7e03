"""Attacks side by side, in processes of their own: each keeps its result, and whoever asked finds it there.

So this is haste and nothing else: what a process did not bring to its end is done again by the command itself, which
then says what is wrong with it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adversarial_crypto.config import ConfigError
from adversarial_crypto.executors import EXECUTORS, Settings, Work
from adversarial_crypto.lab.battery import Battery
from adversarial_crypto.lab.events import AttackProgress, Note
from adversarial_crypto.lab.machine import default_threads

MOST = 1024
LOOK = 0.5  # seconds between looks at the clock, the signals and the workers


@dataclass(frozen=True)
class Errand:
    """What one process is sent to do.

    Args:
        battery: arguments of `lab.attack.battery_of` that can be sent.
        attack: its name, or "my_attack.py:ATTACK".
        about: the rest, as the work wants it.
    """

    battery: Mapping[str, Any]
    attack: str
    about: Mapping[str, Any]


def fitting(workers: int, attacks: Sequence[str]) -> int:
    """How many workers there is work for, where these attacks are named, or none for all.

    Raises:
        ConfigError: no such number of workers.
    """
    if not 1 <= workers <= MOST:
        raise ConfigError(f"workers must be between 1 and {MOST}, not {workers}")
    return min(workers, len(attacks)) if attacks else workers


def threads_of_each(workers: int, threads: int | None) -> int | None:
    """Threads of each of so many workers: those that were asked for, or their share of the processors."""
    return threads if threads or workers == 1 else max(1, default_threads() // workers)


def side_by_side(
    work: Work, errands: Mapping[str, Errand], workers: int, battery: Battery, target: str
) -> tuple[set[str], str | None]:
    """Runs errands, so many at a time, until all are over or `battery.stop` gives a reason.

    Args:
        work: (errand, stop) -> whether it computed anything; a `Stopped` of its own is as good as an answer.
        errands: by the name that people know them by, the longest last.
        target: what is attacked, for those who watch.
    Returns:
        The names of those that computed something, and the reason to stop, if there was one.
    """
    if not errands:
        return set(), None
    waiting, running = deque(reversed(list(errands.items()))), dict[str, None]()
    made: set[str] = set()
    reason: str | None = None
    settings = Settings(min(workers, len(errands)), battery.engine.machine.threads)
    with EXECUTORS["local"](work, settings) as pool:
        while waiting or running:
            while waiting and len(running) < pool.slots:
                name, errand = waiting.popleft()
                pool.submit(name, errand)
                running[name] = None
            done = 1 - (len(waiting) + len(running)) / len(errands)
            battery.tell(AttackProgress(f"{len(errands)} attacks", target, done, ", ".join(running)))
            for receipt in pool.wait(LOOK):
                del running[receipt.key]
                if receipt.result:
                    made.add(receipt.key)
                if receipt.died and reason is None:
                    battery.tell(Note(f"{receipt.key} is tried again in a while: {receipt.died}"))
            if reason is None and (reason := battery.stop()):
                waiting.clear()
                pool.stop(reason)
    return made, reason


def sent(battery: Battery) -> dict[str, Any]:
    """The battery as an errand carries it."""
    machine = battery.engine.machine
    return {
        "tier": battery.tier,
        "seed": battery.seed,
        "device": machine.device,
        "engine": battery.engine.name,
        "threads": machine.threads,
    }
