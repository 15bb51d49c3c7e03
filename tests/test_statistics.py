"""Intervals: known answers, properties, and coverage by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from adversarial_crypto.numerics.statistics import (
    clopper_pearson,
    mean_interval,
    mean_interval_from_moments,
    median_interval,
    rate_difference,
    wilson,
)


@pytest.mark.parametrize(("k", "low", "high"), [(14, 0.481, 0.855), (10, 0.299, 0.701), (0, 0.0, 0.161)])
def test_wilson_known_answers(k: int, low: float, high: float) -> None:
    """Wilson's interval of k of 20 is that of the tables; 14 and 10 of 20 are the paper's rates."""
    assert wilson(k, 20) == pytest.approx((low, high), abs=5e-4)


@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.99])
def test_rates_are_those_of_scipy_stats(confidence: float) -> None:
    """Wilson's and the exact interval are scipy.stats' for every count of up to 40 trials, and of 4,096."""
    counts = [(k, trials) for trials in range(1, 41) for k in range(trials + 1)]
    for k, n in counts + [(k, 4096) for k in (0, 1, 2047, 4096)]:
        known = stats.binomtest(k, n)
        assert wilson(k, n, confidence) == pytest.approx(known.proportion_ci(confidence, "wilson"), abs=1e-12)
        assert clopper_pearson(k, n, confidence) == pytest.approx(known.proportion_ci(confidence, "exact"), abs=1e-10)


@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.99])
def test_medians_are_those_of_scipy_stats(confidence: float) -> None:
    """The median's interval has scipy.stats' ends for 1 to 100 values; where that has none, it is the range."""
    rng = np.random.default_rng(3)
    for n in range(1, 101):
        values = rng.normal(size=n)
        known = stats.quantile_test(values, p=0.5).confidence_interval(confidence)
        ends = np.where(np.isnan(known), [values.min(), values.max()], known)
        assert median_interval(values, confidence)[1:] == tuple(ends)


def test_clopper_pearson_known_answers() -> None:
    """The exact interval is made of beta quantiles, and of (alpha/2)^(1/n) where nothing failed."""
    assert clopper_pearson(14, 20) == pytest.approx((0.4572, 0.8811), abs=5e-5)
    assert clopper_pearson(20, 20) == pytest.approx((0.025 ** (1 / 20), 1.0), rel=1e-9)


@pytest.mark.parametrize("interval", [wilson, clopper_pearson])
def test_nothing_tried_nothing_known(interval) -> None:
    """No trial leaves the rate anywhere in [0, 1]; impossible counts and confidences are refused."""
    assert interval(0, 0) == (0.0, 1.0)
    for k, n, confidence in [(3, 2, 0.95), (-1, 2, 0.95), (1, 2, 1.0), (1, 2, float("nan"))]:
        with pytest.raises(ValueError, match=r"A (rate|confidence)"):
            interval(k, n, confidence)


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.999))
def test_rate_intervals_contain_the_rate(k_n: tuple[int, int], confidence: float) -> None:
    """Both intervals hold k/n, stay in [0, 1] and mirror when successes and failures change places."""
    k, n = k_n
    for interval in (wilson, clopper_pearson):
        low, high = interval(k, n, confidence)
        assert -1e-12 <= low <= k / n + 1e-12 and k / n - 1e-12 <= high <= 1 + 1e-12
        assert interval(n - k, n, confidence) == pytest.approx((1 - high, 1 - low), abs=1e-9)


@pytest.mark.parametrize("rate", [0.05, 0.3, 0.5, 0.7])
def test_rate_coverage(rate: float) -> None:
    """Summed over all outcomes of 20 trials, the exact interval covers at least 95 % and Wilson's about 95 %."""
    weights = stats.binom.pmf(np.arange(21), 20, rate)
    inside = {
        f: [low <= rate <= high for low, high in (f(k, 20) for k in range(21))] for f in (wilson, clopper_pearson)
    }
    assert weights @ inside[clopper_pearson] >= 0.95
    assert weights @ inside[wilson] == pytest.approx(0.95, abs=0.035)


def test_mean_known_answer() -> None:
    """The mean's interval is Student's: 1, 2, 3 has t(2) = 4.3027 times 1/sqrt(3) on either side of 2."""
    half = 4.302653 / 3**0.5
    assert mean_interval([1.0, 2.0, 3.0]) == pytest.approx((2.0, 2 - half, 2 + half), rel=1e-6)
    assert mean_interval_from_moments(2.0, 1.0, 3) == pytest.approx(mean_interval([1.0, 2.0, 3.0]), rel=1e-12)


def test_mean_coverage() -> None:
    """Over 2,000 normal samples of 8 the mean's 90 % interval holds the truth in 90 %, within three standard errors."""
    rng = np.random.default_rng(1)
    inside = [low <= 3 <= high for _, low, high in (mean_interval(rng.normal(3, 2, 8), 0.9) for _ in range(2000))]
    assert np.mean(inside) == pytest.approx(0.9, abs=3 * (0.09 / 2000) ** 0.5)


@pytest.mark.parametrize(("n", "low", "high"), [(6, 1, 6), (8, 1, 8), (10, 2, 9), (20, 6, 15), (50, 18, 33)])
def test_median_known_ranks(n: int, low: int, high: int) -> None:
    """The ranks of the median's 95 % interval are those of the tables of the sign test, in any order of the values."""
    values = np.random.default_rng(n).permutation(np.arange(1.0, n + 1))
    assert median_interval(values) == ((n + 1) / 2, low, high)


@pytest.mark.parametrize("values", [[5.0], [5.0, 7.0], [9.0, 5.0, 6.0, 7.0, 8.0]])
def test_median_of_too_few(values: list[float]) -> None:
    """Where no order statistics reach the confidence the interval is the range."""
    assert median_interval(values) == (np.median(values), min(values), max(values))


@pytest.mark.parametrize("n", [9, 20])
def test_median_coverage(n: int) -> None:
    """Over 1,000 skewed samples the median's interval covers what its ranks promise, and never less than asked."""
    rng = np.random.default_rng(n)
    intervals = (median_interval(rng.exponential(size=n)) for _ in range(1000))
    inside = [low <= np.log(2) <= high for _, low, high in intervals]
    rank = int(stats.binom.ppf(0.025, n, 0.5))
    promised = 1 - 2 * stats.binom.cdf(rank - 1, n, 0.5)
    assert promised >= 0.95
    assert np.mean(inside) == pytest.approx(promised, abs=3 * (promised * (1 - promised) / 1000) ** 0.5)


@pytest.mark.parametrize("values", [[], [1.0, float("nan")], [1.0, float("inf")]])
def test_what_diverged_is_refused(values: list[float]) -> None:
    """No value, or one that is not finite, has no interval: the caller leaves it out and says so."""
    for interval in (mean_interval, median_interval):
        with pytest.raises(ValueError, match="finite"):
            interval(values)
    with pytest.raises(ValueError, match="at least 2"):
        mean_interval([1.0])


def test_a_difference_of_rates_has_newcombes_interval() -> None:
    """Newcombe's own example: 56 of 70 less 48 of 80 is 0.2, from 0.0524 to 0.3339; the other way round its mirror."""
    assert [round(x, 4) for x in rate_difference(56, 70, 48, 80)] == [0.2, 0.0524, 0.3339]
    assert [round(x, 4) for x in rate_difference(48, 80, 56, 70)] == [-0.2, -0.3339, -0.0524]
    with pytest.raises(ValueError, match="trials on both sides"):
        rate_difference(1, 2, 0, 0)
