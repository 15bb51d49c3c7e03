"""Claims and their verdicts: what an interval may say of the paper, and under which budget."""

from __future__ import annotations

import math

import pytest

from adversarial_crypto.lab import claims
from adversarial_crypto.lab.claims import NAN, Claim, Finding, verdict

PAPER = Claim("a rate", "2.5", "fig2", 0.7, 0.5, 0.85, more_is_better=True)


def found(low: float, high: float, same_budget: bool = True) -> Finding:
    """A finding with this interval."""
    return Finding((low + high) / 2, low, high, 20, "20 replicas", same_budget)


@pytest.mark.parametrize(
    ("interval", "more_is_better", "words"),
    [
        ((0.4, 0.6), True, "agrees"),
        ((0.85, 0.9), True, "agrees"),
        ((0.86, 0.99), True, "better"),
        ((0.86, 0.99), False, "differs"),
        ((0.86, 0.99), None, "differs"),
        ((0.1, 0.4), True, "differs"),
        ((0.1, 0.4), False, "better"),
    ],
)
def test_verdicts_follow_the_intervals(interval: tuple[float, float], more_is_better: bool | None, words: str) -> None:
    """Overlap agrees; else the better side is better and the other one differs, or both where neither is better."""
    claim = Claim("a rate", "2.5", "fig2", 0.7, 0.5, 0.85, more_is_better)
    assert verdict(claim, found(*interval)) == words


def test_a_smaller_budget_is_said_and_never_better() -> None:
    """Fresh Eves of a smaller budget find less, so what looks better under them is no better result."""
    assert verdict(PAPER, found(0.4, 0.6, same_budget=False)) == "smaller budget: agrees"
    assert verdict(PAPER, found(0.9, 0.99, same_budget=False)) == "smaller budget: differs"


def test_nothing_found_is_not_tested() -> None:
    """No finding, or none that is a number, is no verdict."""
    assert verdict(PAPER, None) == verdict(PAPER, Finding(NAN, NAN, NAN, 0, "", True)) == "not tested"


def test_every_claim_has_a_row() -> None:
    """The table has one row a claim, in the published columns, tested or not."""
    rows = claims.every()
    assert len(rows) == len(claims.claims()) and all(tuple(row) == claims.COLUMNS for row in rows)
    assert {row["verdict"] for row in rows} == {"not tested"}
    (row,) = claims.rows({"pass": Finding(*claims.rate(14, 20), 20, "the paper's", True)})
    assert tuple(row) == claims.COLUMNS and row["verdict"] == "agrees" and row["n"] == 20


def test_the_papers_numbers() -> None:
    """14 and 10 of 20 have Wilson's intervals .48 to .85 and .30 to .70; the 14 best Eves have the mean 6.1."""
    known = claims.claims()
    assert [round(x, 2) for x in (known["pass"].low, known["pass"].high)] == [0.48, 0.85]
    assert [round(x, 2) for x in (known["robust"].low, known["robust"].high)] == [0.3, 0.7]
    assert known["best Eve"].value == pytest.approx(6.1, abs=0.05)


def test_the_page_shows_intervals_and_leaves_out_what_is_not_there() -> None:
    """claims.md has a line a claim; an untested one has no number of ours, one without a value shows its range."""
    lines = claims.markdown([*claims.rows({"pass": found(0.4, 0.6)}), *claims.every()[1:]]).splitlines()
    assert len(lines) == 2 + len(claims.claims())
    assert "0.5 (0.4 to 0.6)" in lines[2] and "| not tested |" in lines[-1] and "0 to 0.5" in lines[-1]
    assert "nan" not in "".join(lines)


def test_a_mean_of_one_value_has_no_interval() -> None:
    """Means are given with an interval only where there are two values to make one of."""
    value, low, _ = claims.mean([6.0])
    assert value == 6.0 and math.isnan(low) and math.isnan(claims.mean([])[0])
    assert claims.mean([5.0, 7.0])[0] == 6.0
