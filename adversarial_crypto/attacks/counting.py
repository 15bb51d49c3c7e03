"""Ciphertexts as numbers that can be counted and compared, and every word there is."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from adversarial_crypto.ciphers import bins
from adversarial_crypto.ciphers.tables import unpacked

PRECISIONS: tuple[int | None, ...] = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, None)  # bits an element; None: float32
BLOCK = 2**16  # words of an enumeration at a time
HASHED = 2**13  # ciphertexts whose fingerprints are taken at a time: the processor's cache holds their 64-bit words


def fingerprints(ciphertext: Tensor, precision: int | None) -> Tensor:
    """A number of 64 bits for each ciphertext: equal ones for equal ciphertexts, others else but for one pair in 2^64.

    A collision makes two ciphertexts look like one, so a count of distinct ones, or a distance between distributions,
    can only come out too small.

    Args:
        ciphertext: (R, B, C), as `ciphers.encrypt` gives it.
        precision: bits an element that are looked at; None: all of float32.
    Returns:
        (R, B) int64.
    """
    some = max(1, HASHED // len(ciphertext))
    return torch.cat([_prints(part, precision) for part in ciphertext.split(some, 1)], 1)


def _prints(ciphertext: Tensor, precision: int | None) -> Tensor:
    mixed = torch.zeros(ciphertext.shape[:-1], dtype=torch.int64, device=ciphertext.device)
    for element in ciphertext.unbind(-1):
        word = element.contiguous().view(torch.int32).long() if precision is None else bins(element, precision)
        mixed = _scrambled((mixed ^ word) + _as_signed(0x9E3779B97F4A7C15))
    return mixed


def every_word(width: int, block: int = BLOCK) -> Iterator[Tensor]:
    """All words of so many bits -1 and +1, in the order of their numbers: (at most block, width) float32 at a time."""
    for start in range(0, 2**width, block):
        yield unpacked(torch.arange(start, min(start + block, 2**width)), width)


def weights(words: Tensor, probability: float) -> Tensor:
    """The probability of each word when every bit is +1 with `probability`: (B, K) -> (B,) float64."""
    ones = (words > 0).to(torch.float64).sum(-1)
    zeros = words.shape[-1] - ones
    found: Tensor = probability**ones * (1 - probability) ** zeros
    return found


def _scrambled(number: Tensor) -> Tensor:
    """A bijection of 64 bits in which every bit depends on every other (the finaliser of SplitMix64, Steele 2014)."""
    number = (number ^ _shifted(number, 30)) * _as_signed(0xBF58476D1CE4E5B9)
    number = (number ^ _shifted(number, 27)) * _as_signed(0x94D049BB133111EB)
    return number ^ _shifted(number, 31)


def _shifted(number: Tensor, count: int) -> Tensor:
    """To the right with zeros from the left, as for numbers without a sign."""
    moved: Tensor = (number >> count) & (2 ** (64 - count) - 1)
    return moved


def _as_signed(number: int) -> int:
    return number - 2**64 if number >= 2**63 else number
