"""The paper by one call: every target's runs, its figure and tables, and the claims. The same call continues.

DIR/runs/<id>/     run directories, named by identity: targets with equal configurations share one training
DIR/<target>/      the figure (PNG, PDF), a CSV for each of its tables, configurations, provenance.json, SHA256SUMS
DIR/claims.csv, claims.md
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adversarial_crypto import config
from adversarial_crypto.config import ConfigError
from adversarial_crypto.lab import claims
from adversarial_crypto.lab.done import Done, Drawn
from adversarial_crypto.lab.events import Event, Note, Tell
from adversarial_crypto.lab.machine import check_device
from adversarial_crypto.lab.run import experiment_folders, run
from adversarial_crypto.lab.sources import Sources
from adversarial_crypto.lab.targets import TARGETS
from adversarial_crypto.store import Run as Stored
from adversarial_crypto.store import atomic_write, commit_directory

PROFILES = ("smoke", "standard", "full")
ALL = "all"
OUT = Path("runs")


@dataclass(frozen=True)
class Reproduction:
    """What was reproduced.

    Args:
        directory: where all of it is.
        targets: target -> its directory.
        claims: one row a claim, in the columns of `claims.COLUMNS`; those of other targets are "not tested".
        seconds: target -> of its runs, over all attempts; a shared run counts in each.
    """

    directory: Path
    targets: Mapping[str, Path]
    claims: list[dict[str, object]]
    seconds: Mapping[str, float]


def reproduce(
    targets: Sequence[str] = (ALL,),
    *,
    profile: str = "standard",
    out: Path | str | None = None,
    device: str = "auto",
    progress: Callable[[Event], None] | None = None,
    stop: Callable[[], str | None] | None = None,
) -> Reproduction:
    """Run what the targets need, draw their figures and judge the paper's claims. The same call continues.

    Args:
        targets: of TARGETS, or "all".
        profile: "smoke" (seconds), "standard" (two processor cores, hours) or "full" (the paper's budgets, a GPU).
        out: the directory; None: runs/paper-PROFILE.
        device, progress, stop: as `lab.run`.
    Raises:
        ConfigError: an unknown target, profile or device; nothing has been written.
        Stopped: `stop` gave a reason; all work is saved.
    """
    chosen = _chosen(targets)
    if profile not in PROFILES:
        raise ConfigError(f"unknown profile '{profile}'; there are {', '.join(PROFILES)}")
    check_device(device)
    directory = Path(out) if out else OUT / f"paper-{profile}"
    tell = progress or (lambda event: None)
    found: dict[str, claims.Finding] = {}
    places, seconds = {}, {}
    for name in chosen:
        runs = _runs(name, profile, directory, tell, {"device": device, "progress": progress, "stop": stop})
        found |= TARGETS[name].findings(runs, _commit(directory, name, profile, runs))
        places[name] = directory / name
        seconds[name] = sum(float(done.summary["seconds"]) for done in runs)
    rows = claims.rows(found)
    _write_claims(directory, rows)
    return Reproduction(directory, places, rows, seconds)


def _chosen(targets: Sequence[str]) -> tuple[str, ...]:
    unknown = [name for name in targets if name not in (*TARGETS, ALL)]
    if unknown:
        raise ConfigError([f"unknown target '{name}'; there are {', '.join((*TARGETS, ALL))}" for name in unknown])
    return tuple(TARGETS) if ALL in targets or not targets else tuple(dict.fromkeys(targets))


def _runs(name: str, profile: str, directory: Path, tell: Tell, how: Mapping[str, Any]) -> list[Done]:
    """The target's runs, each begun, continued or found complete."""
    points = config.expand(TARGETS[name].experiment, profile=profile, experiments=experiment_folders())
    runs = []
    for number, point in enumerate(points, 1):
        at = ", ".join(f"{key} = {value}" for key, value in point.settings.items())
        tell(Note(f"{name}: run {number} of {len(points)}" + (f" ({at})" if at else "")))
        identity = config.identity(point.run, Sources.read(point.run).digests)
        result = run(point.run, out=directory / "runs" / config.short_id(identity), **how)
        runs.append(Done(point.settings, point.run, result))
    return runs


def _commit(directory: Path, name: str, profile: str, runs: Sequence[Done]) -> Drawn:
    """Draw a target's figures and commit them with all they were drawn from."""
    from adversarial_crypto.figures import FIGURES, render  # here: matplotlib takes a second to import

    drawn = {figure: frames(runs) for figure, frames in TARGETS[name].figures.items()}
    files: dict[str, bytes] = {}
    for figure, frames in drawn.items():
        files |= {f"{figure}.{frame}.csv": table.to_csv(index=False).encode() for frame, table in frames.items()}
        files |= {f"{figure}.{kind}": content for kind, content in render(FIGURES[figure](frames)).items()}
    files |= {f"config-{_short(done)}.toml": config.dumps(done.run).encode() for done in runs}
    files["provenance.json"] = (json.dumps(_provenance(name, profile, runs), indent=2) + "\n").encode()
    commit_directory(directory / name, files)
    return drawn


def _short(done: Done) -> str:
    return config.short_id(str(done.summary["id"]))


def _provenance(name: str, profile: str, runs: Sequence[Done]) -> dict[str, Any]:
    """Where the figure comes from: its runs, how and how long they were computed, and by which code."""
    each = []
    for done in runs:
        stored, summary = Stored.read(done.result.run_dir), done.summary
        kept = {key: summary[key] for key in ("id", "replicas", "passed", "robust", "diverged", "steps", "seconds")}
        manifest = stored.manifest
        each.append(
            {
                "settings": dict(done.settings),
                **kept,
                "execution": stored.execution,
                "versions": manifest.get("versions"),
                "git": manifest.get("git"),
            }
        )
    command = f"acrypto reproduce {name} --profile {profile}"
    return {"target": name, "profile": profile, "command": command, "runs": each}


def _write_claims(directory: Path, rows: list[dict[str, object]]) -> None:
    import pandas as pd

    table = pd.DataFrame(rows, columns=list(claims.COLUMNS))
    atomic_write(directory / "claims.csv", table.to_csv(index=False).encode())
    atomic_write(directory / "claims.md", claims.markdown(rows).encode())
