"""What the commands share: the two options of all of them, tables, numbers in words, and the one JSON document."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., None])


def common_options(command: Command) -> Command:
    """--json and --quiet, as every command has them."""
    quiet = click.option("--quiet", "-q", is_flag=True, help="No talk on stderr but errors.")
    as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
    return as_json(quiet(command))


def example(*lines: str) -> str:
    """The epilog of a command's help: command lines that can be copied, each on its own line."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)


def say(text: str, quiet: bool = False) -> None:
    """A line of talk, on stderr."""
    if not quiet:
        click.echo(text, err=True)


def document(command: str, content: Mapping[str, Any]) -> None:
    """Print the JSON document of a command, its schema first; a number that JSON does not know becomes null."""
    full = {"schema": f"acrypto.{command}/1", **content}
    click.echo(json.dumps(_plain(full), indent=2, allow_nan=False))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Aligned columns under a head: the first to the left, columns of numbers to the right; no borders to parse."""
    body = [[str(cell) for cell in row] for row in rows]
    columns = list(zip(head, *body, strict=True))
    widths = [max(map(len, column)) for column in columns]
    numeric = [i > 0 and all(_looks_numeric(cell) for cell in column[1:]) for i, column in enumerate(columns)]
    lines = []
    for row in [list(head), *body]:
        cells = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _looks_numeric(cell: str) -> bool:
    return not cell or cell[0] in "0123456789-−–" or cell in ("inf", "nan")


def number(value: float | None, digits: int = 3) -> str:
    """A measure for people: three significant digits at least, thousands grouped, – where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    if isinstance(value, int) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}" if abs(value) < 1 else f"{value:.2f}"


def interval(low: float | None, high: float | None) -> str:
    """An interval: "6.91 to 7.93"."""
    return f"{number(low)} to {number(high)}"


def plural(count: int, noun: str) -> str:
    """A count with its noun: "1 replica", "8 replicas"."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def duration(seconds: float | None) -> str:
    """A length of time as people say it: "8 s", "4 min", "1 h 20 min"; "?" when unknown."""
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return "?"
    if seconds < 100:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
