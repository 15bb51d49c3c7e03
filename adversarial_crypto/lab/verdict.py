"""The verdict of a run in words: how many passed, what fresh Eves made of them, by which budget, and what it is not."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adversarial_crypto.config import Run
from adversarial_crypto.games import Game, Watched
from adversarial_crypto.lab.outcome import Outcome
from adversarial_crypto.lab.watch import on_plateau


def verdict(run: Run, game: Game, outcomes: Sequence[Outcome], summary: Mapping[str, Any]) -> str:
    """Sentences, each of which stands alone.

    Args:
        summary: the numbers, as `summary.summarise` made them.
    """
    sentences = (
        _passed(game, outcomes, summary),
        *_fresh(run, game, summary),
        *_others(game, outcomes),
        *_limits(run, game, summary),
    )
    return " ".join(sentences)


def _passed(game: Game, outcomes: Sequence[Outcome], summary: Mapping[str, Any]) -> str:
    count = f"{summary['passed']} of {_replicas(summary['replicas'])} passed ({_rate(summary['rates']['passed'])})"
    if not summary["passed"]:
        return f"{count} within {_steps(summary['steps'])}: none had {game.rule}."
    at = statistics.median(each.passed_step for each in outcomes if each.passed)
    return f"{count}: {game.rule}, on two held-out draws; the median one passed at step {at:,.0f}."


def _fresh(run: Run, game: Game, summary: Mapping[str, Any]) -> Iterator[str]:
    """What the fresh adversaries found, and with which budget."""
    protocol, name = run.protocol, game.adversary_name
    if not protocol.adversaries:
        yield f"No fresh {name} was trained (protocol.adversaries = 0), so nothing is known of how robust they are."
        return
    measure = summary["measures"][game.fresh[0]]
    if measure is None:
        return
    networks, each = protocol.adversary_networks, protocol.adversaries * len(protocol.adversary_networks)
    kinds = "" if networks == ("own",) else f" ({', '.join(networks)})"
    who = f"the best of {each} fresh {name}s{kinds}" if each > 1 else f"one fresh {name}{kinds}"
    budget = f"{_steps(protocol.adversary_steps)} at batch {protocol.adversary_batch:,}"
    whom = "them" if summary["passed"] else "those that did not diverge, though none passed,"
    watched = next(each for each in game.watched if each.measure == game.tested[0])
    spread = _interval(measure, summary["over_replicas"], watched)
    found = f"{watched.shown(measure['median'])} {watched.unit} ({spread})"
    guess = f"; guessing is {watched.guess}" if watched.guess else ""
    yield f"Against {whom} {who} ({budget} each) has {found}{guess}."
    if summary["passed"]:
        rate = summary["rates"]["robust"]
        yield f"{rate['k']} of {rate['n']} are robust ({_rate(rate)}): {game.robust_rule}, on test messages."


def _others(game: Game, outcomes: Sequence[Outcome]) -> Iterator[str]:
    """What became of the replicas that did not pass."""
    first = game.watched[0]
    rest = [each for each in outcomes if not each.passed and not each.diverged]
    stuck = sum(on_plateau(game, each.means[first.measure]) for each in rest)
    if stuck:
        yield (
            f"{_replicas(stuck)} {_were(stuck)} still on the plateau at the end: {first.label} has "
            f"{first.guess} {first.unit}, a guess, and nothing has been learned that could be secret. Every "
            f"run begins there, and {game.plateau}; more steps (train.steps) may show whether they do."
        )
    if left := len(rest) - stuck:
        what = "left the plateau and did not" if game.plateau else "did not"
        yield f"{_replicas(left)} {what} reach the thresholds."
    if diverged := sum(each.diverged for each in outcomes):
        yield f"{_replicas(diverged)} diverged (a weight was no longer finite) and {_were(diverged)} frozen there."


def _limits(run: Run, game: Game, summary: Mapping[str, Any]) -> Iterator[str]:
    if game.adversary != "eve" or not summary["passed"]:
        return
    if run.protocol.adversaries:
        yield (
            "This is no proof of secrecy: it says what Eves of this kind found with this budget; another network, more "
            "training or another method may find more."
        )
    else:
        yield "This is no proof of secrecy: the only Eve they met is the one they were trained against."


def _rate(rate: Mapping[str, float]) -> str:
    return f"{100 * rate['k'] / rate['n']:.0f} %, 95 % interval {100 * rate['low']:.0f}–{100 * rate['high']:.0f} %"


def _interval(measure: Mapping[str, float], replicas: int, watched: Watched) -> str:
    if replicas == 1:
        return "a single replica"
    # Below 6 values no pair of order statistics reaches 95 %, and the interval is the range.
    kind = "95 % interval" if replicas >= 6 else "range"
    return f"median, {kind} {watched.shown(measure['low'])}–{watched.shown(measure['high'])}"


def _replicas(count: int) -> str:
    return f"{count} replica{'s' * (count != 1)}"


def _steps(count: int) -> str:
    return f"{count:,} step{'s' * (count != 1)}"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
