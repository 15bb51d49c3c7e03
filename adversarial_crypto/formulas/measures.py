"""Measures of one estimate against the message. Bits are coded -1 and +1 everywhere."""

from __future__ import annotations

from torch import Tensor


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
