"""What flipping one bit of message or key does to the ciphertext: the paper's look at what Alice learned (section 2.5).

The paper reports that one flipped key bit changes 3 to 6 of the 16 elements significantly, that message bits diffuse
alike, and that it is not XOR. A description and no verdict: the one-time pad, which is secure, moves one element.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from adversarial_crypto.ciphers import Cipher, draw, encrypt
from adversarial_crypto.ciphers.evaluate import CHUNK
from adversarial_crypto.errors import AcryptoError
from adversarial_crypto.formulas.measures import bits_wrong
from adversarial_crypto.formulas.sensitivity import dependence, elements_moved, variance_by_pairs, xor_gap
from adversarial_crypto.numerics.philox import Address, Occasion

WORDS = ("message", "key")
WHOLE = ("key_dependence", "message_dependence", "xor_gap", "spread")  # one number a replica
STEPS = 20  # amounts to the unit: 0, 0.05, ... 2, which is a bit flipped
# The paper says "significantly" and no number. We say a quarter: of 1 in `moved`, of the spread in `moved_relative`,
# the one to read of trained Alices, whose spread is 0.1 to 0.24. The whole curve is in the table `moved`.
AMOUNT = 0.25
MESSAGES = 4096

Row = dict[str, int | float | str]


@dataclass(frozen=True)
class Diffusion:
    """What was found of R ciphers; means over random pairs of message and key.

    Args:
        message_bits, key_bits: N and K.
        messages: pairs of message and key behind every mean; the XOR test takes the first 1,024 of them at most.
        amounts: (A,), 0 to 2.
        moved: word -> (R, bits, A), elements that move by more than an amount when that bit of the word flips.
        moved_relative: the same, amounts in units of the replica's spread: trained Alices use a part of [-1, 1] only.
        distance: word -> (R, bits), half the L1 distance that the ciphertext moves: 1 where one element flips.
        spread: (R,), the standard deviation of the ciphertext's elements (root of their mean variance): a pad's is 1.
        key_dependence, message_dependence: (R,), see `formulas.sensitivity.dependence`.
        xor_gap: (R,), see `formulas.sensitivity.xor_gap`.
    """

    message_bits: int
    key_bits: int
    messages: int
    amounts: Tensor
    moved: Mapping[str, Tensor]
    moved_relative: Mapping[str, Tensor]
    distance: Mapping[str, Tensor]
    spread: Tensor
    key_dependence: Tensor
    message_dependence: Tensor
    xor_gap: Tensor


def diffusion(cipher: Cipher, seeds: Tensor, messages: int = MESSAGES) -> Diffusion:
    """Flips every bit of message and key, alone and in pairs of one each, and draws either word anew.

    (N + K + 5) messages + N K min(messages, 1024) encryptions a replica, in chunks: the memory does not grow with
    `messages`. The noise of a randomised cipher is held fixed in every comparison.

    Args:
        cipher: R ciphers.
        seeds: (R, 2) int64, (seed, replica): a replica's pairs depend on nothing else.
        messages: pairs of message and key, at least 1.
    Raises:
        AcryptoError: fewer than 1 message, or the cipher breaks its contract.
    """
    if messages < 1:
        raise AcryptoError(f"The diffusion of a cipher is measured on at least 1 message, not {messages}.")
    sizes = [min(CHUNK, messages - start) for start in range(0, messages, CHUNK)]
    addresses = [Address(seeds, step, 0, Occasion.ATTACK) for step in range(len(sizes))]
    chunks = list(zip(addresses, sizes, strict=True))
    variance = _mean([_variances(cipher, address, size) for address, size in chunks], sizes)
    spread = (variance["whole"] / cipher.width).sqrt()
    amounts = torch.arange(2 * STEPS + 1, device=seeds.device) / STEPS
    parts = [_singles(cipher, address, size, amounts, spread) for address, size in chunks]
    single = _mean(parts, sizes)
    return Diffusion(
        message_bits=cipher.message_bits,
        key_bits=cipher.key_bits,
        messages=messages,
        amounts=amounts,
        moved={word: single[f"moved.{word}"] for word in WORDS},
        moved_relative={word: single[f"moved_relative.{word}"] for word in WORDS},
        distance={word: single[f"distance.{word}"] for word in WORDS},
        spread=spread,
        key_dependence=dependence(variance["key"], variance["whole"]),
        message_dependence=dependence(variance["message"], variance["whole"]),
        xor_gap=xor_gap(_pairs(cipher, *chunks[0]), parts[0]["distance.message"]),
    )


def tables(found: Diffusion, replicas: Sequence[int]) -> dict[str, list[Row]]:
    """Plain rows for three tables.

    moved: replica, word, amount, moved, moved_relative (means over the word's bits) · flips: replica, word, bit (from
    0), moved, moved_relative (both by more than 0.25), distance · dependence: replica, key_dependence,
    message_dependence, xor_gap, spread.

    Args:
        replicas: what to call the R replicas.
    """
    if len(replicas) != len(found.spread):
        raise ValueError(f"{len(found.spread)} replicas need as many numbers, not {len(replicas)}")
    amounts = (torch.arange(2 * STEPS + 1, dtype=torch.float64) / STEPS).tolist()
    stated = round(AMOUNT * STEPS)
    rows: dict[str, list[Row]] = {"moved": [], "flips": [], "dependence": []}
    for index, replica in enumerate(replicas):
        for word in WORDS:
            head: Row = {"replica": replica, "word": word}
            moved, relative = found.moved[word][index], found.moved_relative[word][index]  # (bits, A)
            curve = {"amount": amounts, "moved": moved.mean(0).tolist(), "moved_relative": relative.mean(0).tolist()}
            each = {"moved": moved[:, stated].tolist(), "moved_relative": relative[:, stated].tolist()}
            distance = found.distance[word][index].tolist()
            rows["moved"] += _rows(head, curve)
            rows["flips"] += _rows(head, {"bit": range(len(moved)), **each, "distance": distance})
        rows["dependence"].append({"replica": replica, **{name: float(getattr(found, name)[index]) for name in WHOLE}})
    return rows


def settings(found: Diffusion) -> Row:
    """What the tables were made with: message_bits, key_bits, amount (of `flips`), messages."""
    sizes: Row = {"message_bits": found.message_bits, "key_bits": found.key_bits}
    return {**sizes, "amount": AMOUNT, "messages": found.messages}


def _rows(head: Row, columns: Mapping[str, Sequence[int | float]]) -> list[Row]:
    """A row for each place of the columns, behind the same head."""
    return [{**head, **dict(zip(columns, values, strict=True))} for values in zip(*columns.values(), strict=True)]


def _mean(parts: Sequence[Mapping[str, Tensor]], sizes: Sequence[int]) -> dict[str, Tensor]:
    """Means over all pairs from the means of chunks of these sizes."""
    weights = [size / sum(sizes) for size in sizes]
    return {
        name: torch.stack([part[name] * weight for part, weight in zip(parts, weights, strict=True)]).sum(0)
        for name in parts[0]
    }


def _variances(cipher: Cipher, address: Address, batch: int) -> dict[str, Tensor]:
    """Of the whole ciphertext and given the other word, (R,), from all four pairs of two messages and two keys."""
    secrets, other = draw(cipher, address, batch), draw(cipher, replace(address, update=1), batch)
    message, key = {"message": other["message"]}, {"key": other["key"]}
    old, new = encrypt(cipher, **secrets), encrypt(cipher, **{**secrets, **message, **key})
    new_message, new_key = encrypt(cipher, **{**secrets, **message}), encrypt(cipher, **{**secrets, **key})
    return {
        "whole": (variance_by_pairs(old, new) + variance_by_pairs(new_message, new_key)) / 2,
        "message": (variance_by_pairs(old, new_message) + variance_by_pairs(new_key, new)) / 2,
        "key": (variance_by_pairs(old, new_key) + variance_by_pairs(new_message, new)) / 2,
    }


def _singles(cipher: Cipher, address: Address, batch: int, amounts: Tensor, spread: Tensor) -> dict[str, Tensor]:
    """What each flipped bit moves, alone: word by word moved and moved_relative (R, bits, A), distance (R, bits)."""
    secrets = draw(cipher, address, batch)
    ciphertext = encrypt(cipher, **secrets)
    unit = torch.where(spread > 0, spread, 1.0).to(ciphertext.dtype).reshape(-1, 1, 1)
    means = {}
    for word in WORDS:
        moved, relative, distance = [], [], []
        for bit in range(secrets[word].shape[-1]):
            changed = encrypt(cipher, **_flipped(secrets, **{word: bit}))
            moved.append(elements_moved(ciphertext, changed, amounts))
            relative.append(elements_moved(ciphertext / unit, changed / unit, amounts))
            distance.append(_distance(ciphertext, changed))
        means[f"moved.{word}"] = torch.stack(moved, 1)
        means[f"moved_relative.{word}"] = torch.stack(relative, 1)
        means[f"distance.{word}"] = torch.stack(distance, 1)
    return means


def _pairs(cipher: Cipher, address: Address, batch: int) -> Tensor:
    """(R, N, K) float64: the mean distance when message bit i and key bit j are both flipped."""
    secrets = draw(cipher, address, batch)
    ciphertext = encrypt(cipher, **secrets)
    rows = []
    for i in range(cipher.message_bits):
        changed = (encrypt(cipher, **_flipped(secrets, message=i, key=j)) for j in range(cipher.key_bits))
        rows.append(torch.stack([_distance(ciphertext, each) for each in changed], -1))
    return torch.stack(rows, 1)


def _flipped(secrets: Mapping[str, Tensor], **bits: int) -> dict[str, Tensor]:
    """The same words with one bit of each named one turned over."""
    changed = dict(secrets)
    for word, bit in bits.items():
        changed[word] = secrets[word].clone()
        changed[word][..., bit] *= -1
    return changed


def _distance(ciphertext: Tensor, changed: Tensor) -> Tensor:
    """(R,) float64: half the L1 distance, mean over the batch."""
    return bits_wrong(changed, ciphertext).double().mean(-1)
