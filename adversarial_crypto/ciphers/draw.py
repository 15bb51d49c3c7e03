"""Random words for a cipher, by the same generator as everything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from adversarial_crypto.ciphers.contract import Cipher
from adversarial_crypto.numerics.philox import Address, Stream, bits, uniforms

AT_ONCE = 2**19  # words of all replicas, which take some 700 bytes each while their bits are taken apart


def draw(cipher: Cipher, address: Address, batch: int) -> dict[str, Tensor]:
    """Fresh words by name, as `evaluate.encrypt` takes them: message, key and, for a randomised cipher, noise.

    Args:
        address: its seeds are (R, 2), R that of the cipher.
    Returns:
        message (R, B, N), fair bits; key (R, B, K), +1 with the cipher's key_probability; noise (R, B, W) in (0, 1).
        A replica's words depend on its own seeds, the address and B only. The batch axis is innermost in memory.
    """
    chances, most = cipher.key_probabilities, max(1, AT_ONCE // batch)
    if len(address.seeds) <= most:
        return _drawn(cipher, chances, address, batch)
    words: dict[str, Tensor] = {}
    for start in range(0, len(address.seeds), most):
        group = slice(start, start + most)
        for name, word in _drawn(cipher, chances[group], _of(address, group), batch).items():
            if name not in words:
                words[name] = word.new_empty(len(address.seeds), word.shape[-1], batch)
            words[name][group] = word.mT
    return {name: word.mT for name, word in words.items()}


def _of(address: Address, group: slice) -> Address:
    """The address of some of the replicas."""
    adversary = address.adversary[group] if isinstance(address.adversary, Tensor) else address.adversary
    return replace(address, seeds=address.seeds[group], adversary=adversary)


def _drawn(cipher: Cipher, chances: Sequence[float], address: Address, batch: int) -> dict[str, Tensor]:
    """The words of the replicas of this address, whose key bits are +1 with these chances."""
    widths = {Stream.MESSAGE: cipher.message_bits, Stream.KEY: cipher.key_bits}
    drawn = bits(address, widths, batch)
    words = {"message": drawn[Stream.MESSAGE], "key": drawn[Stream.KEY]}
    if set(cipher.key_probabilities) != {0.5}:
        chance = torch.tensor(chances, device=address.seeds.device).reshape(-1, 1, 1)
        ones = _uniform(address, Stream.KEY, cipher.key_bits, batch) < chance
        words["key"] = 2 * ones.to(words["message"].dtype) - 1
    if cipher.noise_width:
        words["noise"] = _uniform(address, Stream.NOISE, cipher.noise_width, batch)
    return words


def _uniform(address: Address, stream: Stream, width: int, batch: int) -> Tensor:
    return uniforms(address, stream, width * batch).reshape(-1, width, batch).transpose(1, 2)
