"""Eves that learn more than the paper's: larger networks, the lower digits of each element, and all bits together.

Two of them guess every bit for itself. The third predicts bit after bit, each with the earlier ones known: on fresh
messages it needs sum CE_i bits for a message, and so I(P; C) >= N - sum CE_i. It sees what hides in several bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import torch
from scipy import stats
from torch import Tensor

from adversarial_crypto.attacks.autoregressive import build as autoregressive
from adversarial_crypto.attacks.contract import Attack, Budget, Expected, Progress, Said, Tier, Verdict
from adversarial_crypto.attacks.controls import DOSES, LEAKS, NEURAL_CONTROLS
from adversarial_crypto.attacks.guessing import flips, message_task, rung
from adversarial_crypto.attacks.judging import CONFIDENCE, bits_verdict, outcome
from adversarial_crypto.attacks.learning import Learner, School
from adversarial_crypto.ciphers import Cipher
from adversarial_crypto.formulas.measures import cross_entropy
from adversarial_crypto.games import Secrets
from adversarial_crypto.networks import Build
from adversarial_crypto.networks.attention import Attention
from adversarial_crypto.networks.dense import Dense
from adversarial_crypto.networks.residual import Residual
from adversarial_crypto.networks.wide import Wide
from adversarial_crypto.numerics.philox import Occasion
from adversarial_crypto.numerics.statistics import mean_interval_from_moments

NAME = "strong_eves"


def _odds(logits: Tensor) -> Tensor:
    return logits


# What each gives are log odds, not bits.
LADDER: Mapping[str, Build] = {
    "dense 2x256": lambda i, o, init: Dense(i, o, init, last=_odds),
    "residual 4x256": lambda i, o, init: Residual(i, o, init, last=_odds),
    "dense 4x1024": lambda i, o, init: Wide(i, o, init, last=_odds),
    "attention": lambda i, o, init: Attention(i, o, init, last=_odds),
}
RUNGS: Mapping[Tier, Sequence[str]] = {
    "smoke": ("dense 2x256",),
    "standard": ("dense 2x256", "residual 4x256"),
    "full": tuple(LADDER),
}
SCHOOLS = {
    "smoke": School(1, 300, 512, 0.001),
    "standard": School(1, 5_000, 512, 0.001),
    "full": School(1, 20_000, 2048, 0.001),
}
TOGETHER = {
    "smoke": School(1, 300, 512, 0.001),
    "standard": School(1, 3_000, 512, 0.001),
    "full": School(1, 20_000, 2048, 0.001),
}
TESTED = 2**18  # messages


def run(cipher: Cipher, budget: Budget, seeds: Tensor) -> Iterator[Said]:
    """Trains the rungs of the tier one after another, then the one who predicts bit after bit."""
    rungs, school = RUNGS[budget.tier], SCHOOLS[budget.tier]
    for number, name in enumerate(rungs):
        task = message_task(cipher, 1, LADDER[name], _objective, digits=True)
        learner = Learner(task, school, seeds, budget.engine)
        for share in learner.learn(budget.memory, name):
            yield Progress((number + share) / (len(rungs) + 1), f"training {name}")
        yield from _read(learner, name, f"{name}, {school.words()}, {TESTED:,} test messages")
    task = message_task(cipher, 1, autoregressive, _objective, digits=True, known=True)
    learner = Learner(task, TOGETHER[budget.tier], seeds, budget.engine)
    for share in learner.learn(budget.memory, "autoregressive"):
        yield Progress((len(rungs) + share) / (len(rungs) + 1), "training the one that predicts bit after bit")
    told = [_told(guess, drawn) for guess, drawn in learner.answers(Occasion.TEST, TESTED)]
    spent = f"autoregressive, {TOGETHER[budget.tier].words()}, {TESTED:,} test messages"
    for replica, bits in enumerate(torch.cat(told, 1)):
        yield _bound(Verdict(NAME, "one_time", replica, None, "not_broken", "", budget=spent), bits)


def _read(learner: Learner, name: str, spent: str) -> Iterator[Said]:
    """What one rung reads of each replica."""
    flipped = flips(learner, list(range(len(learner.seeds))), TESTED)
    verdicts = []
    for replica, wrong in enumerate(flipped):
        base = Verdict(NAME, "one_time", replica, None, "not_broken", "", budget=spent)
        verdicts.append(bits_verdict(base, wrong, f"bits_flipped by {name}"))
    yield from verdicts
    yield rung(name, learner.multiply_adds(), verdicts)


def _objective(guess: Tensor, drawn: Secrets) -> Tensor:
    return cross_entropy(guess, drawn["message"])


def _told(guess: Tensor, drawn: Secrets) -> Tensor:
    """What each prediction shows to have been told: N - sum CE_i, (R, B) float64 bits, negative where it was wrong."""
    message = drawn["message"]
    return message.shape[-1] - cross_entropy(guess, message).to(torch.float64)


def _bound(base: Verdict, told: Tensor) -> Verdict:
    """At least so many bits were told; for a secure cipher no prediction is above 0 on average."""
    sd = float(told.std())
    mean, low, high = mean_interval_from_moments(float(told.mean()), sd, len(told), CONFIDENCE)
    p = float(stats.norm.sf(mean / max(sd / len(told) ** 0.5, 1e-12)))
    return replace(
        base,
        outcome=outcome(p),
        statistic="information_bits at least",
        value=mean,
        low=low,
        high=high,
        p=p,
        chance=0.0,
        note="a lower bound on I(P; C); below 0 the network is merely wrong",
    )


ATTACK = Attack(
    question="Do larger Eves read anything, bit by bit or all bits together?",
    scope="one_time",
    tier="standard",
    run=run,
    controls=("biased_pad(0.4)", "one_bit_key", "one_time_pad"),
    expected=Expected(
        broken=(
            *DOSES[1:],
            *LEAKS,
            "low_bits_leak(0.0001)",
        ),
        open=(
            *NEURAL_CONTROLS,
            DOSES[0],
            "parity_leak(6)",
            "low_bits_leak(1e-06)",
            "random_function",
            "random_permutation",
        ),
    ),
)
