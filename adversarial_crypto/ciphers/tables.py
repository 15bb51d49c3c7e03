"""Known ciphers that are random tables: ideal to whoever is bounded, and yet no perfect secrecy. Made of Philox."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from adversarial_crypto.ciphers.contract import Cipher
from adversarial_crypto.numerics.philox import philox

WORD = 2**32 - 1  # of the generator
MOST = 64  # bits of message and key: two words each
ROUNDS = 10  # of the Feistel network, an even number: Luby and Rackoff need 4, small halves more
FUNCTION, PERMUTATION = 1, 2  # so that the tables differ


def sizes(message_bits: int, key_bits: int) -> str | None:
    """What two words of the generator hold."""
    return None if max(message_bits, key_bits) <= MOST else f"has at most {MOST} message bits and {MOST} key bits"


def random_function(message_bits: int, key_bits: int) -> Cipher:
    """The cipher c = T[p, k], each entry drawn at random once and for all; messages of a key may share a ciphertext."""

    def encrypt(message: Tensor, key: Tensor) -> Tensor:
        return unpacked(_random(packed(message), packed(key), FUNCTION, 0), message_bits)

    return Cipher(encrypt, None, 1, message_bits, key_bits, message_bits)


def random_permutation(message_bits: int, key_bits: int) -> Cipher:
    """For every key a permutation of all messages, a Feistel network of ten rounds of random functions."""
    sizes = message_bits // 2, message_bits - message_bits // 2
    masks = [2**size - 1 for size in sizes]

    def rounds(word: Tensor, key: Tensor, turns: Iterable[int]) -> Tensor:
        halves, k = [packed(half) for half in word.split(sizes, -1)], packed(key)
        for turn in turns:
            changed, other = turn % 2, 1 - turn % 2
            halves[changed] = halves[changed] ^ (_random(halves[other], k, PERMUTATION, turn) & masks[changed])
        return torch.cat([unpacked(half, size) for half, size in zip(halves, sizes, strict=True)], -1)

    def encrypt(message: Tensor, key: Tensor) -> Tensor:
        return rounds(message, key, range(ROUNDS))

    def decrypt(ciphertext: Tensor, key: Tensor) -> Tensor:
        return rounds(ciphertext, key, reversed(range(ROUNDS)))

    return Cipher(encrypt, decrypt, 1, message_bits, key_bits, message_bits)


def packed(bits: Tensor) -> Tensor:
    """Bits -1 and +1 (..., n) as numbers (...), int64, the first bit the lowest; at most 64, the last the sign."""
    return ((bits > 0) << torch.arange(bits.shape[-1], device=bits.device)).sum(-1)


def unpacked(numbers: Tensor, count: int) -> Tensor:
    """The inverse: the lowest `count` bits of numbers (...) as (..., count) float32."""
    return 2.0 * ((numbers.unsqueeze(-1) >> torch.arange(count, device=numbers.device)) & 1) - 1


def _random(number: Tensor, key: Tensor, table: int, turn: int) -> Tensor:
    """64 random bits for each number and key, the generator's first word the lowest of them."""
    zero = torch.zeros_like(number)
    counter = number & WORD, zero + table, zero + turn, number >> 32 & WORD
    first, second, *_ = philox(counter, (key & WORD, key >> 32 & WORD))
    return first | second << 32
