"""Figures: tables in, matplotlib figures out. A figure is one file and one line in FIGURES.

Contract: `Draw = Callable[[Frames], Figure]`. It checks its columns first (a sentence in an AcryptoError), draws only
what the tables hold, and is pure: the same tables give the same bytes through `render`. Every table it takes is kept as
a CSV beside it and redraws it. `digitised` has the paper's own curves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd
from matplotlib.figure import Figure

from adversarial_crypto.figures import (
    avalanche,
    axis_rates,
    board,
    diffusion,
    fig2,
    fig3,
    fig4,
    gan,
    key_map,
    key_slices,
    ladder,
    pass_rates,
    precision,
    reuse,
    trade_off,
    training_curves,
    watched,
)
from adversarial_crypto.figures.style import render

Frames = Mapping[str, pd.DataFrame]
Draw = Callable[[Frames], Figure]

FIGURES: dict[str, Draw] = {
    "training_curves": training_curves.draw,
    "fig2": fig2.draw,
    "fig3": fig3.draw,
    "fig4": fig4.draw,
    "fig6": fig2.draw,
    "gan": gan.draw,
    "watched": watched.draw,
    "pass_rates": pass_rates.draw,
    "trade_off": trade_off.draw,
    "diffusion": diffusion.draw,
    "key_map": key_map.draw,
    "key_slices": key_slices.draw,
    "axis_rates": axis_rates.draw,
    "board": board.draw,
    "precision": precision.draw,
    "ladder": ladder.draw,
    "reuse": reuse.draw,
    "avalanche": avalanche.draw,
}

__all__ = ["FIGURES", "Draw", "Frames", "render"]
