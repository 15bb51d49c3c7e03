"""The figures of a run directory, drawn from its tables alone and committed one by one under figures/."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from adversarial_crypto import config
from adversarial_crypto.config import Run, SelectiveGame
from adversarial_crypto.errors import StoreError
from adversarial_crypto.store import Run as Stored
from adversarial_crypto.store import commit_figure

if TYPE_CHECKING:
    import pandas as pd

    from adversarial_crypto.figures import Frames


def figures(run_dir: Path | str) -> list[Path]:
    """Draw every figure of a run, complete or not, anew.

    Args:
        run_dir: a run directory; of an unfinished run the newest checkpoint says how far its records count.
    Returns:
        The files written, such as figures/training_curves/training_curves.csv, .pdf and .png.
    Raises:
        StoreError: not a run directory, a damaged file, or no records yet.
    """
    # Here and not above: matplotlib and pandas take a second to import.
    import pandas as pd

    from adversarial_crypto.figures import FIGURES, render

    run_dir = Path(run_dir)
    text = Stored.read(run_dir).read_metrics()
    if text.count("\n") < 2:
        raise StoreError(f"{run_dir} has no saved records to draw yet.")
    run = config.load(run_dir / "config.toml")
    name, frames_of = CURVES[run.game.kind]
    frames = frames_of(run, pd.read_csv(StringIO(text)))
    files = {f"{name}.{kind}": content for kind, content in render(FIGURES[name](frames)).items()}
    for frame, table in frames.items():
        # A figure of a single table has a CSV of its own name.
        files[f"{name}.csv" if len(frames) == 1 else f"{name}.{frame}.csv"] = table.to_csv(index=False).encode()
    target = commit_figure(run_dir, name, files)
    return [target / file for file in sorted(files)]


def training_curves(run: Run, metrics: pd.DataFrame) -> Frames:
    """The frames of the training curves of a game about a message."""
    from adversarial_crypto.figures import training_curves

    table = training_curves.table(
        metrics,
        message_bits=run.message_bits,
        batch=run.train.batch,
        bob_bits_max=run.limit("bob_bits_max"),
        eve_error_min=run.limit("eve_error_min"),
    )
    return {"metrics": table}


def selective_curves(run: Run, metrics: pd.DataFrame) -> Frames:
    """The frames of figure 4: what was recorded, the exact floors of this game, and the paper's curves of its own."""
    import pandas as pd

    from adversarial_crypto.figures import digitised
    from adversarial_crypto.formulas.gaussian import bob_floor, public_floor

    game = run.game
    assert isinstance(game, SelectiveGame)
    floors = {
        "bob_floor": bob_floor(game.correlation, game.variance),
        "public_floor": public_floor(game.correlation, game.variance),
        "variance": game.variance,
        "batch": run.train.batch,
    }
    theirs = [
        digitised.curve(f"fig4_{name}").rename(columns={"value": "error"}).assign(who=who)
        for name, who in (("bobD", "bob"), ("public", "public"), ("eveC", "eve"))
    ]
    return {"metrics": metrics, "settings": pd.DataFrame([floors]), "paper": pd.concat(theirs, ignore_index=True)}


def watched_curves(run: Run, metrics: pd.DataFrame) -> Frames:
    """The frames of a game without a figure of its own: what it has people watch."""
    import pandas as pd

    from adversarial_crypto.games import GAMES

    watched = GAMES[run.game.kind](run).watched
    looks = [(w.measure, w.label, w.unit, w.top if w.guessed else float("nan")) for w in watched]
    return {"metrics": metrics, "watched": pd.DataFrame(looks, columns=["measure", "label", "unit", "guess"])}


# Kind of game -> member of FIGURES, and how its frames are made of the configuration and metrics.csv.
CURVES: Mapping[str, tuple[str, Callable[[Run, pd.DataFrame], Frames]]] = {
    "symmetric": ("training_curves", training_curves),
    "asymmetric": ("training_curves", training_curves),
    "selective": ("fig4", selective_curves),
    "gan": ("watched", watched_curves),
}
