"""What a flipped bit of message or key does to the ciphertext's signs: the strict avalanche criterion.

A function meets it if each output bit changes with probability 1/2 whenever one input bit is flipped (Webster and
Tavares 1985, "On the design of S-boxes", section 2). Block ciphers should, and it is no secrecy: the one-time pad flips
exactly one sign. `attacks.diffusion` looks at the numbers instead of the signs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from scipy import stats
from torch import Tensor

from adversarial_crypto.attacks.contract import Verdict
from adversarial_crypto.attacks.diffusion import AMOUNT
from adversarial_crypto.attacks.judging import CONFIDENCE, outcome
from adversarial_crypto.ciphers import Cipher, bins, draw, encrypt
from adversarial_crypto.formulas.sensitivity import elements_moved
from adversarial_crypto.numerics.philox import Address
from adversarial_crypto.numerics.statistics import mean_interval_from_moments

PIECE = 2**11  # messages at a time


@dataclass(frozen=True)
class Avalanche:
    """What flipping each bit of one word does.

    Args:
        flipped: (R, bits, C) float64, in how many messages the sign of each element flips with each bit.
        each: (R, B) float64, signs that flip in a message, mean over the bits.
        moved: (R,) float64, elements that move by more than 0.25 when a bit flips, mean over bits and messages.
    """

    flipped: Tensor
    each: Tensor
    moved: Tensor


def avalanche(cipher: Cipher, address: Address, word: str, messages: int) -> Avalanche:
    """Flips every bit of a word in random pairs of message and key; noise is held fixed.

    Args:
        address: of the draws; its step is left for their pieces.
        word: "message" or "key".
        messages: pairs, at most PIECE or a multiple of it.
    """
    size = min(messages, PIECE)
    pieces = [_piece(cipher, replace(address, step=step), word, size) for step in range(messages // size)]
    return Avalanche(
        flipped=torch.stack([piece.flipped for piece in pieces]).sum(0),
        each=torch.cat([piece.each for piece in pieces], 1),
        moved=torch.stack([piece.moved for piece in pieces]).mean(0),
    )


def _piece(cipher: Cipher, address: Address, word: str, size: int) -> Avalanche:
    words = draw(cipher, address, size)
    before = encrypt(cipher, **words)
    signs, amount = bins(before, 1), torch.tensor([AMOUNT], device=before.device)
    flips, each, moved = [], torch.zeros(before.shape[:2], dtype=torch.float64, device=before.device), []
    width = words[word].shape[-1]
    for bit in range(width):
        turned = words[word].clone()
        turned[..., bit] *= -1
        after = encrypt(cipher, **{**words, word: turned})
        changed = (bins(after, 1) != signs).double()  # (R, B, C)
        flips.append(changed.sum(1))
        each += changed.sum(-1)
        moved.append(elements_moved(before, after, amount)[:, 0])
    return Avalanche(torch.stack(flips, 1), each / width, torch.stack(moved).mean(0))


def judged(base: Verdict, found: Avalanche, word: str) -> Verdict:
    """Whether a replica meets the strict avalanche criterion; "broken" says that it does not, and no more.

    Two tests, p twice the smaller one: the mean number of signs that flip, C / 2 for whoever meets it, the message as
    the unit; and the bit and element that are farthest from one half, corrected for their number.
    """
    each, flipped = found.each[base.replica], found.flipped[base.replica]
    messages, (bits, width) = len(each), flipped.shape
    mean, sd = float(each.mean()), float(each.std())
    p_mean = float(mean == width / 2)
    if sd > 0:
        p_mean = 2 * float(stats.norm.sf(abs(mean - width / 2) / sd * messages**0.5))
    bit, element = divmod(int((flipped - messages / 2).abs().argmax()), width)
    count = int(flipped[bit, element])
    p_cell = bits * width * float(stats.binomtest(count, messages).pvalue)
    p = min(1.0, 2 * min(p_mean, p_cell))
    value, low, high = mean_interval_from_moments(mean, sd, messages, CONFIDENCE)
    note = (
        f"a description, no break: the one-time pad flips exactly 1; farthest from 1/2: {word} bit {bit} flips sign "
        f"{element} in {count / messages:.4f}; elements that move by more than {AMOUNT}: "
        f"{float(found.moved[base.replica]):.3f}"
    )
    return replace(
        base,
        outcome=outcome(p),
        statistic=f"flips_per_{word}_bit",
        value=value,
        low=low,
        high=high,
        p=p,
        chance=width / 2,
        note=note,
    )


def rows(found: Mapping[str, Avalanche]) -> Sequence[Mapping[str, float | int | str]]:
    """The matrices as rows: replica, word, bit, element (from 0), flips in [0, 1], messages."""
    made: list[Mapping[str, float | int | str]] = []
    for word, each in found.items():
        messages = each.each.shape[1]
        for replica, matrix in enumerate((each.flipped / messages).tolist()):
            head: dict[str, float | int | str] = {"replica": replica, "word": word}
            made += [
                {**head, "bit": bit, "element": element, "flips": flips, "messages": messages}
                for bit, shares in enumerate(matrix)
                for element, flips in enumerate(shares)
            ]
    return made
