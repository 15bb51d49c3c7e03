"""From results.csv to the tables of a sweep's figures: counts, intervals and medians by hand, what stays blank."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from figure_examples import sweep, sweep_rows

from adversarial_crypto.figures import FIGURES
from adversarial_crypto.formulas.advantage import advantage
from adversarial_crypto.lab.sweep_frames import frames_for
from adversarial_crypto.lab.sweep_points import points, replicas
from adversarial_crypto.numerics.statistics import wilson

KEYS = ["game.message_bits", "game.key_bits"]


def test_advantage() -> None:
    """0 for a guess, 1 for a total break, below 0 for worse than a guess."""
    np.testing.assert_allclose(advantage([8, 0, 16, 4], 16), [0, 1, -1, 0.5])


def test_points_by_hand() -> None:
    """Rates over all replicas with Wilson's interval; medians over all that did not diverge and over the passed."""
    table = sweep_rows()
    found = points(table, KEYS, 0).set_index(KEYS)
    here = found.loc[(8, 4)]
    assert (here["n"], here["passed"], here["robust"], here["leak_bound"]) == (6, 4, 0, 4)
    assert (here["passed_rate"], here["passed_rate_low"], here["passed_rate_high"]) == (4 / 6, *wilson(4, 6))
    assert here["own"] == pytest.approx(1 / 8) and here["dense_passed"] == pytest.approx(1 / 8 + 0.03 / 8)
    assert here["bob_passed"] == pytest.approx(0.01 / 8) and here["step"] == np.median([500, 600, 800, 900])
    assert here["advantage_passed"] == pytest.approx(0.75)
    assert (found.loc[(4, 8)]["leak_bound"], found.loc[(4, 8)]["robust"]) == (0, 4)
    assert found.loc[(4, 8)]["advantage"] == pytest.approx(1 - 2 * 3.5 / 8)


def test_what_diverged_is_counted_and_left_out() -> None:
    """A diverged replica is one of the n, did not pass, and has no say in a median."""
    table = sweep_rows(sizes=(8,), keys=(4,))
    gone = table["replica"] == 5
    table.loc[gone, ["passed", "diverged"]] = 0, 1
    table.loc[gone, ["bits_wrong", "bob_bits_wrong", "passed_step"]] = np.nan
    (row,) = points(table, KEYS, 0).to_dict("records")
    assert (row["n"], row["diverged"], row["passed"]) == (6, 1, 3)
    assert row["own"] == pytest.approx(1 / 8) and row["own_high"] == pytest.approx(1 / 8)
    assert row["bob"] == pytest.approx(np.median([4, 0.01, 0.01, 4, 0.01]) / 8)


def test_the_best_eve_is_the_better_of_both_networks() -> None:
    """A replica's best is the least of its networks' errors; a network that is absent is NaN."""
    table = sweep_rows(sizes=(8,), keys=(4,))
    table.loc[(table["network"] == "dense") & (table["replica"] == 1), "bits_wrong"] = 0.25
    best = replicas(table, KEYS, 0).set_index("replica")["best"]
    assert best[1] == pytest.approx(0.25 / 8) and best[2] == pytest.approx(1 / 8)
    (row,) = points(table[table["network"] == "own"], KEYS, 0).to_dict("records")
    assert np.isnan(row["dense"]) and row["own"] == pytest.approx(1 / 8)


def test_nobody_passed_and_no_fresh_eves() -> None:
    """Without a pass the medians of the passed are NaN; without fresh Eves robust and Eve's errors are."""
    table = sweep_rows(sizes=(8,), keys=(4,)).assign(passed=0, passed_step=np.nan, robust=0)
    (row,) = points(table, KEYS, 0).to_dict("records")
    assert row["passed"] == 0 and np.isnan(row["advantage_passed"]) and np.isnan(row["step"])
    alone = table[table["network"] == "own"].assign(network=np.nan, robust=np.nan, bits_wrong=np.nan)
    (row,) = points(alone, KEYS, 0).to_dict("records")
    assert row["n"] == 6 and np.isnan(row["robust"]) and np.isnan(row["own"]) and np.isfinite(row["training_eve"])


def test_which_figures_a_sweep_has() -> None:
    """Maps where message and key vary, an axis where one number does, nothing for what has no picture."""
    both = frames_for(sweep_rows(), KEYS, [], 0, "")
    assert set(both) == {"key_map", "key_slices"}
    one = sweep_rows(sizes=(8,))
    assert set(frames_for(one, ["game.key_bits"], [], 8, "")) == {"axis_rates"}
    varied = one.assign(**{"train.learning_rate": 0.001 * (1 + one["replica"] % 2)})
    assert set(frames_for(varied[varied["game.key_bits"] == 4], [], ["train.learning_rate"], 8, "")) == {"axis_rates"}
    assert frames_for(one.drop(columns=["bob_bits_wrong", "eve_bits_wrong"]), ["game.key_bits"], [], 8, "") == {}


def test_a_partial_map_says_what_is_missing() -> None:
    """Points that are planned and not computed are blank with a dot, and the title counts them."""
    frames = sweep("key_map")
    assert frames["points"]["n"].tolist() == [6] * 5 + [0]
    figure = FIGURES["key_map"](frames)
    words = [text.get_text() for text in figure.texts] + [figure.get_suptitle()]
    assert any("5 of 6 points" in each for each in words), words
    cells = [text.get_text() for text in figure.axes[0].texts]
    assert cells.count("4/6") == 5
    told = [text.get_text() for text in figure.axes[1].texts]
    assert "≥ 4 bits" in told and "0.75" in told


def test_the_stair_is_between_k_and_n() -> None:
    """Cells below the line are those with K < N."""
    figure = FIGURES["key_map"](sweep("key_map"))
    (stair,) = (line for line in figure.axes[0].lines if line.get_gid() == "K = N")
    assert np.asarray(stair.get_xydata()).tolist() == [[0, 1], [1, 1], [1, 2], [2, 2]]


def test_a_table_without_columns_is_refused() -> None:
    """A missing column is a sentence that names it."""
    from adversarial_crypto.errors import AcryptoError

    for name in ("key_map", "key_slices", "axis_rates"):
        frames = dict(sweep(name, **({"sizes": (4,)} if name == "axis_rates" else {})))
        frames["points"] = frames["points"].drop(columns=["passed_rate"])
        with pytest.raises(AcryptoError, match="passed_rate"):
            FIGURES[name](frames)


def test_numbers_read_back_draw_the_same() -> None:
    """The tables as CSV draw the same picture."""
    from io import StringIO

    from adversarial_crypto.figures import render

    for name in ("key_map", "key_slices"):
        frames = sweep(name)
        again = {key: pd.read_csv(StringIO(table.to_csv(index=False))) for key, table in frames.items()}
        assert render(FIGURES[name](again)) == render(FIGURES[name](frames))
