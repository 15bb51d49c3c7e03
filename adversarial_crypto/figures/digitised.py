"""The paper's own figures as numbers, digitised from its vector graphics: within 0.01 in height and 50 steps in width.

Abadi and Andersen (2016), figures 2, 3, 4 and 6. Straight parts are thinned: interpolate linearly.
"""

from __future__ import annotations

from importlib.resources import files

import pandas as pd

from adversarial_crypto.errors import AcryptoError

CURVES = ("fig2_bob", "fig2_eve", "fig4_public", "fig4_bobD", "fig4_eveC", "fig6_bob", "fig6_eve")


def curve(name: str) -> pd.DataFrame:
    """One of CURVES: columns step and value.

    Values are continuous bits wrong of 16 in figures 2 and 6; squared errors in figure 4, where `fig4_eveC` is Eve's
    less that of an Eve who knows the distribution alone (negative: she knows something).

    Raises:
        AcryptoError: no such curve.
    """
    if name not in CURVES:
        raise AcryptoError(f"The paper has no digitised curve {name!r}; there are {', '.join(CURVES)}.")
    return _read(name)


def scatter() -> pd.DataFrame:
    """Figure 3's 14 points: columns bob and eve, the bits wrong of 16 of Bob and of the best of five retrained Eves."""
    return _read("fig3")


def _read(name: str) -> pd.DataFrame:
    with files("adversarial_crypto.figures").joinpath("paper", f"{name}.csv").open("rb") as file:
        return pd.read_csv(file)
