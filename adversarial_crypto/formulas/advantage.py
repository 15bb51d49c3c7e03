"""From bits wrong to Eve's advantage over guessing: the one place that converts; on numpy, since it reads tables."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def advantage(bits_wrong: ArrayLike, message_bits: ArrayLike) -> NDArray[np.float64]:
    """How much better than guessing somebody reads a message.

    1 - 2 bits_wrong / N

    0 for a guess, which has N/2 of the bits wrong, and 1 for a total break, which has none. Below 0 is worse than a
    guess, and stays so: cut at 0, the median of ciphers that nobody reads would be above it.

    Args:
        bits_wrong: any shape, continuous or flipped, in [0, N].
        message_bits: N, of a shape that goes with it.
    Returns:
        The common shape, in [-1, 1].
    """
    return 1 - 2 * np.asarray(bits_wrong, dtype=np.float64) / np.asarray(message_bits, dtype=np.float64)
