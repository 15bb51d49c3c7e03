"""From counts to verdicts: intervals of 99.9 %, p-values that hold whatever the bits have to do with each other."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from scipy import stats
from torch import Tensor

from adversarial_crypto.attacks.contract import SIGNIFICANCE, Outcome, Scope, Verdict
from adversarial_crypto.numerics.statistics import clopper_pearson, mean_interval_from_moments

CONFIDENCE = 1 - SIGNIFICANCE


def skipped(attack: str, scope: Scope, replicas: int, why: str) -> list[Verdict]:
    """One verdict a replica that says why there is none."""
    return [Verdict(attack, scope, replica, None, "skipped", "", note=why) for replica in range(replicas)]


def wrong_bits(guess: Tensor, message: Tensor) -> Tensor:
    """Which signs differ, bool; 0 is taken as +1, for a guess must owe nothing to the message where nothing is known.

    Args:
        guess, message: (..., N).
    """
    return (guess >= 0) != (message > 0)


def bits_verdict(base: Verdict, flipped: Tensor, statistic: str = "bits_flipped") -> Verdict:
    """Whether guesses of message bits are better, or worse, than chance.

    Under perfect secrecy every guessed bit is right with probability 1/2 whatever the attacker does, so two tests hold:
    the mean number of flipped bits, with the message as the unit; and each bit for itself, corrected for their number,
    which an attacker who is wrong on 9 of 16 bits does not escape. p is twice the smaller one.

    Args:
        base: attack, scope, replica, bits, budget; the rest is filled in.
        flipped: (B, N) bool, on messages that were used for nothing else.
    """
    return counts_verdict(base, flipped.sum(-1), flipped.sum(0), statistic)


def counts_verdict(base: Verdict, counts: Tensor, bits: Tensor, statistic: str = "bits_flipped") -> Verdict:
    """The same of flips that are counted already: in each message (B,), and of each bit (N,)."""
    messages, width = len(counts), len(bits)
    counts = counts.to(torch.float64)
    mean, sd = float(counts.mean()), float(counts.std())
    low, high = mean, mean
    p_mean = 0.0 if mean != width / 2 else 1.0
    if sd > 0:
        mean, low, high = mean_interval_from_moments(mean, sd, messages, CONFIDENCE)
        p_mean = 2 * float(stats.norm.sf(abs(mean - width / 2) / (sd / math.sqrt(messages))))
    each = stats.binomtest
    worst = max((abs(int(count) - messages / 2), int(count)) for count in bits.tolist())[1]
    p_bit = min(1.0, width * float(each(worst, messages).pvalue))
    p = min(1.0, 2 * min(p_mean, p_bit))
    return replace(
        base,
        outcome=outcome(p),
        statistic=statistic,
        value=mean,
        low=low,
        high=high,
        p=p,
        chance=width / 2,
        note=base.note or f"most telling bit: wrong in {worst / messages:.4f} of the messages",
    )


def rate_verdict(base: Verdict, successes: int, trials: int, chance: float, statistic: str) -> Verdict:
    """Whether an attacker succeeds more often than by chance; Clopper and Pearson's interval."""
    low, high = clopper_pearson(successes, trials, CONFIDENCE)
    p = float(stats.binomtest(successes, trials, chance, alternative="greater").pvalue)
    return replace(
        base,
        outcome=outcome(p),
        statistic=statistic,
        value=successes / trials,
        low=low,
        high=high,
        p=p,
        chance=chance,
    )


def advantage_verdict(base: Verdict, right: int, trials: int, statistic: str = "advantage") -> Verdict:
    """Whether a guess between two is right more, or less, often than one half; advantage = |2 accuracy - 1|."""
    low, high = (2 * limit - 1 for limit in clopper_pearson(right, trials, CONFIDENCE))
    value = 2 * right / trials - 1
    if value < 0:
        value, low, high = -value, -high, -low
    p = float(stats.binomtest(right, trials).pvalue)
    return replace(
        base, outcome=outcome(p), statistic=statistic, value=value, low=max(low, 0.0), high=high, p=p, chance=0.0
    )


def outcome(p: float) -> Outcome:
    """Broken when p is below 0.001, before the correction for several tests."""
    return "broken" if p < SIGNIFICANCE else "not_broken"
