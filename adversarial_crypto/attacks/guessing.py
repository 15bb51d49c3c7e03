"""Attackers that guess the message from one ciphertext: what they learn from, and how their guesses are judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from adversarial_crypto.attacks.contract import Table, Verdict
from adversarial_crypto.attacks.judging import wrong_bits
from adversarial_crypto.attacks.learning import Learner, Task, encrypt_rows, wide
from adversarial_crypto.ciphers import Cipher, draw
from adversarial_crypto.games import Secrets
from adversarial_crypto.networks import Build
from adversarial_crypto.numerics.philox import Occasion

DIGITS = tuple(range(4, 24, 4))  # binary places from which on an element is shown once more


def message_task(
    cipher: Cipher,
    attackers: int,
    network: Build,
    objective: Callable[[Tensor, Secrets], Tensor],
    digits: bool = False,
    known: bool = False,
) -> Task:
    """The message from its ciphertext.

    Args:
        attackers: E of each replica.
        digits: whether the ciphertext's lower binary places are shown too (`digits_of`).
        known: whether the message itself stands behind the inputs, for a network that looks at earlier bits only.
    """
    drawing = wide(cipher, attackers)

    def seen(drawn: Secrets) -> Secrets:
        ciphertext = encrypt_rows(cipher, drawn)
        parts = [ciphertext, *([digits_of(ciphertext)] if digits else []), *([drawn["message"]] if known else [])]
        return {"inputs": torch.cat(parts, -1), "message": drawn["message"]}

    width = cipher.width * (1 + (len(DIGITS) if digits else 0)) + (cipher.message_bits if known else 0)
    return Task(
        lambda address, batch: draw(drawing, address, batch), seen, width, cipher.message_bits, network, objective
    )


def digits_of(ciphertext: Tensor) -> Tensor:
    """2 (c 2^b mod 1) - 1 for every element and b = 4, 8, ... 20: what is left of an element behind b binary places.

    A network is too smooth to tell 1 from 1 - 10^-6; in these it is as far apart as anything.

    Args:
        ciphertext: (R, B, C) float32; the products and remainders are exact.
    Returns:
        (R, B, 5 C), in [-1, 1).
    """
    scaled = torch.cat([ciphertext * 2.0**places for places in DIGITS], -1)
    return 2 * (scaled - scaled.floor()) - 1


def rung(attacker: str, operations: int, verdicts: Sequence[Verdict]) -> Table:
    """One attacker of the ladder from the paper's Eve up: bits flipped of each replica by its multiply-adds a guess."""
    head: dict[str, float | int | str] = {"attacker": attacker, "operations": operations}
    rows = [
        {**head, "replica": v.replica, "bits_flipped": v.value or 0.0, "low": v.low or 0.0, "high": v.high or 0.0}
        for v in verdicts
    ]
    return Table("ladder", rows)


def flips(learner: Learner, rows: list[int], examples: int) -> Tensor:
    """Which bits the chosen attackers get wrong on test messages: (R, B, N) bool."""
    parts = []
    for guess, drawn in learner.answers(Occasion.TEST, examples):
        parts.append(wrong_bits(guess[rows], drawn["message"][rows]))
    return torch.cat(parts, 1)
