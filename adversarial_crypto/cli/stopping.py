"""Ctrl-C, SIGTERM and the time limit become one reason to stop, which the laboratory asks for at every beat."""

from __future__ import annotations

import math
import re
import signal
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

import click

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_PART = re.compile(rf"({_NUMBER.pattern})([smhd])")
_DURATION = re.compile(rf"(?:{_NUMBER.pattern}[smhd])+")


def parse_duration(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """Seconds from a plain number of them, or from units: 90m, 2h, 1h30m. A callback of an option."""
    if value is None:
        return None
    text = value.strip().lower()
    if _DURATION.fullmatch(text):
        seconds = sum(float(amount) * UNITS[unit] for amount, unit in _PART.findall(text))
    elif _NUMBER.fullmatch(text):
        seconds = float(text)
    else:
        raise click.BadParameter(f"{value!r} is no length of time; give seconds or something like 90m or 2h.")
    if not 0 < seconds < math.inf:
        raise click.BadParameter(f"{value!r} must be more than nothing, and finite.")
    return seconds


class Stopping:
    """While this context lasts, a first SIGINT or SIGTERM sets the reason; a second SIGINT aborts at once.

    Call it for the reason: None, "interrupt", "terminate" or "time limit".

    Args:
        limit: seconds from now until "time limit", or None.
        tell: called once, from the signal handler, with what is going to happen.
        clock: monotonic seconds.
    """

    def __init__(
        self, limit: float | None, tell: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock, self._tell = clock, tell
        self._deadline = None if limit is None else clock() + limit
        self._asked: str | None = None
        self._before: dict[int, Any] = {}

    def __call__(self) -> str | None:
        if self._asked is None and self._deadline is not None and self._clock() >= self._deadline:
            self._asked = "time limit"
            self._tell("The time limit is reached; stopping at a checkpoint.")
        return self._asked

    @property
    def asked(self) -> str | None:
        """The reason that a signal or the limit has set so far; does not look at the clock."""
        return self._asked

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            # From here on Python's own way: a second Ctrl-C raises KeyboardInterrupt wherever the program is.
            signal.signal(signal.SIGINT, signal.default_int_handler)
            told = "Stopping at a checkpoint; Ctrl-C again aborts at once."
        else:
            told = "Asked to terminate; stopping at a checkpoint."
        if self._asked is None or number == signal.SIGINT:
            self._asked = "interrupt" if number == signal.SIGINT else "terminate"
            self._tell(told)

    def __enter__(self) -> Stopping:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
