"""Objectives of the symmetric game, as named variants with their source. Each returns one number a replica."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor

AliceBobLoss = Callable[[Tensor, Tensor, int], Tensor]


def secrecy_penalty(eve_bits_wrong: Tensor, message_bits: int) -> Tensor:
    """How far Eve is from guessing, per example.

    (N/2 - eve)^2 / (N/2)^2        (section 2.5)

    Not `1 - (...)^2` and not the square of the batch's mean: an Eve who is right on half of the messages and inverts
    the other half is at N/2 on average and must still cost.

    Args:
        eve_bits_wrong: (R, B), continuous bits wrong.
    Returns:
        (R, B), 0 when Eve guesses, 1 when she reads everything (or inverts every bit).
    """
    chance = message_bits / 2
    return ((chance - eve_bits_wrong) / chance) ** 2


def per_bit(bob_bits_wrong: Tensor, eve_bits_wrong: Tensor, message_bits: int) -> Tensor:
    """Alice and Bob's objective with Bob's term a bit, as the authors' released code has it; the default.

    mean over B of  bob / N + (N/2 - eve)^2 / (N/2)^2     (section 2.5; the text omits "/ N")

    Args:
        bob_bits_wrong, eve_bits_wrong: (R, B), continuous bits wrong in [0, N].
        message_bits: N.
    Returns:
        (R,), dimensionless, 0 at the ideal.
    """
    return (bob_bits_wrong / message_bits + secrecy_penalty(eve_bits_wrong, message_bits)).mean(-1)


def paper_text(bob_bits_wrong: Tensor, eve_bits_wrong: Tensor, message_bits: int) -> Tensor:
    """Alice and Bob's objective as the paper's text prints it: Bob's term in whole bits, N times that of `per_bit`.

    mean over B of  bob + (N/2 - eve)^2 / (N/2)^2        (section 2.5)

    Args and Returns: as `per_bit`.
    """
    return (bob_bits_wrong + secrecy_penalty(eve_bits_wrong, message_bits)).mean(-1)


def maximise_eve(bob_bits_wrong: Tensor, eve_bits_wrong: Tensor, message_bits: int) -> Tensor:
    """The conceptual objective L_B - L_E of section 2.2, for the ablation only.

    mean over B of  (bob - eve) / N

    Its optimum is an Eve who is wrong on every bit, and such an Eve flips her answers and reads everything.

    Args and Returns: as `per_bit`; in [-1, 1].
    """
    return ((bob_bits_wrong - eve_bits_wrong) / message_bits).mean(-1)


def eve_loss(eve_bits_wrong: Tensor) -> Tensor:
    """Eve's objective: the mean of her bits wrong over the batch (section 2.2).

    Args:
        eve_bits_wrong: (R, B).
    Returns:
        (R,), bits.
    """
    return eve_bits_wrong.mean(-1)


ALICE_BOB_LOSSES: Mapping[str, AliceBobLoss] = {
    "per_bit": per_bit,
    "paper_text": paper_text,
    "maximise_eve": maximise_eve,
}
