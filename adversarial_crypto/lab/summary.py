"""summary.json: what a run found, in numbers with intervals; a pure function of reports and facts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adversarial_crypto.config import Run
from adversarial_crypto.games import Game
from adversarial_crypto.lab.outcome import Outcome
from adversarial_crypto.lab.verdict import verdict
from adversarial_crypto.numerics.statistics import median_interval, wilson

SCHEMA = "acrypto.run/1"


@dataclass(frozen=True)
class Facts:
    """What the tables do not say.

    Args:
        steps: of the training.
        seconds: of all attempts together.
        rate: replica-steps per second of the training.
        execution: how the run is computed, as recorded at its start.
    """

    identity: str
    steps: int
    seconds: float
    rate: float
    execution: Mapping[str, Any]


def summarise(run: Run, game: Game, outcomes: Sequence[Outcome], facts: Facts) -> dict[str, Any]:
    """The document.

    measures: name -> {median, low, high}, a 95 % interval of the median over the replicas that passed, or over all that
    did not diverge where none passed (`over`, and how many: below 6 the interval is their range); null where there is
    nothing to take it of. robust is null without fresh
    adversaries: nothing tested it.
    """
    total, passed = len(outcomes), sum(each.passed for each in outcomes)
    robust = sum(each.robust(game) for each in outcomes) if run.protocol.adversaries else None
    over = [each for each in outcomes if (each.passed if passed else not each.diverged)]
    measures = *game.measured, *game.fresh
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "experiment": run.name,
        "id": facts.identity,
        "replicas": total,
        "passed": passed,
        "robust": robust,
        "diverged": sum(each.diverged for each in outcomes),
        "steps": facts.steps,
        "seconds": round(facts.seconds, 3),
        "replica_steps_per_second": round(facts.rate, 3),
        "engine": facts.execution["engine"],
        "device": facts.execution["device"],
        "over": "passed" if passed else "all",
        "over_replicas": len(over),
        "measures": {name: _median([e.means[name] for e in over if name in e.means]) for name in measures},
        "rates": {"passed": _rate(passed, total), "robust": None if robust is None else _rate(robust, total)},
    }
    return {**document, "verdict": verdict(run, game, outcomes, document)}


def _median(values: list[float]) -> dict[str, float] | None:
    values = [value for value in values if math.isfinite(value)]
    if not values:
        return None
    return dict(zip(("median", "low", "high"), median_interval(values), strict=True))


def _rate(k: int, n: int) -> dict[str, float]:
    low, high = wilson(k, n)
    return {"k": k, "n": n, "low": low, "high": high}
