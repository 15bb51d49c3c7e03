"""The paper's claims, each beside what was found: claims.csv and claims.md.

A claim agrees where the intervals overlap under the same protocol. Where ours had a smaller budget (fewer steps, fewer
or weaker fresh Eves), the verdict says so: such a run can neither confirm nor refute.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from adversarial_crypto.numerics.statistics import mean_interval, wilson

COLUMNS = (
    *("claim", "section", "target", "paper", "paper_low", "paper_high"),
    *("ours", "low", "high", "n", "budget", "verdict"),
)
NAN = math.nan


@dataclass(frozen=True)
class Claim:
    """A statement of the paper, as a number with an interval where it has one (else low = high = value).

    Args:
        more_is_better: whether a larger number than the paper's is a better result; None where neither is.
    """

    text: str
    section: str
    target: str
    value: float
    low: float
    high: float
    more_is_better: bool | None = None


@dataclass(frozen=True)
class Finding:
    """What was found for a claim: value and 95 % interval over n replicas, under a budget in words.

    Args:
        same_budget: whether it was found under the paper's own protocol.
    """

    value: float
    low: float
    high: float
    n: int
    budget: str
    same_budget: bool


def rate(k: int, n: int) -> tuple[float, float, float]:
    """The share k of n with Wilson's 95 % interval; nothing is known of none."""
    return (k / n if n else NAN), *wilson(k, n)


@cache
def claims() -> Mapping[str, Claim]:
    """Every claim of the paper that this laboratory means to test, by a short name."""
    from adversarial_crypto.figures import digitised  # here: pandas takes a second to import

    eves = mean([float(value) for value in digitised.scatter()["eve"]])
    third, all_of_them = (1 / 3,) * 3, (1.0,) * 3
    return {
        "pass": Claim("share of runs that pass, N = 16, batch 4096", "2.5", "fig2", *rate(14, 20), True),
        # Not the numbers that passing is made of, which no replica that passed could miss.
        "exact": Claim("bits that Bob decodes wrongly once trained, median of the passed: he recovers the message "
                       "exactly", "2.5", "fig2", 0.0, 0.0, 0.0, False),
        "guessing": Claim("share of bits that the best fresh Eve decodes wrongly, median of the passed: about half",
                          "2.5", "fig2", 0.5, 0.45, 0.55),
        "robust": Claim("share of runs that are robust, N = 16, batch 4096", "2.5", "fig3", *rate(10, 20), True),
        "best Eve": Claim("bits wrong of the best of five fresh Eves, mean of the passed", "2.5", "fig3", *eves, True),
        "robust at 512": Claim("share of runs that are robust at batch 512", "2.4", "batch", *third, True),
        "N = 64": Claim("passes at N = 64 less those at N = 16: somewhat more often", "2.5", "sizes", NAN, 0.0, 1.0),
        "key bit": Claim("elements of 16 that change significantly (by a quarter of an element's spread) with one "
                         "key bit, median of the passed", "2.5", "diffusion", 4.5, 3.0, 6.0),
        "not XOR": Claim("share of the passed whose cipher is not XOR (distance from it above 0.1)", "2.5",
                         "diffusion", *all_of_them),
        "selective Bob": Claim("selective protection: Bob's squared error, median of all runs", "3", "fig4",
                               0.14, 0.13, 0.15, False),
        "selective public": Claim("selective protection: error of D-public, median of all runs", "3", "fig4",
                                  0.19, 0.18, 0.2, False),
        "selective Eve": Claim("selective protection: best Eve's squared error less blind Eve's, median of all runs",
                               "3", "fig4", 0.0, -0.01, 0.01, True),
        "asymmetric": Claim("asymmetric: share of runs that survive five fresh Eves; most do not", "A", "fig6",
                            NAN, 0.0, 0.5),
        "trained on": Claim("asymmetric: share of the survivors that survive further training; the paper's one did not",
                            "A", "fig6", NAN, 0.0, 0.5),
    }  # fmt: skip


def verdict(claim: Claim, found: Finding | None) -> str:
    """`agrees`, `better`, `differs`, `smaller budget: agrees`, `smaller budget: differs` or `not tested`."""
    if found is None or math.isnan(found.value):
        return "not tested"
    overlap = found.low <= claim.high and claim.low <= found.high
    if not found.same_budget:
        return f"smaller budget: {'agrees' if overlap else 'differs'}"
    if overlap:
        return "agrees"
    ours_is_more = found.value > claim.value
    return "better" if claim.more_is_better is not None and claim.more_is_better == ours_is_more else "differs"


def rows(findings: Mapping[str, Finding]) -> list[dict[str, object]]:
    """A row for each claim that something was found for, in the columns of COLUMNS."""
    return [_row(claims()[key], found) for key, found in findings.items()]


def every() -> list[dict[str, object]]:
    """A row for every claim, not tested."""
    return [_row(claim, None) for claim in claims().values()]


def _row(claim: Claim, found: Finding | None) -> dict[str, object]:
    shown = found or Finding(NAN, NAN, NAN, 0, "", False)
    cells = (
        *(claim.text, claim.section, claim.target, claim.value, claim.low, claim.high),
        *(shown.value, shown.low, shown.high, shown.n, shown.budget, verdict(claim, found)),
    )
    return dict(zip(COLUMNS, cells, strict=True))


def mean(values: Iterable[float]) -> tuple[float, float, float]:
    """Mean with Student's 95 % interval; a single value has none, and no values no mean."""
    sample = list(values)
    if len(sample) < 2:
        return (sample[0], NAN, NAN) if sample else (NAN, NAN, NAN)
    return mean_interval(sample)


def markdown(table: Iterable[Mapping[str, object]]) -> str:
    """The table for people."""
    lines = [
        "| claim | section | the paper | ours (95 %) | replicas | budget | verdict |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in table:
        paper, ours = _span(row, "paper", "paper_low", "paper_high"), _span(row, "ours", "low", "high")
        cells = (row["claim"], row["section"], paper, ours, row["n"] or "", row["budget"], row["verdict"])
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _span(row: Mapping[str, object], value: str, low: str, high: str) -> str:
    numbers = [float(str(row[name])) for name in (value, low, high)]
    if math.isnan(numbers[0]):
        return "" if any(map(math.isnan, numbers[1:])) else f"{numbers[1]:.3g} to {numbers[2]:.3g}"
    if any(map(math.isnan, numbers)) or numbers[1] == numbers[2]:
        return f"{numbers[0]:.3g}"
    return f"{numbers[0]:.3g} ({numbers[1]:.3g} to {numbers[2]:.3g})"
