"""What is possible at best in selective protection (section 3), where values are normal and so estimates are linear.

The tuple (A, B, C, D) has one variance and a correlation matrix, in that order. Alice knows A, B and C; she should tell
of D and hide C.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

KNOWN, C, D = slice(0, 3), 2, 3  # places in the tuple


def cholesky(correlation: ArrayLike) -> NDArray[np.float64]:
    """The lower triangular L with L L' = correlation, by which independent normals become correlated ones.

    Args:
        correlation: (4, 4), symmetric with ones on its diagonal.
    Raises:
        ValueError: it is not that, or not positive definite: no four values can be correlated so.
    """
    matrix = np.asarray(correlation, dtype=np.float64)
    if matrix.shape != (4, 4) or not np.isfinite(matrix).all():
        raise ValueError("A correlation matrix of A, B, C and D is four rows of four finite numbers.")
    if not np.allclose(np.diag(matrix), 1, rtol=0, atol=1e-9) or not np.allclose(matrix, matrix.T, rtol=0, atol=1e-9):
        raise ValueError("A correlation matrix has ones on its diagonal and is symmetric.")
    try:
        return np.asarray(np.linalg.cholesky(matrix), dtype=np.float64)
    except np.linalg.LinAlgError:
        raise ValueError("The correlation matrix is not positive definite: no values can be correlated so.") from None


def bob_floor(correlation: ArrayLike, variance: float) -> float:
    """The least squared error with which D can be told from A, B and C: its variance given them.

    variance (1 - r' S^-1 r), S the correlations of (A, B, C), r theirs with D

    Bob, to whom Alice can send all that she knows, has this floor.
    """
    return variance * (1 - _explained(correlation))


def public_floor(correlation: ArrayLike, variance: float) -> float:
    """The least squared error of an estimate of D that is uncorrelated with C.

    variance (1 - r' S^-1 r + r_C^2): the best such estimate is E[D | A, B, C] - r_C C, the projection off C.

    The value that Alice publishes has this floor, if it is to tell nothing of C: for normal values uncorrelated is
    independent.
    """
    matrix = np.asarray(correlation, dtype=np.float64)
    return variance * (1 - _explained(correlation) + float(matrix[C, D]) ** 2)


def _explained(correlation: ArrayLike) -> float:
    """The share of D's variance that A, B and C explain together."""
    cholesky(correlation)
    matrix = np.asarray(correlation, dtype=np.float64)
    with_d = matrix[KNOWN, D]
    return float(with_d @ np.linalg.solve(matrix[KNOWN, KNOWN], with_d))
