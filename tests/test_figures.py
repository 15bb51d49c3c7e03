"""Figures: what is drawn is what the table holds, the bytes are the same every time, and wrong tables are refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from io import BytesIO, StringIO

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from figure_examples import EXAMPLES, SETTINGS, curves_of, metrics
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from PIL import Image

from adversarial_crypto.errors import AcryptoError
from adversarial_crypto.figures import FIGURES, render, training_curves


def curves(table: pd.DataFrame) -> Figure:
    """The training curves of a metrics.csv."""
    return FIGURES["training_curves"](curves_of(table))


def part(figure: Figure, name: str) -> Artist:
    """The one artist that the figure drew under that name."""
    (artist,) = figure.findobj(lambda artist: artist.get_gid() == name)
    return artist


@cache
def rendered(name: str) -> Mapping[str, bytes]:
    """The files of a small drawing of any figure of the room, for the tests that only look at them."""
    return render(FIGURES[name](EXAMPLES[name]()))


@pytest.mark.parametrize(("player", "column"), [("bob", "bob_bits_wrong"), ("eve", "eve_bits_wrong")])
def test_lines_are_medians_and_bands_are_deciles(player: str, column: str) -> None:
    """The thick line is the median over replicas at each record, the band runs from the 10 % to the 90 % quantile."""
    table = metrics()
    figure = curves(table.sample(frac=1, random_state=0))
    by_step = table.groupby("step")[column]
    np.testing.assert_allclose(part(figure, f"{player} median").get_xydata(), by_step.median().reset_index())
    corners = part(figure, f"{player} band").get_paths()[0].vertices
    for step, values in by_step:
        heights = corners[corners[:, 0] == step, 1]
        assert (heights.min(), heights.max()) == pytest.approx(tuple(values.quantile([0.1, 0.9])))


def test_every_replica_is_drawn_faintly() -> None:
    """Each replica has its own line through its own records, fainter and thinner than the median."""
    table = metrics()
    figure = curves(table)
    faint, median = part(figure, "bob replicas"), part(figure, "bob median")
    assert len(faint.get_segments()) == 5
    for replica, segment in enumerate(faint.get_segments()):
        np.testing.assert_allclose(segment, table.loc[table.replica == replica, ["step", "bob_bits_wrong"]])
    assert faint.get_alpha() < 0.5
    assert faint.get_linewidths()[0] < median.get_linewidth()


def test_chance_thresholds_and_passes() -> None:
    """Guessing stands at N/2, the thresholds where the run had them, and a mark at each replica's first pass."""
    figure = curves(metrics())
    for name, level in [("chance", 8), ("eve threshold", 7.3), ("bob threshold", 0.05)]:
        assert set(part(figure, name).get_ydata()) == {level}
    np.testing.assert_allclose(part(figure, "passed").get_xydata(), [[1000, 0]] * 5)
    words = [text.get_text() for text in figure.findobj(mpl.text.Text)]
    assert {"guessing: 8", "Eve passes at ≥ 7.3", "Bob passes at ≤ 0.05"} <= set(words)


def test_title_and_axes_say_what_is_drawn() -> None:
    """The title states N, batch and replicas with how they fared, and the axes their quantity with its unit."""
    table = metrics()
    table.loc[(table.replica == 4) & (table.step >= 600), ["diverged", "passed"]] = [1, 0]
    (axes,) = curves(table).axes
    assert axes.get_title(loc="left").strip() == "N = 16 bits, batch 512, 5 replicas: 4 passed, 1 diverged"
    assert "bits wrong, of 16" in axes.get_ylabel()
    assert "step" in axes.get_xlabel()


def test_diverged_replica_leaves_the_median() -> None:
    """From the record at which a replica has diverged, NaN or not, the median is that of the others."""
    table = metrics()
    gone = (table.replica == 4) & (table.step >= 600)
    table.loc[gone, "diverged"] = 1
    table.loc[gone, ["bob_bits_wrong", "eve_bits_wrong"]] = [np.nan, 1e9]
    expected = table[~gone].groupby("step").eve_bits_wrong.median()
    figure = curves(table)
    np.testing.assert_allclose(part(figure, "eve median").get_xydata(), expected.reset_index())
    assert figure.axes[0].get_ylim()[1] < 10


def test_median_ends_with_the_first_replica() -> None:
    """Where a replica's records end before the others', median and band end too: no median of the slow ones."""
    table = metrics()
    figure = curves(table[(table.replica != 0) | (table.step <= 400)])
    assert part(figure, "bob median").get_xdata().max() == 400
    assert part(figure, "bob replicas").get_segments()[1][-1, 0] == 1000


def test_one_record_is_visible() -> None:
    """A run stopped after its first record shows a point for each player."""
    figure = curves(metrics().query("step == 0"))
    assert part(figure, "bob median").get_marker() == "o"
    np.testing.assert_allclose(part(figure, "bob median").get_xydata(), [[0, 8.2]])


@pytest.mark.parametrize("name", FIGURES)
def test_redrawn_from_its_csv(name: str) -> None:
    """The tables, written to CSV and read again, give the same PNG and PDF bytes, without dates, under any settings.

    Settings are the user's of matplotlib; a word that is empty comes back from CSV as a missing value.
    """
    first = rendered(name)
    again = {key: pd.read_csv(StringIO(table.to_csv(index=False))) for key, table in EXAMPLES[name]().items()}
    with mpl.rc_context({"lines.linewidth": 9, "font.size": 20, "savefig.dpi": 30, "axes.facecolor": "black"}):
        assert render(FIGURES[name](again)) == first
    assert b"CreationDate" not in first["pdf"]
    assert first["pdf"].startswith(b"%PDF")


@pytest.mark.parametrize("name", FIGURES)
def test_files_are_pictures(name: str) -> None:
    """The PNG is wide enough for print, with ink of both players' colours in it."""
    pixels = np.asarray(Image.open(BytesIO(rendered(name)["png"])).convert("RGB"))
    assert pixels.shape[1] >= 1200
    for colour in ((0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)):
        assert (pixels == colour).all(-1).any()


@pytest.mark.parametrize("name", FIGURES)
def test_missing_tables_and_columns_are_refused(name: str) -> None:
    """Each table that is not there, and each column that is not, is one sentence that names it."""
    frames = dict(EXAMPLES[name]())
    for table in frames:
        with pytest.raises(AcryptoError, match=rf"needs the table {table}"):
            FIGURES[name]({key: value for key, value in frames.items() if key != table})
        column = frames[table].columns[1]
        with pytest.raises(AcryptoError, match=rf"{column} in the table {table}"):
            FIGURES[name]({**frames, table: frames[table].drop(columns=column)})


def test_wrong_tables_are_refused() -> None:
    """A missing or empty table, a missing column and words for numbers each get one sentence that names the place."""
    good = training_curves.table(metrics(), **SETTINGS)
    for frames, words in [
        ({}, "table metrics"),
        ({"metrics": good.drop(columns="eve_bits_wrong")}, "eve_bits_wrong"),
        ({"metrics": good.assign(step="early")}, "step"),
        ({"metrics": good.iloc[:0]}, "no rows"),
        ({"metrics": good.assign(batch=range(len(good)))}, "batch differs"),
    ]:
        with pytest.raises(AcryptoError, match=words) as caught:
            FIGURES["training_curves"](frames)
        assert str(caught.value).endswith(".")


def test_no_pyplot() -> None:
    """Drawing opens no window and leaves no global figure: pyplot is never loaded by the room."""
    code = "import sys, adversarial_crypto.figures; print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
