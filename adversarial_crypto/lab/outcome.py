"""What counts of one replica when a run is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from adversarial_crypto.games import Game
from adversarial_crypto.training import Report


@dataclass(frozen=True)
class Outcome:
    """One replica: test means of its kept players and of the best fresh adversary, chosen on validation of all."""

    passed: bool
    passed_step: int
    diverged: bool
    means: Mapping[str, float]

    def robust(self, game: Game) -> bool:
        """Whether it passed, and withstands the best fresh adversary on test by the game's rule."""
        return self.passed and game.robust(self.means)


def outcome(report: Report, diverged: bool, game: Game) -> Outcome:
    """What counts of a report."""
    means = {name: report.players[name][0] for name in game.measured}
    if report.best:
        network = min(report.best, key=lambda name: report.validation[name][report.best[name]])
        best = report.adversary[network]
        means |= {fresh: best[name][0] for fresh, name in zip(game.fresh, game.tested, strict=True)}
    return Outcome(report.passed, report.passed_step, diverged, means)
