"""The verdict of a run in words: how many passed, what fresh Eves made of them, by which budget, and what it is not."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from adversarial_crypto.config import Run
from adversarial_crypto.lab.watch import on_plateau

if TYPE_CHECKING:
    from adversarial_crypto.lab.summary import Outcome


def verdict(run: Run, outcomes: Sequence[Outcome], summary: Mapping[str, Any]) -> str:
    """Sentences, each of which stands alone.

    Args:
        summary: the numbers, as `summary.summarise` made them.
    """
    sentences = (
        _passed(run, outcomes, summary),
        *_fresh(run, summary),
        *_others(run, outcomes),
        *_limits(run, summary),
    )
    return " ".join(sentences)


def _passed(run: Run, outcomes: Sequence[Outcome], summary: Mapping[str, Any]) -> str:
    protocol, bits = run.protocol, run.game.message_bits
    rule = f"Bob at most {protocol.bob_bits_max:g} and Eve at least {protocol.eve_error_min:g} of {bits} bits wrong"
    count = f"{summary['passed']} of {_replicas(summary['replicas'])} passed ({_rate(summary['rates']['passed'])})"
    if not summary["passed"]:
        return f"{count} within {_steps(summary['steps'])}: none had {rule}."
    at = statistics.median(each.passed_step for each in outcomes if each.passed)
    return f"{count}: {rule}, on two held-out draws; the median one passed at step {at:,.0f}."


def _fresh(run: Run, summary: Mapping[str, Any]) -> Iterator[str]:
    """What the fresh adversaries found, and with which budget."""
    protocol, measure = run.protocol, summary["measures"]["fresh_eve_bits_wrong"]
    if not protocol.adversaries:
        yield "No fresh Eve was trained (protocol.adversaries = 0), so nothing is known of how robust they are."
        return
    if measure is None:
        return
    networks, each = protocol.adversary_networks, protocol.adversaries * len(protocol.adversary_networks)
    kinds = "" if networks == ("own",) else f" ({', '.join(networks)})"
    eves = f"the best of {each} fresh Eves{kinds}" if each > 1 else f"one fresh Eve{kinds}"
    budget = f"{_steps(protocol.adversary_steps)} at batch {protocol.adversary_batch:,}"
    whom = "them" if summary["passed"] else "those that did not diverge, though none passed,"
    chance = f"guessing is {run.game.message_bits / 2:g}"
    found = f"{measure['median']:.2f} bits wrong ({_interval(measure, summary['over_replicas'])})"
    yield f"Against {whom} {eves} ({budget} each) has {found}; {chance}."
    if summary["passed"]:
        rate = summary["rates"]["robust"]
        what = f"Bob within his limit and that Eve at least {protocol.robust_error_min:g} bits wrong"
        yield f"{rate['k']} of {rate['n']} are robust ({_rate(rate)}): {what}, on test messages."


def _others(run: Run, outcomes: Sequence[Outcome]) -> Iterator[str]:
    """What became of the replicas that did not pass."""
    bits = run.game.message_bits
    rest = [each for each in outcomes if not each.passed and not each.diverged]
    stuck = sum(on_plateau(each.means["bob_bits_wrong"], bits) for each in rest)
    if stuck:
        yield (
            f"{_replicas(stuck)} {_were(stuck)} still on the plateau at the end: Bob has {bits / 2:g} bits wrong, "
            "a guess, and nothing has been learned that could be secret. Every run begins there, and in the paper's "
            "Figure 2 Bob leaves it after 7,000 steps; more steps (train.steps) may show whether they do."
        )
    if left := len(rest) - stuck:
        yield f"{_replicas(left)} left the plateau and did not reach the thresholds."
    if diverged := sum(each.diverged for each in outcomes):
        yield f"{_replicas(diverged)} diverged (a weight was no longer finite) and {_were(diverged)} frozen there."


def _limits(run: Run, summary: Mapping[str, Any]) -> Iterator[str]:
    if summary["passed"] and run.protocol.adversaries:
        yield (
            "This is no proof of secrecy: it says what Eves of this kind found with this budget; another network, more "
            "training or another method may find more."
        )
    elif summary["passed"]:
        yield "This is no proof of secrecy: the only Eve they met is the one they were trained against."


def _rate(rate: Mapping[str, float]) -> str:
    return f"{100 * rate['k'] / rate['n']:.0f} %, 95 % interval {100 * rate['low']:.0f}–{100 * rate['high']:.0f} %"


def _interval(measure: Mapping[str, float], replicas: int) -> str:
    if replicas == 1:
        return "a single replica"
    # Below 6 values no pair of order statistics reaches 95 %, and the interval is the range.
    kind = "95 % interval" if replicas >= 6 else "range"
    return f"median, {kind} {measure['low']:.2f}–{measure['high']:.2f}"


def _replicas(count: int) -> str:
    return f"{count} replica{'s' * (count != 1)}"


def _steps(count: int) -> str:
    return f"{count:,} step{'s' * (count != 1)}"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
