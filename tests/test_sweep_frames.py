"""What a sweep's results say of each point, by hand, and which figures it has, complete or not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from figure_examples import sweep

from adversarial_crypto.figures import FIGURES
from adversarial_crypto.lab.sweep_frames import frames_for
from adversarial_crypto.lab.sweep_points import points, replicas
from adversarial_crypto.numerics.statistics import wilson

NAN = float("nan")
N, K, RATE = "game.message_bits", "game.key_bits", "train.learning_rate"


def results(*rows: tuple[Any, ...], **settings: Any) -> pd.DataFrame:
    """A results.csv: (replica, network, passed, passed_step, robust, diverged, bits_wrong, Bob's, Eve's) a row."""
    names = ["replica", "network", "passed", "passed_step", "robust", "diverged"]
    table = pd.DataFrame(rows, columns=[*names, "bits_wrong", "bob_bits_wrong", "eve_bits_wrong"])
    return table.assign(**{N: 16, K: 8, **settings})


FOUR = results(
    (0, "own", 1, 600, 1, 0, 7.0, 0.0, 7.5),
    (0, "dense", 1, 600, 1, 0, 6.0, 0.0, 7.5),
    (1, "own", 1, 1000, 0, 0, 4.0, 0.16, 6.0),
    (1, "dense", 1, 1000, 0, 0, 5.0, 0.16, 6.0),
    (2, "own", 0, NAN, 0, 0, 8.0, 4.0, 8.0),
    (2, "dense", 0, NAN, 0, 0, 7.0, 4.0, 8.0),
    (3, "own", 0, NAN, 0, 1, NAN, NAN, 1e9),
    (3, "dense", 0, NAN, 0, 1, NAN, NAN, 1e9),
)


def ends(row: pd.Series, name: str) -> list[float]:
    """A measure with its interval."""
    return [row[name], row[f"{name}_low"], row[f"{name}_high"]]


def test_a_point_by_hand() -> None:
    """Rates are of all four replicas, medians of the three that did not diverge or of the two that passed."""
    (row,) = (row for _, row in points(FOUR, [N, K], 99).iterrows())
    assert [row[name] for name in (N, K, "n", "diverged", "passed", "robust", "leak_bound")] == [16, 8, 4, 1, 2, 1, 8]
    assert ends(row, "passed_rate") == [0.5, *wilson(2, 4)]
    assert ends(row, "robust_rate") == [0.25, *wilson(1, 4)]
    expected = {  # share of N = 16: median, least and most of fewer than 6
        "bob": [0.01, 0, 0.25],
        "training_eve": [7.5 / 16, 6 / 16, 8 / 16],
        "own": [7 / 16, 4 / 16, 8 / 16],
        "dense": [6 / 16, 5 / 16, 7 / 16],
        "best": [6 / 16, 4 / 16, 7 / 16],
        "advantage": [0.25, 0.125, 0.5],
        "bob_passed": [0.005, 0, 0.01],
        "own_passed": [5.5 / 16, 4 / 16, 7 / 16],
        "best_passed": [5 / 16, 4 / 16, 6 / 16],
        "advantage_passed": [0.375, 0.25, 0.5],
        "step": [800, 600, 1000],
    }
    assert {name: ends(row, name) for name in expected} == {
        name: pytest.approx(numbers) for name, numbers in expected.items()
    }


def test_medians_have_intervals_of_order_statistics() -> None:
    """Of nine replicas the second and the eighth bound the median with 96 %; the seven between would be the range."""
    wrong = [0, 1, 2, 3, 5, 8, 13, 14, 15]
    rows = [(r, "own", 1, 100 * r, 1, 0, 16.0 - error, error, 8.0) for r, error in enumerate(wrong)]
    (row,) = (row for _, row in points(results(*rows), [K], 16).iterrows())
    assert ends(row, "bob") == [np.median(wrong) / 16, 1 / 16, 14 / 16]
    assert ends(row, "best") == [11 / 16, 2 / 16, 15 / 16]
    assert ends(row, "step") == [400, 100, 700]


def test_where_nobody_passed_nothing_is_said_of_the_passed() -> None:
    """No medians over none, but the rate 0 with its interval, and the errors of all."""
    (row,) = (row for _, row in points(FOUR[FOUR["passed"] == 0], [N], 16).iterrows())
    assert ends(row, "passed_rate") == [0, *wilson(0, 2)]
    assert ends(row, "bob") == [0.25, 0.25, 0.25]
    for name in ("step", "bob_passed", "advantage_passed"):
        assert np.isnan(ends(row, name)).all()


def test_where_all_diverged_only_rates_are_left() -> None:
    """A point whose replicas all diverged has counts, and no median."""
    (row,) = (row for _, row in points(FOUR[FOUR["diverged"] == 1], [N], 16).iterrows())
    assert [row["n"], row["diverged"], row["passed"]] == [1, 1, 0]
    assert np.isnan(ends(row, "training_eve")).all() and np.isnan(ends(row, "advantage")).all()


def test_a_network_that_is_not_there_is_not_invented() -> None:
    """Without dense Eves their column is NaN and her own is the best; one of another kind counts in the best alone."""
    own = FOUR[FOUR["network"] == "own"]
    other = own.assign(network="my_net.py:build", bits_wrong=own["bits_wrong"] - 1)
    (alone,) = (row for _, row in points(own, [N], 16).iterrows())
    assert np.isnan(ends(alone, "dense")).all() and ends(alone, "best") == ends(alone, "own")
    (both,) = (row for _, row in points(pd.concat([own, other]), [N], 16).iterrows())
    assert both["own"] == alone["own"] and both["best"] == alone["best"] - 1 / 16
    assert both["n"] == 4


def test_without_fresh_eves_robustness_is_unknown() -> None:
    """Not 0 of n: no Eve was asked. Bob and the Eve of the training are there."""
    bare = FOUR[FOUR["network"] == "own"].assign(network=NAN, robust=NAN, bits_wrong=NAN)
    (row,) = (row for _, row in points(bare, [N], 16).iterrows())
    assert row["passed"] == 2 and row["bob"] == 0.01 and row["training_eve"] == 7.5 / 16
    assert np.isnan([row["robust"], *ends(row, "robust_rate"), *ends(row, "advantage"), *ends(row, "own")]).all()


def test_the_message_size_is_that_of_the_point() -> None:
    """Errors are shares of the row's own N, of the given one where N is no column; without K nothing is said of it."""
    pair = pd.concat([FOUR, FOUR.assign(**{N: 32})])
    small, large = (row for _, row in points(pair, [N], 99).iterrows())
    assert (small["own"], large["own"]) == (7 / 16, 7 / 32)
    assert (small["leak_bound"], large["leak_bound"]) == (8, 24)
    (row,) = (row for _, row in points(pair.head(8).drop(columns=[N, K]).assign(batch=1), ["batch"], 8).iterrows())
    assert row["own"] == 7 / 8 and np.isnan(row["leak_bound"])
    assert points(FOUR.assign(**{K: 64}), [K], 16)["leak_bound"].tolist() == [0]


def test_replicas_of_two_seeds_are_two() -> None:
    """Equal numbers under different seeds, and in different shards, are different replicas of one point."""
    two = pd.concat([FOUR.assign(**{"replicas.seed": seed}) for seed in (0, 1)])
    assert points(two, [N], 16)["n"].tolist() == [8]
    assert len(replicas(pd.concat([FOUR.assign(shard="a"), FOUR.assign(shard="b")]), [N], 16)) == 8
    assert not frames_for(two, ["replicas.seed"], [], 16, "")


GRID = sweep((8, 16), (2, 4, 16))
ONE = GRID[GRID[N] == 16]


@pytest.mark.parametrize(
    ("table", "grid", "varied", "names"),
    [
        (GRID, [N, K], [], {"key_map", "key_slices"}),
        (GRID.assign(**{"replicas.seed": 3}), [K, N, "replicas.seed"], [], {"key_map", "key_slices"}),
        (ONE, [N, K], [], {"axis_rates"}),
        (ONE.assign(**{RATE: 0.001 * (1 + ONE["replica"])}), [], [RATE], {"axis_rates"}),
        (GRID.assign(**{"train.loss": np.where(GRID[N] == 8, "per_bit", "paper_text")}), [K, "train.loss"], [],
         {"axis_rates"}),
        (GRID.assign(**{RATE: 0.001 * (1 + GRID["replica"])}), [N, K], [RATE], set()),
        (ONE.assign(**{RATE: 0.001 * (1 + ONE["replica"])}), [K], [RATE], set()),
        (ONE.assign(**{"train.loss": "per_bit"}), ["train.loss"], [], set()),
        (ONE.assign(**{"game.flag": ONE[K] > 2}), ["game.flag"], [], set()),
        (GRID.drop(columns="bob_bits_wrong"), [N, K], [], set()),
        (GRID.head(0), [N, K], [], set()),
        (GRID, [], [], set()),
    ],
)  # fmt: skip
def test_which_figures_a_sweep_has(table: pd.DataFrame, grid: list[str], varied: list[str], names: set[str]) -> None:
    """Maps where the two sizes vary alone, rates along one number and by words, else nothing: nothing is pooled."""
    found = frames_for(table, grid, varied, 16, "3 replicas")
    assert set(found) == names
    for name, frames in found.items():
        assert FIGURES[name](frames).axes


def test_a_partial_sweep_has_its_planned_points() -> None:
    """What is planned and not computed is a row with n = 0; without a plan, every combination of what is there."""
    keys = [N, K]
    part_of = GRID[GRID["point"] < 4]
    plan = pd.DataFrame([(n, k) for n in (8, 16, 32) for k in (2, 4, 16)], columns=keys)
    frames = frames_for(part_of, keys, [], 16, "3 replicas", pd.concat([plan, plan]))
    table = frames["key_map"]["points"]
    assert table[["message_bits", "key_bits"]].to_numpy().tolist() == plan.to_numpy().tolist()
    assert table["n"].tolist() == [3] * 4 + [0] * 5 and table.loc[4:, "passed_rate"].isna().all()
    assert (
        frames["key_map"]["settings"]["planned"].tolist() == frames["key_slices"]["settings"]["planned"].tolist() == [9]
    )
    assert len(frames["key_slices"]["points"]) == 4
    assert frames_for(part_of, keys, [], 16, "")["key_map"]["settings"]["planned"].tolist() == [6]


def test_a_varied_key_is_crossed_with_the_plan() -> None:
    """The plan knows the grid's words; the values of a varied key, which it lacks, are those of the results."""
    table = ONE[ONE[K] == 16].assign(**{RATE: 0.001 * (1 + ONE["replica"]), "train.loss": "per_bit"})
    plan = pd.DataFrame({"train.loss": ["per_bit", "paper_text"]})
    frames = frames_for(table, ["train.loss"], [RATE], 16, "", plan)["axis_rates"]
    assert frames["settings"]["planned"].tolist() == [6]
    assert frames["points"]["line"].tolist() == ["loss per_bit"] * 3
    assert frames["settings"][["axis", "unit"]].to_numpy().tolist() == [["learning rate", "of Adam"]]
