"""Known ciphers that tell nothing: the one-time pad and its relatives. XOR is the product of -1 and +1."""

from __future__ import annotations

import torch
from torch import Tensor

from adversarial_crypto.ciphers.contract import Cipher
from adversarial_crypto.ciphers.exact import Exact

SMALLEST_SCALE = 0.2  # of an element of `scaled_pad`


def needs_whole_key(message_bits: int, key_bits: int, *value: object) -> str | None:
    """A key bit for every message bit; more of them stay unused."""
    return None if key_bits >= message_bits else f"needs a key bit for each of its {message_bits} message bits"


def any_key(message_bits: int, key_bits: int) -> None:
    """Every size is right."""


def secret(message_bits: int) -> Exact:
    """Nothing is told."""
    return Exact(0.0, 0.5, 2.0**-message_bits, 0.0, 0.0)


def one_time_pad(message_bits: int, key_bits: int) -> Cipher:
    """The cipher c = p XOR k (Vernam 1926)."""

    def xor(word: Tensor, key: Tensor) -> Tensor:
        return word * key[..., :message_bits]

    return Cipher(xor, xor, 1, message_bits, key_bits, message_bits, differentiable=True)


def permuted_pad(message_bits: int, key_bits: int) -> Cipher:
    """c_i = p_i XOR k_(N-1-i)."""

    def xor(word: Tensor, key: Tensor) -> Tensor:
        return word * key[..., :message_bits].flip(-1)

    return Cipher(xor, xor, 1, message_bits, key_bits, message_bits, differentiable=True)


def modular_pad(message_bits: int, key_bits: int) -> Cipher:
    """The cipher c = p + k modulo 2^N, the first bit the lowest."""

    def add(message: Tensor, key: Tensor) -> Tensor:
        return added(message > 0, key[..., :message_bits] > 0, carry=False)

    def subtract(ciphertext: Tensor, key: Tensor) -> Tensor:
        return added(ciphertext > 0, key[..., :message_bits] <= 0, carry=True)  # c - k = c + not k + 1

    return Cipher(add, subtract, 1, message_bits, key_bits, message_bits)


def scaled_pad(message_bits: int, key_bits: int) -> Cipher:
    """c_i = (p_i XOR k_i) g_i with g_i fresh and uniform in (0.2, 1): randomised, as secret as the pad."""

    def encrypt(message: Tensor, key: Tensor, noise: Tensor) -> Tensor:
        return message * key[..., :message_bits] * (SMALLEST_SCALE + (1 - SMALLEST_SCALE) * noise)

    def decrypt(ciphertext: Tensor, key: Tensor) -> Tensor:
        return ciphertext * key[..., :message_bits]

    sizes = message_bits, key_bits, message_bits
    return Cipher(encrypt, decrypt, 1, *sizes, noise_width=message_bits, differentiable=True)


def added(first: Tensor, second: Tensor, carry: bool) -> Tensor:
    """The sum of two numbers and a carry modulo 2^N: bool (..., N), lowest bit first, -> bits -1 and +1, float32."""
    over, bits = torch.full_like(first[..., 0], carry), []
    for one, other in zip(first.unbind(-1), second.unbind(-1), strict=True):
        bits.append(one ^ other ^ over)
        over = (one & other) | (over & (one ^ other))
    return 2 * torch.stack(bits, -1).to(torch.float32) - 1
