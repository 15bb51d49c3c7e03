"""Intervals for what a run reports: rates (passed, robust), means over messages, medians over replicas.

On scipy.special: scipy.stats, which has the same intervals, takes a second to import, and every command shows one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import special


def wilson(k: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a rate: k of n.

    The interval of every rate that is only reported; it never leaves [0, 1] and is right on average over rates.

    Args:
        k, n: successes and trials, 0 <= k <= n; n = 0 gives (0, 1), for nothing is known.
        confidence: in (0, 1).
    Returns:
        (low, high), rates in [0, 1].
    Raises:
        ValueError: k not in 0..n, or confidence not in (0, 1).
    """
    _check_rate(k, n, confidence)
    if n == 0:
        return 0.0, 1.0
    z = float(special.ndtri((1 + confidence) / 2))
    centre = (k + z**2 / 2) / (n + z**2)
    half = z / (n + z**2) * math.sqrt(k * (n - k) / n + z**2 / 4)
    return (centre - half if k else 0.0), (centre + half if k < n else 1.0)


def clopper_pearson(k: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Clopper and Pearson's exact interval of a rate: it covers at least `confidence` whatever the rate is.

    For rates on which a verdict hangs; wider than Wilson's. Arguments, result and errors as there.
    """
    _check_rate(k, n, confidence)
    tail = (1 - confidence) / 2
    low = float(special.betaincinv(k, n - k + 1, tail)) if k else 0.0
    high = float(special.betaincinv(k + 1, n - k, 1 - tail)) if k < n else 1.0
    return low, high


def rate_difference(k: int, n: int, other_k: int, other_n: int, confidence: float = 0.95) -> tuple[float, float, float]:
    """Difference of two independent rates with Newcombe's interval (1998, method 10), made of Wilson's two.

    Args:
        k, n, other_k, other_n: successes and trials of either, n and other_n at least 1.
    Returns:
        (k / n - other_k / other_n, low, high), in [-1, 1].
    Raises:
        ValueError: as `wilson`, or no trials.
    """
    if not n or not other_n:
        raise ValueError("A difference of rates needs trials on both sides.")
    (low, high), (other_low, other_high) = wilson(k, n, confidence), wilson(other_k, other_n, confidence)
    one, other = k / n, other_k / other_n
    difference = one - other
    down, up = math.hypot(one - low, other_high - other), math.hypot(high - one, other - other_low)
    return difference, difference - down, difference + up


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float, float]:
    """Mean of independent values with Student's interval.

    Args:
        values: (n,), finite, n >= 2.
        confidence: in (0, 1).
    Returns:
        (mean, low, high), in the unit of the values.
    Raises:
        ValueError: fewer than 2 values, one of them not finite, or confidence not in (0, 1).
    """
    sample = _finite(values)
    sd = float(sample.std(ddof=1)) if sample.size > 1 else math.nan
    return mean_interval_from_moments(float(sample.mean()), sd, sample.size, confidence)


def mean_interval_from_moments(mean: float, sd: float, n: int, confidence: float = 0.95) -> tuple[float, float, float]:
    """As `mean_interval`, for values that were summed where they arose.

    mean -+ t(n - 1) sd / sqrt(n)

    Args:
        mean, sd: mean and standard deviation with divisor n - 1, of the values.
        n: their number, at least 2.
    """
    _check_confidence(confidence)
    if n < 2:
        raise ValueError(f"The interval of a mean needs at least 2 values, not {n}.")
    half = float(special.stdtrit(n - 1, (1 + confidence) / 2)) * sd / math.sqrt(n)
    return mean, mean - half, mean + half


def median_interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float, float]:
    """Median with its exact interval by order statistics, whatever the distribution.

    [x_(r), x_(n+1-r)] with the largest r for which P(r <= Binomial(n, 1/2) <= n - r) >= confidence.

    Below 6 values no pair of order statistics reaches 95 %: the result is then the minimum and the maximum, which
    cover 1 - 2^(1-n), and is to be read as the range.

    Args:
        values: (n,), finite, n >= 1.
        confidence: in (0, 1).
    Returns:
        (median, low, high), in the unit of the values.
    Raises:
        ValueError: no values, one of them not finite, or confidence not in (0, 1).
    """
    _check_confidence(confidence)
    sample = _finite(values)
    ordered, n = np.sort(sample), sample.size
    r = np.count_nonzero(2 * special.bdtr(np.arange(n // 2), n, 0.5) <= 1 - confidence)
    outside = max(int(r) - 1, 0)  # order statistics left out on either side
    return float(np.median(ordered)), float(ordered[outside]), float(ordered[n - 1 - outside])


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction (1979): p-values that may be read as if each were the only test.

    Args:
        p_values: in [0, 1], dependent in any way.
    Returns:
        In the same order, in [0, 1].
    Raises:
        ValueError: one of them is no probability.
    """
    if not all(0 <= p <= 1 for p in p_values):
        raise ValueError("p-values lie in [0, 1].")
    corrected, largest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = largest
    return corrected


def _check_rate(k: int, n: int, confidence: float) -> None:
    _check_confidence(confidence)
    if not 0 <= k <= n:
        raise ValueError(f"A rate needs 0 <= k <= n, not k = {k}, n = {n}.")


def _finite(values: Sequence[float]) -> np.ndarray:
    sample = np.asarray(values, dtype=np.float64).ravel()
    if sample.size == 0 or not np.isfinite(sample).all():
        raise ValueError("An interval needs at least one value, and finite ones; leave out what diverged and say so.")
    return sample


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"A confidence lies between 0 and 1, not {confidence}.")
