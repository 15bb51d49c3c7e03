"""What linear algebra finds: relations over GF(2), a linear reader, and the best linear approximation.

A cipher that XORs key bits onto message bits hides as many combinations of the message as the key's part has rank: the
others stand in the ciphertext, though every bit for itself is a fair coin (Coutinho et al. 2018 found networks that had
learned such ciphers and passed Eve). Three questions, each with its own draws:

    leaked_relations       XORs of message bits that an XOR of the ciphertext's signs gives, always
    bits_flipped           messages read by a linear regression on the ciphertext's numbers, their sizes, and sign and
                           size together: a message may stand where no sign shows it
    largest_correlation    the best approximation by masks of one or two bits on either side (walsh.py)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from adversarial_crypto.attacks import walsh
from adversarial_crypto.attacks.binary import ranks
from adversarial_crypto.attacks.contract import Attack, Budget, Expected, Progress, Said, Tier, Verdict
from adversarial_crypto.attacks.controls import DOSES, LEAKS, NEURAL_CONTROLS
from adversarial_crypto.attacks.judging import bits_verdict, outcome, wrong_bits
from adversarial_crypto.ciphers import Cipher, bins, draw, encrypt
from adversarial_crypto.numerics.philox import Address, Occasion

NAME = "linear"
# Messages to learn the regression from, and as many to test it; and those that the masks are tried on.
MESSAGES: Mapping[Tier, int] = {"smoke": 2**16, "standard": 2**18, "full": 2**18}
PAIRS: Mapping[Tier, int] = {"smoke": 2**18, "standard": 2**20, "full": 2**22}
SPARE = 64  # rows beyond the columns: a relation that is none survives them once in 2^64
PIECE = 2**13  # messages at a time
RELATIONS, LEARNING, TESTING, MASKS = range(4)  # what a draw is for

# Of an element's variance: only so that elements that repeat one another leave the equations solvable.
RIDGE = 1e-6
STILL = 1e-7  # a standard deviation below which a regressor does not vary; float32 has steps of 6e-8 below 1


def run(cipher: Cipher, budget: Budget, seeds: Tensor) -> Iterator[Said]:
    """Relations, regression, masks."""
    yield from _relations(cipher, seeds)
    yield Progress(0.05, "learning a linear reader")
    messages = MESSAGES[budget.tier]
    reader = _learned(_pieces(cipher, seeds, LEARNING, messages))
    yield Progress(0.3, "testing the linear reader")
    flipped = torch.cat([reader.flipped(*piece) for piece in _pieces(cipher, seeds, TESTING, messages)], 1)
    for replica in range(cipher.replicas):
        spent = f"{messages:,} messages to learn from, {messages:,} tested"
        base = Verdict(NAME, "one_time", replica, None, "not_broken", "", budget=spent)
        yield bits_verdict(base, flipped[replica])
    yield Progress(0.5, "trying masks")
    yield from _masks(cipher, seeds, PAIRS[budget.tier])


def _pieces(cipher: Cipher, seeds: Tensor, purpose: int, total: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Fresh messages (R, B, N) under fresh keys and their ciphertexts (R, B, C), PIECE at a time."""
    for step in range(-(-total // PIECE)):
        words = draw(cipher, Address(seeds, step, purpose, Occasion.ATTACK), min(PIECE, total))
        yield words["message"], encrypt(cipher, **words)


def _relations(cipher: Cipher, seeds: Tensor) -> Iterator[Verdict]:
    """nullity([P | sign C | 1]) - nullity([sign C | 1]): what the ciphertext says of the message, exactly.

    Of 2^columns candidates each that is no relation holds for all rows with probability 2^-rows.
    """
    columns = cipher.message_bits + cipher.width + 1
    rows = columns + SPARE
    words = draw(cipher, Address(seeds, 0, RELATIONS, Occasion.ATTACK), rows)
    signs = bins(encrypt(cipher, **words), 1)
    seen = torch.cat([signs, torch.ones_like(signs[..., :1])], -1)  # (R, rows, C + 1)
    with_message = torch.cat([(words["message"] > 0).to(seen.dtype), seen], -1)
    both, alone = (ranks(each.to(torch.uint8).cpu().numpy()) for each in (with_message, seen))
    # A matrix of c columns and rank r has nullity c - r.
    for replica, leaked in enumerate((cipher.message_bits - (both - alone)).tolist()):
        p = 2.0**-SPARE if leaked else 1.0
        yield Verdict(
            NAME,
            "one_time",
            replica,
            None,
            outcome(p),
            "leaked_relations",
            *(float(leaked),) * 3,
            p=p,
            chance=0.0,
            budget=f"{rows} messages, {columns} columns",
            note=f"XORs of message bits, of {cipher.message_bits}, that follow from the ciphertext's signs alone",
        )


@dataclass(frozen=True)
class _Reader:
    """Regressions of the message bits on 3C regressors: usual (R, C), mean, scale (R, 3C), weights (R, 3C, N)."""

    usual: Tensor
    mean: Tensor
    scale: Tensor
    weights: Tensor

    def flipped(self, message: Tensor, ciphertext: Tensor) -> Tensor:
        """Which bits are guessed wrong by the sign of the regression: (R, B, N) bool."""
        standardised = (_regressors(ciphertext, self.usual) - self.mean.unsqueeze(1)) * self.scale.unsqueeze(1)
        return wrong_bits(standardised @ self.weights, message)


def _regressors(ciphertext: Tensor, usual: Tensor) -> Tensor:
    """Elements c, their sizes |c|, and sign c (|c| - usual): (R, B, C), usual sizes (R, C) -> (R, B, 3C) float64."""
    elements = ciphertext.double()
    return torch.cat([elements, elements.abs(), elements - elements.sign() * usual.unsqueeze(1)], -1)


def _learned(pieces: Iterator[tuple[Tensor, Tensor]]) -> _Reader:
    """Ridge regression (Hoerl and Kennard 1970) from the sums of products, regressors standardised.

    No constant term: message bits are fair. Those drawn are not quite, and are centred for a regressor far from 0. What
    size is usual the first piece says.
    """
    usual = torch.empty(0)
    sums = bits = squares = products = torch.zeros((), dtype=torch.float64)
    count = 0
    for message, ciphertext in pieces:
        usual = usual if count else ciphertext.double().abs().mean(1)
        regressors = _regressors(ciphertext, usual)
        count += regressors.shape[1]
        sums = sums + regressors.sum(1)  # (R, 3C)
        bits = bits + message.double().sum(1)  # (R, N)
        squares = squares + regressors.mT @ regressors  # (R, 3C, 3C)
        products = products + regressors.mT @ message.double()  # (R, 3C, N)
    mean = sums / count
    covariance = squares / count - mean.unsqueeze(-1) * mean.unsqueeze(-2)
    deviation = covariance.diagonal(dim1=-2, dim2=-1).clamp(min=0).sqrt()
    scale = torch.where(deviation > STILL, 1 / deviation, 0.0)
    correlation = covariance * scale.unsqueeze(-1) * scale.unsqueeze(-2)
    weights = torch.linalg.solve(
        correlation + RIDGE * torch.eye(mean.shape[-1], dtype=mean.dtype, device=mean.device),
        (products - mean.unsqueeze(-1) * bits.unsqueeze(-2)) / count * scale.unsqueeze(-1),
    )
    return _Reader(usual, mean, scale, weights)


def _masks(cipher: Cipher, seeds: Tensor, pairs: int) -> Iterator[Verdict]:
    """The largest correlation of each replica; `ciphers.bins` says what the sign of a 0 is."""
    signed = ((message, 2.0 * bins(seen, 1) - 1) for message, seen in _pieces(cipher, seeds, MASKS, pairs))
    found = walsh.largest(signed, cipher.message_bits, cipher.width)
    tried, there = walsh.tried(cipher.message_bits, cipher.width)
    some = "all" if tried == there else f"of {there:,}"
    for replica, best in enumerate(found):
        yield Verdict(
            NAME,
            "one_time",
            replica,
            None,
            outcome(best.p),
            "largest_correlation",
            best.correlation,
            best.low,
            best.high,
            p=best.p,
            chance=0.0,
            budget=f"{pairs:,} messages, {tried:,} masks, {some} of weight 1 and 2 on either side",
            note=f"message bit {_named(best.message)}, sign of element {_named(best.ciphertext)}, counted from 0",
        )


def _named(places: tuple[int, ...]) -> str:
    return " XOR ".join(str(place) for place in places)


ATTACK = Attack(
    question="What does linear algebra read: relations over GF(2), a regression, masks of one or two bits?",
    scope="one_time",
    tier="smoke",
    run=run,
    controls=("one_bit_key", "clear_bits(1)", "one_time_pad"),
    expected=Expected(
        broken=(
            *DOSES,
            *LEAKS,
            "parity_leak(6)",
            "low_bits_leak(0.0001)",
            "low_bits_leak(1e-06)",
            # Tables of 2^16 entries at 8 bits: by chance one mask or other is correlated by 0.015.
            "random_function",
            "random_permutation",
            *NEURAL_CONTROLS,
        ),
    ),
)
