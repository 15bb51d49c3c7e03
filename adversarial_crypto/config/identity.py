"""What a run is, in one text (`dumps`) and in one number (`identity`)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from adversarial_crypto.config.fields import split_reference
from adversarial_crypto.config.files import render_toml
from adversarial_crypto.config.schema import Run

# Raised by hand whenever the same configuration would give other numbers: results of different versions never mix.
NUMERICS_VERSION = 1

SEMANTIC = ("game", "networks", "train", "replicas", "protocol")


def dumps(run: Run) -> str:
    """The resolved configuration as TOML, every default written out; loading it gives the same run and identity.

    A user's FILE.py is written as the run has it: `relocate` first to what the file is called beside the text.
    """
    return render_toml(run.model_dump(mode="python", exclude_none=True))


def identity(run: Run, file_digests: Mapping[str, str]) -> str:
    """sha256 (64 hex digits) of all that decides the numbers; name, question and paper do not.

    Args:
        file_digests: sha256 of each of `user_files(run)` and of the players that it starts from, by `str(path)` as the
            configuration has it; a file enters with its content.
    """

    def content(reference: tuple[str, str]) -> str:
        return f"{reference[1]}@sha256:{file_digests[str(Path(reference[0]))]}"

    semantic = _with_references(run, content).model_dump(mode="json", include=set(SEMANTIC), exclude_none=True)
    if run.train.start_from is not None:
        semantic["train"]["start_from"] = f"sha256:{file_digests[str(Path(run.train.start_from))]}"
    del semantic["replicas"]["block"]  # how a sweep is cut decides no number
    # Identities of before there were these keys stay what they were.
    if not run.replicas.first:
        del semantic["replicas"]["first"]
    if run.train.learning_rate_decay == "none":
        del semantic["train"]["learning_rate_decay"]
    document = {"numerics_version": NUMERICS_VERSION, **semantic}
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def short_id(identity: str) -> str:
    """The first ten digits: enough for a directory's name."""
    return identity[:10]


def user_files(run: Run) -> tuple[Path, ...]:
    """The Python files that the run's networks come from, without repetition, in the order of the configuration."""
    networks = (*players(run).values(), *run.protocol.adversary_networks)
    references = (split_reference(network) for network in networks)
    return tuple(dict.fromkeys(Path(reference[0]) for reference in references if reference))


def players(run: Run) -> dict[str, str]:
    """Each player's network by name, in the order of the configuration."""
    return {name: network for name, network in run.networks if name != "init" and network is not None}


def relocate(run: Run, files: Mapping[Path, str | Path]) -> Run:
    """The same run with user files found elsewhere; a file that is not in `files` stays."""

    def moved(reference: tuple[str, str]) -> str:
        path = Path(reference[0])
        return f"{Path(files.get(path, path)).as_posix()}:{reference[1]}"

    run = _with_references(run, moved)
    if run.train.start_from is None:
        return run
    start = Path(run.train.start_from)
    train = run.train.model_copy(update={"start_from": Path(files.get(start, start)).as_posix()})
    return run.model_copy(update={"train": train})


def _with_references(run: Run, rewrite: Callable[[tuple[str, str]], str]) -> Run:
    """A copy in which every FILE.py:function is rewritten and every built-in name left alone."""

    def each(network: str) -> str:
        reference = split_reference(network)
        return rewrite(reference) if reference else network

    seats: dict[str, Any] = {name: each(network) for name, network in players(run).items()}
    adversaries = tuple(each(network) for network in run.protocol.adversary_networks)
    networks = run.networks.model_copy(update=seats)
    protocol = run.protocol.model_copy(update={"adversary_networks": adversaries})
    return run.model_copy(update={"networks": networks, "protocol": protocol})
