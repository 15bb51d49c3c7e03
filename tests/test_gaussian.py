"""The floors of selective protection against the paper's numbers, against Monte Carlo, and at their limits."""

from __future__ import annotations

import numpy as np
import pytest

from adversarial_crypto.formulas.gaussian import bob_floor, cholesky, public_floor

PAPERS = np.full((4, 4), 0.4) + 0.6 * np.eye(4)
UNEQUAL = np.array([[1, 0.5, -0.2, 0.3], [0.5, 1, 0.1, 0.6], [-0.2, 0.1, 1, 0.4], [0.3, 0.6, 0.4, 1]])


def test_the_papers_floors() -> None:
    """With every correlation 0.4 and variance 0.19, Bob's floor is 0.1393 and that of the public value 0.1697."""
    assert bob_floor(PAPERS, 0.19) == pytest.approx(0.19 * (1 - 3 * 0.4**2 / 1.8)) == pytest.approx(0.1393, abs=5e-5)
    assert public_floor(PAPERS, 0.19) == pytest.approx(0.1697, abs=5e-5)


@pytest.mark.parametrize("correlation", [PAPERS, UNEQUAL])
def test_the_floors_are_reached_and_not_passed(correlation: np.ndarray) -> None:
    """On 400,000 tuples the best linear estimate has Bob's floor, and the best one uncorrelated with C the public's."""
    generator = np.random.default_rng(1)
    a, b, c, d = cholesky(correlation) @ generator.standard_normal((4, 400_000)) * 0.19**0.5
    known = np.stack([a, b, c])
    best = np.linalg.lstsq(known.T, d, rcond=None)[0] @ known
    assert np.mean((d - best) ** 2) == pytest.approx(bob_floor(correlation, 0.19), rel=0.01)
    # Of estimates u'(a, b, c) with covariance 0 with C, the best: least squares on what is left of a, b and d beside c.
    off = [x - c * (x @ c) / (c @ c) for x in (a, b)]
    public = np.linalg.lstsq(np.stack(off).T, d, rcond=None)[0] @ np.stack(off)
    assert abs(np.mean(public * c)) < 1e-9
    assert np.mean((d - public) ** 2) == pytest.approx(public_floor(correlation, 0.19), rel=0.01)


def test_limits() -> None:
    """Of independent values nothing can be told; where C alone knows D, the public value tells nothing at all."""
    assert bob_floor(np.eye(4), 2.0) == public_floor(np.eye(4), 2.0) == 2.0
    only_c = np.eye(4)
    only_c[2, 3] = only_c[3, 2] = 0.8
    assert bob_floor(only_c, 1.0) == pytest.approx(1 - 0.8**2) and public_floor(only_c, 1.0) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        (np.eye(3), "four rows of four"),
        (np.full((4, 4), np.nan), "finite"),
        (2 * np.eye(4), "ones on its diagonal"),
        (np.eye(4) + np.eye(4, k=1), "symmetric"),
        (np.full((4, 4), -0.4) + 1.4 * np.eye(4), "not positive definite"),
    ],
)
def test_what_is_no_correlation_matrix_is_refused(matrix: np.ndarray, words: str) -> None:
    """Each is one sentence: wrong shape, not finite, not a correlation matrix, not positive definite."""
    with pytest.raises(ValueError, match=words):
        cholesky(matrix)
