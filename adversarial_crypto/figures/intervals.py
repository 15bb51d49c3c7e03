"""Values with their intervals along an axis of settings, several beside one another without covering each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator
from numpy.typing import NDArray

BARS = "Bars: 95 % intervals, of a median of fewer than 6 replicas the range"
MARGIN = 0.6  # of the smallest gap between two settings, at either end of the axis
LETTER = 0.08  # inches of a digit of 9 points


@dataclass(frozen=True)
class Look:
    """How one measure is drawn; every two differ also without colour."""

    label: str
    colour: str
    marker: str
    dashes: Any = "-"
    hollow: bool = False


class Places:
    """Where settings stand: by their logarithm where all are positive, ticks at the settings themselves.

    Args:
        settings: all that are on the axis.
    """

    def __init__(self, settings: Sequence[float]) -> None:
        self.settings = sorted(set(settings))
        self.log = self.settings[0] > 0
        along = self._along(self.settings)
        self.gap = float(np.diff(along).min()) if len(along) > 1 else 1.0
        self.length = float(along[-1] - along[0]) / self.gap + 2 * MARGIN  # of the axis, in gaps
        self.words = [f"{setting:g}" for setting in self.settings]
        self.tick = LETTER * (max(map(len, self.words)) + 1.5)  # inches that a gap needs for the words at its ends

    def beside(self, settings: Sequence[float], parts: float | NDArray[Any]) -> NDArray[np.float64]:
        """The settings, moved along the axis by parts of the smallest gap."""
        along = self._along(settings) + self.gap * parts
        return np.asarray(np.exp(along) if self.log else along)

    def ticks(self, axes: Axes, label: str, inches: float) -> None:
        """Scale, limits and ticks of a horizontal axis of that many inches; words that would touch are turned."""
        axes.set_xscale("log" if self.log else "linear")
        axes.xaxis.set_major_locator(FixedLocator(self.settings))
        axes.xaxis.set_major_formatter(FixedFormatter(self.words))
        if inches < self.length * self.tick:
            axes.tick_params(axis="x", rotation=90)
        axes.xaxis.set_minor_locator(NullLocator())
        low, high = self.beside([self.settings[0], self.settings[-1]], np.array([-MARGIN, MARGIN]))
        axes.set_xlim(float(low), float(high))
        axes.set_xlabel(label)

    def _along(self, settings: Sequence[float]) -> NDArray[np.float64]:
        values = np.asarray(settings, dtype=np.float64)
        return np.asarray(np.log(values) if self.log else values)


def series(axes: Axes, x: NDArray[np.float64], rows: pd.DataFrame, measure: str, look: Look, gid: str) -> None:
    """A measure with its interval, joined by a thin line; rows without it are left out.

    Args:
        x: a place for each row.
        rows: with the columns `measure`, `measure_low` and `measure_high`.
    """
    known = rows[measure].notna().to_numpy()
    if not known.any():
        return
    shown = rows[known]
    # Rounding may leave a bound on the wrong side of a rate of 0 or 1.
    error = [shown[measure] - shown[f"{measure}_low"], shown[f"{measure}_high"] - shown[measure]]
    axes.errorbar(
        x[known],
        shown[measure],
        yerr=np.clip(error, 0, None),
        marker=look.marker,
        markersize=5.5,
        markerfacecolor="white" if look.hollow else look.colour,
        color=look.colour,
        linestyle=look.dashes,
        linewidth=1,
        elinewidth=1.1,
        capsize=2.5,
        label=look.label,
        gid=gid,
        zorder=3,
    )
