"""Eight sets of plaintexts for statistical tests, after those of NIST's for the AES candidates (Soto 1999, IR 6390)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from adversarial_crypto.attacks.binary import NONE, light_masks
from adversarial_crypto.ciphers.tables import unpacked

COUNTED = 32  # bits of a counter: no sequence has more blocks


def _random(drawn: Tensor) -> Tensor:
    return drawn


def _all_zeros(drawn: Tensor) -> Tensor:
    return torch.full_like(drawn, -1.0)


def _all_ones(drawn: Tensor) -> Tensor:
    return torch.full_like(drawn, 1.0)


def _low_density(drawn: Tensor) -> Tensor:
    """The word of zeros, all with a single one, all with two ones, and so on again."""
    blocks, width = drawn.shape[1:]
    places = light_masks(width, blocks)
    words = torch.full((1 + len(places), width + 1), -1.0)
    words[1:].scatter_(1, torch.where(places == NONE, width, places), 1.0)
    return words[torch.arange(blocks) % len(words), :width].to(drawn.device).expand_as(drawn)


def _high_density(drawn: Tensor) -> Tensor:
    """As low density, with zeros and ones exchanged."""
    return -_low_density(drawn)


def _counter(drawn: Tensor) -> Tensor:
    """0, 1, 2, ... modulo 2^N, the first bit the lowest."""
    blocks, width = drawn.shape[1:]
    words = _all_zeros(drawn).clone()
    words[..., :COUNTED] = unpacked(torch.arange(blocks, device=drawn.device), min(width, COUNTED))
    return words


def _avalanche(drawn: Tensor) -> Tensor:
    """One random message, the same with each bit flipped, and so on again."""
    blocks, width = drawn.shape[1:]
    flips = torch.cat([torch.ones(1, width), 1 - 2 * torch.eye(width)]).to(drawn.device)
    return drawn[:, :1] * flips[torch.arange(blocks, device=drawn.device) % (width + 1)]


def _repeated(drawn: Tensor) -> Tensor:
    """One random message, again and again."""
    return drawn[:, :1].expand_as(drawn)


# name -> (random messages (R, B, N)) -> the set's messages (R, B, N), in order; of bits -1 and +1.
PLAINTEXTS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "random": _random,
    "all_zeros": _all_zeros,
    "all_ones": _all_ones,
    "low_density": _low_density,
    "high_density": _high_density,
    "counter": _counter,
    "avalanche": _avalanche,
    "repeated": _repeated,
}
