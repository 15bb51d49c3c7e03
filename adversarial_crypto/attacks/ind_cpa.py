"""Left or right, two queries under one key: whoever sees equal messages as equal ciphertexts wins.

The attacker asks for the encryption of (m, m), which is m's, and of (m, m'), which is one or the other, and says "m" if
the two ciphertexts are equal (Bellare, Desai, Jokipii and Rogaway 1997). Every cipher that is not randomised and can be
decrypted loses: a property of all of them, a one-time pad too, that says only that a key must not be used twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from adversarial_crypto.attacks.contract import Attack, Budget, Expected, Progress, Said, Verdict
from adversarial_crypto.attacks.controls import CIPHERS, NEURAL_CONTROLS, RANDOMISED
from adversarial_crypto.attacks.counting import fingerprints
from adversarial_crypto.attacks.exact_advantage import distinct
from adversarial_crypto.attacks.judging import advantage_verdict
from adversarial_crypto.ciphers import Cipher, draw, encrypt
from adversarial_crypto.numerics.philox import Address, Occasion, Stream, bits

NAME = "ind_cpa"
GAMES = {"smoke": 2**12, "standard": 2**14, "full": 2**16}
FIRST, SECOND = 1, 2  # steps of the address: the two queries; 0 has the messages


def run(cipher: Cipher, budget: Budget, seeds: Tensor) -> Iterator[Said]:
    """The advantage of comparing two ciphertexts, each game with its own key and messages."""
    games = GAMES[budget.tier]
    left, right = distinct(cipher, seeds, games)
    address = Address(seeds, FIRST, 0, Occasion.ATTACK)
    first = draw(cipher, address, games)
    second = draw(cipher, replace(address, step=SECOND), games)
    coin = bits(address, {Stream.CHOICE: 1}, games)[Stream.CHOICE] > 0  # (R, B, 1): whether the right one is encrypted
    yield Progress(0.0, "asking twice under one key")
    answers = []
    for words, message in ((first, left), (second, torch.where(coin, right, left))):
        noise = {"noise": words["noise"]} if cipher.noise_width else {}
        answers.append(fingerprints(encrypt(cipher, message, first["key"], **noise), None))
    won = (answers[0] != answers[1]) == coin.squeeze(-1)
    for replica in range(cipher.replicas):
        spent = f"{games:,} games of two queries"
        base = Verdict(NAME, "reuse", replica, None, "not_broken", "", budget=spent)
        verdict = advantage_verdict(base, int(won[replica].sum()), games)
        seen = verdict.outcome == "broken" and not cipher.noise_width
        yield replace(verdict, note="as with every cipher that is not randomised" if seen else "")


ATTACK = Attack(
    question="Does an attacker see that a message is sent twice under one key?",
    scope="reuse",
    tier="smoke",
    run=run,
    controls=("one_time_pad", "scaled_pad"),
    expected=Expected(broken=(*(label for label in CIPHERS if label not in RANDOMISED), *NEURAL_CONTROLS)),
)
