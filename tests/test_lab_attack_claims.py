"""What attacks come to over replicas: counts and medians with their intervals, on rows with known answers."""

from __future__ import annotations

from typing import Any

import pytest

from adversarial_crypto.lab.attack_claims import attack_claims, markdown
from adversarial_crypto.numerics.statistics import median_interval, wilson


def rows(attack: str, statistic: str, values: list[float | None], outcome: str = "broken", **rest: Any) -> list[Any]:
    """A verdict of each replica with these values."""
    head = {"attack": attack, "scope": "one_time", "bits": None, "chance": 8.0, "budget": "some", "outcome": outcome}
    return [{**head, **rest, "statistic": statistic, "replica": i, "value": value} for i, value in enumerate(values)]


def test_counts_and_medians_have_their_intervals() -> None:
    """Seven of nine broken, one of them refuted: Wilson's interval of 7 of 9, and the median of all nine values."""
    values = [float(i) for i in range(9)]
    found = rows("linear", "bits_flipped", list(values))
    found[3]["outcome"] = "refuted"
    found[7]["outcome"] = found[8]["outcome"] = "not_broken"
    (claim,) = attack_claims(found)
    assert (claim["broken"], claim["replicas"], claim["share"]) == (7, 9, 7 / 9)
    assert (claim["share_low"], claim["share_high"]) == wilson(7, 9)
    assert (claim["median"], claim["low"], claim["high"]) == median_interval(values)


def test_what_was_not_told_is_left_out() -> None:
    """The skipped and the void have no row, and a proof without a value has no median."""
    found = rows("support", "", [None], "skipped") + rows("linear", "bits_flipped", [3.0], "void")
    assert attack_claims(found) == []
    (claim,) = attack_claims(rows("support", "ciphertexts", [None, None], "refuted"))
    assert claim["broken"] == 2 and claim["median"] is None


def test_each_number_of_bits_and_each_scope_has_its_row() -> None:
    """Findings are kept apart by what was kept of the ciphertext and by the situation that the attack is in."""
    found = rows("key_search", "messages_found", [0.5], bits=4) + rows("key_search", "messages_found", [1.0])
    found += rows("key_search", "messages_found", [1.0], scope="reuse")
    kept = [(claim["bits"], claim["scope"]) for claim in attack_claims(found)]
    assert kept == [(4, "one_time"), (None, "one_time"), (None, "reuse")]


def test_the_gap_to_the_papers_eve_is_of_pairs() -> None:
    """What a larger Eve reads more is the median of the differences in each replica, not the difference of medians."""
    paper = rows("fresh_eves", "bits_flipped", [8.0, 7.0, 6.0]) + rows("fresh_eves", "bits_wrong", [8.0, 8.0, 8.0])
    large = rows("strong_eves", "bits_flipped by dense 2x256", [5.0, 6.5, 1.0])
    told = rows("strong_eves", "information_bits at least", [1.0, 1.0, 1.0])
    *_, gap = attack_claims(paper + large + told)
    assert gap["statistic"] == "bits_flipped less than the paper's Eve, dense 2x256"
    assert (gap["median"], gap["low"], gap["high"], gap["chance"]) == (3.0, 0.5, 5.0, 0.0)
    assert gap["broken"] is None and gap["replicas"] == 3
    assert len(attack_claims(large)) == 1  # without the paper's Eve there is nothing to compare with


@pytest.mark.parametrize("cell", ["| linear |", "| 1 of 1 |", "| 6.5 |", "| float32 |", "| key_reuse (reuse) |"])
def test_the_table_for_people_says_it_all(cell: str) -> None:
    """Attack and scope, count, median and what was kept stand in the markdown; one replica has no interval."""
    found = rows("linear", "bits_flipped", [6.5]) + rows("key_reuse", "bits_flipped", [0.0], scope="reuse")
    text = markdown("mine", attack_claims(found))
    assert cell in text and "mine" in text
