"""The best that any Eve can do: total variation of two messages' ciphertexts, over all keys.

Whoever is given one ciphertext of one of two messages and guesses which is right with probability 1/2 + TV/2 at most,
TV = 1/2 sum_c |P(c | p) - P(c | p')|. Without randomness the sum is exact once every key was tried, and any TV above 0,
for any two messages, refutes perfect secrecy (Shannon 1949). What is not seen is a leak that spares all pairs drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from adversarial_crypto.attacks.contract import Attack, Budget, Expected, Progress, Said, Verdict
from adversarial_crypto.attacks.controls import CIPHERS, NEURAL_CONTROLS, RANDOMISED, SECRET
from adversarial_crypto.attacks.counting import PRECISIONS, every_word, fingerprints, weights
from adversarial_crypto.attacks.judging import skipped
from adversarial_crypto.ciphers import Cipher, draw, encrypt
from adversarial_crypto.numerics.philox import Address, Occasion

NAME = "exact_advantage"
ENUMERATED = 18  # key bits up to which every key is tried
PAIRS = {"smoke": 16, "standard": 16, "full": 64}
BLOCK = 2**17  # ciphertexts of all replicas that are made, and compared, at a time: 8 MB at N = 16
# Fair keys weigh 2^-K each, and sums of that are exact. Others are rounded, by less than 1e-12; no leak is that small.
ROUNDING = 1e-9


def run(cipher: Cipher, budget: Budget, seeds: Tensor) -> Iterator[Said]:
    """The advantage for random pairs of messages, at every precision."""
    if why := cannot(cipher):
        yield from skipped(NAME, "one_time", cipher.replicas, why)
        return
    count = PAIRS[budget.tier]
    pairs = torch.stack(distinct(cipher, seeds, count), 2)  # (R, M, 2, N)
    mass = key_weights(cipher)  # (R, 2^K)
    some = at_once(BLOCK, 2 * mass.numel())
    parts = []
    for start in range(0, count, some):
        yield Progress(start / count, "comparing two messages under all keys")
        parts.append(_advantages(cipher, pairs[:, start : start + some], mass))
    spent = f"{count} pairs of messages, all {2**cipher.key_bits:,} keys"
    for precision in PRECISIONS:
        found = torch.cat([part[precision] for part in parts], 1)
        for replica in range(cipher.replicas):
            base = Verdict(NAME, "one_time", replica, precision, "not_broken", "advantage", chance=0.0, budget=spent)
            yield _judged(base, found[replica], cipher.key_probabilities[replica] == 0.5)


def _advantages(cipher: Cipher, pairs: Tensor, mass: Tensor) -> dict[int | None, Tensor]:
    """Total variation at every precision: pairs (R, m, 2, N), keys' mass (R, 2^K) -> (R, m) float64 each.

    A coarser ciphertext is a function of a finer one, so total variation never falls with precision: where two
    precisions agree for every pair, all between them do, and need no counting.
    """
    ciphertext = under_every_key(cipher, pairs.flatten(1, 2))  # (R, 2 m, 2^K, C)
    signed = torch.cat([mass, -mass], -1).unsqueeze(1)
    found: dict[int, Tensor] = {}

    def count(place: int) -> Tensor:
        prints = hashed(ciphertext, PRECISIONS[place]).reshape(*pairs.shape[:2], -1)  # (R, m, 2 x 2^K)
        return merged(prints, signed)[1].clamp(min=0).sum(-1)

    def fill(coarse: int, fine: int) -> None:
        if torch.allclose(found[coarse], found[fine], rtol=0, atol=ROUNDING):
            found.update(dict.fromkeys(range(coarse + 1, fine), found[fine]))
        elif fine - coarse > 1:
            middle = (coarse + fine) // 2
            found[middle] = count(middle)
            fill(coarse, middle)
            fill(middle, fine)

    last = len(PRECISIONS) - 1
    found[0], found[last] = count(0), count(last)
    fill(0, last)
    return {precision: found[place] for place, precision in enumerate(PRECISIONS)}


def advantages(cipher: Cipher, pairs: Tensor) -> Tensor:
    """Total variation of pairs (R, m, 2, N) in float32, of a cipher that can be enumerated: (R, m) float64."""
    mass = key_weights(cipher)
    found = [_advantages(cipher, pair, mass)[None] for pair in pairs.split(1, 1)]
    return torch.cat(found, 1)


def cannot(cipher: Cipher) -> str:
    """Why not every key of this cipher can be tried, as a sentence; "" if it can."""
    if cipher.noise_width:
        return "the ciphertexts of a randomised cipher cannot be enumerated"
    if cipher.key_bits > ENUMERATED:
        return f"2^{cipher.key_bits} keys are more than are enumerated, 2^{ENUMERATED}"
    return ""


def at_once(limit: int, each: int) -> int:
    """How many things that take so much each go within a limit: a power of two, at least 1."""
    return 1 << max(0, (limit // each).bit_length() - 1)


def distinct(cipher: Cipher, seeds: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Random pairs of two different messages: (R, M, N) each. Every pair is equally likely."""
    update = 0
    first = draw(cipher, Address(seeds, 0, update, Occasion.ATTACK), count)["message"]
    second = first
    while bool((same := (first == second).all(-1, keepdim=True)).any()):
        update += 1
        other = draw(cipher, Address(seeds, 0, update, Occasion.ATTACK), count)["message"]
        second = torch.where(same, other, second)
    return first, second


def key_weights(cipher: Cipher) -> Tensor:
    """The probability of each key in the order of `every_word`: (R, 2^K) float64."""
    blocks = [
        torch.stack([weights(words, probability) for probability in cipher.key_probabilities])
        for words in every_word(cipher.key_bits)
    ]
    return torch.cat(blocks, -1)


def crossed(cipher: Cipher, messages: Tensor, keys: Tensor) -> Tensor:
    """The ciphertexts of every message under every key: (R, m, N), (k, K) -> (R, m, k, C)."""
    replicas, rows, width = messages.shape
    columns = len(keys)
    message = messages.unsqueeze(2).expand(-1, -1, columns, -1).reshape(replicas, -1, width)
    key = keys.repeat(rows, 1).expand(replicas, -1, -1)
    ciphertext: Tensor = encrypt(cipher, message, key).unflatten(1, (rows, columns))
    return ciphertext


def under_every_key(cipher: Cipher, messages: Tensor) -> Tensor:
    """The ciphertexts of each message under all keys, in the order of `every_word`: (R, m, N) -> (R, m, 2^K, C)."""
    some = at_once(BLOCK, messages[..., 0].numel())
    parts = [crossed(cipher, messages, keys).permute(0, 3, 1, 2) for keys in every_word(cipher.key_bits, some)]
    return torch.cat(parts, -1).permute(0, 2, 3, 1)  # the batch stays innermost in memory


def hashed(ciphertext: Tensor, precision: int | None) -> Tensor:
    """Fingerprints of the ciphertexts of messages under keys: (R, m, k, C) -> (R, m, k)."""
    prints: Tensor = fingerprints(ciphertext.flatten(1, 2), precision).unflatten(1, ciphertext.shape[1:3])
    return prints


def merged(prints: Tensor, mass: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Equal fingerprints of a row brought together.

    Args:
        prints: (R, m, n); mass: float64, broadcast to that: of each of them.
    Returns:
        The rows sorted; float64 at the first of equal ones the sum of their mass, at the others 0; bool, whether it is
        a first one. (R, m, n) each.
    """
    ordered, order = prints.sort(-1)
    first = torch.ones_like(ordered, dtype=torch.bool)
    first[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    group = first.flatten().cumsum(0) - 1
    sums = mass.new_zeros(int(group[-1]) + 1).index_add_(0, group, mass.expand_as(prints).gather(-1, order).flatten())
    together = mass.new_zeros(prints.shape)
    together[first] = sums
    return ordered, together, first


def _judged(base: Verdict, distances: Tensor, fair: bool) -> Verdict:
    """The verdict on one replica's advantages (M,); low and high are the least and the largest of them."""
    leaks = int((distances > (0.0 if fair else ROUNDING)).sum())
    pairs = len(distances)
    missed = 1 - 0.001 ** (1 / pairs)
    none = (
        f"a leak that shows in a share s of all pairs is missed by {pairs} of them with probability (1 - s)^{pairs}: "
        f"0.001 where s is {missed:.2f}"
    )
    return replace(
        base,
        outcome="refuted" if leaks else "not_broken",
        value=float(distances.mean()),
        low=float(distances.min()),
        high=float(distances.max()),
        note=f"{leaks} of {pairs} pairs differ; low and high are their least and largest" if leaks else none,
    )


ATTACK = Attack(
    question="How well could the best Eve tell two messages apart by one ciphertext?",
    scope="one_time",
    tier="smoke",
    run=run,
    controls=("clear_bits(1)", "one_bit_key", "one_time_pad"),
    controls_up_to=ENUMERATED,
    expected=Expected(
        broken=(*(label for label in CIPHERS if label not in (*SECRET, *RANDOMISED)), *NEURAL_CONTROLS),
        skipped=RANDOMISED,
    ),
)
