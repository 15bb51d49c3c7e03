"""The one reader and writer of TOML. Whatever is wrong with a file becomes one sentence with its place."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from adversarial_crypto.errors import ConfigError

# A configuration is a page of text; a data set given by mistake should not be parsed for minutes.
MAX_BYTES = 1_000_000
MAX_DEPTH = 16

_KEY = r"""(?:"(?:\\.|[^"\\\n])*"|'[^'\n]*'|[A-Za-z0-9_-]+)"""
_DOTTED = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_HEADER = re.compile(rf"[ \t]*\[\[?[ \t]*({_DOTTED})[ \t]*\]")
_PAIR = re.compile(rf"[ \t]*({_DOTTED})[ \t]*=")
_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?""""{0,2}'  # the closing quotes of a long string may follow up to two of its own
    r"|'''.*?''''{0,2}"
    r'|"(?:\\.|[^"\\\n])*"|' + r"'[^'\n]*'|\#[^\n]*|[\[\]{}]|\n|[^\"'\#\[\]{}\n]+",
    re.DOTALL,
)
_PLACE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)\s*$")

Lines = dict[tuple[str, ...], int]


@dataclass(frozen=True)
class Document:
    """A parsed file: its data, and the line on which each key stands."""

    path: Path
    data: dict[str, Any]
    lines: Lines


class NotToml(ValueError):
    """A text is not TOML; `line` is where, or 0 where that is unknown."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.line = line


def parse_toml(text: str) -> dict[str, Any]:
    """Parse a text; every way in which it can fail is a `NotToml` with a short reason."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason = str(error)
        place = _PLACE.search(reason)
        line = int(place[1]) if place and place[1] else text.count("\n") + 1 if place else 0
        spot = f"column {place[2]}" if place and place[2] else "at the end"
        reason = _PLACE.sub(f" ({spot})", reason)
        raise NotToml(reason[:1].lower() + reason[1:], line) from None
    except RecursionError:
        raise NotToml("brackets are nested too deeply") from None
    except ValueError:
        raise NotToml("a number or a date in it is out of range") from None
    if _depth_exceeds(data, MAX_DEPTH):
        raise NotToml(f"tables are nested deeper than {MAX_DEPTH}")
    return data


def read_toml(path: Path) -> Document:
    """Read a file with the lines of its keys.

    Raises:
        ConfigError: missing, a directory, unreadable, too large, not UTF-8, or not TOML; one sentence.
    """
    where = printable(str(path))
    try:
        if path.is_dir():
            inside = path / "config.toml"
            hint = f"; did you mean {printable(str(inside))}?" if inside.is_file() else "; name a .toml file"
            raise ConfigError(f"{where} is a directory{hint}")
        if not path.exists():
            raise ConfigError(f"{where} does not exist")
        if not path.is_file():
            raise ConfigError(f"{where} is not a regular file")
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{where} cannot be read: {(error.strerror or 'unknown reason').lower()}") from None
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"{where} is larger than {MAX_BYTES // 10**6} MB, so it is no configuration")
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigError(f"{where}:{line}: the file is not UTF-8 text; save it as UTF-8") from None
    try:
        return Document(path, parse_toml(text), key_lines(text))
    except NotToml as error:
        place = f"{where}:{error.line}" if error.line else where
        raise ConfigError(f"{place}: not valid TOML: {printable(str(error))}") from None


def render_toml(data: Mapping[str, Any]) -> str:
    """Write data as TOML text, keys in the given order."""
    return tomli_w.dumps(data)


def experiment_files(folders: Iterable[Path]) -> dict[str, Path]:
    """Experiments by name (`NAME.toml` in one of the folders); the first folder that has a name wins."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.toml")):
            found.setdefault(path.stem, path)
    return found


def key_lines(text: str) -> Lines:
    """The line of every table header and key of a valid TOML text; keys of an inline table count as their table's."""
    lines: Lines = {}
    table: tuple[str, ...] = ()
    position, line = 0, 1
    while position < len(text):
        if header := _HEADER.match(text, position):
            table = parse_key(header[1])
            for depth in range(1, len(table) + 1):  # [a.b] opens a as well
                lines.setdefault(table[:depth], line)
        elif pair := _PAIR.match(text, position):
            lines.setdefault(table + parse_key(pair[1]), line)
        end = _statement_end(text, position)
        line += text.count("\n", position, end)
        position = end
    return lines


def parse_key(text: str) -> tuple[str, ...]:
    """The parts of a dotted key, quotes undone. Raises NotToml."""
    found: Any = parse_toml(f"{text} = 0")
    path: list[str] = []
    while isinstance(found, dict) and len(found) == 1:
        [(key, found)] = found.items()
        path.append(key)
    if found != 0:
        raise NotToml("not one key")
    return tuple(path)


def printable(text: str) -> str:
    """A text that any terminal can show: what cannot be printed is escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def _statement_end(text: str, position: int) -> int:
    """Where the next statement begins: after the first newline outside brackets and strings."""
    depth = 0
    while position < len(text) and (token := _TOKEN.match(text, position)):
        position = token.end()
        if token[0] in "[{":
            depth += 1
        elif token[0] in "]}":
            depth -= 1
        elif token[0] == "\n" and depth <= 0:
            return position
    return len(text)


def _depth_exceeds(data: Any, most: int) -> bool:
    level = [data]
    for _ in range(most):
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
    return bool(level)
