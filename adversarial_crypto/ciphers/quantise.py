"""The one quantiser: a ciphertext cut to b bits an element. Real numbers carry far more than the message."""

from __future__ import annotations

import torch
from torch import Tensor

from adversarial_crypto.errors import AcryptoError

MAX_BITS = 24  # the levels beyond are no float32


def bins(ciphertext: Tensor, bits: int) -> Tensor:
    """The number of each element's bin.

    i = clip(floor((x + 1) 2^(b-1)), 0, 2^b - 1): 2^b bins of equal width over [-1, 1]; values outside go to the end
    bins, and a value on an edge to the upper one.

    Computed as floor(x 2^(b-1)) + 2^(b-1), in which nothing is rounded: x + 1 would lose the last bits of a small x.

    Args:
        ciphertext: any shape, float32, finite.
        bits: b, 1 to 24.
    Returns:
        int64, in [0, 2^b).
    Raises:
        AcryptoError: b out of range.
    """
    return _levels(ciphertext, bits).to(torch.int64).add_(2 ** (bits - 1))


def quantise(ciphertext: Tensor, bits: int) -> Tensor:
    """Q_b(x): each element moved to the middle of its bin, -1 + (i + 1/2) 2^(1-b).

    Arguments and errors as `bins`.

    Returns:
        The ciphertext's shape, float32, exact: 2^b levels, symmetric about 0, and Q_b(Q_b(x)) = Q_b(x).
    """
    return _levels(ciphertext, bits).add_(0.5).div_(2 ** (bits - 1))


def _levels(ciphertext: Tensor, bits: int) -> Tensor:
    """clip(floor(x 2^(b-1)), -2^(b-1), 2^(b-1) - 1), whole numbers as float32."""
    if not 1 <= bits <= MAX_BITS:
        raise AcryptoError(f"A ciphertext is quantised to 1 to {MAX_BITS} bits an element, not {bits}.")
    half = 2 ** (bits - 1)
    return ciphertext.mul(half).floor_().clamp_(-half, half - 1)
