"""The time that a run has taken, over all its attempts."""

from __future__ import annotations

import time


class Meter:
    """Seconds of work, and the rate of the training.

    The rate leaves out each attempt's first beat that steps, which compiles; where a training has no other, it counts.

    Args:
        seconds: of the attempts before this one, as far as they were saved.
        steps, timed: training steps that were timed, and the seconds they took.
    """

    def __init__(self, seconds: float = 0.0, steps: int = 0, timed: float = 0.0) -> None:
        self._before, self._steps, self._timed = seconds, steps, timed
        self._began = self._last = time.monotonic()
        self._step = 0
        self._first: tuple[int, float] | None = None

    @property
    def seconds(self) -> float:
        """Of all attempts."""
        return self._before + time.monotonic() - self._began

    @property
    def rate(self) -> float:
        """Training steps per second, 0 where none was timed."""
        return self._steps / self._timed if self._timed > 0 else 0.0

    def start(self, step: int) -> None:
        """The training goes on from `step`."""
        self._step, self._last = step, time.monotonic()

    def beat(self, step: int) -> None:
        """The training has come to `step`."""
        now = time.monotonic()
        done, took = step - self._step, now - self._last
        if self._first:
            self._steps, self._timed = self._steps + done, self._timed + took
        elif done:
            self._first = done, took
        self._step, self._last = step, now

    def rest(self) -> None:
        """The training is over."""
        if not self._steps and self._first:
            self._steps, self._timed = self._first

    def saved(self) -> dict[str, float]:
        """What a checkpoint keeps: the arguments of the next attempt's meter."""
        return {"seconds": self.seconds, "steps": self._steps, "timed": self._timed}
