"""Figures: tables in, matplotlib figures out. A figure is one file and one line in FIGURES.

Contract: `Draw = Callable[[Frames], Figure]`. It checks its columns first (a sentence in an AcryptoError), draws only
what the tables hold, and is pure: the same tables give the same bytes through `render`. Each figure's file also has
`table(...)`, which joins everything it draws into the one CSV that is kept beside it and redraws it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd
from matplotlib.figure import Figure

from adversarial_crypto.figures import training_curves
from adversarial_crypto.figures.style import render

Frames = Mapping[str, pd.DataFrame]
Draw = Callable[[Frames], Figure]

FIGURES: dict[str, Draw] = {"training_curves": training_curves.draw}

__all__ = ["FIGURES", "Draw", "Frames", "render"]
