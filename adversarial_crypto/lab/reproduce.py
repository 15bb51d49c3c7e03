"""The paper by one call: every target's runs, its figure and tables, and the claims. The same call continues.

DIR/runs/<id>/     run directories, named by identity: targets with equal configurations share one training
DIR/<target>/      the figure (PNG, PDF), a CSV for each of its tables and for its claims, configurations,
                   provenance.json, SHA256SUMS
DIR/claims.csv, claims.md   over all targets that are there, of this call or an earlier one
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from adversarial_crypto import config
from adversarial_crypto.config import ConfigError
from adversarial_crypto.lab import claims
from adversarial_crypto.lab.done import Done
from adversarial_crypto.lab.events import Event, Note, Tell
from adversarial_crypto.lab.machine import check_device
from adversarial_crypto.lab.run import experiment_folders, run
from adversarial_crypto.lab.sources import Sources
from adversarial_crypto.lab.targets import TARGETS
from adversarial_crypto.store import Run as Stored
from adversarial_crypto.store import atomic_write, commit_directory, read_directory

PROFILES = ("smoke", "standard", "full")
ALL = "all"
OUT = Path("runs")
CLAIMS = "claims.csv"


@dataclass(frozen=True)
class Reproduction:
    """What was reproduced.

    Args:
        directory: where all of it is.
        targets: target -> its directory.
        claims: one row a claim, in the columns of `claims.COLUMNS`, over all targets that `directory` has; those of
            others are "not tested".
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
        StoreError: another target's folder in `out`, which the table of claims also takes, is damaged.
    """
    chosen = _chosen(targets)
    if profile not in PROFILES:
        raise ConfigError(f"unknown profile '{profile}'; there are {', '.join(PROFILES)}")
    check_device(device)
    directory = Path(out) if out else OUT / f"paper-{profile}"
    tell = progress or (lambda event: None)
    places, seconds = {}, {}
    for name in chosen:
        runs = _runs(name, profile, directory, tell, {"device": device, "progress": progress, "stop": stop})
        _commit(directory, name, profile, runs)
        places[name] = directory / name
        seconds[name] = sum(float(done.summary["seconds"]) for done in runs)
    rows = _collect_claims(directory)
    return Reproduction(directory, places, rows, seconds)


def _chosen(targets: Sequence[str]) -> tuple[str, ...]:
    unknown = [name for name in targets if name not in (*TARGETS, ALL)]
    if unknown:
        raise ConfigError([f"unknown target '{name}'; there are {', '.join((*TARGETS, ALL))}" for name in unknown])
    return tuple(TARGETS) if ALL in targets or not targets else tuple(dict.fromkeys(targets))


def _runs(name: str, profile: str, directory: Path, tell: Tell, how: Mapping[str, Any]) -> list[Done]:
    """The target's runs, each begun, continued or found complete."""
    target = TARGETS[name]
    points = config.expand(target.experiment, profile=profile, experiments=experiment_folders())
    total = len(points) + (target.further is not None)
    runs: list[Done] = []

    def finish(point: config.Point) -> None:
        at = ", ".join(f"{key} = {value}" for key, value in point.settings.items())
        tell(Note(f"{name}: run {len(runs) + 1} of {total}" + (f" ({at})" if at else "")))
        sources = Sources.read(point.run)
        identity = config.identity(point.run, sources.digests)
        result = run(point.run, out=directory / "runs" / config.short_id(identity), **how)
        runs.append(Done(point.settings, sources.run, result))

    for point in points:
        finish(point)
    if target.further:
        experiment, first = target.further
        start = {"train.start_from": str(first(runs).result.run_dir)}
        settings = [f"{key}={json.dumps(value)}" for key, value in start.items()]
        (point,) = config.expand(experiment, overrides=settings, profile=profile, experiments=experiment_folders())
        finish(config.Point({"train.start_from": f"the players of {_short(first(runs))}"}, point.run))
    return runs


def _commit(directory: Path, name: str, profile: str, runs: Sequence[Done]) -> None:
    """Draw a target's figures, judge its claims, and commit both with all they were made from."""
    from adversarial_crypto.figures import FIGURES, render  # here: matplotlib takes a second to import

    drawn = {figure: frames(runs) for figure, frames in TARGETS[name].figures.items()}
    files: dict[str, bytes] = {}
    for figure, frames in drawn.items():
        files |= {f"{figure}.{frame}.csv": table.to_csv(index=False).encode() for frame, table in frames.items()}
        files |= {f"{figure}.{kind}": content for kind, content in render(FIGURES[figure](frames)).items()}
    files |= {f"config-{_short(done)}.toml": config.dumps(done.run).encode() for done in runs}
    files["provenance.json"] = (json.dumps(_provenance(name, profile, runs), indent=2) + "\n").encode()
    files[CLAIMS] = _csv(claims.rows(TARGETS[name].findings(runs, drawn)))
    commit_directory(directory / name, files)


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
                # What the identity holds beside the configuration.
                "files": {place: digest for place, digest in manifest["files"].items() if place != "config.toml"},
                "execution": stored.execution,
                "versions": manifest.get("versions"),
                "git": manifest.get("git"),
            }
        )
    command = f"acrypto reproduce {name} --profile {profile}"
    return {"target": name, "profile": profile, "command": command, "runs": each}


def _collect_claims(directory: Path) -> list[dict[str, object]]:
    """claims.csv and claims.md over all targets of the directory; their rows."""
    import pandas as pd

    targets = [read_directory(directory / name) for name in TARGETS if (directory / name).is_dir()]
    there = [pd.read_csv(BytesIO(files[CLAIMS])) for files in targets if CLAIMS in files]
    records = [record for table in there for record in table.fillna({"budget": ""}).to_dict("records")]
    found = {str(record["claim"]): {str(key): value for key, value in record.items()} for record in records}
    rows = [found.get(str(row["claim"]), row) for row in claims.every()]
    atomic_write(directory / CLAIMS, _csv(rows))
    atomic_write(directory / "claims.md", claims.markdown(rows).encode())
    return rows


def _csv(rows: Sequence[Mapping[Any, object]]) -> bytes:
    import pandas as pd

    return pd.DataFrame(rows, columns=list(claims.COLUMNS)).to_csv(index=False).encode()
