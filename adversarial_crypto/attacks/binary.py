"""Bits as vectors and functions over GF(2): ranks of matrices, the Walsh and the Möbius transform, masks."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

NONE = -1  # no place


def ranks(matrices: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The rank over GF(2) of each of many matrices, by elimination in all of them at once.

    Args:
        matrices: (M, rows, columns), entries 0 and 1.
    Returns:
        (M,), in [0, min(rows, columns)].
    """
    left = matrices.astype(bool)
    each = np.arange(len(left))
    free = np.ones(left.shape[:2], dtype=bool)  # (M, rows): rows that have been no pivot yet
    found = np.zeros(len(left), dtype=np.int64)
    for column in range(left.shape[2]):
        ones = left[:, :, column] & free  # (M, rows)
        pivot = ones.argmax(1)
        there = ones[each, pivot]
        row = left[each, pivot] & there[:, None]  # (M, columns), of zeros where no row has this column
        free[each, pivot] &= ~there
        ones[each, pivot] = False
        left ^= ones[:, :, None] & row[:, None, :]
        found += there
    return found


def walsh_hadamard(values: Tensor) -> Tensor:
    """The Walsh-Hadamard transform, without a factor.

    W(w) = sum_x values(x) (-1)^(w . x)        (Carlet 2021, section 2.3)

    Of f(x) = (-1)^F(x), W(w) / 2^n is the correlation of F(x) with the linear function w . x.

    Args:
        values: (..., 2^n), the place x the number of the word; float32 is exact for values -1 and +1 and n <= 24.
    Returns:
        (..., 2^n).
    """
    bits = values.shape[-1].bit_length() - 1
    rows, columns = _hadamard(bits // 2, values), _hadamard(bits - bits // 2, values)
    # Two products with small matrices instead of n passes over memory: 8 times as fast at n = 16.
    spectrum: Tensor = rows @ values.unflatten(-1, (len(rows), len(columns))) @ columns
    return spectrum.flatten(-2)


def moebius(bits: Tensor) -> Tensor:
    """The coefficients of a Boolean function's algebraic normal form (Carlet 2021, section 2.2).

    a(u) = XOR of F(x) over all x whose ones are among u's;  F(x) = XOR of a(u) over all u whose ones are among x's

    Args:
        bits: (..., 2^n) bool, the function's table.
    Returns:
        (..., 2^n) bool: whether the product of the inputs that are ones in u is part of the function.
    """
    for half in (2**stage for stage in range(bits.shape[-1].bit_length() - 1)):
        first, second = bits.unflatten(-1, (-1, 2, half)).unbind(-2)
        bits = torch.stack([first, first ^ second], -2).flatten(-3)
    return bits


def degrees(bits: Tensor) -> Tensor:
    """The algebraic degree of Boolean functions: inputs in the largest product of the normal form; 0 for constants.

    Args:
        bits: (..., 2^n) bool, as `moebius` takes them.
    Returns:
        (...) int64, in [0, n].
    """
    index = torch.arange(bits.shape[-1], device=bits.device)
    ones = torch.zeros_like(index)
    for place in range(bits.shape[-1].bit_length() - 1):
        ones += (index >> place) & 1
    return (moebius(bits) * ones).amax(-1)


def light_masks(width: int, most: int) -> Tensor:
    """Masks of weight 1 and 2, as the two places that they XOR; the second is NONE for weight 1.

    Args:
        width: bits of the word.
        most: masks at most: single bits first, then pairs, the ones nearest each other first.
    Returns:
        (masks, 2) int64.
    """
    singles = [(place, NONE) for place in range(width)]
    pairs = [(place, place + apart) for apart in range(1, width) for place in range(width - apart)]
    return torch.tensor((singles + pairs)[:most])


def masked(signs: Tensor, masks: Tensor) -> Tensor:
    """The XOR of the bits under each mask, as -1 and +1 whose product XOR is.

    Args:
        signs: (B, width), -1 and +1; masks: as `light_masks` gives them.
    Returns:
        (B, masks): the product of the signs under the mask.
    """
    # The last column is the empty product, where NONE points.
    padded = torch.cat([signs, torch.ones_like(signs[:, :1])], -1)
    return padded[:, masks[:, 0]] * padded[:, masks[:, 1]]


def _hadamard(bits: int, like: Tensor) -> Tensor:
    """(-1)^(w . x) for all words of so many bits: (2^bits, 2^bits), of the type and device of `like`."""
    matrix = torch.ones(1, 1, dtype=like.dtype, device=like.device)
    for _ in range(bits):
        matrix = torch.cat([torch.cat([matrix, matrix], 1), torch.cat([matrix, -matrix], 1)])
    return matrix
