"""inline: one item at a time, in this very process; nothing is started, and nothing survives the process's death."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from adversarial_crypto.executors.attempt import STOPPED, attempt
from adversarial_crypto.executors.contract import Receipt, Settings, Work, admit


class Inline:
    """A pool of one slot: submit keeps the item, wait works on it, however long that takes.

    The work is told to stop by `settings.stop`, or by a `Pool.stop` that came before. Ctrl-C goes through.
    """

    slots = 1

    def __init__(self, work: Work, settings: Settings) -> None:
        self._work, self._settings = work, settings
        self._kept: dict[str, Any] = {}
        self._killed: list[Receipt] = []
        self._reason: str | None = None

    def submit(self, key: str, item: Any) -> None:
        """Keep an item for the next wait."""
        admit(key, [*self._kept, *(receipt.key for receipt in self._killed)], self.slots)
        self._kept[key] = item

    def wait(self, seconds: float) -> list[Receipt]:
        """Work on the item that was kept; the seconds do not matter."""
        receipts, self._killed = self._killed, []
        while self._kept:
            key, item = self._kept.popitem()
            receipts.append(attempt(self._work, key, item, self._stop))
        return receipts

    def _stop(self) -> str | None:
        return self._reason or self._settings.stop()

    def kill(self, key: str) -> None:
        """Drop an item that waits; one that is worked on holds this process, so nobody can ask."""
        if key in self._kept:
            del self._kept[key]
            self._killed.append(Receipt(key, died=STOPPED))

    def stop(self, reason: str) -> None:
        """The reason for every item from now on; the first one stays."""
        self._reason = self._reason or reason

    def everywhere(self, function: Callable[[Any], Any], argument: Any) -> list[Any]:
        """Here."""
        return [function(argument)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._kept.clear()
