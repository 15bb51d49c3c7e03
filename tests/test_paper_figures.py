"""The figures of the paper's targets: what is drawn is what the tables hold, beside the paper's own numbers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from figure_examples import diffusion, fig2, fig3, fig4, gan, pass_rates, trade_off, watched
from matplotlib.collections import PathCollection
from test_figures import part

from adversarial_crypto.errors import AcryptoError
from adversarial_crypto.figures import FIGURES, digitised


def test_the_papers_curves_are_drawn_as_digitised() -> None:
    """Over ours lie both curves of the paper, over all of their steps; at another N than 16 there are none."""
    figure = FIGURES["fig2"](fig2())
    for player in ("bob", "eve"):
        curve = digitised.curve(f"fig2_{player}")
        line = part(figure, f"paper {player}")
        assert np.array_equal(line.get_xdata(), curve["step"]) and np.array_equal(line.get_ydata(), curve["value"])
    assert figure.axes[0].get_xlim()[1] >= digitised.curve("fig2_bob")["step"].max()
    assert not FIGURES["fig2"](fig2(bits=8)).findobj(lambda artist: artist.get_gid() == "paper bob")


def test_the_digitised_data_are_the_papers() -> None:
    """Bob stays at 8 until step 7,000 and is at 0.05 from 14,200; 14 best Eves lie in 4.67 to 6.97, mean 6.1."""
    bob = digitised.curve("fig2_bob")
    assert np.interp([1000, 6900], bob["step"], bob["value"]).round(1).tolist() == [8.0, 8.0]
    assert bob.loc[bob["step"] >= 14_200, "value"].max() <= 0.06
    eves = digitised.scatter()["eve"]
    assert (len(eves), eves.min(), eves.max()) == (14, 4.67, 6.97) and eves.mean() == pytest.approx(6.1, abs=0.05)
    with pytest.raises(AcryptoError, match="no digitised curve 'fig9'"):
        digitised.curve("fig9")


def test_points_of_the_scatter_are_sorted_by_what_became_of_them() -> None:
    """Robust, passed and other replicas are told apart, with Eve's interval; the paper's points are all there."""
    figure = FIGURES["fig3"](fig3())
    (axes,) = figure.axes
    found = {container.get_label(): container for container in axes.containers}
    assert set(found) == {"robust (1)", "passed, not robust (1)", "did not pass (1)"}
    line, _, (bars,) = found["robust (1)"]
    assert line.get_xydata().tolist() == [[0.01, 6.5]]
    assert bars.get_segments()[0][:, 1].tolist() == pytest.approx([6.4, 6.7])
    assert len(part(figure, "paper").get_xdata()) == 14
    for name, level in [("chance", 8), ("robust threshold", 6)]:
        assert set(part(figure, name).get_ydata()) == {level}
    assert set(part(figure, "bob threshold").get_xdata()) == {0.05}
    assert axes.get_title(loc="left").endswith("2 of 3 passed, 1 robust\nbest of 5 fresh Eves of 100 steps")


def test_rates_have_their_intervals_and_counts() -> None:
    """Each of ours is a point with its interval and k/n; the paper's share stands alone; settings are named."""
    figure = FIGURES["pass_rates"](pass_rates())
    (axes,) = figure.axes
    found = {container.get_label(): container for container in axes.containers}
    line, _, (bars,) = found["passed, ours"]
    assert line.get_ydata().tolist() == [0.375, 0.75]
    assert [segment[:, 1].tolist() for segment in bars.get_segments()] == [[0.14, 0.69], [0.41, 0.93]]
    share, _, (bars,) = found["robust, the paper"]
    assert share.get_ydata().tolist() == [1 / 3] and share.get_markerfacecolor() == "white"
    assert [len(segment) for segment in bars.get_segments()] == [0]
    assert {text.get_text() for text in axes.texts} == {"3/8", "6/8", "2/8"}
    assert [label.get_text() for label in axes.get_xticklabels()] == ["batch 256", "batch 512"]
    assert axes.get_title(loc="left") == "8 replicas"


def test_rates_that_nobody_named_are_refused() -> None:
    """A rule that the figure does not know is a sentence, and not a row left out of the picture."""
    rates = pass_rates()["rates"].assign(rule="exact")
    with pytest.raises(AcryptoError, match=r"knows no rule 'exact' of source 'ours'\.$"):
        FIGURES["pass_rates"]({"rates": rates})


def test_a_dozen_long_names_do_not_touch() -> None:
    """Twelve settings with long names, and the counts at their points, lie side by side without an overlap."""
    names = [f"maximise_eve mix_transform xavier {i}" for i in range(12)]
    columns = {"k": 10, "n": 20, "low": 0.3, "high": 0.7, "rate": 0.5, "source": "ours", "budget": "20 replicas"}
    rows = [{"order": i, "setting": names[i], "rule": rule} for i in range(12) for rule in ("passed", "robust")]
    figure = FIGURES["pass_rates"]({"rates": pd.DataFrame(rows).assign(**columns)})
    figure.draw_without_rendering()
    (axes,) = figure.axes
    for texts in (axes.get_xticklabels(), axes.texts):
        boxes = sorted((text.get_window_extent() for text in texts), key=lambda box: box.x0)
        assert all(box.x1 < other.x0 for box, other in pairwise(boxes))


def test_the_diffusion_is_a_median_over_replicas() -> None:
    """The thick line is the median over replicas at each amount, the bars that of each bit; the title says of whom."""
    figure = FIGURES["diffusion"](diffusion())
    assert part(figure, "key median").get_ydata().tolist() == [10.0, 5.0, 0.0]
    assert part(figure, "key bits").get_ydata().tolist() == [5.0, 6.0, 7.0, 8.0]
    assert part(figure, "key replicas by bit").get_ydata().tolist() == [4.0, 5.0, 6.0, 7.0, 6.0, 7.0, 8.0, 9.0]
    assert "2 replicas that passed" in figure.get_suptitle()
    assert "none passed" in FIGURES["diffusion"](diffusion("all")).get_suptitle()


def test_the_diffusion_stands_beside_the_pad_and_the_paper() -> None:
    """In both panels one element, as a one-time pad has it, and the paper's 3 to 6 of 16, which another N has not."""
    frames = diffusion()
    figure = FIGURES["diffusion"](frames)
    pads, bands = (figure.findobj(lambda artist, name=name: artist.get_gid() == name) for name in ("pad", "paper"))
    assert [set(line.get_ydata()) for line in pads] == [{1}, {1}]
    assert [(band.get_y(), band.get_y() + band.get_height()) for band in bands] == [(3, 6), (3, 6)]
    other = FIGURES["diffusion"]({**frames, "settings": frames["settings"].assign(message_bits=8)})
    assert not other.findobj(lambda artist: artist.get_gid() == "paper")


def test_selective_protection_over_the_papers_curves() -> None:
    """Errors above, Eve less blind Eve below; the paper's three curves, both floors, and the fresh Eves at the end."""
    fresh = pd.DataFrame(
        [(r, n, 1, 0.01, 0.008, 0.012) for r in range(3) for n in ("own", "real_dense")],
        columns=["replica", "network", "best", "gain", "gain_low", "gain_high"],
    )
    figure = FIGURES["fig4"]({**fig4(), "fresh": fresh})
    above, above_paper, below, below_paper = figure.axes
    for name, height in [("bob floor", 0.1393), ("public floor", 0.1697), ("chance", 0.19), ("blind", 0.0)]:
        lines = figure.findobj(lambda artist, name=name: artist.get_gid() == name)
        assert {line.axes for line in lines} == ({below, below_paper} if name == "blind" else {above, above_paper})
        assert all(set(line.get_ydata()) == {height} for line in lines)
    for who, name in [("bob", "bobD"), ("public", "public"), ("eve", "eveC")]:
        assert np.array_equal(part(figure, f"paper {who}").get_ydata(), digitised.curve(f"fig4_{name}")["value"])
    medians = part(figure, "eve median").get_ydata()
    assert medians[0] == pytest.approx(-0.1 * 0.19) and part(figure, "bob median").axes is above
    marks = [container.lines[0] for container in below.containers]
    assert len(marks) == 2 and all(set(mark.get_ydata()) == {-0.01 * 0.19} for mark in marks)


def test_the_trade_off_is_drawn_by_weight() -> None:
    """A mark a replica at its weight, filled where it passed; gains in per cent; the limits across."""
    figure = FIGURES["trade_off"](trade_off())
    filled, hollow = part(figure, "gain passed"), part(figure, "gain failed")
    assert isinstance(filled, PathCollection) and isinstance(hollow, PathCollection)
    assert [height for _, height in filled.get_offsets()] == pytest.approx([50, 5])
    assert [height for _, height in hollow.get_offsets()] == pytest.approx([50, 5, 0.5, 0.5])
    weights = sorted({round(float(place)) for marks in (filled, hollow) for place, _ in marks.get_offsets()})
    assert weights == [1, 10, 97, 103]  # beside one another
    limits = [part(figure, f"{name} limit").get_ydata()[0] for name in ("bob_ratio", "public_ratio", "gain")]
    assert limits == [1.05, 1.05, 2.0]


def test_discriminators_over_the_exact_answer() -> None:
    """Each setting has its exact answer, the median of its replicas, and how many passed."""
    figure = FIGURES["gan"](gan())
    assert set(part(figure, "trained").get_ydata()) == {0.5}
    exact = part(figure, "fixed").get_ydata()
    np.testing.assert_allclose(part(figure, "fixed median").get_ydata(), exact + 0.005)
    assert all(axes.get_title(loc="left").endswith("1 of 2 replicas passed") for axes in figure.axes[:2])


def test_any_measures_can_be_watched() -> None:
    """A panel a measure with its guess, in the unit it has."""
    figure = FIGURES["watched"](watched())
    assert [axes.get_ylabel() for axes in figure.axes] == ["Bob\n(bits wrong)", "Eve\n(bits wrong)"]
    assert set(part(figure, "bob_bits_wrong guess").get_ydata()) == {8.0}
