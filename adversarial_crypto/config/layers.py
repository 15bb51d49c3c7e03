"""Layers of settings: files and overrides as flat maps from a key's path to its value and where it was set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from adversarial_crypto.config import grid
from adversarial_crypto.config.fields import Section
from adversarial_crypto.config.files import Document, NotToml, parse_key, parse_toml, printable
from adversarial_crypto.config.problems import Origin, Problem, did_you_mean, quoted, shown, unknown_key
from adversarial_crypto.config.schema import Run

KeyPath = tuple[str, ...]
PROFILES = ("smoke", "standard", "full")
VARY = ("replicas", "vary")
GRID = ("grid",)


@dataclass(frozen=True)
class Setting:
    """A value, where it was set, and the folder that a relative FILE.py in it is relative to."""

    value: Any
    origin: Origin
    folder: Path


Layer = dict[KeyPath, Setting]


@cache
def known_keys() -> Mapping[KeyPath, bool]:
    """Every key of the schema by path, with whether it is a table of further keys."""
    return dict(_keys_of(Run, ()))


class Reader:
    """Turns files and overrides into layers and gathers every problem met on the way."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.profiles: set[str] = set()
        self._count = 0

    def read_file(self, document: Document, profile: str | None) -> tuple[Layer, Layer | None]:
        """A file's own settings and those of the chosen profile (None: it has no such profile); checks them all."""
        label, number = str(document.path), self._next()

        def origin(raw: KeyPath) -> Origin:
            while raw and raw not in document.lines:
                raw = raw[:-1]
            return Origin(number, label, document.lines.get(raw, 0))

        data = {key: value for key, value in document.data.items() if key not in ("extends", "profile")}
        settings = self._flatten(data, origin, document.path.parent)
        chosen: Layer | None = None
        for name, table in self._profiles(document, origin).items():
            layer = self._flatten(table, origin, document.path.parent, ("profile", name))
            chosen = layer if name == profile else chosen
        return settings, chosen

    def read_override(self, text: str) -> Layer:
        """One `KEY=VALUE`: VALUE as in TOML, or else the bare text."""
        origin = Origin(self._next(), f"-s {text}" if len(text) <= 100 else f"-s {text[:97]}...")
        key, equals, value = text.partition("=")
        if not equals:
            self.problems.append(Problem(origin, "an override is KEY=VALUE, such as train.batch=512"))
            return {}
        try:
            path = parse_key(key.strip()) if key.isprintable() else ()
        except NotToml:
            path = ()
        if not path:
            self.problems.append(Problem(origin, "what stands before '=' must be a key, such as train.batch"))
            return {}
        data: Any = _value(value.strip())
        for part in reversed(path):
            data = {part: data}
        return self._flatten(data, lambda raw: origin, Path())

    def _next(self) -> int:
        self._count += 1
        return self._count

    def _profiles(self, document: Document, origin: Callable[[KeyPath], Origin]) -> dict[str, dict[str, Any]]:
        table = document.data.get("profile", {})
        if not isinstance(table, dict):
            problem = f"profile must be a table, such as [profile.smoke], not {shown(table)}"
            self.problems.append(Problem(origin(("profile",)), problem))
            return {}
        sound = {}
        for name, content in table.items():
            if name not in PROFILES:
                near = did_you_mean(name, PROFILES)
                problem = f"unknown profile '{printable(name)}'; there are {quoted(PROFILES, 'and')}{near}"
            elif not isinstance(content, dict):
                problem = f"profile.{name} must be a table, such as [profile.{name}], not {shown(content)}"
            else:
                sound[name] = content
                self.profiles.add(name)
                continue
            self.problems.append(Problem(origin(("profile", name)), problem))
        return sound

    def _flatten(
        self, data: dict[str, Any], origin: Callable[[KeyPath], Origin], folder: Path, raw: KeyPath = ()
    ) -> Layer:
        """Nested tables and dotted string keys alike become paths; what is unknown or misplaced becomes a problem."""
        layer: Layer = {}
        for path, spelled, value in _walk(data, (), raw):
            place = origin(spelled)
            if path[:1] == GRID:
                self._add_axis(layer, path, Setting(value, place, folder))
                continue
            is_table = known_keys().get(path[:2] if path[:2] == VARY else path)
            if is_table is None:
                self.problems.append(Problem(place, unknown_key(path, list(known_keys()))))
            elif is_table:
                sentence = f"{'.'.join(path)} must be a table, such as [{'.'.join(path)}], not {shown(value)}"
                self.problems.append(Problem(place, sentence))
            elif path in layer or _clashes(path, layer):
                self.problems.append(Problem(place, f"{'.'.join(path)} is set twice; keep one"))
            else:
                layer[path] = Setting(value, place, folder)
        return layer

    def _add_axis(self, layer: Layer, path: KeyPath, axis: Setting) -> None:
        """One axis of the grid: ("grid", "train.batch"), whose keys must exist."""
        if len(path) == 1:
            sentence = f"grid must be a table, such as [grid], not {shown(axis.value)}"
            self.problems.append(Problem(axis.origin, sentence))
            return
        settable = [key for key, is_table in known_keys().items() if not is_table]
        unknown = [key for key in map(_path, grid.keys(path[1])) if key not in settable and key[:2] != VARY]
        self.problems += [Problem(axis.origin, unknown_key(key, settable)) for key in unknown]
        if problem := grid.axis_problem(path[1], axis.value):
            self.problems.append(Problem(axis.origin, problem))
        elif not unknown:
            layer[path] = axis


def _path(key: str) -> KeyPath:
    return tuple(key.split("."))


def merge(layers: list[Layer]) -> Layer:
    """Later layers win key by key (`replicas.vary` and `grid` are one value); the setting made last stands last."""
    merged: Layer = {}
    for layer in layers:
        for whole in (VARY, GRID):
            if any(path[: len(whole)] == whole for path in layer):
                merged = {path: setting for path, setting in merged.items() if path[: len(whole)] != whole}
        for path, setting in layer.items():
            merged.pop(path, None)
            merged[path] = setting
    return merged


def nest(values: Mapping[KeyPath, Any]) -> dict[str, Any]:
    """Tables from paths, as the schema reads them."""
    data: dict[str, Any] = {}
    for path, value in values.items():
        table = data
        for part in path[:-1]:
            table = table.setdefault(part, {})
        table[path[-1]] = value
    return data


def _walk(table: Mapping[str, Any], path: KeyPath, spelled: KeyPath) -> Iterator[tuple[KeyPath, KeyPath, Any]]:
    """Leaves as (path, path as spelled in the file, value); an unknown table is a leaf, so it is reported once."""
    for key, value in table.items():
        here, there = (*path, *key.split(".")), (*spelled, key)
        if here[:2] == VARY:
            yield from _whole(VARY, here, there, value)
        elif here[:1] == GRID:
            yield from _whole(GRID, here, there, value)
        elif isinstance(value, dict) and known_keys().get(here):
            yield from _walk(value, here, there)
        else:
            yield here, there, value


def _whole(table: KeyPath, path: KeyPath, spelled: KeyPath, value: Any) -> Iterator[tuple[KeyPath, KeyPath, Any]]:
    """The leaves of `replicas.vary` or `grid`, each key in one piece, however it was nested."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _whole(table, (*path, key), (*spelled, key), inner)
    else:
        rest = path[len(table) :]
        yield (*table, ".".join(rest)) if rest else table, spelled, value


def _clashes(path: KeyPath, layer: Layer) -> bool:
    """Whether `replicas.vary` is set both as a whole and key by key."""
    return path[:2] == VARY and (VARY in layer or (path == VARY and any(key[:2] == VARY for key in layer)))


def _value(text: str) -> Any:
    try:
        data = parse_toml(f"value = {text}")
    except NotToml:
        return text
    return data["value"] if list(data) == ["value"] else text


def _keys_of(model: type[Section], prefix: KeyPath) -> Iterator[tuple[KeyPath, bool]]:
    for name, field in model.model_fields.items():
        path = (*prefix, name)
        # A union of kinds of game offers the keys of each; which kind has which is for the schema to say.
        tables = [
            member
            for member in (field.annotation, *map(_plain, get_args(field.annotation)))
            if isinstance(member, type) and issubclass(member, Section)
        ]
        yield path, bool(tables)
        for table in tables:
            yield from _keys_of(table, path)


def _plain(annotation: Any) -> Any:
    """A member of a union without what is annotated on it."""
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
