"""More ciphertexts than keys: then they are not the same for all messages, and secrecy is not perfect.

Under perfect secrecy every message has the same set of ciphertexts, and without randomness a message has at most 2^K of
them. So finding one more refutes it, without any statistics (Shannon 1949). With too many keys to count, collisions do:
among m ciphertexts of at most 2^K equally likely ones at least m (m - 1) / 2^(K + 1) pairs are expected to agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from scipy import stats
from torch import Tensor

from adversarial_crypto.attacks.contract import Attack, Budget, Expected, Progress, Said, Verdict
from adversarial_crypto.attacks.controls import NEURAL_CONTROLS
from adversarial_crypto.attacks.counting import BLOCK, PRECISIONS, every_word, fingerprints
from adversarial_crypto.attacks.exact_advantage import at_once
from adversarial_crypto.attacks.judging import outcome, skipped
from adversarial_crypto.ciphers import Cipher, draw, encrypt
from adversarial_crypto.numerics.philox import Address, Occasion

NAME = "support"
COUNTED = 18  # key bits up to which 2^K is exceeded within the budget
EXPECTED = 16  # equal pairs that perfect secrecy must promise: fewer, and to see none of them would mean little
HELD = 10**8  # fingerprints, 8 bytes each; for replicas with more all pairs are gone through again
AT_ONCE = 2**20  # pairs of all replicas that are encrypted at a time
PAIRS = {"smoke": 2**18, "standard": 2**20, "full": 2**22}  # of message and key; all of them where there are no more


def run(cipher: Cipher, budget: Budget, seeds: Tensor) -> Iterator[Said]:
    """Counts the distinct ciphertexts of random pairs, at every precision."""
    total = max(PAIRS[budget.tier], 2 ** (cipher.key_bits + 2) if cipher.key_bits <= COUNTED else 0)
    every = cipher.message_bits + cipher.key_bits
    total = 2**every if 2**every <= total else total
    counted = cipher.key_bits <= COUNTED or total == 2**every
    if why := _cannot(cipher, total, counted):
        yield from skipped(NAME, "one_time", cipher.replicas, why)
        return
    spent = f"{'all ' if total == 2**every else ''}{total:,} pairs"
    found: dict[tuple[int | None, int], Verdict] = {}
    some = max(1, HELD // (len(PRECISIONS) * total))
    for first in range(0, cipher.replicas, some):
        seen: dict[int | None, list[Tensor]] = {precision: [] for precision in PRECISIONS}
        done = 0
        for message, key in _pairs(cipher, seeds, total):
            ciphertext = encrypt(cipher, message, key)[first : first + some]
            for precision in PRECISIONS:
                seen[precision].append(fingerprints(ciphertext, precision))
            done += message.shape[1]
            yield Progress(min(1.0, (first + some * done / total) / cipher.replicas), "counting ciphertexts")
        for precision in PRECISIONS:
            for replica, prints in enumerate(torch.cat(seen.pop(precision), 1), first):
                base = Verdict(NAME, "one_time", replica, precision, "not_broken", "", budget=spent)
                found[precision, replica] = _judged(base, prints, cipher.key_bits, counted)
    yield from (found[precision, replica] for precision in PRECISIONS for replica in range(cipher.replicas))


def _pairs(cipher: Cipher, seeds: Tensor, total: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Every pair of message and key once where these are so many, else random ones, some at a time."""
    blocks = _all(cipher) if total == 2 ** (cipher.message_bits + cipher.key_bits) else _drawn(cipher, seeds, total)
    some = at_once(AT_ONCE, cipher.replicas)
    for message, key in blocks:
        yield from zip(message.split(some, 1), key.split(some, 1), strict=True)


def _all(cipher: Cipher) -> Iterator[tuple[Tensor, Tensor]]:
    for words in every_word(cipher.message_bits + cipher.key_bits):
        everyone = words.expand(cipher.replicas, *words.shape)
        yield everyone[..., : cipher.message_bits], everyone[..., cipher.message_bits :]


def _drawn(cipher: Cipher, seeds: Tensor, total: int) -> Iterator[tuple[Tensor, Tensor]]:
    for step in range(total // BLOCK):
        words = draw(cipher, Address(seeds, step, 0, Occasion.ATTACK), BLOCK)
        yield words["message"], words["key"]


def _cannot(cipher: Cipher, total: int, counted: bool) -> str:
    if cipher.noise_width:
        return "a randomised cipher may have any number of ciphertexts"
    if not counted and _equal_pairs(total, cipher.key_bits) < EXPECTED:
        return f"with {cipher.key_bits} key bits too few collisions are expected: it has no power"
    return ""


def _equal_pairs(drawn: int, key_bits: int) -> float:
    """Pairs of random ciphertexts that agree, at least, under perfect secrecy."""
    return drawn * (drawn - 1) / 2.0 ** (key_bits + 1)


def _judged(base: Verdict, prints: Tensor, key_bits: int, counted: bool) -> Verdict:
    """The verdict on one replica's ciphertexts (m,), of random pairs unless they are counted."""
    _, counts = prints.unique(return_counts=True)
    distinct, drawn = len(counts), len(prints)
    if counted:
        most = 2.0**key_bits
        text = f"perfect secrecy has at most {2**key_bits:,}; {drawn - distinct:,} of the {drawn:,} repeat others"
        return replace(
            base,
            outcome="refuted" if distinct > most else "not_broken",
            statistic="distinct_ciphertexts",
            value=float(distinct),
            low=float(distinct),  # there may be more
            chance=most,
            note=text,
        )
    pairs = float((counts.double() * (counts.double() - 1) / 2).sum())
    expected = _equal_pairs(drawn, key_bits)
    p = float(stats.poisson.cdf(pairs, expected))
    note = f"perfect secrecy expects at least {expected:,.1f} equal pairs"
    return replace(base, outcome=outcome(p), statistic="equal_pairs", value=pairs, chance=expected, p=p, note=note)


ATTACK = Attack(
    question="Are there more ciphertexts than perfect secrecy allows?",
    scope="one_time",
    tier="smoke",
    run=run,
    controls=("parity_leak(1)", "low_bits_leak(0.0001)", "one_time_pad"),
    controls_up_to=COUNTED,
    expected=Expected(
        broken=("parity_leak(1)", "parity_leak(6)", "low_bits_leak(0.0001)", "low_bits_leak(1e-06)", *NEURAL_CONTROLS),
        skipped=("scaled_pad", "aes_ctr"),
    ),
)
