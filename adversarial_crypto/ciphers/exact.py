"""What can be said exactly of a cipher, for uniform messages and one ciphertext."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Exact:
    """Answers to which attacks are held; derived in ATTACKS' terms: P uniform, C = A(P, K).

    Args:
        information: I(P; C), bits.
        bit: of the best guess of a message bit from the ciphertext, averaged over bits: 0.5 tells nothing.
        block: chance of the best guess of the whole message: 2^-N tells nothing.
        distance, largest_distance: total variation of the ciphertexts of two distinct messages, on average and at most.
    """

    information: float
    bit: float
    block: float
    distance: float
    largest_distance: float
