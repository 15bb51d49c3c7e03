"""The figures of a directory, whichever it is: a run's or a sweep's."""

from __future__ import annotations

from pathlib import Path

from adversarial_crypto.lab.figures import figures as run_figures
from adversarial_crypto.lab.sweep_figures import sweep_figures
from adversarial_crypto.store.ledger import is_sweep


def figures(directory: Path | str) -> list[Path]:
    """Draw every figure of a run or of a sweep, complete or not, anew; of a sweep its table is written anew too.

    Returns:
        The files written, such as figures/training_curves/training_curves.csv, .pdf and .png.
    Raises:
        StoreError: neither a run nor a sweep, a damaged file, or no records yet.
    """
    place = Path(directory)
    return sweep_figures(place) if is_sweep(place) else run_figures(place)
