"""What a run tells while it works: medians, a rate, an estimate, and what a plateau means while it lasts."""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Iterable
from io import StringIO

from adversarial_crypto.config import Run
from adversarial_crypto.games import Game
from adversarial_crypto.lab.events import Curve, Note, Phase, Progress, Tell
from adversarial_crypto.training import Row

SECONDS_BETWEEN = 0.25  # of two Progress events: more is not read by anyone
SECONDS_BETWEEN_NOTES = 60.0
SECONDS_OF_RATE = 20.0  # a beat takes a second or two; over 20 s the rate is steady and still follows the machine
HISTORY = 1000  # records of a sparkline; the paper's longest run takes 751
PLATEAU = 0.02  # of the guess


def on_plateau(game: Game, value: float) -> bool:
    """Whether the first of the game's watched measures is still that of a guess, within 2 % of it."""
    guess = game.watched[0].top
    return bool(game.plateau) and abs(value - guess) <= PLATEAU * guess


class Watch:
    """Turns records and beats into events.

    Args:
        width: rows computed together for each phase, by which a step counts in the rate.
    """

    def __init__(self, run: Run, game: Game, width: dict[Phase, int], tell: Tell) -> None:
        self.run, self.game, self.width, self.tell = run, game, width, tell
        self.history: dict[str, deque[float]] = {each.measure: deque(maxlen=HISTORY) for each in game.watched}
        self.passed = self.diverged = 0
        self._beats: deque[tuple[float, int]] = deque()
        self._phase: Phase | None = None
        self._told = self._noted = -float("inf")

    def recall(self, metrics: str) -> None:
        """Continue the history of an earlier attempt from its metrics.csv."""
        if metrics.count("\n") < 2:
            return
        import pandas as pd

        table = pd.read_csv(StringIO(metrics))
        last = table[table["step"] == table["step"].max()]
        self.passed, self.diverged = int(last["passed"].sum()), int(last["diverged"].sum())
        medians = table[table["diverged"] == 0].groupby("step")[list(self.history)].median()
        for name, history in self.history.items():
            history.extend(medians[name].tolist())

    def record(self, rows: Iterable[Row]) -> None:
        """A record was taken."""
        rows = list(rows)
        self.passed, self.diverged = sum(row.passed for row in rows), sum(row.diverged for row in rows)
        sound = [row.means for row in rows if not row.diverged]
        for name, history in self.history.items():
            history.append(statistics.median(means[name] for means in sound) if sound else float("nan"))

    def beat(self, phase: Phase, step: int, steps: int) -> None:
        """The work has come to `step`."""
        now = time.monotonic()
        if phase != self._phase:
            self._phase, self._told = phase, -float("inf")
            self._beats.clear()
        if not self._beats or step > self._beats[-1][1]:
            self._beats.append((now, step))
        if len(self._beats) == 2 and self._beats[0][1] == 0:
            self._beats.popleft()  # the first step compiled
        while len(self._beats) > 2 and now - self._beats[1][0] > SECONDS_OF_RATE:
            self._beats.popleft()
        if now - self._told >= SECONDS_BETWEEN or step >= steps:
            self._told = now
            self.tell(self._progress(phase, step, steps))
        if phase == "training":
            self._note_plateau(step, now)

    def _progress(self, phase: Phase, step: int, steps: int) -> Progress:
        (begin, first), (end, last) = self._beats[0], self._beats[-1]
        rate = (last - first) / (end - begin) if end > begin else 0.0
        return Progress(
            phase=phase,
            step=step,
            steps=steps,
            passed=self.passed,
            diverged=self.diverged,
            curves=tuple(Curve(each, tuple(self.history[each.measure])) for each in self.game.watched),
            seconds_left=(steps - step) / rate if rate else None,
            at_most=phase == "training" and self.run.train.stop == "passed",
            rate=rate * self.width[phase],
        )

    def _note_plateau(self, step: int, now: float) -> None:
        first = self.game.watched[0]
        history = self.history[first.measure]
        if step == 0 or not history or not on_plateau(self.game, history[-1]):
            return
        if now - self._noted < SECONDS_BETWEEN_NOTES:
            return
        self._noted = now
        self.tell(
            Note(
                f"Still on the plateau at step {step:,}: {first.label} has {first.shown(history[-1])} {first.unit} "
                f"(median), and guessing is {first.guess}. This is where every run begins: {self.game.plateau}, "
                "and some replicas never do."
            )
        )
