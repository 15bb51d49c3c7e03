"""Does the ciphertext look like coins? Statistical tests on ciphertexts of eight sets of plaintexts, fresh keys each.

This is the evidence that papers on neural ciphers mostly give, and it is none of secrecy, either way: a random message
sent in clear passes, and a perfectly secret cipher fails whose numbers are not spread evenly (`scaled_pad`). "broken"
says that the signs do not look like coins, and no more; of several bits an element only the numbers are given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from adversarial_crypto.attacks.contract import (
    SIGNIFICANCE,
    Attack,
    Budget,
    Expected,
    Progress,
    Said,
    Table,
    Tier,
    Verdict,
)
from adversarial_crypto.attacks.controls import DOSES, LEAKS, NEURAL_CONTROLS
from adversarial_crypto.attacks.judging import outcome
from adversarial_crypto.attacks.nist import Bits, p_values
from adversarial_crypto.attacks.plaintexts import PLAINTEXTS
from adversarial_crypto.ciphers import Cipher, bins, draw, encrypt
from adversarial_crypto.numerics.philox import Address, Occasion
from adversarial_crypto.numerics.statistics import holm

NAME = "randomness"
LENGTH: Mapping[Tier, int] = {"smoke": 2**15, "standard": 2**17, "full": 2**20}  # bits of a sequence
PRECISIONS = (1, 4, 8)  # bits an element
# A pad's elements have two values, so their codes fail; there is no judging by codes.
SEVERAL = "no judgement: several bits an element show how the numbers are spread, and a pad fails too"

Row = dict[str, float | int | str]


def run(cipher: Cipher, budget: Budget, seeds: Tensor) -> Iterator[Said]:
    """Every test on every set at every precision; the p of a replica are corrected together."""
    length = LENGTH[budget.tier]
    found: list[list[Row]] = [[] for _ in range(cipher.replicas)]
    for step, name in enumerate(PLAINTEXTS):
        yield Progress(step / len(PLAINTEXTS), f"testing ciphertexts of {name.replace('_', ' ')}")
        ciphertext = _ciphertexts(cipher, Address(seeds, step, 0, Occasion.ATTACK), name, -(-length // cipher.width))
        for precision in PRECISIONS:
            for replica, bits in enumerate(sequences(ciphertext, precision, length)):
                head: Row = {"replica": replica, "bits": precision, "plaintexts": name}
                found[replica] += [{**head, "test": test, "p": p} for test, p in p_values(bits).items()]
    for rows in found:
        for row, corrected in zip(rows, holm([float(row["p"]) for row in rows]), strict=True):
            row["p_holm"] = corrected
    yield Table("randomness", [row for rows in found for row in rows])
    spent = f"{length:,} bits of each of {len(PLAINTEXTS)} sets of plaintexts"
    for replica, rows in enumerate(found):
        for precision in PRECISIONS:
            base = Verdict(NAME, "description", replica, precision, "not_broken", "", budget=spent)
            yield _judged(base, [row for row in rows if row["bits"] == precision])


def sequences(ciphertext: Tensor, precision: int, length: int) -> Iterator[Bits]:
    """The first bits of each replica's ciphertexts, element after element.

    Args:
        ciphertext: (R, B, C).
        precision: bits an element, of its bin's number, the highest first: 1 gives the signs.
        length: n, at most B C precision.
    Returns:
        R arrays (n,) of 0 and 1.
    """
    blocks = -(-length // (ciphertext.shape[-1] * precision))
    numbers = bins(ciphertext[:, :blocks], precision)
    places = torch.arange(precision - 1, -1, -1, device=numbers.device)
    bits = ((numbers.unsqueeze(-1) >> places) & 1).to(torch.uint8).flatten(1)[:, :length]
    yield from bits.cpu().numpy()


def _ciphertexts(cipher: Cipher, address: Address, name: str, blocks: int) -> Tensor:
    """Of one set of plaintexts, a fresh key for each block: (R, blocks, C)."""
    words = draw(cipher, address, blocks)
    return encrypt(cipher, **{**words, "message": PLAINTEXTS[name](words["message"])})


def _judged(base: Verdict, rows: Sequence[Row]) -> Verdict:
    """How many of a precision's tests fail; of the signs' also p, the smallest, corrected."""
    worst = min(rows, key=lambda row: (row["p_holm"], row["p"]))
    failed = [row for row in rows if float(row["p_holm"]) < SIGNIFICANCE]
    sets = sorted({str(row["plaintexts"]) for row in failed})
    which = "all sets" if len(sets) == len(PLAINTEXTS) else ", ".join(sets)
    note = f"of {len(rows)} tests, smallest p: {worst['test']} on {worst['plaintexts']}"
    note += f"; failing: {which}" if sets else ""
    number = float(len(failed))
    found = replace(base, statistic="failed_tests", value=number, low=number, high=number, chance=0.0)
    if base.bits != 1:
        return replace(found, note=f"{note}; {SEVERAL}")
    p = float(worst["p_holm"])
    return replace(found, outcome=outcome(p), p=p, note=f"{note}; a description, no break")


ATTACK = Attack(
    question="Does the ciphertext look like coins, whatever the plaintexts?",
    scope="description",
    tier="standard",
    run=run,
    controls=("identity", "one_time_pad"),
    expected=Expected(
        broken=(
            *DOSES,
            *LEAKS,
            "parity_leak(6)",
            "random_function",  # with 8 key bits no more than 256 ciphertexts of a message
            "random_permutation",
            *NEURAL_CONTROLS,
        )
    ),
)
