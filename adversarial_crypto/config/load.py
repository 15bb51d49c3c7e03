"""From an experiment's name or a file to a `Run`: extends < file < profile < overrides, and every problem at once."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from adversarial_crypto.config import grid
from adversarial_crypto.config.fields import split_reference
from adversarial_crypto.config.files import Document, experiment_files, printable, read_toml
from adversarial_crypto.config.kinds import KINDS
from adversarial_crypto.config.layers import GRID, KeyPath, Layer, Reader, Setting, merge, nest
from adversarial_crypto.config.problems import Origin, Problem, did_you_mean, in_plain_words, quoted, shown
from adversarial_crypto.config.schema import Run
from adversarial_crypto.errors import ConfigError


@dataclass(frozen=True)
class Point:
    """One point of an experiment's grid: its own settings, such as {"train.batch": 512}, and the run they make."""

    settings: Mapping[str, Any]
    run: Run


def load(
    source: str | Path,
    *,
    overrides: Sequence[str] = (),
    profile: str | None = None,
    experiments: Sequence[Path] = (),
) -> Run:
    """Read an experiment, with all that it builds on, into one validated run.

    Args:
        source: an experiment's name, or the path of a .toml file (a run directory's config.toml is one).
        overrides: `KEY=VALUE` each; later ones win. A relative FILE.py in them is relative to the working directory.
        profile: "smoke", "standard" or "full"; the file must have a table [profile.NAME], which may be empty.
        experiments: folders in which names are looked up, the first one that has the name wins.
    Raises:
        ConfigError: one sentence a problem, each with its place ("exp.toml:4: …" or "-s key=value: …"); or the
            experiment has a grid of more than one point, which `expand` takes.
    """
    points = expand(source, overrides=overrides, profile=profile, experiments=experiments)
    if len(points) > 1:
        axes = list(dict.fromkeys(key for point in points for key in point.settings))
        raise ConfigError(
            f"{printable(str(source))} has a grid of {len(points)} points and this is for one; "
            f"choose it by setting {quoted(axes, 'and')} with -s"
        )
    return points[0].run


def expand(
    source: str | Path,
    *,
    overrides: Sequence[str] = (),
    profile: str | None = None,
    experiments: Sequence[Path] = (),
) -> tuple[Point, ...]:
    """Every point of an experiment's grid, in its order, the last axis fastest; one point where there is no grid.

    An override holds at every point, and points that it makes equal are one. Arguments and errors as `load`.
    """
    known = experiment_files(experiments)
    path = _locate(source, known)
    reader = Reader()
    settings = _settings(_chain(path, known, reader.problems), profile, reader)
    given = merge([reader.read_override(text) for text in overrides])
    axes = merge([settings, given])
    table = {key[1]: axes[key].value for key in axes if key[:1] == GRID}
    if grid.size(table) > grid.MAX_POINTS:
        origin = next(axes[key].origin for key in axes if key[:1] == GRID)
        reader.problems.append(
            Problem(origin, f"the grid has {grid.size(table):,} points; {grid.MAX_POINTS:,} is the most")
        )
        table = {}
    fixed = {key: setting for key, setting in settings.items() if key[:1] != GRID}
    own = {key: setting for key, setting in given.items() if key[:1] != GRID}
    found: dict[str, Point] = {}
    wrong: list[Problem] = []
    for point in grid.points(table):
        layer = {_key(key): Setting(value, *_where(key, axes)) for key, value in point.items()}
        run, problems = _validated(merge([fixed, layer, own]), path)
        wrong += problems
        if run is not None:
            chosen = {key: value for key, value in point.items() if _key(key) not in own}
            found.setdefault(run.model_dump_json(), Point(chosen, run))
    if problems := [*reader.problems, *wrong]:
        raise ConfigError([str(problem) for problem in dict.fromkeys(sorted(problems))])
    return tuple(found.values())


def _key(key: str) -> KeyPath:
    return tuple(key.split("."))


def _where(key: str, axes: Layer) -> tuple[Origin, Path]:
    """Where the axis of a key was written."""
    axis = next(setting for path, setting in axes.items() if path[:1] == GRID and key in grid.keys(path[1]))
    return axis.origin, axis.folder


def _settings(documents: Sequence[Document], profile: str | None, reader: Reader) -> Layer:
    """What the files say, oldest first, and above them what the profile says in each."""
    layers, profiles = [], []
    for document in documents:
        settings, chosen = reader.read_file(document, profile)
        layers.append(settings)
        profiles += [] if chosen is None else [chosen]
    for inherited in layers[:-1]:
        inherited.pop(("name",), None)
    if profile is not None and not profiles:
        there = f"there is {quoted(sorted(reader.profiles), 'and')}" if reader.profiles else "the file has no profiles"
        hint = did_you_mean(profile, reader.profiles) or f"; {there}"
        origin = Origin(0, str(documents[-1].path))
        reader.problems.append(Problem(origin, f"unknown profile '{printable(profile)}'{hint}"))
    return merge([*layers, *profiles])


def _validated(settings: Layer, path: Path) -> tuple[Run | None, list[Problem]]:
    """The run that these settings make, or what is wrong with them."""
    data = nest({key: _rooted(key, setting) for key, setting in settings.items()})
    # A file may be called anything, a run's directory may not.
    data.setdefault("name", re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).strip("-._")[:64] or "run")
    try:
        return Run.model_validate(data), []
    except ValidationError as error:
        return None, list(_translate(error, settings, Origin(0, str(path))))


def _locate(source: str | Path, known: Mapping[str, Path]) -> Path:
    """A path as it is, a name among the experiments."""
    if isinstance(source, Path) or source.endswith(".toml") or "/" in source or os.sep in source:
        return Path(source)
    if source in known:
        return known[source]
    near = did_you_mean(source, known)
    hint = near or (f"; there are {quoted(known, 'and')}" if known else "; give the path of a .toml file")
    raise ConfigError(f"unknown experiment '{printable(source)}'{hint}")


def _chain(path: Path, known: Mapping[str, Path], problems: list[Problem]) -> list[Document]:
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
    return _locate(base, {**known, **experiment_files([folder])})


def _rooted(key: KeyPath, setting: Setting) -> Any:
    """A value in which each file is found from the working directory, wherever it was written."""
    if key[0] == "networks" and isinstance(setting.value, str):
        return _root(setting.value, setting.folder)
    if key == ("protocol", "adversary_networks") and isinstance(setting.value, list):
        return [_root(each, setting.folder) if isinstance(each, str) else each for each in setting.value]
    if key == ("train", "start_from") and isinstance(setting.value, str) and setting.value:
        return Path(os.path.normpath(setting.folder / setting.value)).as_posix()
    return setting.value


def _root(network: str, folder: Path) -> str:
    reference = split_reference(network)
    if reference is None:
        return network
    file = Path(os.path.normpath(folder / reference[0]))
    return f"{file.as_posix()}:{reference[1]}"


def _translate(error: ValidationError, settings: Layer, fallback: Origin) -> Iterator[Problem]:
    details = error.errors(include_url=False)
    # The values of a key that cannot vary need no comment of their own.
    fixed = {detail["loc"][:-1] for detail in details if detail["loc"][-1:] == ("[key]",)}
    for detail in details:
        detail["loc"] = _plain_path(detail["loc"])
        if detail["loc"][-1:] != ("[key]",) and detail["loc"][:3] in fixed:
            continue
        if detail["type"] == "together":
            for size in detail["ctx"]["problems"]:
                # The last of the settings that make it so large is the one to look at.
                names = ((s.origin, {".".join(key), ".".join(key[:2])}) for key, s in settings.items())
                places = [origin for origin, name in names if name & set(size.keys)]
                yield Problem(places[-1] if places else fallback, size.sentence)
        else:
            yield Problem(_origin(detail["loc"], settings, fallback), in_plain_words(detail))


def _plain_path(path: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """A key's path without the kind of game, which stands in it where a union was tried."""
    return path[:1] + path[2:] if path[:1] == ("game",) and path[1:2] and path[1] in KINDS else path


def _origin(path: tuple[int | str, ...], settings: Layer, fallback: Origin) -> Origin:
    for length in range(len(path), 0, -1):
        key = tuple(str(part) for part in path[:length])
        if key in settings:
            return settings[key].origin
    return fallback
