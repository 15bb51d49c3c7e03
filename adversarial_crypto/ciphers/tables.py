"""Known ciphers that are random tables: ideal to whoever is bounded, and yet no perfect secrecy. Made of Philox."""

from __future__ import annotations

import torch
from torch import Tensor

from adversarial_crypto.ciphers.contract import Cipher
from adversarial_crypto.numerics.philox import philox

MOST = 32  # bits of message and key: one word of the generator
ROUNDS = 10  # of the Feistel network: Luby and Rackoff need 4, small halves more
FUNCTION, PERMUTATION = 1, 2  # so that the tables differ


def sizes(message_bits: int, key_bits: int) -> str | None:
    """Words of the generator."""
    return None if max(message_bits, key_bits) <= MOST else f"has at most {MOST} message bits and {MOST} key bits"


def even_sizes(message_bits: int, key_bits: int) -> str | None:
    """Two equal halves."""
    return "needs an even number of message bits" if message_bits % 2 else sizes(message_bits, key_bits)


def random_function(message_bits: int, key_bits: int) -> Cipher:
    """The cipher c = T[p, k], each entry drawn at random once and for all; messages of a key may share a ciphertext."""

    def encrypt(message: Tensor, key: Tensor) -> Tensor:
        return unpacked(_random(packed(message), packed(key), FUNCTION, 0), message_bits)

    return Cipher(encrypt, None, 1, message_bits, key_bits, message_bits)


def random_permutation(message_bits: int, key_bits: int) -> Cipher:
    """For every key a permutation of all messages, a Feistel network of ten rounds of random functions."""
    half = message_bits // 2
    mask = 2**half - 1

    def encrypt(message: Tensor, key: Tensor) -> Tensor:
        left, right, k = packed(message[..., :half]), packed(message[..., half:]), packed(key)
        for turn in range(ROUNDS):
            left, right = right, left ^ (_random(right, k, PERMUTATION, turn) & mask)
        return torch.cat([unpacked(left, half), unpacked(right, half)], -1)

    def decrypt(ciphertext: Tensor, key: Tensor) -> Tensor:
        left, right, k = packed(ciphertext[..., :half]), packed(ciphertext[..., half:]), packed(key)
        for turn in reversed(range(ROUNDS)):
            left, right = right ^ (_random(left, k, PERMUTATION, turn) & mask), left
        return torch.cat([unpacked(left, half), unpacked(right, half)], -1)

    return Cipher(encrypt, decrypt, 1, message_bits, key_bits, message_bits)


def packed(bits: Tensor) -> Tensor:
    """Bits -1 and +1 (..., n) as numbers (...), int64, the first bit the lowest; at most 62 of them."""
    return ((bits > 0) << torch.arange(bits.shape[-1], device=bits.device)).sum(-1)


def unpacked(numbers: Tensor, count: int) -> Tensor:
    """The inverse: the lowest `count` bits of numbers (...) as (..., count) float32."""
    return 2.0 * ((numbers.unsqueeze(-1) >> torch.arange(count, device=numbers.device)) & 1) - 1


def _random(number: Tensor, key: Tensor, table: int, turn: int) -> Tensor:
    """A random word of 32 bits for each number and key."""
    zero = torch.zeros_like(number)
    return philox((number, zero + table, zero + turn, zero), (key, zero))[0]
