"""What every folder of a target holds, be it just reproduced or committed under results/paper."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from adversarial_crypto import config
from adversarial_crypto.figures import FIGURES, render
from adversarial_crypto.lab import claims
from adversarial_crypto.lab.targets import TARGETS


def frames_of(folder: Path, figure: str) -> dict[str, pd.DataFrame]:
    """The committed tables of a figure."""
    return {path.name.split(".")[1]: pd.read_csv(path) for path in folder.glob(f"{figure}.*.csv")}


def check(folder: Path, target: str) -> None:
    """Figures are redrawn from their tables byte for byte, runs are named by identity, claims have their columns."""
    for figure in TARGETS[target].figures:
        drawn = render(FIGURES[figure](frames_of(folder, figure)))
        assert drawn["pdf"] == (folder / f"{figure}.pdf").read_bytes(), figure
        assert (folder / f"{figure}.png").stat().st_size > 5_000
    provenance = json.loads((folder / "provenance.json").read_text("utf-8"))
    assert provenance["target"] == target and provenance["runs"]
    for run in provenance["runs"]:
        again = config.load(folder / f"config-{config.short_id(run['id'])}.toml")
        assert config.identity(again, {str(folder / place): sha for place, sha in run["files"].items()}) == run["id"]
    assert len(list(folder.glob("config-*.toml"))) == len(provenance["runs"])
    assert tuple(pd.read_csv(folder / "claims.csv").columns) == claims.COLUMNS
