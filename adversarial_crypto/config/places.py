"""Where things are found: an experiment by name or path, what it extends, and the files that its settings name."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adversarial_crypto.config import grid
from adversarial_crypto.config.fields import split_reference
from adversarial_crypto.config.files import Document, experiment_files, printable, read_toml
from adversarial_crypto.config.layers import GRID, KeyPath, Layer, Setting
from adversarial_crypto.config.problems import Origin, Problem, did_you_mean, quoted, shown
from adversarial_crypto.errors import ConfigError


def name(path: Path) -> str:
    """A name from a file's: a file may be called anything, a run's directory may not."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).strip("-._")[:64] or "run"


def locate(source: str | Path, known: Mapping[str, Path]) -> Path:
    """A path as it is, a name among the experiments."""
    if isinstance(source, Path) or source.endswith(".toml") or "/" in source or os.sep in source:
        return Path(source)
    if source in known:
        return known[source]
    near = did_you_mean(source, known)
    hint = near or (f"; there are {quoted(known, 'and')}" if known else "; give the path of a .toml file")
    raise ConfigError(f"unknown experiment '{printable(source)}'{hint}")


def chain(path: Path, known: Mapping[str, Path], problems: list[Problem]) -> list[Document]:
    """The file and all it extends, oldest first. The file itself must be readable; trouble further up is a problem."""
    documents = [read_toml(path)]
    while "extends" in documents[-1].data:
        document = documents[-1]
        origin = Origin(0, str(document.path), document.lines.get(("extends",), 0))
        base = document.data["extends"]
        if not isinstance(base, str):
            problems.append(Problem(origin, f"extends must name one experiment or file, not {shown(base)}"))
            break
        try:
            parent = _locate_base(base, document.path.parent, known)
            if any(parent.resolve() == each.path.resolve() for each in documents):
                names = " -> ".join(printable(each.path.name) for each in documents)
                raise ConfigError(f"extends goes in a circle: {names} -> {printable(parent.name)}")
            documents.append(read_toml(parent))
        except ConfigError as error:
            problems += [Problem(origin, f"extends: {problem}") for problem in error.problems]
            break
    return documents[::-1]


def _locate_base(base: str, folder: Path, known: Mapping[str, Path]) -> Path:
    """What `extends` names: a file beside this one, or an experiment."""
    if base.endswith(".toml") or "/" in base:
        return folder / base
    return locate(base, {**known, **experiment_files([folder])})


def rooted(key: KeyPath, setting: Setting) -> Any:
    """A value in which each file is found from the working directory, wherever it was written."""
    if key[0] == "networks" and isinstance(setting.value, str):
        return _root(setting.value, setting.folder)
    if key == ("protocol", "adversary_networks") and isinstance(setting.value, list):
        return [_root(each, setting.folder) if isinstance(each, str) else each for each in setting.value]
    if key == ("train", "start_from") and isinstance(setting.value, str) and setting.value:
        return Path(os.path.normpath(setting.folder / setting.value)).as_posix()
    return setting.value


def rooted_value(axis: str, value: Any, axes: Layer) -> Any:
    """A value of an axis, one for all its keys or a list with one for each, with files found as in `_rooted`."""
    keys = grid.keys(axis)
    own = (setting for path, setting in axes.items() if path[:1] == GRID and keys[0] in grid.keys(path[1]))
    folder = next(own).folder
    if len(keys) > 1 and isinstance(value, list):
        return [
            rooted(tuple(key.split(".")), Setting(each, Origin(0, ""), folder))
            for key, each in zip(keys, value, strict=True)
        ]
    return rooted(tuple(keys[0].split(".")), Setting(value, Origin(0, ""), folder))


def _root(network: str, folder: Path) -> str:
    reference = split_reference(network)
    if reference is None:
        return network
    file = Path(os.path.normpath(folder / reference[0]))
    return f"{file.as_posix()}:{reference[1]}"
