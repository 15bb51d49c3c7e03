"""Floor 4: questions put to a finished cipher, one a file; they touch it through `ciphers.evaluate` alone.

An open family: an `Attack` (contract.py) in a file, with what is expected of it, and a line in `ATTACKS`.

    for said in ATTACKS["support"].run(cipher, Budget("smoke", engine), seeds):     Progress, Verdict or Table
    verdicts = settled(verdicts)             p corrected for all tests of a replica
    overall(verdicts)                        what one-time attacks say together
    found = diffusion(cipher, seeds)         what each flipped bit of message and key does to the ciphertext

Every answer is a pure function of the cipher, the budget and the seeds, one pair (seed, replica) for each of its R.
"""

from __future__ import annotations

from collections.abc import Mapping

from adversarial_crypto.attacks import (
    distinguisher,
    exact_advantage,
    exact_information,
    fresh_eves,
    ind_cpa,
    key_descent,
    key_reuse,
    key_search,
    key_use,
    linear,
    randomness,
    strong_eves,
    structure,
    support,
)
from adversarial_crypto.attacks.contract import (
    SIGNIFICANCE,
    TIERS,
    Attack,
    Budget,
    Expected,
    Memory,
    Outcome,
    Progress,
    Said,
    Scope,
    Table,
    Tier,
    Verdict,
)
from adversarial_crypto.attacks.diffusion import Diffusion, diffusion, settings, tables
from adversarial_crypto.attacks.settling import Overall, cell, detection_limit, overall, settled, voided

# By value per cost within a scope, the scopes as on the board.
ATTACKS: Mapping[str, Attack] = {
    "key_use": key_use.ATTACK,
    "support": support.ATTACK,
    "linear": linear.ATTACK,
    "exact_advantage": exact_advantage.ATTACK,
    "exact_information": exact_information.ATTACK,
    "key_search": key_search.ATTACK,
    "key_descent": key_descent.ATTACK,
    "distinguisher": distinguisher.ATTACK,
    "fresh_eves": fresh_eves.ATTACK,
    "strong_eves": strong_eves.ATTACK,
    "key_reuse": key_reuse.ATTACK,
    "ind_cpa": ind_cpa.ATTACK,
    "structure": structure.ATTACK,
    "randomness": randomness.ATTACK,
}

__all__ = [
    "ATTACKS",
    "SIGNIFICANCE",
    "TIERS",
    "Attack",
    "Budget",
    "Diffusion",
    "Expected",
    "Memory",
    "Outcome",
    "Overall",
    "Progress",
    "Said",
    "Scope",
    "Table",
    "Tier",
    "Verdict",
    "cell",
    "detection_limit",
    "diffusion",
    "overall",
    "settings",
    "settled",
    "tables",
    "voided",
]
