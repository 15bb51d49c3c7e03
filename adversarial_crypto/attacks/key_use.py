"""Does Bob need the key: his reading with the true key, with another one, and with each of the key's bits flipped.

Whoever decrypts with a random key attacks: under perfect secrecy every bit of what comes out is wrong with probability
1/2. A cipher whose message comes back under any key hides nothing, however well its Bob does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from adversarial_crypto.attacks.contract import Attack, Budget, Expected, Progress, Said, Table, Verdict
from adversarial_crypto.attacks.controls import DOSES
from adversarial_crypto.attacks.counting import PRECISIONS
from adversarial_crypto.attacks.judging import CONFIDENCE, bits_verdict, skipped
from adversarial_crypto.ciphers import Cipher, decrypt, draw, encrypt, quantise
from adversarial_crypto.formulas.measures import bits_flipped
from adversarial_crypto.numerics.philox import Address, Occasion, Stream, uniforms
from adversarial_crypto.numerics.statistics import mean_interval_from_moments

NAME = "key_use"
MESSAGES = {"smoke": 2**14, "standard": 2**17, "full": 2**17}
BLOCK = 2**14  # messages at a time
TURNED = 2**12  # messages of which each key bit is flipped: 128 of them for AES, at 4 us each
FLOAT32 = 32  # how a table says that all of float32 was looked at

Row = Mapping[str, float | int | str]


def run(cipher: Cipher, budget: Budget, seeds: Tensor) -> Iterator[Said]:
    """Bob's bits under the true key at every precision, under another key, and with each key bit flipped."""
    if cipher.decrypt is None:
        yield from skipped(NAME, "one_time", cipher.replicas, "nobody decrypts this cipher")
        return
    messages = MESSAGES[budget.tier]
    read: dict[int | None, list[Tensor]] = {precision: [] for precision in PRECISIONS}
    wrong, turned = [], Tensor()
    for step in range(messages // BLOCK):
        address = Address(seeds, step, 0, Occasion.ATTACK)
        words = draw(cipher, address, BLOCK)
        ciphertext = encrypt(cipher, **words)
        for precision in PRECISIONS:
            sent = ciphertext if precision is None else quantise(ciphertext, precision)
            read[precision].append(bits_flipped(decrypt(cipher, sent, words["key"]), words["message"]))
        guess = decrypt(cipher, ciphertext, _other_key(cipher, address, BLOCK)) > 0
        wrong.append(guess != (words["message"] > 0))
        if step == 0:
            some = {name: word[:, :TURNED] for name, word in words.items()}
            turned = _turned(cipher, ciphertext[:, :TURNED], some["message"], some["key"])
        yield Progress((step + 1) * BLOCK / messages, "decrypting with other keys")
    bob = {precision: torch.cat(parts, 1) for precision, parts in read.items()}  # (R, messages)
    yield Table(
        "bob", [row for precision, counts in bob.items() for row in _rows("bits", precision or FLOAT32, counts)]
    )
    yield Table(NAME, [row for bit, counts in enumerate(turned) for row in _rows("key_bit", bit, counts)])
    spent = f"{messages:,} messages, each with one random key"
    for replica in range(cipher.replicas):
        note = f"with the true key {float(bob[None][replica].double().mean()):.3f} bits are flipped"
        base = Verdict(NAME, "one_time", replica, None, "not_broken", "", budget=spent, note=note)
        yield bits_verdict(base, torch.cat([part[replica] for part in wrong]))


def _other_key(cipher: Cipher, address: Address, batch: int) -> Tensor:
    """(R, B, K): keys drawn as the cipher's are, that the ciphertext does not depend on."""
    chance = torch.tensor(cipher.key_probabilities, device=address.seeds.device).reshape(-1, 1, 1)
    number = uniforms(address, Stream.OTHER_KEY, cipher.key_bits * batch).reshape(-1, cipher.key_bits, batch)
    return torch.where(number < chance, 1.0, -1.0).transpose(1, 2)


def _turned(cipher: Cipher, ciphertext: Tensor, message: Tensor, key: Tensor) -> Tensor:
    """(K, R, B): bits flipped when one key bit is the other one than Alice had."""
    found = []
    for bit in range(cipher.key_bits):
        changed = key.clone()
        changed[..., bit] *= -1
        found.append(bits_flipped(decrypt(cipher, ciphertext, changed), message))
    return torch.stack(found)


def _rows(name: str, value: int, flipped: Tensor) -> Iterator[Row]:
    """A row for each replica of the counts (R, B): mean and interval of 99.9 %."""
    for replica, counts in enumerate(flipped.double()):
        mean, low, high = mean_interval_from_moments(float(counts.mean()), float(counts.std()), len(counts), CONFIDENCE)
        yield {"replica": replica, name: value, "bits_flipped": mean, "low": low, "high": high}


ATTACK = Attack(
    question="Does Bob need the key, or does any other one do?",
    scope="one_time",
    tier="smoke",
    run=run,
    controls=("identity", "one_time_pad"),
    expected=Expected(
        # Another key is drawn as the true one is: of a biased pad it agrees in more than half of the bits, and with few
        # bits it is now and then the true one.
        broken=(*DOSES[3:], "clear_bits(1)", "identity", "fixed_key", "neural:no_eve", "neural:no_key"),
        skipped=("and_mask", "random_function"),
        open=(*DOSES[:3], "random_permutation"),
    ),
)
