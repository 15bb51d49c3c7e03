"""All 2^K keys: from one known message, which fit; from the ciphertext alone, which one decrypts to what it came from.

Ciphertext only: every key k' gives a message, sign B(c, k'), and that message under k' a ciphertext. Alice's true
message comes back to c, or with noise on the way nearest to it; a wrong one comes near it by chance, the more often the
fewer bits of c there are. Under perfect secrecy every message fits as well as every other, and the attacker has 2^-N
(Shannon 1949): what protects a pad is not that there are too many keys to try.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from adversarial_crypto.attacks.contract import Attack, Budget, Expected, Progress, Said, Verdict
from adversarial_crypto.attacks.counting import every_word
from adversarial_crypto.attacks.exact_advantage import ENUMERATED, at_once, cannot, under_every_key
from adversarial_crypto.attacks.judging import rate_verdict, skipped
from adversarial_crypto.ciphers import Cipher, decrypt, draw, encrypt, quantise
from adversarial_crypto.ciphers.evaluate import CHUNK
from adversarial_crypto.formulas.measures import bits_wrong
from adversarial_crypto.numerics.philox import Address, Occasion, Stream, bits

NAME = "key_search"
TARGETS = {"smoke": 20, "standard": 100, "full": 400}  # ciphertexts, each of a fresh message and key
PAIRS = 16  # of message and ciphertext that the keys are held to
PRECISIONS: tuple[int | None, ...] = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, None)
BLOCK = 2**13  # keys tried at a time, of all targets and replicas: what comes of them stays in the processor's cache
KNOWN, UNKNOWN = 0, 1  # update of the address: the pairs of (a), the targets of (b)


def run(cipher: Cipher, budget: Budget, seeds: Tensor) -> Iterator[Said]:
    """(a) the keys that fit a known pair, (b) the message from the ciphertext alone, both at every precision."""
    if why := cannot(cipher.quiet or cipher):
        yield from skipped(NAME, "known_pair", cipher.replicas, why)
        yield from skipped(NAME, "one_time", cipher.replicas, why)
        return
    if cipher.quiet:
        why = "with noise on the way no key gives a known pair's ciphertext exactly, which is what is counted"
        yield from skipped(NAME, "known_pair", cipher.replicas, why)
    else:
        yield from _known_pairs(cipher, seeds)
    if cipher.decrypt is None:
        why = "nobody decrypts this cipher, so a key cannot be tried on a ciphertext alone"
        yield from skipped(NAME, "one_time", cipher.replicas, why)
        return
    yield from _ciphertexts(cipher, seeds, TARGETS[budget.tier])


def _known_pairs(cipher: Cipher, seeds: Tensor) -> Iterator[Said]:
    """(a): how many keys give the pair's ciphertext."""
    words = draw(cipher, Address(seeds, 0, KNOWN, Occasion.ATTACK), PAIRS)
    target = encrypt(cipher, **words)
    counts = torch.zeros(len(PRECISIONS), cipher.replicas, PAIRS, dtype=torch.float64)
    some = at_once(BLOCK, cipher.replicas * 2**cipher.key_bits)
    for start in range(0, PAIRS, some):
        yield Progress(0.05 * start / PAIRS, "trying all keys on known messages")
        part = slice(start, start + some)
        given = target[:, part].unsqueeze(2)  # (R, m, 1, C)
        tried = under_every_key(cipher, words["message"][:, part])  # (R, m, 2^K, C)
        for place, precision in enumerate(PRECISIONS):
            fits = (_seen(tried, precision) == _seen(given, precision)).all(-1)
            counts[place, :, part] = fits.sum(-1).to(counts)
    spent = f"{PAIRS} known pairs, all {2**cipher.key_bits:,} keys"
    for place, precision in enumerate(PRECISIONS):
        for replica in range(cipher.replicas):
            base = Verdict(NAME, "known_pair", replica, precision, "not_broken", "consistent_keys_log2", budget=spent)
            yield _narrowed(base, counts[place, replica].log2(), cipher.key_bits)


def _narrowed(base: Verdict, left: Tensor, key_bits: int) -> Verdict:
    """The verdict on the keys left by each pair, (PAIRS,) as log2; low and high are the least and the most."""
    told = int((left < key_bits).sum())
    return replace(
        base,
        outcome="broken" if told else "not_broken",
        value=float(left.mean()),
        low=float(left.min()),
        high=float(left.max()),
        chance=float(key_bits),
        note=f"{told} of {len(left)} pairs rule out keys; low and high are the least and the most keys left. "
        "A one-time pad is down to 0 here, as it must be: it is never used twice",
    )


def _ciphertexts(cipher: Cipher, seeds: Tensor, targets: int) -> Iterator[Said]:
    """(b): the share of messages that come out right."""
    address = Address(seeds, 0, UNKNOWN, Occasion.ATTACK)
    words = draw(cipher, address, targets)
    ciphertext = encrypt(cipher, **words)
    order = bits(address, {Stream.OTHER_KEY: cipher.key_bits}, targets)[Stream.OTHER_KEY]
    some = at_once(BLOCK, cipher.replicas * 2**cipher.key_bits)
    spent = f"{targets} ciphertexts, all {2**cipher.key_bits:,} keys for each"
    for place, precision in enumerate(PRECISIONS):
        found = []
        for start in range(0, targets, some):
            part = slice(start, start + some)
            share = (place + start / targets) / len(PRECISIONS)
            yield Progress(0.05 + 0.95 * share, "trying all keys on ciphertexts alone")
            guess = _best(cipher.quiet or cipher, _seen(ciphertext[:, part], precision), order[:, part], precision)
            found.append((guess == words["message"][:, part]).all(-1))
        right = torch.cat(found, 1).sum(-1).tolist()  # (R,)
        for replica, count in enumerate(right):
            base = Verdict(NAME, "one_time", replica, precision, "not_broken", "", budget=spent)
            verdict = rate_verdict(base, count, targets, 2.0**-cipher.message_bits, "messages_found")
            yield replace(verdict, note=f"{count} of {targets} messages found without the key")


def _best(cipher: Cipher, ciphertext: Tensor, order: Tensor, precision: int | None) -> Tensor:
    """The message of the key that fits best, and of those that fit equally well of the first tried.

    Which is tried first is random: the words in their order, XOR `order`. Were it not, a cipher whose ciphertext tells
    nothing could be credited, or not, with whatever the first key happens to give.

    Args:
        ciphertext: (R, m, C), cut to `precision`; order: (R, m, K), random words.
    Returns:
        (R, m, N), bits.
    """
    replicas, targets, _ = ciphertext.shape
    nearest = torch.full((replicas, targets), math.inf, device=ciphertext.device)
    best = torch.zeros(replicas, targets, cipher.message_bits, device=ciphertext.device)
    for words in every_word(cipher.key_bits, max(CHUNK // targets, at_once(BLOCK, replicas * targets))):
        key = order.unsqueeze(2) * words.to(order.device)  # (R, m, k, K)
        given = ciphertext.unsqueeze(2).expand(-1, -1, key.shape[2], -1)
        keys, same = key.flatten(1, 2), given.flatten(1, 2)
        guess = torch.where(decrypt(cipher, same, keys) > 0, 1.0, -1.0)  # (R, m k, N)
        back = _seen(encrypt(cipher, guess, keys), precision)
        away = bits_wrong(back, same).unflatten(1, key.shape[1:3])  # (R, m, k)
        least, place = away.min(-1)
        chosen = guess.unflatten(1, key.shape[1:3]).take_along_dim(place[..., None, None], 2).squeeze(2)
        closer = least < nearest
        nearest = torch.where(closer, least, nearest)
        best = torch.where(closer.unsqueeze(-1), chosen, best)
    return best


def _seen(ciphertext: Tensor, precision: int | None) -> Tensor:
    return ciphertext if precision is None else quantise(ciphertext, precision)


ATTACK = Attack(
    question="Does trying all keys find the message, by its ciphertext alone?",
    scope="one_time",
    tier="standard",
    run=run,
    controls=("identity", "one_bit_key", "one_time_pad"),
    controls_up_to=ENUMERATED,
    expected=Expected(
        broken=(
            "one_bit_key",
            "identity",
            "fixed_key",
            "low_bits_leak(0.0001)",
            "low_bits_leak(1e-06)",
            "neural:no_eve",
            "neural:no_key",
        ),
        skipped=("scaled_pad", "and_mask", "random_function", "aes_ctr"),
        # A message found twice to eight times as often as by chance, which is once in 256.
        open=("clear_bits(1)", "parity_leak(1)", "parity_leak(6)", "coutinho_eq21", "random_permutation"),
    ),
)
