"""The cipher under one key as an S-box, and its avalanche: how it is made, not whether it is secret.

The signs of A(., k) are a function of N bits to C bits. Under a few random keys its whole table is looked at: how many
outputs are distinct, how far its output bits and their XORs are from linear functions (nonlinearity, by the Walsh
spectrum), and their algebraic degree (Carlet 2021, "Boolean Functions for Cryptography and Coding Theory"). A strong
block cipher looks like a random permutation here, and the one-time pad, which is secure, is linear in everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from adversarial_crypto.attacks.avalanche import avalanche, judged, rows
from adversarial_crypto.attacks.binary import NONE, degrees, light_masks, walsh_hadamard
from adversarial_crypto.attacks.contract import Attack, Budget, Expected, Progress, Said, Table, Tier, Verdict
from adversarial_crypto.attacks.controls import CIPHERS, NEURAL_CONTROLS
from adversarial_crypto.attacks.counting import BLOCK, every_word, fingerprints
from adversarial_crypto.attacks.judging import skipped
from adversarial_crypto.ciphers import Cipher, bins, draw, encrypt
from adversarial_crypto.numerics.philox import Address, Occasion

NAME = "structure"
IDEAL = ("random_function", "random_permutation")
MESSAGES: Mapping[Tier, int] = {"smoke": 2**11, "standard": 2**12, "full": 2**16}  # of the avalanche
MASKS: Mapping[Tier, int] = {"smoke": 2**8, "standard": 2**11, "full": 2**16}  # XORs of output bits, at most
# Of all pairs of message and key at most 1 in so many: more would see that even a table drawn at random is one of many.
SPARED = 16
LEAST = 2**6  # messages of the avalanche
KEYS = 4
WHOLE = 16  # message bits up to which the table is made
WORDS = ("message", "key")
TABLES, FLIPS = 0, 1  # what a draw is for; FLIPS and up, one for each word
SPECTRA = 2**21  # numbers of Walsh spectra at a time


@dataclass(frozen=True)
class Box:
    """An S-box: one replica's signs under one key.

    Args:
        distinct_outputs: 2^N for an injective one.
        nonlinearity: inputs that have to change for an XOR of outputs to become affine: the smallest of the masks.
        largest_affine_correlation: of an XOR of outputs with an affine function, 1 - nonlinearity / 2^(N-1).
        degree: of the output bit with the highest algebraic degree.
    """

    distinct_outputs: int
    nonlinearity: float
    largest_affine_correlation: float
    degree: int


def run(cipher: Cipher, budget: Budget, seeds: Tensor) -> Iterator[Said]:
    """The S-boxes, where they are small enough, and the avalanche of message and key."""
    if cipher.message_bits > WHOLE:
        why = f"the table of {cipher.message_bits} message bits is too large: S-boxes are looked at up to {WHOLE}"
        yield from skipped(NAME, "description", cipher.replicas, why)
    else:
        yield from _boxes(cipher, MASKS[budget.tier], seeds)
    every = 2 ** min(62, cipher.message_bits + cipher.key_bits)
    found, messages = {}, max(LEAST, min(MESSAGES[budget.tier], every // SPARED))
    for purpose, word in enumerate(WORDS):
        yield Progress(0.5 + purpose / 4, f"flipping bits of the {word}")
        found[word] = avalanche(cipher, Address(seeds, 0, FLIPS + purpose, Occasion.ATTACK), word, messages)
    yield Table("avalanche", rows(found))
    for replica in range(cipher.replicas):
        base = Verdict(NAME, "description", replica, None, "not_broken", "", budget=f"{messages:,} messages")
        for word in WORDS:
            yield judged(base, found[word], word)


def _boxes(cipher: Cipher, most: int, seeds: Tensor) -> Iterator[Said]:
    """Some S-boxes of every replica as a table, and of each number the one of the weakest key."""
    drawn = draw(cipher, Address(seeds, 0, TABLES, Occasion.ATTACK), KEYS)
    masks = _masks(cipher.width, most).to(seeds.device)
    boxes: list[list[Box]] = [[] for _ in range(cipher.replicas)]
    for key in range(KEYS):
        yield Progress(key / KEYS / 2, f"the table under key {key + 1} of {KEYS}")
        for found, table in zip(boxes, _tables(cipher, drawn, key), strict=True):
            found.append(_box(table, masks))
    yield Table(
        "boxes",
        [
            {"replica": replica, "key": key, **vars(box)}
            for replica, found in enumerate(boxes)
            for key, box in enumerate(found)
        ],
    )
    every = len(masks) == 2**cipher.width - 1
    tried = f"{'all ' if every else ''}{len(masks):,} XORs of {'' if every else 'one or two '}output bits"
    for replica, found in enumerate(boxes):
        yield from _weakest(replica, found, cipher.message_bits, tried)


def _tables(cipher: Cipher, drawn: Mapping[str, Tensor], key: int) -> Tensor:
    """The ciphertexts of every message under one key (and one noise): (R, 2^N, C)."""
    (words,) = every_word(cipher.message_bits, BLOCK)
    size = cipher.replicas, len(words), -1
    fixed = {name: word[:, key : key + 1].expand(size) for name, word in drawn.items() if name != "message"}
    return encrypt(cipher, words.to(drawn["key"].device).expand(size), **fixed)


def _box(ciphertext: Tensor, masks: Tensor) -> Box:
    """The S-box with these outputs (2^N, C), the place of a message its number, and these XORs of them (masks, C)."""
    outputs = bins(ciphertext, 1).T  # (C, 2^N), 0 and 1
    size = outputs.shape[1]
    largest = 0.0
    for some in masks.split(max(1, SPECTRA // size)):
        parity = (some.float() @ outputs.float()) % 2
        largest = max(largest, float(walsh_hadamard(1 - 2 * parity).abs().max()))
    return Box(
        distinct_outputs=len(fingerprints(ciphertext.unsqueeze(0), 1).unique()),
        nonlinearity=(size - largest) / 2,
        largest_affine_correlation=largest / size,
        degree=int(degrees(outputs > 0).max()),
    )


def _masks(width: int, most: int) -> Tensor:
    """XORs of output bits as rows of 0 and 1: all there are, or where they are too many those of one and two bits."""
    if width < 63 and 2**width - 1 <= most:
        return (torch.arange(1, 2**width).unsqueeze(-1) >> torch.arange(width)) & 1
    places = light_masks(width, most)
    masks = torch.zeros(len(places), width + 1, dtype=torch.int64)
    return masks.scatter_(1, torch.where(places == NONE, width, places), 1)[:, :width]


def _weakest(replica: int, boxes: list[Box], message_bits: int, tried: str) -> Iterator[Verdict]:
    """The smallest number of distinct outputs, nonlinearity and degree, and the largest correlation."""
    inputs = 2**message_bits
    found = {
        "distinct_outputs": (min(box.distinct_outputs for box in boxes), f"of {inputs:,} messages: all, if bijective"),
        "nonlinearity": (min(box.nonlinearity for box in boxes), f"{tried}; 0: one of them is affine"),
        "largest_affine_correlation": (max(box.largest_affine_correlation for box in boxes), tried),
        "algebraic_degree": (
            min(box.degree for box in boxes),
            f"of the best output bit; at most {message_bits}",
        ),
    }
    spent = f"all {inputs:,} messages under each of {len(boxes)} keys; the weakest key's number"
    for statistic, (value, note) in found.items():
        number = float(value)
        yield Verdict(
            NAME,
            "description",
            replica,
            None,
            "not_broken",
            statistic,
            number,
            number,
            number,
            budget=spent,
            note=note,
        )


ATTACK = Attack(
    question="How does it mix: under one key as an S-box, and when one bit of message or key flips?",
    scope="description",
    tier="standard",
    run=run,
    controls=("one_time_pad", "random_permutation"),
    expected=Expected(broken=(*(label for label in CIPHERS if label not in IDEAL), *NEURAL_CONTROLS)),
)
