"""What many verdicts come to: corrected for their number, cell by cell, and in one word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from adversarial_crypto.attacks.contract import SIGNIFICANCE, Outcome, Scope, Verdict
from adversarial_crypto.numerics.statistics import holm

Overall = Literal["broken", "refuted", "not_broken", "inconclusive"]
# The strongest first: of several findings of one attack the first of these is its cell on the board.
STRENGTH: tuple[Outcome, ...] = ("broken", "refuted", "not_broken", "void", "skipped")


def settled(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts with p corrected by Holm (1979) for all tests of a replica; what does not survive is not broken."""
    found = list(verdicts)
    for replica in sorted({verdict.replica for verdict in verdicts}):
        rows = [i for i, v in enumerate(verdicts) if v.replica == replica and v.p is not None and v.outcome != "void"]
        for row, p in zip(rows, holm([verdicts[row].p or 0.0 for row in rows]), strict=True):
            verdict = replace(found[row], p_holm=p)
            if verdict.outcome == "broken" and p >= SIGNIFICANCE:
                note = f"p = {verdict.p:.2g} alone, but {p:.2g} among {len(rows)} tests"
                verdict = replace(verdict, outcome="not_broken", note=note)
            found[row] = verdict
    return found


def cell(verdicts: Iterable[Verdict], scope: Scope | None = None) -> Outcome:
    """The strongest outcome among verdicts, of one scope if it is given; "skipped" where there are none."""
    outcomes = {verdict.outcome for verdict in verdicts if scope in (None, verdict.scope)}
    return next((outcome for outcome in STRENGTH if outcome in outcomes), "skipped")


def overall(verdicts: Iterable[Verdict]) -> Overall:
    """One word, by one-time attacks alone: inconclusive unless one with power ran."""
    found = cell(verdicts, "one_time")
    return found if found in ("broken", "refuted", "not_broken") else "inconclusive"


def voided(verdicts: Iterable[Verdict], why: str) -> list[Verdict]:
    """The same findings, counting for nothing."""
    return [v if v.outcome == "skipped" else replace(v, outcome="void", note=why) for v in verdicts]


def detection_limit(controls: Mapping[str, tuple[float, Outcome]], message_bits: int) -> str:
    """The smallest leak that an attack has found, in words. Of another kind it may miss a larger one.

    Args:
        controls: label of a cipher that tells a known amount -> (bits that it tells, what the attack made of it).
        message_bits: of these ciphers.
    """
    leaks = sorted((told, label) for label, (told, _) in controls.items() if told > 0)
    if not leaks:
        return ""
    found = [(told, label) for told, label in leaks if controls[label][1] in ("broken", "refuted")]
    if not found:
        return f"none of the leaks tried, up to {leaks[-1][0]:.3g} of {message_bits} bits ({leaks[-1][1]})"
    return f"{found[0][0]:.3g} of {message_bits} bits ({found[0][1]})"
