"""AES in counter mode: what a cipher in use does. Needs the package `cryptography`."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from adversarial_crypto.ciphers.contract import Cipher
from adversarial_crypto.errors import EnvironmentProblem

KEY_BITS = 128
NONCE_BITS = 64  # sent beside the message, as bits
MOST = 128  # message bits: one block


def sizes(message_bits: int, key_bits: int) -> str | None:
    """A key of 128 bits, and one block."""
    if key_bits != KEY_BITS:
        return f"has a key of {KEY_BITS} bits, not {key_bits}"
    return None if message_bits <= MOST else f"has at most {MOST} message bits"


def aes_ctr(message_bits: int, key_bits: int) -> Cipher:
    """The cipher c = (p XOR AES_k(nonce), nonce), the nonce fresh for each message (NIST SP 800-38A): randomised.

    Raises:
        EnvironmentProblem: the package `cryptography` is missing.
    """
    try:
        import cryptography  # noqa: F401
    except ImportError:
        raise EnvironmentProblem(
            "aes_ctr needs the package 'cryptography': pip install 'acrypto[cryptography]'."
        ) from None

    def encrypt(message: Tensor, key: Tensor, noise: Tensor) -> Tensor:
        nonce = torch.where(noise < 0.5, -1.0, 1.0)
        return torch.cat([message * _stream(key, nonce, message_bits), nonce], -1)

    def decrypt(ciphertext: Tensor, key: Tensor) -> Tensor:
        return ciphertext[..., :message_bits] * _stream(key, ciphertext[..., message_bits:], message_bits)

    width = message_bits + NONCE_BITS
    return Cipher(encrypt, decrypt, 1, message_bits, key_bits, width, noise_width=NONCE_BITS)


def _stream(key: Tensor, nonce: Tensor, count: int) -> Tensor:
    """The first `count` bits of AES_k(nonce, 0) of each pair, as -1 and +1: (..., 128), (..., 64) -> (..., count)."""
    from cryptography.hazmat.primitives.ciphers import Cipher as Keyed
    from cryptography.hazmat.primitives.ciphers import algorithms, modes

    keys = np.packbits(key.cpu().numpy() > 0, axis=-1).reshape(-1, KEY_BITS // 8)
    nonces = np.packbits(nonce.cpu().numpy() > 0, axis=-1).reshape(-1, NONCE_BITS // 8)
    start, blank = bytes(16 - NONCE_BITS // 8), bytes(16)
    blocks = b"".join(
        Keyed(algorithms.AES(k.tobytes()), modes.CTR(n.tobytes() + start)).encryptor().update(blank)
        for k, n in zip(keys, nonces, strict=True)
    )
    bits = np.unpackbits(np.frombuffer(blocks, np.uint8).reshape(-1, 16), axis=-1)[:, :count]
    return torch.from_numpy(2 * bits.astype(np.float32) - 1).reshape(*key.shape[:-1], count).to(key.device)
