"""The best linear approximation: a message bit, or two, against an element of the ciphertext, or two.

Matsui (1993) takes such approximations of a cipher's rounds; here they are of the whole cipher, the key unknown. The
XOR of message bits is a fair coin and, under perfect secrecy, independent of the ciphertext. Given the ciphertexts, its
correlation with anything of them is then a weighted sum of fair signs, and the largest of many is judged by their
number (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from scipy import stats
from torch import Tensor

from adversarial_crypto.attacks.binary import NONE, light_masks, masked
from adversarial_crypto.attacks.contract import SIGNIFICANCE

# Masks of one word: all of weight 1 and 2 up to 32 bits. With as many of the other word they cost 4 s at 2^18
# messages, less than 1 s at 16 bits; all those of 64 bits would take a minute and more.
MOST = 528

# No weighted sum of fair signs is beyond z more often than this many times what a normal number is, for any weights
# (Bentkus and Dzindzalieta 2015): the p below need no approximation, however rare a sign is.
SIGNS = 1 / (4 * float(stats.norm.sf(math.sqrt(2))))

EQUAL = 1e-3  # of two correlations: hardly different, and the lighter masks say more


@dataclass(frozen=True)
class Largest:
    """The masks whose words are correlated most.

    Args:
        correlation: its size, in [0, 1]; 2 Pr[agree] - 1 where the ciphertext's word is as often -1 as +1.
        low, high: an interval that holds, with 99.9 %, for all masks at once.
        p: that any of the masks has so large a one, if the message is independent of the ciphertext.
        message, ciphertext: the places under the masks.
    """

    correlation: float
    low: float
    high: float
    p: float
    message: tuple[int, ...]
    ciphertext: tuple[int, ...]


def tried(message_bits: int, width: int) -> tuple[int, int]:
    """How many pairs of masks are looked at, and how many there are of weight 1 and 2 on either side."""
    counts = [size * (size + 1) // 2 for size in (message_bits, width)]
    return min(counts[0], MOST) * min(counts[1], MOST), counts[0] * counts[1]


def largest(pieces: Iterator[tuple[Tensor, Tensor]], message_bits: int, width: int) -> list[Largest]:
    """The largest correlation of each replica.

    Args:
        pieces: message (R, B, N) and signs of the ciphertext (R, B, C), both -1 and +1, float32; 2^24 messages at most.
    """
    ours, theirs = light_masks(message_bits, MOST), light_masks(width, MOST)
    sums: list[tuple[Tensor, Tensor, Tensor]] = []
    count = 0
    for message, signs in pieces:
        count += message.shape[1]
        # A replica at a time: the masked words are many times wider. The sums are whole numbers, exact in float32.
        found = [_sums(masked(m, ours), masked(s, theirs)) for m, s in zip(message, signs, strict=True)]
        sums = [_added(*both) for both in zip(sums, found, strict=True)] if sums else found
    return [_judged(*each, count, ours, theirs) for each in sums]


def _sums(message: Tensor, ciphertext: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of the products of two masked words, and of each for itself."""
    return message.T @ ciphertext, message.sum(0), ciphertext.sum(0)


def _added(one: tuple[Tensor, ...], other: tuple[Tensor, ...]) -> tuple[Tensor, Tensor, Tensor]:
    first, second, third = (a + b for a, b in zip(one, other, strict=True))
    return first, second, third


def _judged(products: Tensor, message: Tensor, ciphertext: Tensor, count: int, ours: Tensor, theirs: Tensor) -> Largest:
    """The pair of masks with the largest sum of signs, weighted by the ciphertext's words less their mean."""
    mean = ciphertext.double() / count
    spread = count * (1 - mean**2)  # sum of squared weights
    sums = (products - message.double().unsqueeze(-1) * mean).abs()
    scores = torch.where(spread > 0, sums / spread.sqrt(), 0.0)  # z
    near = scores >= scores.max() * (1 - EQUAL)
    row, column = divmod(int(near.flatten().nonzero()[0]), scores.shape[1])
    score = float(scores[row, column])
    # Pearson's; z has the variance of the message's word that is known, 1, and not the one that was drawn.
    correlation = min(1.0, score / math.sqrt(count * (1 - (float(message[row]) / count) ** 2)))
    # The message's word is -1 or +1, so the product's variance is 1 less the squared correlation.
    half = float(stats.norm.isf(SIGNIFICANCE / 2 / scores.numel())) * math.sqrt((1 - correlation**2) / count)
    return Largest(
        correlation=correlation,
        low=max(0.0, correlation - half),
        high=min(1.0, correlation + half),
        p=min(1.0, scores.numel() * SIGNS * 2 * float(stats.norm.sf(score))),
        message=_places(ours[row]),
        ciphertext=_places(theirs[column]),
    )


def _places(mask: Tensor) -> tuple[int, ...]:
    return tuple(place for place in mask.tolist() if place != NONE)
