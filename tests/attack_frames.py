"""Small tables for the figures of the attacks, made up; as large, or as damaged, as a test wants them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from adversarial_crypto.figures import Frames

BUDGET = "100 ciphertexts, all 2^16 keys; 16 pairs of messages"


def precision(replicas: int = 3) -> Frames:
    """Replica r of the target is read from b = 6 + r % 3 bits on and tells from b = 2 on; the pad holds everywhere."""
    rows = []
    for bits in (*range(1, 13), 32):
        for r in range(replicas):
            found, told = float(np.clip((bits - 5 - r % 3) / 4, 0, 1)), float(np.clip((bits - 1) / 4, 0, 1))
            rows += [
                ("trained", "target", r, bits, "messages_found", found, max(0, found - 0.1), min(1, found + 0.1)),
                ("trained", "target", r, bits, "advantage", told, 0.9 * told, min(1, 1.1 * told)),
                ("trained", "target", r, bits, "bob_bits_flipped", 8 / bits**2, 7 / bits**2, 9 / bits**2),
            ]
        rows += [
            ("one_time_pad", "control", 0, bits, "messages_found", 0.0, 0.0, 0.067),
            ("one_bit_key", "control", 0, bits, "messages_found", 0.5, 0.34, 0.66),
            ("one_time_pad", "control", 0, bits, "advantage", 0.0, 0.0, 0.0),
            ("one_bit_key", "control", 0, bits, "advantage", 1.0, 1.0, 1.0),
            ("one_time_pad", "control", 0, bits, "bob_bits_flipped", 0.0, 0.0, 0.0),
            ("one_bit_key", "control", 0, bits, "bob_bits_flipped", 0.0, 0.0, 0.0),
        ]
    columns = ["cipher", "role", "replica", "bits", "measure", "value", "low", "high"]
    settings = {"target": "trained", "message_bits": 16, "key_bits": 16, "budget": BUDGET}
    return {"points": pd.DataFrame(rows, columns=columns), "settings": pd.DataFrame([settings])}


SCOPES = {
    "one_time": (
        *("key_use", "support", "linear", "exact_advantage", "key_search", "distinguisher", "fresh_eves"),
        *("strong_eves", "exact_information"),
    ),
    "known_pair": ("key_search",),
    "reuse": ("key_reuse", "ind_cpa"),
    "description": ("structure", "randomness"),
}
CONTROLS = ("one_time_pad", "one_bit_key", "biased_pad(0.45)", "low_bits_leak(1e-06)")


def board(replicas: int = 3) -> Frames:
    """All outcomes; fresh_eves finds nothing in one_bit_key where it was to, and support is not run on the last."""
    turns = ("broken", "not_broken", "refuted", "void", "skipped")
    rows = []
    for scope, attacks in SCOPES.items():
        for number, attack in enumerate(attacks):
            rows += [
                (attack, scope, "trained", "target", r, turns[(number + r * (number % 3)) % 5], "")
                for r in range(replicas)
            ]
            for control in CONTROLS:
                expected = "not_broken" if control == "one_time_pad" else "broken"
                outcome = "refuted" if attack == "exact_advantage" and expected == "broken" else expected
                if (attack, control) == ("fresh_eves", "one_bit_key"):
                    outcome = "not_broken"
                if (attack, control) != ("support", CONTROLS[-1]):
                    rows.append((attack, scope, control, "control", 0, outcome, expected))
    columns = ["attack", "scope", "column", "role", "replica", "outcome", "expected"]
    sentence = "2 of 3 replicas are broken by one ciphertext of a fresh key; the third is not broken at this budget."
    settings = {"target": "trained", "tier": "standard", "overall": "refuted", "sentence": sentence}
    return {"cells": pd.DataFrame(rows, columns=columns), "settings": pd.DataFrame([settings])}


RUNGS = {"paper's Eve": 1_700, "dense 2x256": 81_920, "residual 4x256": 278_528, "attention": 4_100_000}


def ladder(replicas: int = 3) -> Frames:
    """Each attacker flips a bit less than the one before, and of replica r a tenth of r % 10 more."""
    rows = [
        (name, operations, r, 7.0 - step + (r % 10) / 10, 6.9 - step + (r % 10) / 10, 7.1 - step + (r % 10) / 10)
        for step, (name, operations) in enumerate(RUNGS.items())
        for r in range(replicas)
    ]
    doses = [
        (q, name, 16 * q + over, 16 * q + over - 0.05, 16 * q + over + 0.05, 16 * q)
        for name, over in (("paper's Eve", 0.02), ("dense 2x256", 0.0))
        for q in (0.25, 0.4, 0.45, 0.48, 0.49)
    ]
    settings = {"target": "trained", "message_bits": 16, "budget": "each attacker 5,000 steps at batch 512"}
    return {
        "attackers": pd.DataFrame(rows, columns=["attacker", "operations", "replica", "bits_flipped", "low", "high"]),
        "doses": pd.DataFrame(doses, columns=["q", "attacker", "bits_flipped", "low", "high", "exact"]),
        "settings": pd.DataFrame([settings]),
    }


def reuse(replicas: int = 3) -> Frames:
    """Replica r tells 1 + r % 3 tenths of a bit more with every step of m, the pad all at m = 1, others nothing."""
    rows = []
    for step, pairs in enumerate((0, 1, 2, 4, 8, 16, 32, 64)):
        for attacker in ("deep sets", "ridge") if pairs else ("deep sets",):
            for r in range(replicas):
                value = 8 - step * (1 + r % 3) / 10 * (1.5 if attacker == "ridge" else 1)
                rows.append(("trained", "target", attacker, pairs, r, value, value - 0.1, value + 0.1))
            pad = 8.0 if pairs == 0 else 0.0
            rows.append(("one_time_pad", "control", attacker, pairs, 0, pad, pad - 0.05 * (pairs == 0), pad))
            for control in ("random_permutation", "aes_ctr"):
                rows.append((control, "control", attacker, pairs, 0, 8.0, 7.95, 8.05))
    columns = ["cipher", "role", "attacker", "pairs", "replica", "bits_flipped", "low", "high"]
    settings = {"target": "trained", "message_bits": 16, "budget": "3,000 steps at batch 64, 8,192 test keys"}
    return {"points": pd.DataFrame(rows, columns=columns), "settings": pd.DataFrame([settings])}


def avalanche(replicas: int = 3, message_bits: int = 16, key_bits: int = 16) -> Frames:
    """The target flips with probability (1 + r)/(2 + replicas) but on its diagonal; the pad there alone, and always."""
    rows = []
    for word, bits in (("message", message_bits), ("key", key_bits)):
        for bit in range(bits):
            for element in range(message_bits):
                here = float(bit % message_bits == element)
                rows.append(("one_time_pad", "control", 0, word, bit, element, here))
                rows += [
                    ("trained", "target", r, word, bit, element, here or (1 + r) / (2 + replicas))
                    for r in range(replicas)
                ]
    columns = ["cipher", "role", "replica", "word", "bit", "element", "flips"]
    settings = {"target": "trained", "message_bits": message_bits, "key_bits": key_bits, "messages": 4096}
    return {"flips": pd.DataFrame(rows, columns=columns), "settings": pd.DataFrame([settings])}


ATTACK_EXAMPLES = {
    "precision": precision,
    "board": board,
    "ladder": ladder,
    "reuse": reuse,
    "avalanche": avalanche,
}
