"""What a sweep is: sweep.toml with all that it says, the files it names, and plan.csv with its shards.

plan.csv is a function of sweep.toml and those files alone: the shards of every point of the grid, in its order.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

from adversarial_crypto import config
from adversarial_crypto.config import ConfigError, Run
from adversarial_crypto.config.fields import split_reference
from adversarial_crypto.config.files import render_toml
from adversarial_crypto.config.sizes import STATE_COPIES, record_bytes, state_bytes
from adversarial_crypto.lab.run import experiment_folders
from adversarial_crypto.lab.sources import Sources, place_of
from adversarial_crypto.store.ledger import PLAN, SWEEP

# What every plan has; the grid's keys stand between `bytes` and `identity`, each value as JSON.
FIRST, LAST = ("shard", "point", "first", "replicas", "cost", "bytes"), ("identity",)


@dataclass(frozen=True)
class Planned:
    """A sweep before anything is written.

    Args:
        name: of the experiment.
        files: path inside the sweep's directory -> content: sweep.toml, plan.csv and the user's files.
    """

    name: str
    files: Mapping[str, bytes]


def written(source: str | Path, overrides: Sequence[str] = (), profile: str | None = None) -> tuple[str, bytes | None]:
    """The name of a sweep and its sweep.toml as `planned` writes it, without looking at the points.

    None in its place where files of the user's enter it. Arguments and errors as `config.settle`.
    """
    data = config.settle(source, overrides=overrides, profile=profile, experiments=experiment_folders())
    text = render_toml(data)
    return str(data["name"]), None if ".py:" in text or "start_from" in text else text.encode()


def planned(source: str | Path, overrides: Sequence[str] = (), profile: str | None = None) -> Planned:
    """The sweep that an experiment, its profile and overrides mean.

    Raises:
        ConfigError: every problem at once; a file that cannot be read; two points that are the same run.
    """
    folders = experiment_folders()
    data = config.settle(source, overrides=overrides, profile=profile, experiments=folders)
    points = config.expand(source, overrides=overrides, profile=profile, experiments=folders)
    places: dict[str, str] = {}  # as given -> inside the sweep
    files: dict[str, bytes] = {}
    rows: list[dict[str, object]] = []
    for number, point in enumerate(points):
        sources = Sources.read(point.run)
        _gather(sources, places, files)
        for run in config.blocks(point.run):
            identity = config.identity(run, sources.digests)
            own = {key: json.dumps(_relocated(key, value, places)) for key, value in point.settings.items()}
            shard = {"shard": config.short_id(identity), "point": number, "first": run.replicas.first}
            shard |= {"replicas": run.total_replicas, "cost": cost(run), "bytes": kept_bytes(run)}
            rows.append({**shard, **own, "identity": identity})
    _refuse_twins(rows)
    files[SWEEP] = render_toml(_relocate(data, places)).encode()
    files[PLAN] = _csv(rows)
    return Planned(str(data["name"]), files)


def shard_run(directory: Path, row: Mapping[str, str]) -> Run:
    """The configuration of a shard, by its row of plan.csv.

    Raises:
        ConfigError: sweep.toml no longer gives this shard, or gives another run in its place.
    """
    settings = {key: json.loads(value) for key, value in row.items() if key not in (*FIRST, *LAST)}
    point = config.at(directory / SWEEP, settings)
    for run in config.blocks(point):
        here = (run.replicas.first, run.total_replicas) == (int(row["first"]), int(row["replicas"]))
        if here and config.identity(run, Sources.read(run).digests) == row["identity"]:
            return run
    raise ConfigError(
        f"{directory / SWEEP} has no shard {row['shard']}; another version of acrypto planned this sweep."
    )


def grid_keys(plan: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    """The keys of the grid, in the plan's order."""
    return tuple(key for key in next(iter(plan.values())) if key not in (*FIRST, *LAST))


def cost(run: Run) -> int:
    """About how much a run has to compute at most, in examples times numbers that a player takes in."""
    train, protocol = run.train, run.protocol
    trained = train.steps * train.batch * sum(run.turns.values())
    fresh = (
        protocol.adversaries * len(protocol.adversary_networks) * protocol.adversary_steps * protocol.adversary_batch
    )
    return run.total_replicas * (trained + fresh) * sum(run.game.widths)


def kept_bytes(run: Run) -> int:
    """About how large a committed shard is at most: its records, and its players with their best adversaries."""
    return record_bytes(run) + state_bytes(run) // STATE_COPIES


def _gather(sources: Sources, places: dict[str, str], files: dict[str, bytes]) -> None:
    """Take a point's files into the sweep, each content once."""
    for inside, given in sources.given.items():
        content = sources.files[inside]
        if given.suffix == ".py":
            place = place_of(given, content, files)
        else:
            place = f"start/{sha256(content).hexdigest()[:10]}.safetensors"
        places[str(given)], files[place] = place, content


def _relocate(data: Mapping[str, Any], places: Mapping[str, str]) -> dict[str, Any]:
    """The settings with every file of the user's found inside the sweep."""
    moved = {key: value for key, value in data.items()}
    for table in ("networks", "protocol", "train"):
        if table in data:
            moved[table] = {key: _relocated(f"{table}.{key}", value, places) for key, value in data[table].items()}
    if "grid" in data:
        moved["grid"] = {
            axis: [_relocated(axis.partition(",")[0], value, places) for value in values]
            for axis, values in data["grid"].items()
        }
    return moved


def _relocated(key: str, value: Any, places: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_relocated(key, each, places) for each in value]
    if isinstance(value, str):
        if reference := split_reference(value):
            return f"{places.get(str(Path(reference[0])), reference[0])}:{reference[1]}"
        return places.get(str(Path(value)), value) if value else value
    return value


def _refuse_twins(rows: Sequence[Mapping[str, object]]) -> None:
    seen: dict[object, object] = {}
    for row in rows:
        if row["shard"] in seen:
            both = f"points {seen[row['shard']]} and {row['point']} of the grid"
            raise ConfigError(f"{both} are the same run; leave one out")
        seen[row["shard"]] = row["point"]


def _csv(rows: Sequence[Mapping[str, object]]) -> bytes:
    text = StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
