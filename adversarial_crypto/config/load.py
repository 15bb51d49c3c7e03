"""From an experiment's name or a file to a `Run`: extends < file < profile < overrides, and every problem at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from adversarial_crypto.config import grid
from adversarial_crypto.config.files import Document, experiment_files, printable
from adversarial_crypto.config.kinds import KINDS
from adversarial_crypto.config.layers import GRID, KeyPath, Layer, Reader, Setting, merge, nest
from adversarial_crypto.config.places import chain, locate, name, rooted, rooted_value
from adversarial_crypto.config.problems import Origin, Problem, did_you_mean, in_plain_words, quoted
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
    given = _read(source, overrides, profile, experiments)
    found: dict[str, Point] = {}
    wrong: list[Problem] = list(given.problems)
    for point in grid.points(given.grid):
        layer = {_key(key): Setting(value, *_where(key, given.axes)) for key, value in point.items()}
        run, problems = _validated(merge([given.fixed, layer, given.own]), given.path)
        wrong += problems
        if run is not None:
            chosen = {".".join(key): rooted(key, setting) for key, setting in layer.items()}
            found.setdefault(run.model_dump_json(), Point(chosen, run))
    if wrong:
        raise ConfigError([str(problem) for problem in dict.fromkeys(sorted(wrong))])
    return tuple(found.values())


def at(source: Path, settings: Mapping[str, Any]) -> Run:
    """The run of one point of a file's grid, by the point's own settings; the other points are not looked at.

    Raises:
        ConfigError: as `load`; a key of the grid is missing in `settings`, or is none of the grid's.
    """
    given = _read(source, (), None, ())
    if problems := list(given.problems):
        raise ConfigError([str(problem) for problem in sorted(problems)])
    known = {key for axis in given.grid for key in grid.keys(axis)}
    if known != settings.keys():
        raise ConfigError(f"{source}: a point of its grid has {quoted(sorted(known), 'and')}, and not others")
    layer = {_key(key): Setting(value, *_where(key, given.axes)) for key, value in settings.items()}
    run, problems = _validated(merge([given.fixed, layer]), source)
    if run is None:
        raise ConfigError([str(problem) for problem in problems])
    return run


def settle(
    source: str | Path,
    *,
    overrides: Sequence[str] = (),
    profile: str | None = None,
    experiments: Sequence[Path] = (),
) -> dict[str, Any]:
    """What files, profile and overrides say in the end, with the grid as one table: one file that says it all.

    As TOML it has the same points as `expand` finds, though defaults are not written out. A relative FILE.py in it is
    relative to the working directory. Arguments and errors as `load`, but what is wrong at a point is not looked for.
    """
    given = _read(source, overrides, profile, experiments)
    if given.problems:
        raise ConfigError([str(problem) for problem in dict.fromkeys(sorted(given.problems))])
    everywhere = merge([given.fixed, given.own])
    data = nest({key: rooted(key, setting) for key, setting in everywhere.items()})
    data.setdefault("name", name(given.path))
    axes = {axis: [rooted_value(axis, value, given.axes) for value in values] for axis, values in given.grid.items()}
    return data | ({"grid": axes} if axes else {})


@dataclass(frozen=True)
class _Given:
    """What was read: settings of files and profile, overrides, the grid's axes, and every problem so far."""

    path: Path
    fixed: Layer
    own: Layer
    axes: Layer
    grid: dict[str, list[Any]]
    problems: tuple[Problem, ...]


def _read(source: str | Path, overrides: Sequence[str], profile: str | None, experiments: Sequence[Path]) -> _Given:
    known = experiment_files(experiments)
    path = locate(source, known)
    reader = Reader()
    settings = _settings(chain(path, known, reader.problems), profile, reader)
    given = merge([reader.read_override(text) for text in overrides])
    axes = merge([settings, given])
    fixed = {key: setting for key, setting in settings.items() if key[:1] != GRID}
    own = {key: setting for key, setting in given.items() if key[:1] != GRID}
    table = {key[1]: axes[key].value for key in axes if key[:1] == GRID}
    left = grid.without(table, {".".join(key) for key in own})
    if grid.size(left) > grid.MAX_POINTS:
        origin = next(axes[key].origin for key in axes if key[:1] == GRID)
        sentence = f"the grid has {grid.size(left):,} points; {grid.MAX_POINTS:,} is the most"
        reader.problems.append(Problem(origin, sentence))
        left = {}
    return _Given(path, fixed, own, axes, left, tuple(reader.problems))


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
    data = nest({key: rooted(key, setting) for key, setting in settings.items()})
    data.setdefault("name", name(path))
    try:
        return Run.model_validate(data), []
    except ValidationError as error:
        return None, list(_translate(error, settings, Origin(0, str(path))))


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
