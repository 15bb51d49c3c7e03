"""The figures of a run directory, drawn from its tables alone and committed one by one under figures/."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

from adversarial_crypto import config
from adversarial_crypto.errors import StoreError
from adversarial_crypto.store import Run as Stored
from adversarial_crypto.store import commit_figure

TRAINING_CURVES = "training_curves"


def figures(run_dir: Path | str) -> list[Path]:
    """Draw every figure of a run, complete or not, anew.

    Args:
        run_dir: a run directory; of an unfinished run the newest checkpoint says how far its records count.
    Returns:
        The files written: figures/training_curves/training_curves.csv, .pdf and .png.
    Raises:
        StoreError: not a run directory, a damaged file, or no records yet.
    """
    # Here and not above: matplotlib and pandas take a second to import.
    import pandas as pd

    from adversarial_crypto.figures import FIGURES, render, training_curves

    run_dir = Path(run_dir)
    text = Stored.read(run_dir).read_metrics()
    if text.count("\n") < 2:
        raise StoreError(f"{run_dir} has no saved records to draw yet.")
    run = config.load(run_dir / "config.toml")
    table = training_curves.table(
        pd.read_csv(StringIO(text)),
        message_bits=run.game.message_bits,
        batch=run.train.batch,
        bob_bits_max=run.protocol.bob_bits_max,
        eve_error_min=run.protocol.eve_error_min,
    )
    drawn = render(FIGURES[TRAINING_CURVES]({"metrics": table}))
    files = {f"{TRAINING_CURVES}.{kind}": content for kind, content in drawn.items()}
    files[f"{TRAINING_CURVES}.csv"] = table.to_csv(index=False).encode()
    target = commit_figure(run_dir, TRAINING_CURVES, files)
    return [target / name for name in sorted(files)]
