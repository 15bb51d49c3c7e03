"""What a run is: frozen, strict models of one grid point, with every default of the paper and every bound.

Strict means that 512.0 or true is no whole number; an integer where a real number is expected is fine. The bounds
are wide enough for any study we know and narrow enough that a slip of the keyboard is refused instead of tried.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from adversarial_crypto.config.fields import (
    Batch,
    LearningRate,
    Network,
    Section,
    Steps,
    Text,
    Threshold,
    Updates,
    Vary,
    check_name,
    complaint,
)
from adversarial_crypto.config.kinds import KINDS, Game, MessageGame, SelectiveGame, SymmetricGame, kinds_with, own_of
from adversarial_crypto.config.problems import quoted
from adversarial_crypto.config.sizes import MAX_REPLICAS, KeyProblem, size_problems

# A mean and a deviation of fewer examples are mostly noise.
SAMPLE = 32
STANDARDISED_OVER = (("train", "batch"), ("protocol", "adversary_batch"))

# An adversary's number is 8 bits of the generator's address, and 0 is the adversary of the training itself.
MAX_ADVERSARIES = 255


class Networks(Section):
    """Each player's network: a built-in name or a user's `FILE.py:function`, and how weights are drawn.

    A game has its own seats (`own` of its kind); who has none there is None.
    """

    alice: Network | None = None
    bob: Network | None = None
    eve: Network | None = None
    key_generator: Network | None = None
    generator: Network | None = None
    discriminator: Network | None = None
    init: Literal["xavier", "torch"] = "xavier"


class Schedule(Section):
    """Updates of each of the game's coalitions in one step, each on fresh data; of other games' None.

    Section 2.5: one for Alice and Bob, two for Eve.
    """

    alice_bob: Updates | None = None
    eve: Updates | None = None
    generator: Updates | None = None
    discriminator: Updates | None = None


class Train(Section):
    """The training of all players, in steps (rounds of the schedule) of `batch` fresh examples an update."""

    steps: Steps = 150_000
    batch: Batch = 4096
    learning_rate: LearningRate = 0.0008
    # "linear": to 0 over `steps`; the paper's stays.
    learning_rate_decay: Literal["none", "linear"] = "none"
    # Of Alice and Bob, in the games about a message.
    loss: Literal["per_bit", "paper_text", "maximise_eve"] | None = None
    # 200 steps: the paper's figures are sampled so.
    record_every: Steps = 200
    record_batch: Batch = 16_384
    stop: Literal["passed", "steps"] = "passed"
    # A finished run, or its players.safetensors: everyone begins as they were kept there, with new optimiser state.
    start_from: Annotated[str, Field(min_length=1, max_length=4096)] | None = None
    updates: Schedule = Schedule()


class Replicas(Section):
    """R = `count` independent trainings for each value of `vary`, computed `chunk` at a time.

    A replica is a function of the seed and its number, `first` + i. In a sweep at most `block` of them are a shard.
    """

    count: Annotated[int, Field(ge=1, le=MAX_REPLICAS)] = 20
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    chunk: Annotated[int, Field(ge=1, le=4096)] = 16
    vary: Vary = Field(default_factory=dict)
    first: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    block: Annotated[int, Field(ge=1, le=MAX_REPLICAS)] = 64


class Protocol(Section):
    """When a replica has passed, and the fresh adversaries it then meets. Each kind of game has thresholds of its own.

    A game about a message: bits wrong of Bob at most and of Eve at least, and of the best fresh Eve at least; where
    they were not given, 7.3/16 and 6/16 of the message. Selective protection: Bob's and D-public's squared errors at
    most this many times their floors, and Eve at most this share better than blind. The GAN: the largest distance of
    the discriminator from the exact one, and of the exact one from one half once a generator is trained.
    """

    bob_bits_max: Threshold | None = None
    eve_error_min: Threshold | None = None
    robust_error_min: Threshold | None = None
    floor_ratio_max: Threshold | None = None
    eve_gain_max: Threshold | None = None
    density_gap_max: Threshold | None = None
    generator_gap_max: Threshold | None = None
    adversaries: Annotated[int, Field(ge=0, le=MAX_ADVERSARIES)] = 5
    adversary_steps: Annotated[int, Field(ge=0, le=10**9)] = 250_000
    adversary_batch: Batch = 4096
    # "own": the adversary's own kind, as it was trained.
    adversary_networks: Annotated[tuple[Network, ...], Field(strict=False, min_length=1, max_length=16)] = ("own",)

    @model_validator(mode="after")
    def _have_an_address_each(self) -> Self:
        if len(set(self.adversary_networks)) < len(self.adversary_networks):
            raise complaint("adversary_networks must not name a network twice; raise adversaries instead")
        if self.adversaries * len(self.adversary_networks) > MAX_ADVERSARIES:
            raise complaint(f"adversaries times adversary_networks must be at most {MAX_ADVERSARIES}")
        return self


class Run(Section):
    """One grid point: R replicas of one game, with one set of sizes and networks."""

    name: Annotated[str, AfterValidator(check_name)]
    question: Text = ""
    paper: Text = ""
    game: Game = SymmetricGame()
    networks: Networks = Networks()
    train: Train = Train()
    replicas: Replicas = Replicas()
    protocol: Protocol = Protocol()

    @model_validator(mode="before")
    @classmethod
    def _what_the_kind_of_game_has(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        filled = dict(data)
        for key, default in own_of(data.get("game")).items():
            _fill(filled, key.split("."), default)
        return filled

    @model_validator(mode="after")
    def _nothing_of_another_kind(self) -> Self:
        own, problems = own_of(self.game), []
        for key in dict.fromkeys(key for kind in KINDS.values() for key in kind.own):
            if key in own or _read(self, key) is None:
                continue
            kinds = quoted(kinds_with(key), "and")
            sentence = f"{key} is of games of kind {kinds}, not of {quoted([self.game.kind])}; leave it out"
            problems.append(KeyProblem((key,), sentence))
        if problems:
            text = "; ".join(problem.sentence for problem in problems)
            raise PydanticCustomError("together", "{text}", {"text": text, "problems": problems})
        return self

    @model_validator(mode="after")
    def _eve_can_standardise(self) -> Self:
        small = [f"{table}.{key}" for table, key in STANDARDISED_OVER if getattr(getattr(self, table), key) < SAMPLE]
        if isinstance(self.game, SelectiveGame) and small:
            text = f"{quoted(small, 'and')} must be at least {SAMPLE}, for Eve standardises what she sees over it"
            problem = KeyProblem(tuple(small), text)
            raise PydanticCustomError("together", "{text}", {"text": text, "problems": [problem]})
        return self

    @model_validator(mode="after")
    def _fits_a_machine(self) -> Self:
        problems = size_problems(self)
        if problems:
            text = "; ".join(problem.sentence for problem in problems)
            raise PydanticCustomError("together", "{text}", {"text": text, "problems": problems})
        return self

    @property
    def total_replicas(self) -> int:
        """R: `replicas.count` for each combination of the varied values."""
        return self.replicas.count * math.prod(len(values) for values in self.replicas.vary.values())

    @property
    def turns(self) -> dict[str, int]:
        """Coalition -> its updates in one step, of those that the game has."""
        return {name: updates for name, updates in self.train.updates if updates is not None}

    @property
    def message_bits(self) -> int:
        """N, of a game about a message."""
        if not isinstance(self.game, MessageGame):
            raise AttributeError(f"a game of kind {self.game.kind} has no message")
        return self.game.message_bits

    def limit(self, name: str) -> float:
        """A threshold of `protocol` that this kind of game has."""
        value: float | None = getattr(self.protocol, name)
        if value is None:
            raise AttributeError(f"a game of kind {self.game.kind} has no {name}")
        return value

    def learning_rates(self) -> tuple[float, ...]:
        """(R,): replica i has varied value i // count, or `train.learning_rate` where nothing varies."""
        values = self.replicas.vary.get("train.learning_rate", (self.train.learning_rate,))
        return tuple(value for value in values for _ in range(self.replicas.count))


def _fill(table: dict[str, Any], path: list[str], default: Any) -> None:
    """Put a default where nothing was given, a section or a table of raw data alike; leave what is neither."""
    first, *rest = path
    if not rest:
        if table.get(first) is None:
            table[first] = default
        return
    given = table.get(first, {})
    inner = given.model_dump(exclude_unset=True) if isinstance(given, Section) else given
    if isinstance(inner, Mapping):
        table[first] = dict(inner)
        _fill(table[first], rest, default)


def _read(section: Section, key: str) -> Any:
    """The value of a dotted key."""
    for name in key.split("."):
        section = getattr(section, name)
    return section
