"""A cipher whose ciphertext is coarser than its own: cut to some bits an element, or disturbed by noise on the way."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from adversarial_crypto.ciphers.contract import Cipher
from adversarial_crypto.ciphers.quantise import MAX_BITS, quantise
from adversarial_crypto.errors import ConfigError


def quantised(cipher: Cipher, bits: int) -> Cipher:
    """The cipher that sends Q_b of its ciphertext, and decrypts from that.

    Args:
        bits: b an element, 1 to 24.
    Raises:
        ConfigError: b out of range.
    """
    if not 1 <= bits <= MAX_BITS:
        raise ConfigError(f"A ciphertext is quantised to 1 to {MAX_BITS} bits an element, not {bits}.")

    def encrypt(*words: Tensor) -> Tensor:
        return quantise(cipher.encrypt(*words), bits)

    quiet = quantised(cipher.quiet, bits) if cipher.quiet else None
    return replace(cipher, encrypt=encrypt, differentiable=False, quiet=quiet)


def noisy(cipher: Cipher, deviation: float) -> Cipher:
    """The randomised cipher whose ciphertext has independent normal noise added to each element, cut to [-1, 1].

    Args:
        deviation: of the noise, in (0, 1]; two bits -1 and +1 lie 2 apart.
    Raises:
        ConfigError: another deviation.
    """
    if not 0 < deviation <= 1:
        raise ConfigError(f"The noise's standard deviation is above 0 and at most 1, not {deviation:g}.")
    own = cipher.noise_width

    def encrypt(message: Tensor, key: Tensor, noise: Tensor) -> Tensor:
        words = (message, key, noise[..., :own]) if own else (message, key)
        # A standard normal number from a uniform one, by the inverse of its distribution.
        normal = math.sqrt(2) * torch.erfinv(2 * noise[..., own:] - 1)
        return (cipher.encrypt(*words) + deviation * normal).clamp(-1, 1)

    return replace(cipher, encrypt=encrypt, noise_width=own + cipher.width, quiet=cipher.quiet or cipher)
