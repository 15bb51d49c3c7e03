"""How a grid is given on the command line: --grid KEY=V,V..., --zip KEY=V,V... and --shard K/N."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click


def axes_of(grid: Sequence[str], zipped: Sequence[str]) -> dict[str, list[Any]] | None:
    """The axes, as a file's [grid] has them; None where none is given. UsageError says what is wrong with one."""
    axes: dict[str, list[Any]] = {}
    for text in grid:
        key, values = _axis(text, "--grid")
        if key in axes:
            raise click.UsageError(f"--grid names {key} twice.")
        axes[key] = values
    if zipped:
        together = [_axis(text, "--zip") for text in zipped]
        lengths = {len(values) for _, values in together}
        if len(together) < 2 or len(lengths) > 1:
            counts = ", ".join(f"{key} has {len(values)}" for key, values in together)
            raise click.UsageError(f"--zip moves two or more keys through equally many values; {counts}.")
        axes[",".join(key for key, _ in together)] = [list(row) for row in zip(*(v for _, v in together), strict=True)]
    return axes or None


def _axis(text: str, option: str) -> tuple[str, list[Any]]:
    from adversarial_crypto.config.files import NotToml, parse_toml

    key, equals, values = text.partition("=")
    if not equals or not key.strip() or not values.strip():
        raise click.UsageError(f"{option} {text[:80]!r} is no axis; give KEY=V,V,... such as game.key_bits=8,16.")
    try:
        found = parse_toml(f"values = [{values}]")["values"]
    except NotToml:  # plain words: networks.alice=dense,released
        found = [_value(word) for word in values.split(",")]
    return key.strip(), list(found)


def _value(word: str) -> Any:
    from adversarial_crypto.config.files import NotToml, parse_toml

    try:
        return parse_toml(f"value = {word}")["value"]
    except NotToml:
        return word.strip()


def parse_share(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """(K, N) from "K/N". A callback of an option."""
    if value is None:
        return None
    first, slash, second = value.partition("/")
    if not (slash and first.isdecimal() and second.isdecimal() and 1 <= int(first) <= int(second)):
        raise click.BadParameter(f"{value!r} is no share; give K/N such as 2/3, K from 1 to N.")
    return int(first), int(second)
