"""How every figure looks, how it checks its columns, and how it becomes bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from io import BytesIO
from textwrap import wrap
from typing import Any

import matplotlib.style
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from adversarial_crypto.errors import AcryptoError

# Okabe and Ito's colours: told apart under every common colour blindness, and apart in grey by their lightness.
COLOURS = {"bob": "#0072B2", "eve": "#D55E00", "public": "#009E73", "paper": "#000000", "quiet": "#5F5F5F"}

STYLE: dict[str, Any] = {
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "font.family": ["DejaVu Sans"],  # comes with matplotlib, so every machine draws the same letters
    "font.size": 9,
    "grid.alpha": 0.25,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "pdf.fonttype": 42,  # letters stay text in the PDF; type 3 is refused by many journals
    "savefig.dpi": 200,
}

# No dates and no versions: the same table gives the same bytes.
METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "pdf": {"Creator": "acrypto", "Producer": "acrypto", "CreationDate": None, "ModDate": None},
}


def style() -> AbstractContextManager[None]:
    """The laboratory's look on top of matplotlib's defaults, whatever the user's own settings are."""
    return matplotlib.style.context(["default", STYLE])


def blank(width: float = 6.8, height: float = 4.2) -> Figure:
    """An empty figure of that size in inches, without pyplot: no window, no global state."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def render(figure: Figure) -> dict[str, bytes]:
    """The figure's files: {"png": ..., "pdf": ...}, with the same bytes for the same data and matplotlib."""
    files = {}
    with style():
        for kind, metadata in METADATA.items():
            buffer = BytesIO()
            figure.savefig(buffer, format=kind, metadata=metadata)
            files[kind] = buffer.getvalue()
    return files


def frame(
    frames: Mapping[str, pd.DataFrame], figure: str, name: str, columns: Sequence[str], words: Sequence[str] = ()
) -> pd.DataFrame:
    """The named frame with exactly those columns, checked: numbers in `columns`, anything in `words`.

    Raises:
        AcryptoError: the frame is missing or empty, or a column is missing or holds something other than numbers.
    """
    if name not in frames:
        raise AcryptoError(f"The figure {figure} needs the table {name}, which is not there.")
    table = frames[name]
    missing = [column for column in (*columns, *words) if column not in table.columns]
    if missing:
        raise AcryptoError(f"The figure {figure} needs a column {', '.join(missing)} in the table {name}.")
    if table.empty:
        raise AcryptoError(f"The figure {figure} has nothing to draw: the table {name} has no rows yet.")
    texts = [column for column in columns if not pd.api.types.is_numeric_dtype(table[column])]
    if texts:
        raise AcryptoError(f"The figure {figure} needs numbers in the column {', '.join(texts)} of the table {name}.")
    return table[[*columns, *words]]


def heading(figure: Figure, words: str, budget: str) -> None:
    """What the figure shows, and under it its budget, over as many lines as the width needs."""
    letters = int(14 * figure.get_figwidth())  # of 9 points: 15.9 an inch on average, 14.5 with many digits
    parts = [*words.splitlines(), *str(budget).splitlines()]
    figure.suptitle("\n".join(line for part in parts for line in wrap(part, letters)), fontsize=9, x=0.01, ha="left")


def legend_below(figure: Figure, columns: int) -> None:
    """One legend for the figure, outside of the data, in the order in which things were drawn, Bob before Eve."""
    handles: dict[str, Artist] = {}
    for axes in figure.axes:
        if found := axes.get_legend():
            found.remove()
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    labels = sorted(handles, key=lambda label: (not label.startswith("Bob"), not label.startswith("Eve")))
    figure.legend([handles[label] for label in labels], labels, loc="outside lower center", ncols=columns)


def fitting(figure: Figure, labels: Sequence[str], most: int = 4) -> int:
    """How many columns of a legend with these labels are sure to fit into the figure."""
    widths = sorted(0.65 + 0.064 * len(label) for label in labels)  # inches: the handle and its gaps, and 9 points
    return max(count for count in range(1, most + 1) if count == 1 or sum(widths[-count:]) <= figure.get_figwidth())


def level(axes: Axes, gid: str, height: float, words: str, colour: str, dashes: str, side: str = "center") -> None:
    """A horizontal line across the axes, named at their right edge so that the legend stays with the data.

    Args:
        side: of the words: "bottom" puts them above the line, "top" below it, "center" beside it.
    """
    axes.axhline(height, color=colour, linestyle=dashes, linewidth=1.1, gid=gid, zorder=1.5)
    axes.annotate(
        words,
        (1, height),
        xytext=(4, 0),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        va=side,
        color=colour,
        fontsize=8,
        annotation_clip=False,
    )
