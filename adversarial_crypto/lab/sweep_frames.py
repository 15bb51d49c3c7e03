"""The tables of a sweep's figures, made of its results.csv, complete or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from adversarial_crypto.lab.sweep_points import KEY, MESSAGE, NEEDED, SEED, points, replicas

if TYPE_CHECKING:
    import pandas as pd

Frames = dict[str, "pd.DataFrame"]

# Key -> its name on an axis, and its unit in words.
AXES: Mapping[str, tuple[str, str]] = {
    MESSAGE: ("message size N", "bits"),
    KEY: ("key size K", "bits"),
    "train.batch": ("batch", "examples"),
    "train.learning_rate": ("learning rate", "of Adam"),
    "train.steps": ("steps at most", "rounds of the schedule"),
}


def frames_for(
    results: pd.DataFrame,
    grid_keys: Sequence[str],
    varied_keys: Sequence[str],
    message_bits_default: int,
    budget: str,
    plan: pd.DataFrame | None = None,
) -> dict[str, Frames]:
    """The figures that a sweep has, and their frames.

    `key_map` and `key_slices` where message and key size vary and nothing else; `axis_rates` where one number varies,
    with a line for each combination of the words that do. Else nothing, for pooled settings would be mistaken for
    replicas; nor in games that are not about a message.

    Args:
        results: results.csv, complete or not.
        grid_keys, varied_keys: of `[grid]` and of `[replicas.vary]`; columns of the results.
        message_bits_default: N, where no key sets it.
        budget: of each point, in words.
        plan: one row or more a point of the grid, with grid_keys as columns. Without it, every combination of the
            values that are in the results counts as planned.
    Returns:
        Name of a figure -> its frames.
    """
    keys = [key for key in dict.fromkeys([*grid_keys, *varied_keys]) if key != SEED]
    if results.empty or not keys or not {*keys, *NEEDED} <= set(results.columns):
        return {}
    planned = _planned(results, keys, plan)
    varying = [key for key in keys if planned[key].nunique(dropna=False) > 1]
    numbers = [key for key in varying if _is_number(planned[key])]
    planned = planned[varying].drop_duplicates()
    if set(varying) == {MESSAGE, KEY}:
        found = points(results, [MESSAGE, KEY], message_bits_default)
        return {"key_map": key_map(found, planned, budget), "key_slices": key_slices(found, len(planned), budget)}
    if len(numbers) != 1:
        return {}
    words = [key for key in varying if key not in numbers]
    return {"axis_rates": axis_rates(results, numbers[0], words, message_bits_default, budget, len(planned))}


def key_map(found: pd.DataFrame, planned: pd.DataFrame, budget: str) -> Frames:
    """The frames of `key_map`: a row a planned point, n = 0 where it is not computed.

    Args:
        found: `points` by message and key size.
        planned: the planned pairs of both, under the keys' names.
    """
    from adversarial_crypto.figures import key_map

    whole = planned.merge(found, on=[MESSAGE, KEY], how="left").sort_values([MESSAGE, KEY])
    whole = whole.fillna({"n": 0, "passed": 0}).rename(columns={MESSAGE: "message_bits", KEY: "key_bits"})
    return {"points": whole[list(key_map.POINTS)], "settings": _settings(len(planned), budget)}


def key_slices(found: pd.DataFrame, planned: int, budget: str) -> Frames:
    """The frames of `key_slices`, of `points` by message and key size, out of so many that are planned."""
    from adversarial_crypto.figures import key_slices

    named = found.rename(columns={MESSAGE: "message_bits", KEY: "key_bits"})
    return {"points": named[list(key_slices.POINTS)], "settings": _settings(planned, budget)}


def axis_rates(
    results: pd.DataFrame, axis: str, lines: Sequence[str], message_bits: int, budget: str, planned: int
) -> Frames:
    """The frames of `axis_rates`: the rates along one number, a line for each combination of the values of `lines`."""
    from adversarial_crypto.figures import axis_rates

    keys = [axis, *lines]
    tables = {"points": points(results, keys, message_bits), "replicas": replicas(results, keys, message_bits)}
    columns = {"points": axis_rates.POINTS, "replicas": axis_rates.REPLICAS}
    frames = {
        name: table.rename(columns={axis: "value"}).assign(line=_line(table, lines))[["line", *columns[name]]]
        for name, table in tables.items()
    }
    name, unit = AXES.get(axis, (axis, "as configured"))
    return {**frames, "settings": _settings(planned, budget, axis=name, unit=unit)}


def _line(table: pd.DataFrame, keys: Sequence[str]) -> list[str]:
    """The name of each row's line; never empty, for an empty word does not come back from a CSV."""
    if not keys:
        return ["all"] * len(table)
    return [
        ", ".join(f"{key.rpartition('.')[2]} {value}" for key, value in zip(keys, values, strict=True))
        for values in table[list(keys)].itertuples(index=False)
    ]


def _settings(planned: int, budget: str, **words: str) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame([{"planned": planned, "budget": budget, **words}])


def _planned(results: pd.DataFrame, keys: Sequence[str], plan: pd.DataFrame | None) -> pd.DataFrame:
    """Every planned combination: the plan's, each with every value in the results of the keys that the plan lacks."""
    known = [key for key in keys if plan is not None and key in plan.columns]
    tables = [plan[known]] if plan is not None and known else []
    tables += [results[[key]].drop_duplicates() for key in keys if key not in known]
    whole = tables[0]
    for table in tables[1:]:
        whole = whole.merge(table, how="cross")
    return whole


def _is_number(values: pd.Series[float]) -> bool:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    return is_numeric_dtype(values) and not is_bool_dtype(values)
