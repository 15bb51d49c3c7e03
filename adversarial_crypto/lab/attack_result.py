"""What attacks on a target came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adversarial_crypto.lab.controlled import Cell


@dataclass(frozen=True)
class AttackResult:
    """What the attacks came to.

    Args:
        directory: with a sealed file an attack, verdicts.csv, claims.csv and claims.md over all replicas, and figures/.
        target: its label; replicas: the numbers of its replicas; sizes: its message_bits and key_bits.
        tier: of the attacks.
        overall: broken, refuted, not_broken or inconclusive, by the one-time attacks alone.
        sentence: the same for people.
        verdicts: a row a finding, replicas by their numbers, as verdicts.csv has it.
        scopes: attack -> its scope.
        board: attack -> replica number -> outcome, of the attack's own scope.
        controls: attack -> its controls.
        tables: attack -> name -> rows.
        seconds: of computing, controls included, whenever it was done.
        already_complete: nothing had to be computed.
    """

    directory: Path
    target: str
    replicas: tuple[int, ...]
    sizes: Mapping[str, int]
    tier: str
    overall: str
    sentence: str
    verdicts: Sequence[Mapping[str, Any]]
    scopes: Mapping[str, str]
    board: Mapping[str, Mapping[int, str]]
    controls: Mapping[str, Sequence[Cell]]
    tables: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]
    seconds: float
    already_complete: bool
