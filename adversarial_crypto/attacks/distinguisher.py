"""The one-time game: one of two messages was encrypted under a fresh key; which?

Three games at once, and networks that learn to tell: two fixed messages (two random pairs of each cipher); a pair
drawn for every ciphertext (Coutinho et al. 2018); a message that the ciphertext belongs to or does not (Modesitt et
al.). On a fixed pair nobody does better than the exact advantage, which stands beside it where it can be counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor

from adversarial_crypto.attacks.contract import Attack, Budget, Expected, Progress, Said, Verdict
from adversarial_crypto.attacks.controls import DOSES, LEAKS, NEURAL_CONTROLS
from adversarial_crypto.attacks.exact_advantage import advantages, cannot
from adversarial_crypto.attacks.guessing import DIGITS, digits_of
from adversarial_crypto.attacks.judging import advantage_verdict, wrong_bits
from adversarial_crypto.attacks.learning import Learner, School, Task, encrypt_rows, wide
from adversarial_crypto.ciphers import Cipher, draw
from adversarial_crypto.formulas.measures import cross_entropy
from adversarial_crypto.games import Secrets
from adversarial_crypto.networks import Build
from adversarial_crypto.networks.dense import Dense
from adversarial_crypto.networks.residual import Residual
from adversarial_crypto.numerics.philox import Address, Occasion, Stream, bits, uniforms

NAME = "distinguisher"
FIXED = 2  # pairs of fixed messages of each cipher; the rows after them play the two other games
ROWS = FIXED + 2
GAMES = [*(f"fixed pair {pair + 1}" for pair in range(FIXED)), "random pairs", "belongs"]
NETWORKS: Mapping[str, Build] = {
    "dense 2x256": lambda i, o, init: Dense(i, o, init, last=lambda odds: odds),
    "residual 4x256": lambda i, o, init: Residual(i, o, init, last=lambda odds: odds),
}
SCHOOLS = {
    "smoke": School(ROWS, 200, 256, 0.001),
    "standard": School(ROWS, 1_000, 256, 0.001),
    "full": School(ROWS, 20_000, 1024, 0.001),
}
VALIDATED, TESTED = 2**14, 2**17


def run(cipher: Cipher, budget: Budget, seeds: Tensor) -> Iterator[Said]:
    """Trains both networks on all games; of each game the better one on validation is tested."""
    school = SCHOOLS[budget.tier]
    right, losses = [], []
    for number, (name, network) in enumerate(NETWORKS.items()):
        learner = Learner(_task(cipher, seeds, network), school, seeds, budget.engine)
        for share in learner.learn(budget.memory, name):
            yield Progress((number + share) / len(NETWORKS), f"training distinguishers, {name}")
        losses.append(learner.losses(VALIDATED))
        right.append(_right(learner))
    chosen = torch.stack(losses).argmin(0)  # (R, ROWS)
    best = _best_of_anybody(cipher, seeds)
    spent = f"{' and '.join(NETWORKS)}, {school.steps:,} steps of {school.batch} examples, {TESTED:,} test ciphertexts"
    for replica in range(cipher.replicas):
        for row, game in enumerate(GAMES):
            count = int(right[int(chosen[replica, row])][replica, row])
            base = Verdict(NAME, "one_time", replica, None, "not_broken", "", budget=spent, note=best(replica, row))
            yield advantage_verdict(base, count, TESTED, f"advantage, {game}")


def _best_of_anybody(cipher: Cipher, seeds: Tensor) -> Callable[[int, int], str]:
    """(replica, row) -> a sentence on the exact advantage where it can be counted, else ""."""
    if cannot(cipher):
        return lambda replica, row: ""
    pairs = fixed_pairs(cipher, seeds).unflatten(0, (cipher.replicas, ROWS))[:, :FIXED]
    exact = advantages(cipher, pairs)
    return lambda replica, row: f"nobody has more than {exact[replica, row]:.6g} on this pair" if row < FIXED else ""


def _task(cipher: Cipher, seeds: Tensor, network: Build) -> Task:
    """Inputs: the two messages that it may be (a fixed pair need not be shown), the ciphertext and its lower digits."""
    drawing, n = wide(cipher, ROWS), cipher.message_bits
    row = torch.arange(ROWS, device=seeds.device).repeat(cipher.replicas).reshape(-1, 1, 1)
    pairs = fixed_pairs(cipher, seeds)  # (R ROWS, 2, N)

    def words(address: Address, batch: int) -> Secrets:
        drawn = draw(drawing, address, batch)
        other = bits(address, {Stream.OTHER_KEY: n}, batch)[Stream.OTHER_KEY]
        side = torch.where(uniforms(address, Stream.CHOICE, batch) < 0.5, -1.0, 1.0).unsqueeze(-1)
        return {**drawn, "other": other, "side": side}

    def seen(drawn: Secrets) -> Secrets:
        first = torch.where(row < FIXED, pairs[:, :1], drawn["message"])
        second = torch.where(row < FIXED, pairs[:, 1:], drawn["other"])
        side = drawn["side"]
        words = {name: word for name, word in drawn.items() if name in ("key", "noise")}
        ciphertext = encrypt_rows(cipher, {**words, "message": torch.where(side > 0, first, second)})
        # Who asks whether a ciphertext belongs to a message is shown that one alone.
        shown = torch.cat([first, torch.where(row == ROWS - 1, 0.0, second)], -1)
        shown = torch.where(row < FIXED, 0.0, shown)
        return {"inputs": torch.cat([shown, ciphertext, digits_of(ciphertext)], -1), "side": side}

    width = 2 * n + cipher.width * (1 + len(DIGITS))
    return Task(words, seen, width, 1, network, lambda guess, drawn: cross_entropy(guess, drawn["side"]))


def fixed_pairs(cipher: Cipher, seeds: Tensor) -> Tensor:
    """The two messages of every row, (R ROWS, 2, N), distinct: the second differs in a random bit at least."""
    address = Address(seeds, 0, 0, Occasion.ATTACK)
    n = cipher.message_bits
    drawn = bits(address, {Stream.MESSAGE: n}, 2 * ROWS)[Stream.MESSAGE].reshape(-1, 2, n)
    first, second = drawn.unbind(1)
    same = (first == second).all(-1, keepdim=True)
    flip = torch.ones_like(second)
    flip[:, 0] = -1
    return torch.stack([first, torch.where(same, second * flip, second)], 1)


def _right(learner: Learner) -> Tensor:
    """How often each row guesses the right side on test words, (R, ROWS) int64."""
    total = torch.zeros(len(learner.seeds), dtype=torch.int64)
    for guess, drawn in learner.answers(Occasion.TEST, TESTED):
        total += (~wrong_bits(guess, drawn["side"])).sum((1, 2))
    return total.reshape(-1, ROWS)


ATTACK = Attack(
    question="Can a network tell which of two messages was encrypted?",
    scope="one_time",
    tier="standard",
    run=run,
    controls=("biased_pad(0.4)", "one_bit_key", "one_time_pad"),
    expected=Expected(
        broken=(
            *DOSES[2:],
            *LEAKS,
            "low_bits_leak(0.0001)",
        ),
        open=(
            *NEURAL_CONTROLS,
            *DOSES[:2],
            "parity_leak(6)",
            "low_bits_leak(1e-06)",
            "random_function",
            "random_permutation",
        ),
    ),
)
