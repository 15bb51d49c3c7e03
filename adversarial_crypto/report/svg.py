"""Figures as inline SVG that follows the page's colours, with the values that a pointer over them is told."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from adversarial_crypto.figures import style

MOST = 300  # points of a line that are told
# Ink and paper follow the page, the laboratory's colours have a lighter twin in the dark (page.css); others stay.
PAPER, INK = ("#ffffff",), ("#000000", "#262626")
THEMED = {colour.lower(): name for name, colour in style.COLOURS.items() if name != "paper"}
COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b")
IDENTITY = re.compile(r'\bid="([^"]*)"')
REFERENCE = re.compile(r'(url\(#|href="#)')


@dataclass(frozen=True)
class Drawing:
    """A figure in the page.

    Args:
        svg: the element, safe to put into HTML as it is: matplotlib escapes what it writes.
        alt: what it shows, in words.
        series: what a pointer is told: {"label", "x", "y" (numbers), "px", "py" (places in the SVG)}.
    """

    svg: str
    alt: str
    series: list[dict[str, Any]]


def drawing(figure: Figure, draw: Callable[..., Figure], name: str) -> Drawing:
    """The figure that `draw` made.

    Args:
        name: unlike all others in the page; what it refers to within itself is named after it.
    """
    with style.style(), matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        stream = StringIO()
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
        series = [found for axes in figure.axes for found in _series(axes)]
    text = stream.getvalue()
    text = REFERENCE.sub(rf"\g<1>{name}-", text[text.index("<svg") :])
    return Drawing(COLOUR.sub(_themed, _identified(text, name)), _words(figure, draw), series)


def _identified(text: str, name: str) -> str:
    """The names of elements, unlike all others in the page; lines of one kind have one name until here."""
    seen: Counter[str] = Counter()

    def renamed(found: re.Match[str]) -> str:
        plain = "-".join(found[1].split())
        seen[plain] += 1
        return f'id="{name}-{plain}"' if seen[plain] == 1 else f'id="{name}-{plain}-{seen[plain]}"'

    return IDENTITY.sub(renamed, text)


def _themed(found: re.Match[str]) -> str:
    colour = found[0].lower()
    if colour in INK:
        return "currentColor"
    if colour in PAPER:
        return "var(--paper)"
    return f"var(--{THEMED[colour]})" if colour in THEMED else colour


def _words(figure: Figure, draw: Callable[..., Figure]) -> str:
    """What the figure's own file says that it shows, and its heading."""
    module = inspect.getmodule(draw)
    says = ((module and module.__doc__) or "").strip().splitlines()
    heading = " ".join(figure.get_suptitle().split())
    return " ".join(part for part in (says[0] if says else "", heading) if part)


def _series(axes: Axes) -> Iterator[dict[str, Any]]:
    """The lines and marks of a plot that have a name and more than one value."""
    height = axes.figure.bbox.height
    scale = 72 / axes.figure.dpi
    for line in axes.get_lines():
        label = str(line.get_label())
        named = label if not label.startswith("_") else str(line.get_gid() or "")
        x, y = np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)
        if not named or x.ndim != 1 or x.shape != y.shape or len(x) < 2 or line.get_transform() != axes.transData:
            continue
        places = np.isfinite(x) & np.isfinite(y)
        chosen = np.flatnonzero(places)
        chosen = chosen[np.linspace(0, len(chosen) - 1, min(MOST, len(chosen))).astype(int)] if len(chosen) else chosen
        if len(chosen) < 2:
            continue
        points = axes.transData.transform(np.column_stack([x[chosen], y[chosen]]))
        inside = axes.bbox.padded(1).contains
        kept = [i for i, (px, py) in enumerate(points) if inside(px, py)]
        if not kept:
            continue
        yield {
            "label": named,
            "across": axes.get_xlabel(),
            "up": axes.get_ylabel(),
            "x": [float(f"{x[chosen[i]]:.6g}") for i in kept],
            "y": [float(f"{y[chosen[i]]:.4g}") for i in kept],
            "px": [round(float(points[i][0]) * scale, 1) for i in kept],
            "py": [round(float(height - points[i][1]) * scale, 1) for i in kept],
        }
