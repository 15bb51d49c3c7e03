"""Measures of an estimate: of a message, whose bits are coded -1 and +1 everywhere, or of a real number."""

from __future__ import annotations

import torch
from torch import Tensor

SMALLEST_VARIANCE = 1e-12


def bits_wrong(estimate: Tensor, message: Tensor) -> Tensor:
    """Continuous bits wrong: half the L1 distance.

    sum_i |estimate_i - message_i| / 2        (section 2.5: on the coding -1, +1 one wrong bit counts 2)

    An estimate of all zeros scores exactly N / 2. This is not the number of wrong signs: see `bits_flipped`. No other
    function of the package halves a distance.

    Args:
        estimate, message: (R, B, N).
    Returns:
        (R, B), bits in [0, N] for estimates in [-1, 1].
    """
    return (estimate - message).abs().sum(-1) / 2


def bits_flipped(estimate: Tensor, message: Tensor) -> Tensor:
    """Bits whose sign is wrong; an estimate of exactly 0 decides nothing and counts as wrong.

    Args:
        estimate, message: (R, B, N).
    Returns:
        (R, B), whole numbers in [0, N].
    """
    return (estimate * message <= 0).to(message.dtype).sum(-1)


def squared_error(estimate: Tensor, value: Tensor) -> Tensor:
    """The squared distance of real numbers, summed over the last axis.

    Args:
        estimate, value: (R, B, n).
    Returns:
        (R, B).
    """
    return ((estimate - value) ** 2).sum(-1)


def standardised(values: Tensor) -> Tensor:
    """Each element less its mean over the batch, by its standard deviation: what somebody sees who knows both.

    Args:
        values: (R, B, n).
    Returns:
        (R, B, n), of mean 0 and variance 1 over B; an element that does not vary (by 1e-6) is 0.
    """
    centred = values - values.mean(1, keepdim=True)
    return centred / torch.sqrt((centred**2).mean(1, keepdim=True) + SMALLEST_VARIANCE)


def covariance(first: Tensor, second: Tensor) -> Tensor:
    """The covariance of two numbers over the batch, by its mean products (section 3).

    Args:
        first, second: (R, B).
    Returns:
        (R,).
    """
    centred = first - first.mean(-1, keepdim=True)
    return (centred * (second - second.mean(-1, keepdim=True))).mean(-1)
