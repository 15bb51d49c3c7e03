"""The paper's own test: Eves of its kind, from scratch, of whom the best counts (section 2.5).

It is blind by construction to what lies in several bits together: `one_bit_key` leaves all but one bit readable and
each single bit at one half. That it finds nothing there is expected of it, and shows what its silence is worth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from scipy import stats
from torch import Tensor

from adversarial_crypto.attacks.contract import Attack, Budget, Expected, Progress, Said, Verdict
from adversarial_crypto.attacks.controls import DOSES, NEURAL_CONTROLS
from adversarial_crypto.attacks.guessing import message_task, rung
from adversarial_crypto.attacks.judging import CONFIDENCE, counts_verdict, outcome, wrong_bits
from adversarial_crypto.attacks.learning import Learner, School, best
from adversarial_crypto.ciphers import Cipher
from adversarial_crypto.formulas.measures import bits_wrong
from adversarial_crypto.games import Secrets
from adversarial_crypto.networks import NETWORKS
from adversarial_crypto.networks.mix_transform import multiply_adds
from adversarial_crypto.numerics.philox import Occasion
from adversarial_crypto.numerics.statistics import mean_interval_from_moments

NAME = "fresh_eves"
NETWORK = "mix_transform"
SCHOOLS = {
    "smoke": School(1, 500, 512, 0.0008, falls=False),
    "standard": School(5, 20_000, 512, 0.0008, falls=False),
    "full": School(5, 250_000, 4096, 0.0008, falls=False),
}
VALIDATED, TESTED = 2**16, 2**20  # messages


def run(cipher: Cipher, budget: Budget, seeds: Tensor) -> Iterator[Said]:
    """Trains the Eves and tests the best of each replica."""
    school = SCHOOLS[budget.tier]
    task = message_task(cipher, school.attackers, NETWORKS[NETWORK], _objective)
    learner = Learner(task, school, seeds, budget.engine)
    for share in learner.learn(budget.memory, NETWORK):
        yield Progress(share, "training Eves of the paper's kind")
    rows = best(learner.losses(VALIDATED))
    # Kept are sums over bits: the bits themselves would be N bytes a message and replica.
    flips = torch.zeros(cipher.replicas, TESTED, dtype=torch.int16)
    wrong = torch.zeros(cipher.replicas, TESTED)
    each = torch.zeros(cipher.replicas, cipher.message_bits, dtype=torch.int64)
    done = 0
    for guess, drawn in learner.answers(Occasion.TEST, TESTED):
        flipped = wrong_bits(guess[rows], drawn["message"][rows])
        some = slice(done, done := done + flipped.shape[1])
        flips[:, some], wrong[:, some] = flipped.sum(-1), bits_wrong(guess[rows], drawn["message"][rows])
        each += flipped.sum(1)
    spent = f"{school.words()}, {TESTED:,} test messages"
    signs = []
    for replica in range(cipher.replicas):
        base = Verdict(NAME, "one_time", replica, None, "not_broken", "", budget=spent)
        signs.append(counts_verdict(base, flips[replica], each[replica]))
        yield _continuous(base, wrong[replica].to(torch.float64), cipher.message_bits)
    yield from signs
    yield rung("the paper's Eve", multiply_adds(cipher.width, cipher.message_bits), signs)


def _objective(guess: Tensor, drawn: Secrets) -> Tensor:
    return bits_wrong(guess, drawn["message"])


def _continuous(base: Verdict, wrong: Tensor, message_bits: int) -> Verdict:
    """The paper's measure: an estimate that owes nothing to the message is N / 2 from it on average, whatever it is."""
    sd = float(wrong.std())
    mean, low, high = mean_interval_from_moments(float(wrong.mean()), sd, len(wrong), CONFIDENCE)
    error = max(sd / len(wrong) ** 0.5, 1e-12)
    p = 2 * float(stats.norm.sf(abs(mean - message_bits / 2) / error))
    return replace(
        base,
        outcome=outcome(p),
        statistic="bits_wrong",
        value=mean,
        low=low,
        high=high,
        p=p,
        chance=message_bits / 2,
        note="continuous, as the paper counts",
    )


ATTACK = Attack(
    question="Does an Eve of the paper's kind, trained from scratch, read anything?",
    scope="one_time",
    tier="standard",
    run=run,
    controls=("biased_pad(0.4,0.25)", "one_time_pad"),
    expected=Expected(
        broken=(*DOSES[1:], "clear_bits(1)", "parity_leak(1)", "and_mask", "identity", "fixed_key"),
        open=(*NEURAL_CONTROLS, DOSES[0], "low_bits_leak(0.0001)", "random_function", "random_permutation"),
    ),
)
