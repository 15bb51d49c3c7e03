"""What the tables of a configuration are made of: types with their bounds, in our own words where they refuse."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
NETWORK_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


def complaint(message: str) -> PydanticCustomError:
    """A refusal in our own words: `message` continues the sentence that the key's name begins."""
    return PydanticCustomError("complaint", "{text}", {"text": message})


def split_reference(network: str) -> tuple[str, str] | None:
    """A user's `path/FILE.py:function` as (path, function); None when `network` is the name of a built-in one."""
    path, colon, function = network.rpartition(":")
    return (path, function) if colon and path.endswith(".py") else None


def check_name(name: str) -> str:
    """A name that may be that of a directory."""
    if not NAME.fullmatch(name):
        raise complaint("must be 1 to 64 letters, digits, '.', '_' or '-', as it names a directory")
    return name


def _check_network(network: str) -> str:
    reference = split_reference(network)
    if reference is None and not NETWORK_NAME.fullmatch(network):
        raise complaint("must be a network's name, like 'mix_transform', or FILE.py:function, like 'my_net.py:build'")
    if reference is not None and not (reference[1].isidentifier() and network.isprintable()):
        raise complaint("must name a function after the colon, as in 'my_net.py:build'")
    return network


def _check_distinct(values: tuple[float, ...]) -> tuple[float, ...]:
    if len(set(values)) < len(values):
        raise complaint("must not list a value twice; raise replicas.count for more replicas of one value")
    return values


# Adding 0.0 turns -0.0 into 0.0, so that equal thresholds have equal identities.
Threshold = Annotated[float, Field(ge=0, allow_inf_nan=False), AfterValidator(lambda value: value + 0.0)]
LearningRate = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False, strict=True)]
Network = Annotated[str, Field(strict=True), AfterValidator(_check_network)]
Batch = Annotated[int, Field(ge=1, le=2**20)]
Bits = Annotated[int, Field(ge=1, le=1024)]
Steps = Annotated[int, Field(ge=1, le=10**9)]
Weight = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Variance = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]
_Finite = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
Rows = Annotated[tuple[Annotated[tuple[_Finite, ...], Field(strict=False)], ...], Field(strict=False)]
Text = Annotated[str, Field(max_length=2000)]
Updates = Annotated[int, Field(ge=1, le=100)]
# What may vary along R is what keeps the shapes; the sizes and the networks form the outer grid.
Rates = Annotated[tuple[LearningRate, ...], Field(strict=False, min_length=1), AfterValidator(_check_distinct)]
Vary = dict[Literal["train.learning_rate"], Rates]


class Section(BaseModel):
    """A table of the configuration: frozen, no unknown keys, no conversions."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")
