"""Known ciphers that tell a known amount of their message. XOR is the product of -1 and +1; "1" is +1."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from adversarial_crypto.ciphers.contract import Cipher
from adversarial_crypto.ciphers.exact import Exact
from adversarial_crypto.ciphers.pads import needs_whole_key


def biased_pad(message_bits: int, key_bits: int, q: float | tuple[float, ...]) -> Cipher:
    """The cipher c = p XOR k with Pr[key bit = 1] = q; several q are a replica each: doses of leak to be found."""
    doses = q if isinstance(q, tuple) else (q,)

    def xor(word: Tensor, key: Tensor) -> Tensor:
        return word * key[..., :message_bits]

    sizes = len(doses), message_bits, key_bits, message_bits
    return Cipher(xor, xor, *sizes, key_probability=doses if len(doses) > 1 else doses[0], differentiable=True)


def biased_pad_sizes(message_bits: int, key_bits: int, q: float | tuple[float, ...]) -> str | None:
    """Probabilities, and a whole key."""
    if not all(0 < each < 1 for each in (q if isinstance(q, tuple) else (q,))):
        return "needs q between 0 and 1"
    return needs_whole_key(message_bits, key_bits)


def biased_pad_exact(message_bits: int, q: float | tuple[float, ...]) -> Exact | None:
    """N (1 - h(q)) bits; two messages that differ in d bits are as far apart as d biased coins and their opposites."""
    if isinstance(q, tuple):
        return None
    entropy = -(q * math.log2(q) + (1 - q) * math.log2(1 - q))
    best = max(q, 1 - q)

    def distance(d: int) -> float:
        terms = (math.comb(d, a) * abs(q**a * (1 - q) ** (d - a) - q ** (d - a) * (1 - q) ** a) for a in range(d + 1))
        return math.fsum(terms) / 2

    n = message_bits
    mean = math.fsum(math.comb(n, d) / (2**n - 1) * distance(d) for d in range(1, n + 1))
    return Exact(n * (1 - entropy), best, best**n, mean, distance(n))


def clear_bits(message_bits: int, key_bits: int, j: float) -> Cipher:
    """The pad, but for the first j bits, which are sent as they are."""
    mask = torch.arange(message_bits) < j

    def xor(word: Tensor, key: Tensor) -> Tensor:
        return word * torch.where(mask.to(key.device), 1.0, key[..., :message_bits])

    return Cipher(xor, xor, 1, message_bits, key_bits, message_bits, differentiable=True)


def clear_bits_exact(message_bits: int, j: float) -> Exact:
    """Those bits; two messages are told apart where they differ in them."""
    return _told(message_bits, int(j), 0.5 + j / (2 * message_bits))


def some_bits(message_bits: int, key_bits: int, count: float) -> str | None:
    """A whole number of message bits, and a whole key."""
    if count != int(count) or not 1 <= count <= message_bits:
        return f"needs a whole number of bits from 1 to {message_bits}"
    return needs_whole_key(message_bits, key_bits)


def parity_leak(message_bits: int, key_bits: int, w: float) -> Cipher:
    """The pad, and one more element: the parity of the first w message bits."""

    def encrypt(message: Tensor, key: Tensor) -> Tensor:
        parity = message[..., : int(w)].prod(-1, keepdim=True)
        return torch.cat([message * key[..., :message_bits], parity], -1)

    def decrypt(ciphertext: Tensor, key: Tensor) -> Tensor:
        return ciphertext[..., :message_bits] * key[..., :message_bits]

    return Cipher(encrypt, decrypt, 1, message_bits, key_bits, message_bits + 1, differentiable=True)


def parity_leak_exact(message_bits: int, w: float) -> Exact:
    """One bit; of single message bits only where w is 1."""
    return _told(message_bits, 1, 0.5 + (w == 1) / (2 * message_bits))


def one_bit_key(message_bits: int, key_bits: int) -> Cipher:
    """c_i = p_i XOR k_0: every bit for itself is hidden, and N - 1 bits are told together."""

    def xor(word: Tensor, key: Tensor) -> Tensor:
        return word * key[..., :1]

    return Cipher(xor, xor, 1, message_bits, key_bits, message_bits, differentiable=True)


def one_bit_key_exact(message_bits: int) -> Exact:
    """All but one bit."""
    return _told(message_bits, message_bits - 1, 0.5)


# Coutinho et al. (2018), equation 21: the message bit and the key bits that each ciphertext bit is the XOR of.
EQ21 = ((0, (3,)), (3, (0,)), (2, (0, 3, 4, 5, 6, 7)), (1, (0,)), (4, (1,)), (5, (2,)), (6, (2,)), (7, (1,)))


def coutinho_eq21(message_bits: int, key_bits: int) -> Cipher:
    """An XOR cipher of eight bits that a network learned and that its Eve could not read; its key part has rank 5."""
    places = torch.tensor([place for place, _ in EQ21])

    def pad(key: Tensor) -> Tensor:
        return torch.stack([key[..., list(bits)].prod(-1) for _, bits in EQ21], -1)

    def encrypt(message: Tensor, key: Tensor) -> Tensor:
        return message[..., places] * pad(key)

    def decrypt(ciphertext: Tensor, key: Tensor) -> Tensor:
        return (ciphertext * pad(key))[..., places.argsort()]

    return Cipher(encrypt, decrypt, 1, message_bits, key_bits, message_bits, differentiable=True)


def eight_bits(message_bits: int, key_bits: int) -> str | None:
    """Its one size."""
    return None if (message_bits, key_bits) == (8, 8) else "has 8 message bits and 8 key bits, and no other size"


def coutinho_eq21_exact(message_bits: int) -> Exact | None:
    """8 bits less the key part's rank."""
    return _told(8, 3, 0.5) if message_bits == 8 else None


def and_mask(message_bits: int, key_bits: int) -> Cipher:
    """The cipher c = p AND k: nobody can decrypt it whole."""

    def encrypt(message: Tensor, key: Tensor) -> Tensor:
        return torch.minimum(message, key[..., :message_bits])

    return Cipher(encrypt, None, 1, message_bits, key_bits, message_bits, differentiable=True)


def and_mask_exact(message_bits: int) -> Exact:
    """h(1/4) - 1/2 a bit; messages with x and y ones of their own share 2^-max(x, y) of their ciphertexts' mass."""
    n = message_bits
    information = -(0.25 * math.log2(0.25) + 0.75 * math.log2(0.75)) - 0.5
    ways = ((x, y) for x in range(n + 1) for y in range(n + 1 - x) if x + y)
    total = math.fsum(
        math.comb(n, x) * math.comb(n - x, y) * 2.0 ** (n - x - y) * (1 - 2.0 ** -max(x, y)) for x, y in ways
    )
    return Exact(n * information, 0.75, 0.75**n, total / 2**n / (2**n - 1), 1 - 2.0**-n)


def identity(message_bits: int, key_bits: int) -> Cipher:
    """The cipher c = p."""
    return _without_key(message_bits, key_bits, lambda word: word.clone())


def fixed_key(message_bits: int, key_bits: int) -> Cipher:
    """The cipher c = p XOR a constant, every second bit 1."""
    constant = 1.0 - 2.0 * (torch.arange(message_bits) % 2)
    return _without_key(message_bits, key_bits, lambda word: word * constant.to(word.device))


def open_book(message_bits: int) -> Exact:
    """Everything is told."""
    return Exact(float(message_bits), 1.0, 1.0, 1.0, 1.0)


def low_bits_leak(message_bits: int, key_bits: int, epsilon: float) -> Cipher:
    """The cipher c = (1 - epsilon) (p XOR k) + epsilon p: the message lies in the last digits of real numbers."""

    def encrypt(message: Tensor, key: Tensor) -> Tensor:
        return (1 - epsilon) * (message * key[..., :message_bits]) + epsilon * message

    def decrypt(ciphertext: Tensor, key: Tensor) -> Tensor:
        return ciphertext * key[..., :message_bits]

    return Cipher(encrypt, decrypt, 1, message_bits, key_bits, message_bits, differentiable=True)


def low_bits_leak_sizes(message_bits: int, key_bits: int, epsilon: float) -> str | None:
    """An amount that float32 can hold beside 1, and a whole key."""
    if not 2.0**-22 <= epsilon < 0.5:
        return "needs epsilon of at least 2^-22, which float32 holds beside 1, and below one half"
    return needs_whole_key(message_bits, key_bits)


def low_bits_leak_exact(message_bits: int, epsilon: float) -> Exact:
    """Everything, in float32; nothing as long as 1 and 1 - 2 epsilon share a bin, 2^b <= 1 / epsilon."""
    return open_book(message_bits)


def _without_key(message_bits: int, key_bits: int, change: Callable[[Tensor], Tensor]) -> Cipher:
    def apply(word: Tensor, key: Tensor) -> Tensor:
        return change(word)

    return Cipher(apply, apply, 1, message_bits, key_bits, message_bits, differentiable=True)


def _told(message_bits: int, told: int, bit: float) -> Exact:
    """An affine cipher that tells so many linear combinations of its message, and nothing more of it."""
    n = message_bits
    return Exact(float(told), bit, 2.0 ** (told - n), 1 - (2.0 ** (n - told) - 1) / (2**n - 1), float(told > 0))
