"""What makes a directory a run: manifest.json, written first and once; who may continue it, and what is refused."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adversarial_crypto.errors import ConfigError, StoreError
from adversarial_crypto.store.atomic import (
    TEMPORARY,
    atomic_write,
    disk_errors,
    fault,
    read_sealed,
    set_aside,
    sha256,
    sweep,
    write_sealed,
)
from adversarial_crypto.store.lease import LEASE, refuse_if_held

CONFIG, MANIFEST, SUMMARY = "config.toml", "manifest.json", "summary.json"
METRICS, LOG = "metrics.csv", "log.txt"
PLAYERS, PROTOCOL, SNAPSHOTS = "players.safetensors", "protocol.csv", "snapshots.safetensors"
# Of attacks: in a run's directory, or beside runs those about other ciphers; and in the latter those about controls.
ATTACKS, CONTROLS = "attacks", "controls"
SCHEMA = "acrypto.manifest/1"
OLD = ".old-"
_UNSEMANTIC = {"name", "question", "paper"}


@dataclass(frozen=True)
class Meant:
    """The run that a command means.

    Attributes:
        config: the resolved config.toml, UTF-8.
        identity: its identity digest.
        sources: the user's own files, path inside the run -> content.
        asked: execution settings that the user named explicitly, such as {"engine": "eager"}.
    """

    config: bytes
    identity: str
    sources: Mapping[str, bytes]
    asked: Mapping[str, Any]

    @property
    def files(self) -> dict[str, bytes]:
        """What the run starts from: config.toml and the user's files."""
        return {CONFIG: self.config, **self.sources}


def read_manifest(run: Path) -> dict[str, Any]:
    """manifest.json: "identity", "execution", "files" {name: sha256} and what the lab recorded; else StoreError."""
    manifest = read_sealed(run / MANIFEST)
    if manifest.get("schema") != SCHEMA:
        raise StoreError(f"{run / MANIFEST} is of schema {manifest.get('schema')!r}; this version reads {SCHEMA!r}.")
    return manifest


def is_run(path: Path) -> bool:
    """Whether a directory is a run of ours, damaged or not: manifest or summary say so, or config and metrics."""
    for name in (MANIFEST, SUMMARY):
        try:
            if b'"acrypto.' in (path / name).read_bytes():
                return True
        except OSError:
            continue
    return (path / CONFIG).is_file() and (path / METRICS).is_file()


def refuse_foreign(path: Path) -> None:
    """ConfigError unless `path` is free, empty (but for what a killed start left) or a run of ours."""
    if not os.path.lexists(path):
        return
    if not path.is_dir():
        raise ConfigError(f"{path} is not a directory; choose another place with -o.")
    with disk_errors(path):
        found = [name for name in os.listdir(path) if name != LEASE and not name.startswith(TEMPORARY)]
    if found and not is_run(path):
        raise ConfigError(
            f"{path} is not empty and not a run of acrypto (no {MANIFEST} of ours); choose another place with -o."
        )


def move_aside(path: Path) -> Path | None:
    """Rename an old run to NAME.old-1, -2, … (`--fresh`); its new place, or None when nothing was there.

    Raises:
        ConfigError: the directory is not ours.
        StoreError: another process is writing there.
    """
    refuse_foreign(path)
    if not path.is_dir() or not is_run(path):
        return None
    refuse_if_held(path)
    return set_aside(Path(os.path.abspath(path)), OLD)


def create(run: Path, meant: Meant, execution: Mapping[str, Any], manifest: Mapping[str, Any]) -> None:
    """Begin a run: manifest.json alone, with the hashes of the files that `complete_inputs` then writes."""
    files = {name: sha256(data) for name, data in meant.files.items()}
    own = {"schema": SCHEMA, "identity": meant.identity, "files": files, "execution": dict(execution)}
    write_sealed(run / MANIFEST, {**own, **{key: value for key, value in manifest.items() if key not in own}})


def complete_inputs(run: Path, meant: Meant) -> None:
    """Write what a killed start left out: config.toml and sources, as far as they are what the manifest recorded."""
    for name, digest in read_manifest(run)["files"].items():
        path = run / name
        sweep(path.parent)
        if not path.exists() and sha256(meant.files.get(name, b"")) == digest:
            with disk_errors(path):
                path.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(path, meant.files[name])


def admit(run: Path, meant: Meant) -> None:
    """Let a command continue a run only if it means the same run.

    Raises:
        ConfigError: another identity, or another execution than the recorded one; each difference is named.
        StoreError: manifest.json or config.toml is damaged.
    """
    manifest = read_manifest(run)
    if manifest["identity"] != meant.identity:
        there, here = manifest["identity"][:10], meant.identity[:10]
        head = f"{run} holds a run with other settings ({there} there, {here} here):"
        differences = [f"  {line}" for line in _differences(run, manifest, meant)]
        advice = "Choose another directory with -o, or move that run aside with --fresh."
        raise ConfigError([head, *differences, advice])
    recorded = manifest["execution"]
    if other := [key for key, value in meant.asked.items() if value != recorded.get(key)]:
        lines = [f"{run} was started with {key} = {recorded.get(key)}, not {meant.asked[key]}." for key in other]
        raise ConfigError([*lines, "Leave the option out to continue, or move that run aside with --fresh."])


def _differences(run: Path, manifest: Mapping[str, Any], meant: Meant) -> Iterator[str]:
    """One line for each setting or file that differs between a run and what is asked for now."""
    if sentence := fault(run / CONFIG, manifest["files"][CONFIG]):
        raise StoreError(sentence)
    there, here = _settings((run / CONFIG).read_text("utf-8")), _settings(meant.config.decode())
    same = True
    for key in sorted((there.keys() | here.keys()) - _UNSEMANTIC):
        if there.get(key) != here.get(key):
            same = False
            yield f"{key} = {there.get(key, '(absent)')} there, {here.get(key, '(absent)')} here"
    for name, data in sorted(meant.sources.items()):
        if name in manifest["files"] and manifest["files"][name] != sha256(data):
            same = False
            yield f"{name} has another content"
    if same:
        yield "the settings are equal, but another version of acrypto's numerics wrote it"


def _settings(config: str) -> dict[str, str]:
    """A canonical config as {"section.key": value as written}: one key a line, an array perhaps over several."""
    settings: dict[str, str] = {}
    section = last = ""
    for line in config.splitlines():
        key, equals, value = line.partition(" = ")
        if line.startswith("["):
            section = line.strip("[]") + "."
        elif equals and not line.startswith(" "):
            last = section + key
            settings[last] = value
        elif last and line.strip():
            settings[last] += line.strip()
    return settings
