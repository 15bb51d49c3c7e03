"""The known ciphers that attacks are held to, and how their answers are compared with what is expected.

What is expected of an attack stands in its own file: derived where it can be (ATTACKS), else measured once and kept. A
cell that comes out otherwise voids the attack (lab/attack.py) and fails `acrypto calibrate`.
"""

from __future__ import annotations

from adversarial_crypto.attacks.contract import Attack, Outcome

SECRET = ("one_time_pad", "permuted_pad", "modular_pad")
PADS = (*SECRET, "scaled_pad")
RANDOMISED = ("scaled_pad", "aes_ctr")
DOSES = tuple(f"biased_pad({q})" for q in (0.49, 0.48, 0.45, 0.4, 0.25))
# Those that tell a bit at least, and not only to whoever looks at six message bits or at the last digits together.
LEAKS = ("clear_bits(1)", "parity_leak(1)", "one_bit_key", "coutinho_eq21", "and_mask", "identity", "fixed_key")
# In the order of the matrix; those of several values are computed as one array.
CIPHERS = (
    *PADS,
    *DOSES,
    "clear_bits(1)",
    "parity_leak(1)",
    "parity_leak(6)",
    "one_bit_key",
    "coutinho_eq21",
    "and_mask",
    "identity",
    "fixed_key",
    "low_bits_leak(0.0001)",
    "low_bits_leak(1e-06)",
    "random_function",
    "random_permutation",
    "aes_ctr",
)
# Trained by the laboratory (lab/neural.py), so not in a smoke test.
NEURAL_CONTROLS = ("neural:untrained", "neural:no_eve", "neural:no_key")


def right(attack: Attack, label: str) -> tuple[Outcome, ...]:
    """The outcomes that an attack may come to on a known cipher; all of them where nothing is asked."""
    expected = attack.expected
    if label in expected.open:
        return ("broken", "refuted", "not_broken", "skipped")
    if label in expected.skipped:
        return ("skipped",)
    return ("broken", "refuted") if label in expected.broken else ("not_broken",)
