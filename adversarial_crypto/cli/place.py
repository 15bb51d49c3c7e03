"""Directories as people name them: a run's is called NAME-ID, and who types NAME means it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

RUNS = Path("runs")
_ID = re.compile(r"[0-9a-f]{10}")


class Place(click.Path):
    """A path; one that is not there is completed, as `completed` says."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return super().convert(completed(Path(value)), param, ctx)


def completed(path: Path) -> Path:
    """The path, or where nothing has that name the one directory NAME-ID beside it, of a lone word in ./runs.

    Raises:
        click.UsageError: there are several.
    """
    folder = path.parent if len(path.parts) > 1 else RUNS
    if not path.name or path.exists() or not folder.is_dir():
        return path
    start = f"{path.name}-"
    found = sorted(p for p in folder.iterdir() if p.name.startswith(start) and _ID.fullmatch(p.name[len(start) :]))
    if len(found) > 1:
        raise click.UsageError(f"There is no {path}; which is meant, {', '.join(map(str, found[:-1]))} or {found[-1]}?")
    if found:
        click.echo(f"{path} is {found[0]}.", err=True)
    return found[0] if found else path


def named(source: str) -> str:
    """What may be an experiment, a cipher or a file as well: a directory only where it has a slash and no colon."""
    return str(completed(Path(source))) if "/" in source and ":" not in source else source
