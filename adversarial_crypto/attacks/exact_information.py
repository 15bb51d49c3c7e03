"""What one ciphertext tells of message and key, in bits: all messages under all keys (Shannon 1949).

    I(P; C) = H(C) - H(C | P)        H(K | C) = H(K) + H(C | K) - H(C)        H(K | P, C) = H(K) - H(C | P)

for uniform messages and a cipher that is not randomised. All is counted: H(C | P) message by message, H(C | K) key by
key, H(C) and the best guesses over all pairs together. These are kept as (ciphertext, message, mass); where memory does
not hold them, all pairs are gone through again, for other precisions or another range of fingerprints.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from adversarial_crypto.attacks.contract import Attack, Budget, Expected, Progress, Said, Table, Verdict
from adversarial_crypto.attacks.controls import CIPHERS, NEURAL_CONTROLS, RANDOMISED, SECRET
from adversarial_crypto.attacks.counting import PRECISIONS, every_word
from adversarial_crypto.attacks.exact_advantage import (
    ROUNDING,
    at_once,
    crossed,
    hashed,
    key_weights,
    merged,
    under_every_key,
)
from adversarial_crypto.attacks.judging import skipped
from adversarial_crypto.ciphers import Cipher
from adversarial_crypto.ciphers.tables import packed

NAME = "exact_information"
LARGEST = {"smoke": 16, "standard": 16, "full": 24}  # N + K
BLOCK = 2**17  # pairs of all replicas at a time
HELD = 2**24  # (ciphertext, message, mass) of all replicas that are kept, 24 bytes each
FLOAT32 = 32  # how a table says that all of float32 was looked at


@dataclass(frozen=True)
class Sweep:
    """What is kept of one way through all pairs: these precisions, and the part'th of 2^cuts ranges of fingerprints."""

    precisions: tuple[int | None, ...]
    cuts: int
    part: int


def run(cipher: Cipher, budget: Budget, seeds: Tensor) -> Iterator[Said]:
    """The five numbers at every precision."""
    if why := _cannot(cipher, LARGEST[budget.tier]):
        yield from skipped(NAME, "one_time", cipher.replicas, why)
        return
    keys = key_weights(cipher)  # (R, 2^K)
    sweeps = plan(cipher.replicas * 2 ** (cipher.message_bits + cipher.key_bits), HELD)
    steps, done = len(sweeps) + 1, 0.0
    sums = torch.zeros(4, len(PRECISIONS), cipher.replicas, dtype=torch.float64)
    for sweep in sweeps:
        for share in _by_message(cipher, keys, sweep, sums):
            yield Progress((done + share) / steps, "counting ciphertexts by message")
        done += 1
    given_key = torch.zeros_like(sums[0])
    for share in _by_key(cipher, keys, given_key):
        yield Progress((done + share) / steps, "counting ciphertexts by key")
    rows = _rows(sums, given_key, entropy(keys))
    yield Table(NAME, rows)
    spent = f"all 2^{cipher.message_bits} messages under all 2^{cipher.key_bits} keys"
    for place, row in enumerate(rows):
        precision = PRECISIONS[place // cipher.replicas]
        base = Verdict(NAME, "one_time", int(row["replica"]), precision, "not_broken", "information_bits")
        yield _judged(replace(base, chance=0.0, budget=spent), row, cipher.message_bits)


def plan(total: int, held: int) -> list[Sweep]:
    """The ways through `total` pairs on which at most about `held` of them are kept, precisions counted singly."""
    cuts = max(0, math.ceil(math.log2(total / held)))
    some = max(1, held // total)
    groups = [PRECISIONS[start : start + some] for start in range(0, len(PRECISIONS), some)]
    return [Sweep(group, cuts, part) for group in groups for part in range(2**cuts)]


def entropy(mass: Tensor) -> Tensor:
    """The entropy of each row in bits: (..., n) float64 -> (...); a mass of 0 adds nothing."""
    nats: Tensor = torch.special.entr(mass).sum(-1)
    return nats / math.log(2)


def _cannot(cipher: Cipher, largest: int) -> str:
    if cipher.noise_width:
        return "the ciphertexts of a randomised cipher cannot be enumerated"
    if cipher.message_bits + cipher.key_bits > largest:
        pairs = cipher.message_bits + cipher.key_bits
        return f"2^{pairs} pairs of message and key are more than are enumerated in this tier, 2^{largest}"
    return ""


def _by_message(cipher: Cipher, keys: Tensor, sweep: Sweep, sums: Tensor) -> Iterator[float]:
    """Adds what a sweep finds to `sums`, and yields the share that is done.

    Args:
        sums: (4, precisions, R): H(C | P), H(C), how often the best guess of a bit is right, and of the message.
    """
    message_bits, replicas = cipher.message_bits, cipher.replicas
    held: dict[tuple[int, int], list[tuple[Tensor, ...]]] = {}
    for words in every_word(message_bits, at_once(BLOCK, keys.numel())):
        messages = words.expand(replicas, -1, -1)
        number = packed(messages[0])
        ciphertext = under_every_key(cipher, messages)  # (R, m, 2^K, C)
        for precision in sweep.precisions:
            place = PRECISIONS.index(precision)
            prints, mass, first = merged(hashed(ciphertext, precision), keys.unsqueeze(1) / 2**message_bits)
            if sweep.part == 0:
                sums[0, place] += entropy(mass * 2**message_bits).sum(-1) / 2**message_bits
            if sweep.cuts:
                first &= (prints >> (64 - sweep.cuts)) & (2**sweep.cuts - 1) == sweep.part
            for replica, chosen in enumerate(first):
                owner = number[chosen.nonzero()[:, 0]].to(torch.int32)
                entries = (prints[replica][chosen], owner, mass[replica][chosen])
                held.setdefault((place, replica), []).append(entries)
        yield float(number[-1] + 1) / 2**message_bits
    for place, replica in list(held):
        sums[1:, place, replica] += _together(held.pop((place, replica)), message_bits)


def _together(parts: list[tuple[Tensor, ...]], message_bits: int) -> Tensor:
    """H(C), and how often the best guess of a bit and of the message is right: their sums over these ciphertexts.

    Args:
        parts: (n,) three times, a ciphertext, the number of one message that has it, the probability of the two. The
            list is emptied: with all pairs of 24 bits it is half a gigabyte.
    """
    prints, owner, mass = (torch.cat(part) for part in zip(*parts, strict=True))
    parts.clear()
    prints, order = prints.sort()
    owner, mass = owner[order], mass[order]
    first = torch.ones_like(prints, dtype=torch.bool)
    first[1:] = prints[1:] != prints[:-1]
    group = first.cumsum(0) - 1
    none = mass.new_zeros(int(first.sum()))
    total = none.index_add(0, group, mass)
    block = none.scatter_reduce(0, group, mass, "amax").sum()
    bit = torch.zeros_like(block)
    for place in range(message_bits):
        ones = none.index_add(0, group, mass * (owner >> place & 1))
        bit += torch.maximum(ones, total - ones).sum()
    return torch.stack([entropy(total), bit / message_bits, block])


def _by_key(cipher: Cipher, keys: Tensor, given_key: Tensor) -> Iterator[float]:
    """Adds H(C | K) to given_key (precision; replica); yields the share that is done."""
    messages = torch.cat(list(every_word(cipher.message_bits))).expand(cipher.replicas, -1, -1)
    even = torch.full((1, 1, 1), 2.0**-cipher.message_bits, dtype=torch.float64)
    done = 0
    for words in every_word(cipher.key_bits, at_once(BLOCK, messages[..., 0].numel())):
        ciphertext = crossed(cipher, messages, words)  # (R, 2^N, k, C)
        weight = keys[:, done : done + len(words)]
        for place, precision in enumerate(PRECISIONS):
            _, mass, _ = merged(hashed(ciphertext, precision).transpose(1, 2), even)
            given_key[place] += (weight * entropy(mass)).sum(-1)
        done += len(words)
        yield done / keys.shape[-1]


def _rows(sums: Tensor, given_key: Tensor, of_key: Tensor) -> list[dict[str, float | int | str]]:
    """The table's rows, precision by precision; an entropy below 0 is rounding."""
    given_message, ciphertext, bit, block = sums
    columns = {
        "information_bits": (ciphertext - given_message).clamp(min=0),
        "bit_accuracy": bit,
        "block_probability": block,
        "key_equivocation_bits": (of_key + given_key - ciphertext).clamp(min=0),
        "key_equivocation_known_pair_bits": (of_key - given_message).clamp(min=0),
    }
    return [
        {
            "replica": replica,
            "bits": precision or FLOAT32,
            **{name: float(column[place, replica]) for name, column in columns.items()},
        }
        for place, precision in enumerate(PRECISIONS)
        for replica in range(len(of_key))
    ]


def _judged(base: Verdict, row: dict[str, float | int | str], message_bits: int) -> Verdict:
    """The verdict on one row."""
    told = float(row["information_bits"])
    return replace(
        base,
        outcome="refuted" if told > ROUNDING else "not_broken",
        value=told,
        low=told,
        high=told,
        note=f"of {message_bits} bits; the best guess has {row['bit_accuracy']:.4f} of the bits right and the whole "
        f"message with probability {row['block_probability']:.3g}; {row['key_equivocation_bits']:.3f} bits of the key "
        "stay unknown",
    )


ATTACK = Attack(
    question="How many bits of its message does one ciphertext tell?",
    scope="one_time",
    tier="standard",
    run=run,
    controls=("clear_bits(1)", "one_bit_key", "one_time_pad"),
    expected=Expected(
        broken=(*(label for label in CIPHERS if label not in (*SECRET, *RANDOMISED)), *NEURAL_CONTROLS),
        skipped=RANDOMISED,
    ),
)
