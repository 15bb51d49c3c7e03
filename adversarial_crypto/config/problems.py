"""The wording of configuration errors: plain sentences with a place, a reason and, where one is near, a suggestion."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic_core import ErrorDetails

from adversarial_crypto.config.files import printable


@dataclass(frozen=True, order=True)
class Origin:
    """Where a setting was made: `layer` counts from the oldest file to the last override; line 0 is unknown."""

    layer: int
    label: str
    line: int = 0

    def __str__(self) -> str:
        label = printable(self.label)
        return f"{label}:{self.line}" if self.line else label


@dataclass(frozen=True, order=True)
class Problem:
    """One sentence and its place."""

    origin: Origin
    sentence: str

    def __str__(self) -> str:
        return f"{self.origin}: {self.sentence}"


def dotted(path: Iterable[str | int]) -> str:
    """A key as the user writes it: `train.batch`, `replicas.vary."train.learning_rate"[2]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (f'"{part}"' if "." in part else part)
    return printable(text)


def shown(value: Any) -> str:
    """A value as it may stand in a sentence, shortened."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) < 10**18 else "a number of more than 18 digits"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str):
        text = value if len(value) <= 60 else value[:57] + "..."
        return f"the text '{printable(text)}'" if value else "an empty text"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    return "a date or time" if isinstance(value, datetime.date | datetime.time) else "something else"


def quoted(words: Iterable[str], joint: str = "or") -> str:
    """'a', 'b' or 'c'."""
    marked = [f"'{printable(word)}'" for word in words]
    return f" {joint} ".join([", ".join(marked[:-1]), marked[-1]] if len(marked) > 1 else marked)


def did_you_mean(word: str, options: Iterable[str]) -> str:
    """'; did you mean …?' where an option is near, else nothing."""
    near = get_close_matches(word[:100], list(options), n=1, cutoff=0.6)
    return f"; did you mean {quoted(near)}?" if near else ""


def unknown_key(path: Sequence[str], known: Sequence[tuple[str, ...]]) -> str:
    """The sentence for a key that does not exist, with the nearest that does or the ones that stand beside it."""
    key = ".".join(path)
    sentence = f"unknown key '{printable(key[:100])}'"
    last = path[-1].replace("-", "_").lower()
    namesakes = [".".join(each) for each in known if each[-1] == last]
    if namesakes:
        return f"{sentence}; did you mean {quoted(namesakes)}?"
    # The table that the key stands in resembles it, but is not what was meant.
    near = did_you_mean(key, [".".join(each) for each in known if tuple(path[: len(each)]) != each])
    if near:
        return sentence + near
    by_last = get_close_matches(last[:100], [each[-1] for each in known], n=1, cutoff=0.75)
    if by_last:
        return f"{sentence}; did you mean {quoted('.'.join(each) for each in known if each[-1] == by_last[0])}?"
    table = tuple(path[:-1])
    return f"{sentence}; there are {quoted((each[-1] for each in known if each[:-1] == table), 'and')}"


_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a whole number of reasonable size",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": 'a text in quotes, such as "text"',
    "string_unicode": "a text without broken characters",
    "finite_number": "a finite number",
    "tuple_type": "a list in brackets, such as [1, 2]",
    "list_type": "a list in brackets, such as [1, 2]",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}
_LIMITS = {
    "greater_than_equal": ("ge", "at least"),
    "greater_than": ("gt", "greater than"),
    "less_than_equal": ("le", "at most"),
    "less_than": ("lt", "less than"),
}


def in_plain_words(error: ErrorDetails) -> str:
    """One of pydantic's findings as a sentence for somebody who never heard of pydantic."""
    path, kind, value, context = error["loc"], error["type"], error["input"], error.get("ctx", {})
    if path and path[-1] == "[key]":
        return f"{quoted([str(path[-2])])} cannot vary within a run; only {context.get('expected', 'other keys')} can"
    key = dotted(path)
    if kind == "complaint":
        return f"{key} {context['text']}"
    if kind in _LIMITS:
        name, relation = _LIMITS[kind]
        # Infinities meet the bounds first; what is wrong with them is that they are infinite.
        if isinstance(value, float) and not math.isfinite(value):
            return f"{key} must be a finite number, not {value}"
        return f"{key} must be {relation} {_number(context[name])}, not {shown(value)}"
    if kind == "literal_error":
        return _choice(key, value, context["expected"])
    if kind == "too_short":
        return f"{key} must list at least one value"
    if kind in ("too_long", "string_too_long"):
        return f"{key} must not be longer than {_number(context['max_length'])}"
    if kind == "extra_forbidden":
        return f"{key} does not belong here"
    if kind in ("int_from_float", "int_type") and isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"{key} must be a whole number, not {value!r}; write {int(value)}"
    if kind == "float_type" and isinstance(value, int) and not isinstance(value, bool):
        return f"{key} must be a number of reasonable size, not {shown(value)}"
    return f"{key} must be {_EXPECTED.get(kind, 'another kind of value')}, not {shown(value)}"


def _choice(key: str, value: Any, expected: str) -> str:
    options = [word.strip("' ") for word in expected.replace(" or ", ", ").split(",")]
    near = did_you_mean(value, options) if isinstance(value, str) and len(options) > 1 else ""
    return f"{key} must be {quoted(options)}, not {shown(value)}{near}"


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"
