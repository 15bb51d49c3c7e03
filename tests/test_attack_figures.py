"""The figures of the attacks: what is drawn is what the tables hold, what is not measured is said and never drawn."""

from __future__ import annotations

from functools import cache
from itertools import combinations

import attack_frames
import numpy as np
import pandas as pd
import pytest
from attack_frames import ATTACK_EXAMPLES
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.text import Text

from adversarial_crypto.errors import AcryptoError
from adversarial_crypto.figures import FIGURES, Frames, avalanche, board, ladder, precision
from adversarial_crypto.figures.style import COLOURS
from adversarial_crypto.numerics.statistics import median_interval

NAMES = tuple(ATTACK_EXAMPLES)
LONG = "runs/experiments/symmetric-16-bits-0f3a9c1d22, sent as 8 bits an element, noise 0.01"
VALUES = {"value", "low", "high", "bits_flipped", "flips", "outcome"}


def words(figure: Figure) -> list[str]:
    """Every text of a figure that is not empty."""
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def parts(figure: Figure, gid: str) -> list:
    """The artists that the figure drew under that name."""
    return figure.findobj(lambda artist: artist.get_gid() == gid)


def bars(figure: Figure, gid: str) -> tuple[np.ndarray, np.ndarray]:
    """Points of a series, (n, 2), and its intervals, (n, 2)."""
    found = [each for axes in figure.axes for each in axes.containers if each.lines[0].get_gid() == gid]
    (container,) = [each for each in found if isinstance(each, ErrorbarContainer)]
    line, _, (segments,) = container.lines
    return np.asarray(line.get_xydata()), np.array([segment[:, 1] for segment in segments.get_segments()])


def beyond(axes: Axes) -> list[Text]:
    """The labels of ticks outside of the limits: matplotlib keeps them and does not draw them."""
    found = []
    for axis, (first, last) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        low, high = min(first, last), max(first, last)
        ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
        found += [label for tick in ticks if not low <= tick.get_loc() <= high for label in (tick.label1, tick.label2)]
    return found


def damaged(frames: Frames, share: float) -> dict[str, pd.DataFrame]:
    """The frames with that share of their values unknown, and as many rows gone."""
    random, broken = np.random.default_rng(7), dict(frames)
    for name, table in frames.items():
        if columns := sorted(VALUES & set(table.columns)):
            lost = random.random(len(table)) < share
            dropped = (random.random(len(table)) < share) & (share < 1)
            broken[name] = table.assign(**{column: table[column].mask(lost) for column in columns})[~dropped]
    return broken


def called(frames: Frames, target: str) -> dict[str, pd.DataFrame]:
    """The frames about a target of that name."""
    return {name: table.replace("trained", target) for name, table in frames.items()}


@cache
def drawn(name: str, replicas: int = 3, lost: float = 0.0, target: str = "trained") -> Figure:
    """A figure of the examples, drawn once for all tests that only look at it."""
    frames = called(ATTACK_EXAMPLES[name](replicas), target)
    return FIGURES[name](damaged(frames, lost) if lost else frames)


@pytest.mark.parametrize(
    ("name", "table", "column"),
    [
        ("precision", "points", "measure"),
        ("precision", "points", "role"),
        ("board", "cells", "outcome"),
        ("board", "cells", "scope"),
        ("board", "cells", "expected"),
        ("reuse", "points", "role"),
        ("avalanche", "flips", "word"),
    ],
)
def test_unknown_words_are_refused(name: str, table: str, column: str) -> None:
    """A word that the figure does not know is named, with those that it does."""
    frames = ATTACK_EXAMPLES[name]()
    strange = frames[table].assign(**{column: ["strange", *frames[table][column].iloc[1:]]})
    with pytest.raises(AcryptoError, match=rf"figure {name} knows no {column} 'strange'; there are "):
        FIGURES[name]({**frames, table: strange})


@pytest.mark.parametrize("name", ["precision", "reuse"])
def test_a_cipher_has_one_role(name: str) -> None:
    """A control that is called like the target is refused and named, for its values would be taken for the target's."""
    frames = ATTACK_EXAMPLES[name]()
    with pytest.raises(AcryptoError, match="one_time_pad is target and control"):
        FIGURES[name](called(frames, "one_time_pad"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("replicas", "lost", "target"),
    [(1, 0.0, "trained"), (8, 0.1, LONG), (40, 0.0, "trained"), (1, 1.0, "trained")],
    ids=["one", "damaged", "many", "empty"],
)
def test_nothing_lies_on_anything_else(name: str, replicas: int, lost: float, target: str) -> None:
    """One replica or many, a long name, tables damaged or empty: every text is on the page and on no other."""
    figure = drawn(name, replicas, lost, target)
    figure.draw_without_rendering()
    heading = figure._suptitle.get_window_extent()
    boxes = [legend.get_window_extent() for legend in figure.legends]
    for axes in figure.axes:
        tight = axes.get_tightbbox()
        assert not any(tight.overlaps(box) for box in (heading, *boxes))
    outside = {label for axes in figure.axes for label in beyond(axes)}
    texts = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
    texts = [text for text in texts if text not in outside]
    extents = [text.get_window_extent() for text in texts]
    page = figure.bbox.padded(1.5)
    for text, box in zip(texts, extents, strict=True):
        assert page.contains(box.x0, box.y0) and page.contains(box.x1, box.y1), text.get_text()
    for (one, box), (other, second) in combinations(zip(texts, extents, strict=True), 2):
        assert not box.padded(-0.5).overlaps(second.padded(-0.5)), (one.get_text(), other.get_text())


@pytest.mark.parametrize("name", NAMES)
def test_what_was_not_measured_is_said(name: str) -> None:
    """With no value at all every figure says so, and draws none; with all of them it says nothing of the kind."""
    said = " ".join(words(drawn(name, 1, 1.0))).lower()
    assert "not measured" in said or "not run" in said
    if name not in ("reuse", "board"):  # there the regression without pairs, and one cell, are missing on purpose
        assert "not measured" not in " ".join(words(drawn(name))).lower()


def test_precision_shows_medians_bands_and_replicas() -> None:
    """Each panel has the median with its interval at every number of bits, a band between, and a line a replica."""
    frames = attack_frames.precision(7)
    figure, points = precision.draw(frames), frames["points"]
    rows = points[(points["cipher"] == "trained") & (points["measure"] == "messages_found")]
    cut = rows[rows["bits"] < 32].groupby("bits")["value"].apply(lambda values: median_interval(values.tolist()))
    medians, ends = bars(figure, "messages_found trained")
    np.testing.assert_allclose(medians[:, 1], [middle for middle, _, _ in cut])
    np.testing.assert_allclose(ends, [(low, high) for _, low, high in cut], atol=1e-12)
    (band,) = parts(figure, "messages_found trained band")
    heights = band.get_paths()[0].vertices
    for x, (low, high) in zip(medians[:, 0], ends, strict=True):
        edge = heights[np.isclose(heights[:, 0], x), 1]
        assert (edge.min(), edge.max()) == pytest.approx((low, high), abs=1e-12)
    lines = [line for line in parts(figure, "messages_found trained replicas") if len(line.get_xdata()) > 1]
    assert len(lines) == 7 and all(line.get_alpha() < 0.5 for line in lines)
    assert "Medians over 7 replicas (faint: each); bars: 95 % intervals" in figure.get_suptitle()
    alone = rows[(rows["replica"] == 2) & (rows["bits"] < 32)]["value"]
    np.testing.assert_allclose(lines[2].get_ydata(), alone)


def test_float32_stands_apart() -> None:
    """All of float32 is the last tick, further off than the next number of bits, joined to it by no line."""
    figure = drawn("precision")
    below = figure.axes[-1]
    ticks = dict(zip([tick.get_text() for tick in below.get_xticklabels()], below.get_xticks(), strict=True))
    assert list(ticks) == [*(str(bits) for bits in range(1, 13)), "float32"]
    assert ticks["float32"] - ticks["12"] > 1.5
    joined, _ = bars(figure, "advantage trained")
    alone, _ = bars(figure, "advantage trained float32")
    assert len(joined) == 12 and joined[:, 0].max() < 12.5
    assert alone[:, 0] == pytest.approx(ticks["float32"], abs=0.3) and len(alone) == 1


def test_precision_of_one_replica_has_its_own_interval() -> None:
    """One replica is drawn with its own limits and without faint lines; a limit that is unknown is no limit of 0."""
    frames = attack_frames.precision(1)
    points = frames["points"].copy()
    first = (points["cipher"] == "trained") & (points["measure"] == "messages_found") & (points["bits"] == 8)
    points.loc[first, ["value", "low", "high"]] = [0.7, 0.55, 0.82]
    points.loc[(points["cipher"] == "one_bit_key") & (points["bits"] == 3), ["low", "high"]] = np.nan
    figure = precision.draw({**frames, "points": points})
    assert bars(figure, "messages_found trained")[1][7] == pytest.approx((0.55, 0.82))
    assert bars(figure, "messages_found one_bit_key")[1][2] == pytest.approx((0.5, 0.5))
    assert parts(figure, "messages_found trained replicas") == []
    assert "Bars: the interval of each value" in figure.get_suptitle()


def test_bob_is_blue_and_guessing_has_its_level() -> None:
    """Eve's panels show the target in her colour, Bob's in his; guessing is at 2^-N, 0 and N/2."""
    figure = drawn("precision")
    colours = {each.lines[0].get_gid(): each.lines[0].get_color() for axes in figure.axes for each in axes.containers}
    assert colours["messages_found trained"] == colours["advantage trained"] == COLOURS["eve"]
    assert colours["bob_bits_flipped trained"] == COLOURS["bob"]
    assert [line.get_ydata()[0] for line in parts(figure, "chance")] == [2.0**-16, 0, 8]
    assert "of 16" in figure.axes[2].get_ylabel()


def test_precision_says_which_values_are_missing() -> None:
    """A cipher that was not asked, a number of bits and single replicas without value are told, and are no zeros."""
    frames = attack_frames.precision(4)
    points = frames["points"].copy()
    points.loc[(points["cipher"] == "trained") & points["bits"].isin([9, 32]) & (points["measure"] == "advantage"),
               "value"] = np.nan  # fmt: skip
    points.loc[(points["replica"] == 3) & (points["bits"] == 2), "value"] = np.nan
    points = points[(points["cipher"] != "one_bit_key") | (points["measure"] != "messages_found")]
    figure = precision.draw({**frames, "points": points})
    line = next(line for line in figure.get_suptitle().replace("\n", " ").split("Not measured: ")[1:])
    assert "decrypted without the key (one_bit_key)" in line
    assert "advantage at 9, float32 (trained)" in line
    assert "3 values of single replicas" in line
    assert "Medians over 4 replicas (faint: each); bars: their range" in figure.get_suptitle()
    assert len(bars(figure, "advantage trained")[0]) == 11
    assert (bars(figure, "advantage trained")[0][-3:, 1] == 1).all()


@pytest.mark.parametrize("name", ["precision", "reuse", "ladder"])
def test_series_differ_without_colour(name: str) -> None:
    """In each panel no two series share mark, filling and line."""
    for axes in drawn(name).axes:
        lines = {each.get_label(): each.lines[0] for each in axes.containers}
        looks = {
            (line.get_marker(), line.get_markerfacecolor() == "white", line.get_linestyle()) for line in lines.values()
        }
        assert len(looks) == len(lines) > 1


def sign(figure: Figure, gid: str) -> str:
    """What is written in that cell of the board."""
    return " | ".join(text.get_text() for text in parts(figure, gid) if isinstance(text, Text))


def test_cells_show_the_outcomes() -> None:
    """Every cell has the sign and colour of its outcome, under its replica or control and beside its attack."""
    frames = attack_frames.board(8)
    figure = board.draw(frames)
    for row in frames["cells"].itertuples():
        label = f"replica {row.replica}" if row.role == "target" else row.column
        patch, text = parts(figure, f"{row.attack} {row.scope} {label}")
        assert text.get_text() == board.MARKS[row.outcome].sign
        assert to_hex(patch.get_facecolor()) == to_hex(board.MARKS[row.outcome].paper)
        labels = {tick.get_text(): tick.get_position()[0] for tick in figure.axes[0].get_xticklabels()}
        assert patch.get_x() + patch.get_width() / 2 == labels[label]
    assert sign(figure, f"support one_time {attack_frames.CONTROLS[-1]}") == "•"
    assert len({mark.sign for mark in board.MARKS.values()}) == len(board.MARKS)


def test_rows_go_by_scope() -> None:
    """Scopes stand in their order whatever the table's is, each named over its attacks; an attack may have two."""
    frames = attack_frames.board(2)
    figure = board.draw({**frames, "cells": frames["cells"].iloc[::-1]})
    labels = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    heads = [labels.index(name) for name in board.SCOPES.values()]
    assert heads == sorted(heads) and heads[0] == 0
    assert labels[heads[1] : heads[2]] == [board.SCOPES["known_pair"], "key_search"]
    assert labels.count("key_search") == 2


def test_controls_stand_apart() -> None:
    """The controls come after the replicas of the target, in the table's order, with a gap; both have their heading."""
    figure = drawn("board")
    axes = figure.axes[0]
    labels = [tick.get_text() for tick in axes.get_xticklabels()]
    assert labels == ["replica 0", "replica 1", "replica 2", *attack_frames.CONTROLS]
    assert np.diff(axes.get_xticks()).tolist() == [1, 1, 2, 1, 1, 1]
    for role, left in (("target", 0), ("control", 4)):
        (head,) = parts(figure, f"{role} columns")
        assert head.get_position()[0] == left and head.get_position()[1] < 0  # over the rows, the first of which is 0


def test_only_surprises_are_framed() -> None:
    """A control that came out otherwise than expected has a frame; a proof where a break was expected has none."""
    figure = drawn("board")
    framed = figure.findobj(lambda artist: str(artist.get_gid()).startswith("unexpected"))
    assert [artist.get_gid() for artist in framed] == ["unexpected fresh_eves one_time one_bit_key"]
    assert "a control, not as expected" in words(figure)


def test_many_replicas_share_a_column() -> None:
    """More than 24 replicas are one column that counts each outcome, and those that were not run."""
    frames = attack_frames.board(50)
    cells = frames["cells"][frames["cells"]["attack"].isin(["key_use", "support", "linear"])]
    figure = board.draw({**frames, "cells": cells[(cells["attack"] != "support") | (cells["replica"] != 0)]})
    assert sign(figure, "key_use one_time 50 replicas") == "✗ 50"
    assert sign(figure, "linear one_time 50 replicas") == "✗ 10 | ≠ 10 | ○ 10 | ? 10 | – 10"
    assert sign(figure, "support one_time 50 replicas") == "✗ 10 | ≠ 10 | ○ 9 | ? 10 | – 10 | • 1"
    assert "replica 0" not in words(figure)
    few = board.draw({**frames, "cells": cells[(cells["attack"] == "key_use") & (cells["replica"] < 24)]})
    assert "replica 23" in words(few)


def test_a_cell_has_one_row() -> None:
    """Two rows of one cell are refused, and the cell is named."""
    frames = attack_frames.board()
    twice = pd.concat([frames["cells"], frames["cells"].iloc[[0]]])
    with pytest.raises(AcryptoError, match=r"one cell for key_use \(one_time\) on trained, replica 0"):
        board.draw({**frames, "cells": twice})


def test_the_board_is_headed_by_its_sentence() -> None:
    """Target, tier, overall word and sentence are the heading."""
    said = drawn("board").get_suptitle()
    assert said.splitlines()[0] == "trained, tier standard: refuted" and "the third is not broken" in said


def test_the_ladder_goes_by_arithmetic() -> None:
    """Each attacker's median stands at its multiply-adds with its interval, and a dot a replica close by."""
    figure = drawn("ladder", 9)
    for step, (name, operations) in enumerate(attack_frames.RUNGS.items()):
        values = [7.0 - step + r / 10 for r in range(9)]
        middle, low, high = median_interval(values)
        medians, ends = bars(figure, f"{name} target")
        assert medians.tolist() == [pytest.approx([operations, middle])] and ends[0] == pytest.approx((low, high))
        (dots,) = parts(figure, f"{name} replicas")
        x, heights = np.asarray(dots.get_offsets()).T
        assert heights.tolist() == pytest.approx(values)
        assert len(set(x)) == 9 and (abs(np.log10(x / operations)) < 0.1).all()
    left, right = figure.axes
    assert left.get_xscale() == "log" and left.get_ylim() == right.get_ylim()
    (chance,) = parts(figure, "chance")
    assert set(chance.get_ydata()) == {8} and "guessing: 8" in words(figure)


def test_doses_stand_beside_their_exact_answer() -> None:
    """For each q the exact bits flipped are a bar over the measured points, which keep their attackers' marks."""
    figure = drawn("ladder")
    (exact,) = parts(figure, "exact")
    ends = np.asarray(exact.get_xydata()).reshape(5, 3, 2)
    assert ends[:, :2, 1].tolist() == [[pytest.approx(16 * q)] * 2 for q in (0.25, 0.4, 0.45, 0.48, 0.49)]
    for name, over in (("paper's Eve", 0.02), ("dense 2x256", 0.0)):
        medians, _ = bars(figure, f"{name} doses")
        assert (medians[:, 1] - ends[:, 0, 1]).tolist() == pytest.approx([over] * 5)
        assert (ends[:, 0, 0] < medians[:, 0]).all() and (medians[:, 0] < ends[:, 1, 0]).all()
    marks = {each.lines[0].get_gid(): each.lines[0].get_marker() for axes in figure.axes for each in axes.containers}
    assert marks["dense 2x256 doses"] == marks["dense 2x256 target"] != marks["paper's Eve doses"]


def test_the_ladder_says_what_is_missing() -> None:
    """An attacker without operations or values, replicas that it has none of, and doses without one are told."""
    frames = attack_frames.ladder(4)
    attackers, doses = frames["attackers"].copy(), frames["doses"].copy()
    attackers["operations"] = attackers["operations"].astype(float)
    attackers.loc[attackers["attacker"] == "attention", "operations"] = np.nan
    attackers.loc[attackers["attacker"] == "residual 4x256", "bits_flipped"] = np.nan
    attackers = attackers[(attackers["attacker"] != "dense 2x256") | (attackers["replica"] != 2)]
    doses.loc[doses["q"] == 0.48, "bits_flipped"] = np.nan
    doses = doses[(doses["attacker"] != "dense 2x256") | (doses["q"] != 0.25)]
    figure = ladder.draw({**frames, "attackers": attackers, "doses": doses})
    said = figure.get_suptitle().replace("\n", " ")
    for part in ("attention's operations", "; residual 4x256;", "dense 2x256 on 1 of 4 replicas", "Eve at q = 0.48;"):
        assert part in said
    assert "dense 2x256 at q = 0.25, 0.48" in said
    assert len(bars(figure, "dense 2x256 doses")[0]) == 3
    (line,) = parts(figure, "ladder")
    assert len(line.get_xdata()) == 2


def test_reuse_goes_by_known_pairs() -> None:
    """Evenly spaced numbers of pairs; medians of the target, the pad at 0 from one pair on, the others at guessing."""
    figure = drawn("reuse")
    (axes,) = figure.axes
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0", "1", "2", "4", "8", "16", "32", "64"]
    medians, ends = bars(figure, "trained, deep sets")
    assert medians[:, 1].tolist() == pytest.approx([8 - step * 2 / 10 for step in range(8)])
    assert (abs(medians[:, 0] - np.arange(8)) < 0.5).all()
    assert ends[4] == pytest.approx((8 - 1.2, 8 - 0.4))  # three replicas: their range
    ridge, _ = bars(figure, "trained, ridge")
    assert ridge[:, 1].tolist() == pytest.approx([8 - step * 3 / 10 for step in range(1, 8)])
    assert bars(figure, "one_time_pad, deep sets")[0][:, 1].tolist() == [8, *[0] * 7]
    assert set(bars(figure, "aes_ctr, ridge")[0][:, 1]) == {8}
    assert len(parts(figure, "trained, ridge replicas")) == 3
    assert "Not measured: ridge at m = 0\n" in figure.get_suptitle()
    (chance,) = parts(figure, "chance")
    assert set(chance.get_ydata()) == {8}


def test_ciphers_have_colours_and_attackers_lines() -> None:
    """The target has Eve's colour; a cipher keeps mark and colour for both attackers, an attacker line and filling."""
    (axes,) = drawn("reuse").axes
    lines = {each.get_label(): each.lines[0] for each in axes.containers}
    assert lines["trained, ridge"].get_color() == lines["trained, deep sets"].get_color() == COLOURS["eve"]
    ciphers = {name.split(", ")[0] for name in lines}
    assert len({lines[f"{cipher}, ridge"].get_marker() for cipher in ciphers}) == len(ciphers) == 4
    for cipher in ciphers:
        one, other = lines[f"{cipher}, deep sets"], lines[f"{cipher}, ridge"]
        assert one.get_marker() == other.get_marker()
        assert (one.get_linestyle(), other.get_linestyle()) == ("-", "--")
        assert one.get_markerfacecolor() != "white" and other.get_markerfacecolor() == "white"


def matrix(figure: Figure, gid: str) -> np.ma.MaskedArray:
    """The flip probabilities of one image."""
    (image,) = parts(figure, gid)
    return image.get_array()


def test_the_median_replica_is_shown() -> None:
    """Of five replicas the one in the middle of their means, whatever their order; its bits are the rows."""
    frames = attack_frames.avalanche(5, 8, 4)
    table = frames["flips"].copy()
    swap = {0: 2, 2: 0, 1: 1, 3: 3, 4: 4}
    table["replica"] = table["replica"].where(table["role"] == "control", table["replica"].map(swap))
    one = (table["role"] == "target") & (table["replica"] == 0) & (table["bit"] == 1) & (table["element"] == 6)
    table.loc[one & (table["word"] == "key"), "flips"] = 0.25
    figure = avalanche.draw({**frames, "flips": table.sample(frac=1, random_state=1)})
    message, key = matrix(figure, "trained message"), matrix(figure, "trained key")
    assert message.shape == (8, 8) and key.shape == (4, 8)
    assert key[1, 6] == 0.25 and key[6 % 4, 1] == pytest.approx(3 / 7) and message[5, 5] == 1
    assert "replica 0, of 5" in figure.get_suptitle()
    assert f"a message bit flips {(8 + 56 * 3 / 7) / 8:.2f} of 8" in words(figure)


def test_the_pad_stands_beside_it() -> None:
    """The one-time pad's matrices flip one sign a bit, on the same scale from 0 to 1, white at one half."""
    figure = drawn("avalanche")
    for word in ("message", "key"):
        np.testing.assert_array_equal(matrix(figure, f"one_time_pad {word}"), np.eye(16))
        for cipher in ("trained", "one_time_pad"):
            (image,) = parts(figure, f"{cipher} {word}")
            assert image.get_clim() == (0, 1)
            assert to_hex(image.cmap(image.norm(0.0))) == COLOURS["bob"].lower()
            assert to_hex(image.cmap(image.norm(1.0))) == COLOURS["eve"].lower()
            assert np.allclose(image.cmap(image.norm(0.5))[:3], 1, atol=0.01)
    assert words(figure).count("one_time_pad\na key bit flips 1.00 of 16") == 1


def test_often_flipped_cells_have_a_dot() -> None:
    """Cells from 0.75 on are dotted, for in grey never and always would be the same; nobody else is."""
    frames = attack_frames.avalanche(1, 4, 4)
    table = frames["flips"].copy()
    here = (table["cipher"] == "trained") & (table["word"] == "key") & (table["element"] == 3)
    table.loc[here, "flips"] = [0.74, 0.75, 0.9, 0.2]
    figure = avalanche.draw({**frames, "flips": table})
    dots = parts(figure, "often key")[0].get_offsets()
    assert sorted(map(tuple, np.asarray(dots).tolist())) == [(0, 0), (1, 1), (2, 2), (3, 1), (3, 2)]


def test_unknown_cells_are_hatched() -> None:
    """A cell without value or row is masked over a hatch, and stays out of the mean; a full matrix has no hatch."""
    frames = attack_frames.avalanche(1, 4, 4)
    table = frames["flips"].copy()
    target = (table["cipher"] == "trained") & (table["word"] == "message")
    table.loc[target & (table["bit"] == 0) & (table["element"] == 1), "flips"] = np.nan
    table = table[~(target & (table["bit"] == 2) & (table["element"] == 3))]
    figure = avalanche.draw({**frames, "flips": table})
    masked = np.ma.getmaskarray(np.ma.masked_invalid(matrix(figure, "trained message")))
    assert np.argwhere(masked).tolist() == [[0, 1], [2, 3]]
    assert len(parts(figure, "not measured")) == 1 and "Hatched: not measured" in figure.get_suptitle()
    assert f"a message bit flips {(4 + 10 / 3) / 14 * 4:.2f} of 4" in words(figure)


def test_no_target_is_refused() -> None:
    """Without a row of a target there is nothing to show beside the controls."""
    frames = attack_frames.avalanche()
    with pytest.raises(AcryptoError, match="no rows of a target"):
        avalanche.draw({**frames, "flips": frames["flips"].query("role == 'control'")})
