"""The outer grid of an experiment: axes of settings, and every combination of them.

    [grid]
    "train.batch" = [256, 512]                            # an axis of one key
    "networks.alice,networks.bob" = ["dense", "released"]   # one value for several keys at a time
    "train.batch,train.steps" = [[256, 30000], [512, 20000]]  # a value for each of them

What keeps the shapes of tensors belongs into `replicas.vary` instead, where it is computed at once.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from itertools import product
from typing import Any

from adversarial_crypto.config.problems import quoted, shown

MAX_POINTS = 10_000


def keys(axis: str) -> tuple[str, ...]:
    """The settings that an axis moves together."""
    return tuple(key.strip() for key in axis.split(","))


def axis_problem(axis: str, values: object) -> str | None:
    """What is wrong with the values of an axis, as a sentence, or None."""
    if not isinstance(values, list) or not values:
        return f"grid: {quoted([axis])} must be a list of at least one value, not {shown(values)}"
    moved = keys(axis)
    if len(set(moved)) < len(moved):
        return f"grid: {quoted([axis])} names a key twice"
    short = [value for value in values if len(moved) > 1 and isinstance(value, list) and len(value) != len(moved)]
    if short:
        return f"grid: each list in {quoted([axis])} must hold {len(moved)} values, one a key"
    if any(value in values[:index] for index, value in enumerate(values)):
        return f"grid: {quoted([axis])} must not list a value twice; raise replicas.count for more replicas of one"
    return None


def without(grid: Mapping[str, list[Any]], settled: Collection[str]) -> dict[str, list[Any]]:
    """The axes that are left where some keys have one value for all; a value that is then there twice is there once."""
    left: dict[str, list[Any]] = {}
    for axis, values in grid.items():
        moved = keys(axis)
        kept = [index for index, key in enumerate(moved) if key not in settled]
        if len(kept) < len(moved):
            several = [
                value if len(moved) > 1 and isinstance(value, list) else [value] * len(moved) for value in values
            ]
            picked = [[value[index] for index in kept] for value in several]
            values = [value[0] if len(kept) == 1 else value for value in picked]
        if kept:
            unique = [value for index, value in enumerate(values) if value not in values[:index]]
            left[",".join(moved[index] for index in kept)] = unique
    return left


def size(grid: Mapping[str, list[Any]]) -> int:
    """How many points a grid has."""
    return math.prod(len(values) for values in grid.values())


def points(grid: Mapping[str, list[Any]]) -> Iterator[dict[str, Any]]:
    """Every combination as key -> value, the last axis fastest."""
    for combination in product(*grid.values()):
        point: dict[str, Any] = {}
        for axis, value in zip(grid, combination, strict=True):
            moved = keys(axis)
            each = value if len(moved) > 1 and isinstance(value, list) else [value] * len(moved)
            point |= zip(moved, each, strict=True)
        yield point
