"""Philox4x32-10 in torch integer operations: bits, uniforms and normals as pure functions of an address.

Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011). There is no global generator and
nothing to save: the same address gives the same numbers on any device, eager or compiled, in any slice of the replicas.

    key      (seed, replica)
    counter  (block, step, update, (occasion * 2^4 + stream) * 2^8 + adversary)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import torch
from torch import Tensor

MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10
MASK32 = 0xFFFFFFFF
SIGN = 0x80000000


class Stream(IntEnum):
    """What a number is. Part of every address, as `Occasion` is, and so of every result: never renumber."""

    WEIGHTS = 0
    MESSAGE = 1
    KEY = 2
    NOISE = 3  # of a randomised cipher
    OTHER_KEY = 4  # one that the ciphertext does not depend on
    VALUES = 5  # real numbers
    CHOICE = 6  # of one part of a mixture


class Occasion(IntEnum):
    """What a draw is for: training data and the held-out draws never meet."""

    TRAINING = 0
    RECORD = 1  # measures at the recording cadence
    CONFIRM = 2  # second draw, when the thresholds are met
    VALIDATION = 3  # choosing the best adversary
    TEST = 4  # quoted once
    ATTACK = 5  # questions put to a finished cipher
    LEARNING = 6  # what an attacker of a finished cipher learns from
    # Training on from another run's players, whose data were TRAINING's: this and up, by a number for what they are.
    CONTINUED = 16


@dataclass(frozen=True)
class Address:
    """Where in the random sequence a draw lies.

    Args:
        seeds: (R, 2) int64, (seed, replica), each in [0, 2^32).
        step, update: int64 scalars in [0, 2^32), as tensors (inside a compiled step) or ints.
        occasion: an `Occasion`, or an int64 scalar tensor of one.
        adversary: (R,) int64 in [0, 2^8) or one int: 0 while training, 1 + e for the fresh adversary e.
    """

    seeds: Tensor
    step: Tensor | int
    update: Tensor | int
    occasion: Tensor | int = Occasion.TRAINING
    adversary: Tensor | int = 0


def _product(multiplier: int, word: Tensor) -> tuple[Tensor, Tensor]:
    """High and low 32 bits of multiplier * word, both below 2^32, by 16-bit halves: int64 never overflows."""
    low = (multiplier & 0xFFFF) * word  # below 2^48
    high = (multiplier >> 16) * word
    return (high + (low >> 16)) >> 16, (((high & 0xFFFF) << 16) + low) & MASK32


def philox(counter: tuple[Tensor, ...], key: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The ten-round bijection of Philox4x32.

    Args:
        counter: four int64 tensors of 32-bit values; key: two. All broadcast together.
    Returns:
        Four int64 tensors in [0, 2^32).
    """
    c0, c1, c2, c3 = counter
    for turn in range(ROUNDS):
        k0, k1 = ((word + turn * weyl) & MASK32 for word, weyl in zip(key, WEYL, strict=True))
        high0, low0 = _product(MULTIPLIERS[0], c0)
        high1, low1 = _product(MULTIPLIERS[1], c2)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
    return c0, c1, c2, c3


def words(address: Address, counts: Mapping[Stream, int]) -> dict[Stream, Tensor]:
    """The first 32-bit words of several streams at one address, in one pass of the generator.

    Args:
        counts: stream -> how many words.
    Returns:
        stream -> (R, count) int32, the words in two's complement. Word w is output w // blocks of block w mod blocks,
        blocks = ceil(count / 4), whatever other streams are asked for.
    """
    seeds = address.seeds
    blocks = {stream: -(-count // 4) for stream, count in counts.items()}
    index = torch.cat([torch.arange(count, device=seeds.device) for count in blocks.values()])
    stream = torch.cat([torch.full((n,), int(s) * 256, device=seeds.device) for s, n in blocks.items()])
    fourth = _column(address.adversary, seeds) + _column(address.occasion, seeds) * (16 * 256) + stream
    counter = (index.expand(len(seeds), -1), _column(address.step, seeds), _column(address.update, seeds), fourth)
    outputs = [_signed(output) for output in philox(counter, (seeds[:, :1], seeds[:, 1:]))]
    parts = zip(*(output.split(list(blocks.values()), -1) for output in outputs), strict=True)
    return {s: torch.cat(part, -1)[:, :count] for (s, count), part in zip(counts.items(), parts, strict=True)}


def _signed(word: Tensor) -> Tensor:
    """The same 32 bits as int32, which processors shift many at once and turn into floats; int64 they do not."""
    return ((word ^ SIGN) - SIGN).to(torch.int32)


def _column(value: Tensor | int, seeds: Tensor) -> Tensor:
    """A scalar or (R,) value as an (R, 1) or (1, 1) int64 tensor on the seeds' device."""
    if isinstance(value, int):
        return torch.full((1, 1), value, dtype=torch.int64, device=seeds.device)
    return value.reshape(-1, 1)


def bits(address: Address, widths: Mapping[Stream, int], batch: int) -> dict[Stream, Tensor]:
    """Fair bits coded as floats -1 and +1.

    Args:
        widths: stream -> features of each example.
    Returns:
        stream -> (R, B, width) float32: a view of (R, width, B), because networks keep the batch axis innermost.
        Feature f of example b is bit f mod 32 of word (f // 32) B + b.
    """
    groups = {stream: -(-width // 32) for stream, width in widths.items()}
    drawn = words(address, {stream: count * batch for stream, count in groups.items()})
    return {stream: _unpacked(drawn[stream], groups[stream], width, batch) for stream, width in widths.items()}


def _unpacked(drawn: Tensor, groups: int, width: int, batch: int) -> Tensor:
    packed = drawn.reshape(-1, groups, 1, batch)  # one word holds 32 features of one example
    shifts = torch.arange(32, dtype=torch.int32, device=drawn.device).reshape(32, 1)
    unpacked = ((packed >> shifts) & 1).reshape(-1, groups * 32, batch)[:, :width]  # (R, width, B)
    return (unpacked * 2 - 1).to(torch.float32).transpose(1, 2)


def uniforms(address: Address, stream: Stream, count: int) -> Tensor:
    """Uniform numbers strictly inside (0, 1): (i + 1/2) 2^-23 with i the upper 23 bits of a word, exact in float32.

    Returns:
        (R, count) float32, bit-equal on every device.
    """
    upper = (words(address, {stream: count})[stream] >> 9) & (MASK32 >> 9)
    return (upper.to(torch.float32) + 0.5) * 2.0**-23


def normals(address: Address, stream: Stream, count: int) -> Tensor:
    """Standard normal numbers by Box and Muller (1958), pairs (cosine, sine) of uniforms.

    Returns:
        (R, count) float32; devices agree to 1e-6, for logarithm and cosine are theirs.
    """
    half = -(-count // 2)
    first, second = uniforms(address, stream, 2 * half).split(half, -1)
    radius, angle = torch.sqrt(-2 * torch.log(first)), (2 * math.pi) * second
    return torch.cat([radius * torch.cos(angle), radius * torch.sin(angle)], -1)[:, :count]
