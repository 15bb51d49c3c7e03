"""Measures of an estimate: of a message, whose bits are coded -1 and +1 everywhere, or of a real number."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
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


def cross_entropy(logits: Tensor, message: Tensor) -> Tensor:
    """How many bits are still needed to say a message to whoever predicts each of its bits.

    sum_i log2(1 + exp(-message_i logit_i))

    With logits of 0, exactly N. Where each prediction may know the bits before it, the mean over fresh messages is at
    least the message's entropy given what was seen: N less it bounds from below what was told (Barber and Agakov 2003).

    Args:
        logits: (R, B, N), natural log odds of +1; message: (R, B, N), bits.
    Returns:
        (R, B), bits, at least 0.
    """
    return F.softplus(-message * logits).sum(-1) / math.log(2)


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
