"""The message from one ciphertext where there are too many keys to try: down the gradient through Alice and Bob.

A key is relaxed to tanh z, Bob's estimate with it is encrypted again, and z moves so that this comes close to the
ciphertext. The signs of z are then a key, which is improved bit by bit and pair by pair as long as that helps. Of
several beginnings the closest counts. For a pad every key fits, and what is found is a guess.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import torch
from torch import Tensor

from adversarial_crypto.attacks.contract import Attack, Budget, Expected, Progress, Said, Tier, Verdict
from adversarial_crypto.attacks.controls import DOSES, NEURAL_CONTROLS
from adversarial_crypto.attacks.judging import rate_verdict, skipped
from adversarial_crypto.ciphers import Cipher, decrypt, draw, encrypt, with_gradient
from adversarial_crypto.numerics.philox import Address, Occasion, Stream, normals

NAME = "key_descent"
TARGETS: dict[Tier, int] = {"smoke": 10, "standard": 20, "full": 100}
BEGINNINGS: dict[Tier, int] = {"smoke": 16, "standard": 64, "full": 256}
STEPS, RATE = 200, 0.1
SWEEPS = 8  # rounds of improving a key at most


def run(cipher: Cipher, budget: Budget, seeds: Tensor) -> Iterator[Said]:
    """Finds keys for the ciphertexts of fresh targets, one target of every replica at a time."""
    quiet = cipher.quiet or cipher  # nobody can encrypt again with the noise that there was
    if why := _cannot(quiet):
        yield from skipped(NAME, "one_time", cipher.replicas, why)
        return
    targets, beginnings = TARGETS[budget.tier], BEGINNINGS[budget.tier]
    words = draw(cipher, Address(seeds, 0, 0, Occasion.ATTACK), targets)
    ciphertext = encrypt(cipher, **words)
    found = torch.zeros(cipher.replicas, dtype=torch.int64)
    for target in range(targets):
        address = Address(seeds, 1 + target, 0, Occasion.ATTACK)
        guess = _message(quiet, ciphertext[:, target : target + 1], address, beginnings)
        found += (guess == words["message"][:, target]).all(-1).cpu()
        yield Progress((target + 1) / targets, "descending to keys")
    spent = f"{targets} targets, {beginnings} beginnings of {STEPS} steps"
    for replica, count in enumerate(found.tolist()):
        base = Verdict(
            NAME, "one_time", replica, None, "not_broken", "", budget=spent, note=f"{count} of {targets} messages found"
        )
        yield rate_verdict(base, count, targets, 2.0**-cipher.message_bits, "messages_found")


def _cannot(cipher: Cipher) -> str:
    if cipher.noise_width:
        return "a randomised cipher does not encrypt a message twice to the same"
    if cipher.decrypt is None:
        return "it needs decrypt, and there is none"
    return "" if cipher.differentiable else "it needs gradients, and this cipher has none"


def _message(cipher: Cipher, ciphertext: Tensor, address: Address, beginnings: int) -> Tensor:
    """The message (R, N) of the key whose re-encryption comes closest to the ciphertext (R, 1, C)."""
    size = len(ciphertext), beginnings, cipher.key_bits
    z = normals(address, Stream.VALUES, beginnings * cipher.key_bits).reshape(size)
    seen = ciphertext.expand(-1, beginnings, -1)
    key = torch.where(_descended(cipher, seen, z) > 0, 1.0, -1.0)
    distance = _distance(cipher, seen, key)
    for _ in range(SWEEPS):
        key, better = _improved(cipher, seen, key, distance)
        if torch.equal(better, distance):
            break
        distance = better
    closest = key[torch.arange(len(key)), distance.argmin(1)].unsqueeze(1)
    return torch.where(decrypt(cipher, ciphertext, closest) >= 0, 1.0, -1.0).squeeze(1)


def _descended(cipher: Cipher, ciphertext: Tensor, z: Tensor) -> Tensor:
    """The relaxed keys (R, beginnings, K) after STEPS of Adam."""
    z = z.clone().requires_grad_()
    adam = torch.optim.Adam([z], lr=RATE)
    for _ in range(STEPS):
        adam.zero_grad()
        key = torch.tanh(z)
        estimate = with_gradient(cipher, (ciphertext, key), decrypting=True)
        again = with_gradient(cipher, (estimate.clamp(-1, 1), key))
        gap = (again - ciphertext).square().sum()
        if not gap.requires_grad:  # the key plays no part
            break
        gap.backward()
        adam.step()
    return z.detach()


def _improved(cipher: Cipher, ciphertext: Tensor, key: Tensor, distance: Tensor) -> tuple[Tensor, Tensor]:
    """Each key, or its best neighbour by one or two flipped bits where that is closer."""
    best = key.clone()
    bits = range(cipher.key_bits)
    for flipped in [*((bit,) for bit in bits), *combinations(bits, 2)]:
        neighbour = key.clone()
        neighbour[..., list(flipped)] *= -1
        other = _distance(cipher, ciphertext, neighbour)
        closer = other < distance
        best = torch.where(closer.unsqueeze(-1), neighbour, best)
        distance = torch.where(closer, other, distance)
    return best, distance


def _distance(cipher: Cipher, ciphertext: Tensor, key: Tensor) -> Tensor:
    """How far each key's re-encryption of its own reading is from the ciphertext: (R, beginnings), L1."""
    reading = torch.where(decrypt(cipher, ciphertext, key) >= 0, 1.0, -1.0)
    return (encrypt(cipher, reading, key) - ciphertext).abs().sum(-1)


ATTACK = Attack(
    question="Does the gradient lead from one ciphertext to its key?",
    scope="one_time",
    tier="full",
    run=run,
    controls=("identity", "one_bit_key", "one_time_pad"),
    expected=Expected(
        broken=("one_bit_key", "identity", "fixed_key"),
        skipped=("modular_pad", "scaled_pad", "and_mask", "random_function", "random_permutation", "aes_ctr"),
        open=(
            *NEURAL_CONTROLS,
            *DOSES,
            "clear_bits(1)",
            "coutinho_eq21",
            "parity_leak(1)",
            "parity_leak(6)",
            "low_bits_leak(0.0001)",
            "low_bits_leak(1e-06)",
        ),
    ),
)
