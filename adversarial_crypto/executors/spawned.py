"""The worker's side of `local`: what it may use, whom it obeys, and how it ends when its driver is dead.

This module is imported by a fresh process before anything else of ours, and must stay light.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import dataclass
from typing import Any

from adversarial_crypto.executors.attempt import attempt_packed
from adversarial_crypto.executors.contract import Receipt

ORPHANED = "terminate"  # the reason that work hears when its driver is dead
LOOK = 0.5  # seconds between looks at the driver: an orphan that has saved itself is gone within one


@dataclass(frozen=True)
class Orders:
    """What a worker is told before it imports the work's module.

    Args:
        environment: variables that libraries read when they are loaded.
        driver: its process number.
        reason: to stop; memory shared with the driver, empty while there is none.
    """

    environment: dict[str, str]
    driver: int
    reason: Any


_orders: Orders
_at_work = threading.Lock()


def begin(orders: Orders) -> None:
    """Make this process a worker.

    SIGINT is ignored: a terminal sends Ctrl-C to the whole group, and the driver alone decides what it means. SIGTERM
    does what it does by default; a handler in Python would wait for the end of a long call into a library.
    """
    global _orders
    _orders = orders
    os.environ.update(orders.environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # it was born with it blocked
    threading.Thread(target=_end_with_driver, name="end-with-driver", daemon=True).start()


def run(key: str, sent: bytes) -> Receipt:
    """One item; its result is still packed."""
    with _at_work:
        return attempt_packed(key, sent, _stop)


def _stop() -> str | None:
    return ORPHANED if _orphaned() else _orders.reason.value.decode(errors="replace") or None


def _orphaned() -> bool:
    return os.getppid() != _orders.driver


def _end_with_driver() -> None:
    """End this process once its driver is dead and no work is under way.

    Not PR_SET_PDEATHSIG: the work shall save itself first. Not the pipe to the driver alone: whatever the driver has
    forked may still hold its other end.
    """
    while not _orphaned():
        time.sleep(LOOK)
    with _at_work:
        os._exit(1)
