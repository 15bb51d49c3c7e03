"""Checkpoints: directories of one safetensors file and its SHA256SUMS, committed by a rename, the two newest kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from adversarial_crypto.errors import StoreError
from adversarial_crypto.store.atomic import atomic_write, canonical, disk_errors, read_bytes, remove, set_aside, sha256
from adversarial_crypto.store.sums import commit_directory, read_sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[Any]]

FOLDER = "checkpoints"
STATE = "state.safetensors"
KEPT = 2
_NAME = re.compile(r"step-(\d{9,})(?:-(\d+))?")


@dataclass(frozen=True)
class Checkpoint:
    """A state to continue from: the step it was taken at, its arrays, and the JSON document beside them."""

    step: int
    arrays: Arrays
    meta: dict[str, Any]
    path: Path


def pack(arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> bytes:
    """Named arrays and a JSON document as safetensors: equal content, equal bytes, on every machine."""
    from safetensors.numpy import save

    # safetensors reads memory as it lies and would scramble a transpose; ascontiguousarray would turn () into (1,).
    tensors = {name: np.asarray(arrays[name], order="C") for name in sorted(arrays)}
    # One metadata key: safetensors keeps them in a hash map and writes several in random order.
    return save(tensors, metadata={"acrypto": canonical(meta).decode()})


def unpack(data: bytes, path: Path) -> tuple[Arrays, dict[str, Any]]:
    """The arrays (writable copies) and document of `pack`; StoreError names `path` when they are not such."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = {name: np.array(array) for name, array in load(data).items()}
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        return arrays, json.loads(header["__metadata__"]["acrypto"])
    except (SafetensorError, ValueError, KeyError) as error:
        raise StoreError(f"{path} is damaged or was not written by acrypto ({error}).") from error


def save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> str:
    """Write a safetensors file atomically; its sha256, without which it is not read again."""
    data = pack(arrays, meta)
    atomic_write(path, data)
    return sha256(data)


def load_arrays(path: Path, digest: str) -> tuple[Arrays, dict[str, Any]]:
    """Read the file of `save_arrays`; StoreError when it has not the sha256 `digest`."""
    data = read_bytes(path)
    # safetensors itself notices a truncated file but not a flipped bit.
    if sha256(data) != digest:
        raise StoreError(f"{path} is damaged: it does not have its recorded sha256.")
    return unpack(data, path)


def names(run: Path) -> list[Path]:
    """The committed checkpoints of a run directory, oldest first."""
    folder = run / FOLDER
    found = [path for path in folder.iterdir() if _NAME.fullmatch(path.name)] if folder.is_dir() else []
    return sorted(found, key=_order)


def _order(path: Path) -> tuple[int, int]:
    match = _NAME.fullmatch(path.name)
    assert match
    return int(match[1]), int(match[2] or 0)


def save(run: Path, step: int, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Path:
    """Commit a checkpoint, then drop all but the two newest.

    Args:
        run: the run directory.
        step: a count of the work done, which never falls from one checkpoint to the next.
        arrays: name -> array, any shapes.
        meta: a JSON document.
    Returns:
        The checkpoint's directory, checkpoints/step-000001200 (or …-2 when the same step is saved again).
    Raises:
        EnvironmentProblem: it cannot be written; the earlier checkpoints are untouched.
    """
    folder = run / FOLDER
    with disk_errors(folder):
        folder.mkdir(exist_ok=True)
    last, again = _order(kept[-1]) if (kept := names(run)) else (-1, 0)
    if step < last:
        raise ValueError(f"checkpoint at step {step} after one at step {last}")
    suffix = "" if step > last else f"-{max(again, 1) + 1}"
    target = folder / f"step-{step:09d}{suffix}"
    commit_directory(target, {STATE: pack(arrays, {"step": step, "meta": dict(meta)})})
    for path in names(run)[:-KEPT]:
        remove(path)
    return target


def load(path: Path) -> Checkpoint:
    """Read one checkpoint directory; StoreError names the file that is missing or damaged."""
    digest = read_sums(path).get(STATE)
    if digest is None:
        raise StoreError(f"{path / STATE} is missing.")
    arrays, document = load_arrays(path / STATE, digest)
    return Checkpoint(document["step"], arrays, document["meta"], path)


def intact(run: Path) -> Iterator[Checkpoint]:
    """The checkpoints that can be read, newest first; the others are passed over and left where they are."""
    for path in reversed(names(run)):
        try:
            checkpoint = load(path)
        except StoreError:
            continue
        yield checkpoint


def load_newest(run: Path) -> tuple[Checkpoint | None, list[str]]:
    """The newest readable checkpoint (None: start over) and a warning for each damaged one, which is set aside."""
    warnings: list[str] = []
    for path in reversed(names(run)):
        try:
            return load(path), warnings
        except StoreError as error:
            place = set_aside(path)
            warnings.append(f"{error} That checkpoint was set aside as {place.name}.")
    return None, warnings
