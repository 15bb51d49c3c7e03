"""The figures of a sweep: what is drawn is what its frames hold, and nothing lies on anything else."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from figure_examples import of_sweep, sweep
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.text import Text
from test_figures import part

from adversarial_crypto.figures import FIGURES
from adversarial_crypto.figures.intervals import Places
from adversarial_crypto.figures.style import COLOURS
from adversarial_crypto.lab.sweep_figures import told_at_once
from adversarial_crypto.lab.sweep_frames import frames_for
from adversarial_crypto.numerics.statistics import wilson

NAN = float("nan")
N, K, RATE = "game.message_bits", "game.key_bits", "train.learning_rate"
GRID = sweep((8, 16), (2, 4, 16))
ONE = GRID[GRID[N] == 16]


def words(figure: Figure) -> list[str]:
    """Every text of a figure that is not empty."""
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def bars(figure: Figure, gid: str) -> tuple[np.ndarray, list[list[float]]]:
    """Points of a series, (n, 2), and the ends of their intervals."""
    found = [each for axes in figure.axes for each in axes.containers if each.lines[0].get_gid() == gid]
    (container,) = [each for each in found if isinstance(each, ErrorbarContainer)]
    line, _, (segments,) = container.lines
    assert line is not None
    return np.asarray(line.get_xydata()), [segment[:, 1].tolist() for segment in segments.get_segments()]


def test_the_map_says_what_the_table_says() -> None:
    """Counts and intervals in the cells, the leak where K < N and Bob reads, dots and hatches, 5 of 6 in the title."""
    frames = of_sweep("key_map")
    figure = FIGURES["key_map"](frames)
    said = words(figure)
    low, high = wilson(2, 3)
    assert said.count("2/3") == 2 and said.count(f"{low:.2f} to {high:.2f}") == 2  # N = 8 and 16, K = 4
    assert said.count("3/3") == 1 and said.count("0/3") == 2
    assert said.count("none passed") == 2
    # N = 16, K = 4: of 16 bits 2 less r % wrong, replicas 1 and 2 passed, so 1 - 2 (0.125 - 0.015) and its ends
    assert "0.78" in said and "0.77 to 0.79" in said
    assert [text for text in said if text.startswith("≥") and text.endswith("bits")] == ["≥ 4 bits", "≥ 12 bits"]
    assert figure.get_suptitle() == "Over message and key sizes: 5 of 6 points\n3 replicas"
    for name in ("passed_rate", "advantage_passed"):
        assert part(figure, f"{name} 16 16").get_xydata().tolist() == [[1.5, 2.5]]  # the dot
    assert part(figure, "passed_rate 8 16").get_facecolor()[:3] == pytest.approx((0, 0x72 / 255, 0xB2 / 255))
    assert part(figure, "advantage_passed 8 2").get_hatch()
    assert "not computed yet" in said and "K = N (Shannon: below it no perfect secrecy)" in said


def test_the_stair_parts_short_keys_from_long_ones() -> None:
    """It runs above every cell with K < N and below every cell with K >= N, in both maps."""
    frames = frames_for(sweep((8, 16, 64), (2, 8, 16, 32), 2), [N, K], [], 16, "")["key_map"]
    figure = FIGURES["key_map"](frames)
    stairs = figure.findobj(lambda artist: artist.get_gid() == "K = N")
    assert len(stairs) == 2
    for stair in stairs:
        assert stair.get_xydata().tolist() == [[0, 1], [1, 1], [1, 2], [2, 2], [2, 4], [3, 4]]


def test_a_worse_than_guessing_eve_is_told() -> None:
    """An advantage below 0 keeps its sign in words, a tiny one is 0.00 without it, and no Eve at all is said."""
    frames = of_sweep("key_map")
    table = frames["points"].copy()
    names = ["advantage_passed", "advantage_passed_low", "advantage_passed_high"]
    table.loc[(table["message_bits"] == 8) & (table["key_bits"] == 16), names] = [-0.001, -0.25, 0.02]
    table.loc[(table["message_bits"] == 8) & (table["key_bits"] == 4), names] = NAN
    said = words(FIGURES["key_map"]({**frames, "points": table}))
    assert "0.00" in said and "−0.25 to 0.02" in said and said.count("no fresh Eves") == 1


def test_cells_hold_their_words() -> None:
    """In a map of 24 points no text leaves its cell or touches another."""
    frames = frames_for(sweep((8, 16, 32, 64), (2, 4, 8, 16, 32, 64)), [N, K], [], 16, "8 replicas")
    figure = FIGURES["key_map"](frames["key_map"])
    figure.draw_without_rendering()
    for axes in figure.axes[:2]:
        boxes = [(text, text.get_window_extent()) for text in axes.texts]
        for text, box in boxes:
            (left, bottom), (right, top) = axes.transData.inverted().transform([box.min, box.max])
            column, row = (int(value) for value in text.get_position())
            assert column < left and right < column + 1 and row < bottom and top < row + 1
        assert not any(one.overlaps(other) for i, (_, one) in enumerate(boxes) for _, other in boxes[:i])


def test_slices_show_medians_and_intervals() -> None:
    """A column a message size with its computed points; four errors and two rates, guessing at 0.5, upright at N."""
    frames = of_sweep("key_slices")
    figure = FIGURES["key_slices"](frames)
    assert [axes.get_title(loc="left") for axes in figure.axes[:2]] == ["N = 8 bits", "N = 16 bits"]
    drawn, ends_of = bars(figure, "bob 8")
    assert drawn[:, 1].tolist() == pytest.approx([0.4, 0.015, 0.01])
    assert np.ravel(ends_of).tolist() == pytest.approx([0.4, 0.4, 0.01, 0.02, 0, 0.02])
    drawn, ends_of = bars(figure, "robust_rate 8")
    assert drawn[:, 1].tolist() == [0, 0, 1] and ends_of[2] == pytest.approx(wilson(3, 3))
    assert bars(figure, "dense 16")[0][:, 1].tolist() == pytest.approx([0.0525 + 0.01, 0.11 + 0.01])
    assert len(bars(figure, "passed_rate 16")[0]) == 2
    chance = figure.findobj(lambda artist: artist.get_gid() == "chance")
    assert [set(line.get_ydata()) for line in chance] == [{0.5}, {0.5}]
    upright = figure.findobj(lambda artist: artist.get_gid() == "K = N")
    assert [line.get_xdata()[0] for line in upright] == [8, 16, 8, 16]
    assert [tick.get_text() for tick in figure.axes[2].get_xticklabels()] == ["2", "4", "16"]
    assert "5 of 6 points" in figure.get_suptitle() and figure.get_suptitle().endswith("3 replicas")


def test_measures_are_told_apart_without_colour() -> None:
    """In each panel no two series share marker and filling, or lie on one another."""
    figure = FIGURES["key_slices"](of_sweep("key_slices"))
    for axes in figure.axes:
        lines = [container.lines[0] for container in axes.containers]
        looks = {(line.get_marker(), line.get_markerfacecolor() == "white") for line in lines}
        assert len(looks) == len(lines) in (2, 4)
        firsts = sorted(line.get_xdata()[0] for line in lines)
        assert all(other > 1.1 * one for one, other in pairwise(firsts))  # beside one another
    colours = {each.lines[0].get_gid(): each.lines[0].get_color() for each in figure.axes[2].containers}
    assert colours["bob 8"] == COLOURS["bob"] and colours["own 8"] == COLOURS["eve"]


def test_rates_along_an_axis() -> None:
    """Shares with intervals and counts; a dot a replica that passed, always at the same place; the median over them."""
    figure = FIGURES["axis_rates"](of_sweep("axis_rates"))
    drawn, ends_of = bars(figure, "passed all")
    assert drawn[:, 1].tolist() == [0, 2 / 3, 1]
    assert np.ravel(ends_of).tolist() == pytest.approx([*wilson(0, 3), *wilson(2, 3), *wilson(3, 3)], abs=1e-12)
    assert [text.get_text() for text in figure.axes[0].texts] == ["0/3", "2/3", "3/3", "0/3", "0/3", "3/3"]
    places, heights = part(figure, "replicas all").get_offsets().T
    assert heights.tolist() == [2000, 3000, 1000, 2000, 3000]
    assert len(set(places)) == 5 and (abs(places[:2] - 4) < 2).all() and (abs(places[2:] - 16) < 8).all()
    medians, ends_of = bars(figure, "step all")
    assert medians == pytest.approx(np.array([[4, 2500], [16, 2000]])) and ends_of == [[2000, 3000], [1000, 3000]]
    below = figure.axes[1]
    assert below.get_xscale() == "log" and below.get_xlabel() == "key size K (bits)"
    assert [tick.get_text() for tick in below.get_xticklabels()] == ["2", "4", "16"]
    assert "step" in below.get_ylabel() and "3 of 3 points" in figure.get_suptitle()


def test_budgets_of_many_points_are_told_at_once() -> None:
    """Points whose budgets differ in numbers only stand in one line with their ends; others are looked up."""
    batches = [f"10 replicas, batch {batch}, at most 20,000 steps" for batch in ("64", "2,048", "512")]
    assert told_at_once(batches) == "10 replicas, batch 64 to 2,048, at most 20,000 steps"
    assert told_at_once(batches[:1] * 3) == batches[0]
    assert told_at_once(batches[:2] * 2) == "\n".join(batches[:2])
    assert told_at_once([*batches, "10 replicas; 2 fresh Eves"]) == "budgets differ by point: see plan.csv"


def test_a_second_key_has_a_line_each() -> None:
    """Lines by a word differ in marker and colour, in a panel a rule, and none hides another."""
    table = GRID.assign(**{"train.loss": np.where(GRID[N] == 8, "per_bit", "paper_text")})
    figure = FIGURES["axis_rates"](frames_for(table, [K, "train.loss"], [], 8, "3 replicas")["axis_rates"])
    assert [axes.get_ylabel() for axes in figure.axes] == [
        "share that passed",
        "share that is robust",
        "step of passing",
    ]
    for axes in figure.axes:
        one, other = (container.lines[0] for container in axes.containers)
        assert one.get_marker() != other.get_marker() and one.get_color() != other.get_color()
        assert not set(one.get_xdata()) & set(other.get_xdata())
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["loss paper_text", "loss per_bit", "a replica passes"]


def test_a_sweep_that_never_passes_is_drawn() -> None:
    """Without a pass and without fresh Eves there is one rule, at 0, and the other panel says so."""
    table = ONE.assign(passed=0, passed_step=NAN, robust=NAN, network=NAN, bits_wrong=NAN).drop_duplicates(
        ["point", "replica"]
    )
    figure = FIGURES["axis_rates"](frames_for(table, [K], [], 16, "3 replicas")["axis_rates"])
    assert len(figure.axes) == 2 and "no replica passed" in words(figure)
    assert [text.get_text() for text in figure.axes[0].texts] == ["0/3"] * 3


@pytest.mark.parametrize("values", [[1e-4, 2e-4, 4e-4, 8e-4, 16e-4], [1e-4, 7e-4, 8e-4, 9e-4, 0.1], [0.0, 1.0, 2.0]])
def test_counts_and_ticks_do_not_touch(values: list[float]) -> None:
    """Whatever the settings are, no two counts and no two ticks overlap; a setting of 0 stands on a linear axis."""
    template = sweep((16,), (16,), 12)
    table = pd.concat([template.assign(point=i, **{RATE: value}) for i, value in enumerate(values)])
    figure = FIGURES["axis_rates"](frames_for(table, [RATE], [], 16, "12 replicas")["axis_rates"])
    figure.draw_without_rendering()
    above, below = figure.axes
    assert below.get_xscale() == ("log" if values[0] else "linear")
    assert len(below.get_xticklabels()) == len(values)
    for texts in (below.get_xticklabels(), above.texts):
        boxes = sorted((text.get_window_extent() for text in texts), key=lambda box: box.x0)
        assert all(box.x1 < other.x0 for box, other in pairwise(boxes))


def test_places_are_moved_along_the_axis() -> None:
    """By parts of the smallest gap: on logarithms by factors, on a linear axis by differences."""
    assert Places([2, 8, 4]).beside([2, 8], 0.5) == pytest.approx([2 * 2**0.5, 8 * 2**0.5])
    assert Places([0, 3, 1]).beside([0, 3], -0.25) == pytest.approx([-0.25, 2.75])
    assert Places([5]).beside([5], 0) == pytest.approx([5])


@pytest.mark.parametrize("name", ["key_map", "key_slices", "axis_rates"])
@pytest.mark.parametrize("sizes", [((8, 64), (2, 4)), ((8, 16, 32, 64), (2, 4, 8, 16, 32, 64))])
def test_legends_and_titles_stay_on_the_page(name: str, sizes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    """Small sweeps and large ones: heading and legend are inside of the figure and beside the data."""
    table, keys = sweep(*sizes), [N, K] if name != "axis_rates" else [K]
    table = table if len(keys) == 2 else table[table[N] == 8]
    budget = "8 replicas, batch 512, at most 30,000 steps; 10 fresh Eves (own, dense) of 50,000 steps at batch 4,096"
    figure = FIGURES[name](frames_for(table, keys, [], 8, f"{budget}; {budget}")[name])
    figure.draw_without_rendering()
    heading, legend = figure._suptitle.get_window_extent(), figure.legends[0].get_window_extent()
    for box in (heading, legend):
        assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1
    for axes in figure.axes:
        tight = axes.get_tightbbox()
        assert not tight.overlaps(legend) and not tight.overlaps(heading)
