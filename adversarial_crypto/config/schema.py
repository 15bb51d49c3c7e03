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
from adversarial_crypto.config.kinds import Game, SymmetricGame, kind_of, message_bits_of
from adversarial_crypto.config.sizes import MAX_REPLICAS, KeyProblem, size_problems

# The paper names thresholds for N = 16 only (section 2.5: 7.3 bits to pass, 6 to be robust); we scale them with N.
PASS_AT_16 = 7.3
ROBUST_AT_16 = 6.0

# An adversary's number is 8 bits of the generator's address, and 0 is the adversary of the training itself.
MAX_ADVERSARIES = 255


class Networks(Section):
    """Each player's network: a built-in name or a user's `FILE.py:function`, and how weights are drawn."""

    alice: Network = "mix_transform"
    bob: Network = "mix_transform"
    eve: Network = "mix_transform"
    # Of the asymmetric game alone, where it is "mix_transform" unless given.
    key_generator: Network | None = None
    init: Literal["xavier", "torch"] = "xavier"


class Schedule(Section):
    """Updates of each coalition in one step, each on fresh data (section 2.5: one for Alice and Bob, two for Eve)."""

    alice_bob: Updates = 1
    eve: Updates = 2


class Train(Section):
    """The training of Alice, Bob and Eve, in steps (rounds of the schedule) of `batch` fresh examples an update."""

    steps: Steps = 150_000
    batch: Batch = 4096
    learning_rate: LearningRate = 0.0008
    loss: Literal["per_bit", "paper_text", "maximise_eve"] = "per_bit"
    # 200 steps: the paper's figures are sampled so.
    record_every: Steps = 200
    record_batch: Batch = 16_384
    stop: Literal["passed", "steps"] = "passed"
    updates: Schedule = Schedule()


class Replicas(Section):
    """R = `count` independent trainings for each value of `vary`, computed `chunk` at a time."""

    count: Annotated[int, Field(ge=1, le=MAX_REPLICAS)] = 20
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    chunk: Annotated[int, Field(ge=1, le=4096)] = 16
    vary: Vary = Field(default_factory=dict)


class Protocol(Section):
    """When a replica has passed, and the fresh adversaries it then meets. Thresholds in bits wrong of one message.

    Inside a `Run`, thresholds that were not given are 7.3/16 and 6/16 of the message; alone, they are infinite:
    a protocol that does not know the message's size lets nobody pass.
    """

    bob_bits_max: Threshold = 0.05
    eve_error_min: Threshold = math.inf
    robust_error_min: Threshold = math.inf
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
    def _thresholds_scale_with_the_message(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        protocol = data.get("protocol", {})
        given = protocol.model_dump(exclude_unset=True) if isinstance(protocol, Protocol) else protocol
        if not isinstance(given, Mapping):
            return data
        bits = message_bits_of(data.get("game"))
        scaled = {"eve_error_min": PASS_AT_16 / 16 * bits, "robust_error_min": ROBUST_AT_16 / 16 * bits}
        return {**data, "protocol": {**scaled, **given}}

    @model_validator(mode="before")
    @classmethod
    def _seats_of_the_game(cls, data: Any) -> Any:
        """The asymmetric game's key generator has a network unless it was given one."""
        if not isinstance(data, Mapping) or kind_of(data.get("game")) != "asymmetric":
            return data
        networks = data.get("networks", {})
        given = networks.model_dump(exclude_none=True) if isinstance(networks, Networks) else networks
        return {**data, "networks": {"key_generator": "mix_transform", **given}} if isinstance(given, Mapping) else data

    @model_validator(mode="after")
    def _nobody_sits_elsewhere(self) -> Self:
        if self.game.kind == "symmetric" and self.networks.key_generator is not None:
            text = "networks.key_generator plays in the asymmetric game alone; leave it out or set game.kind"
            problem = KeyProblem(("networks.key_generator",), text)
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

    def learning_rates(self) -> tuple[float, ...]:
        """(R,): replica i has varied value i // count, or `train.learning_rate` where nothing varies."""
        values = self.replicas.vary.get("train.learning_rate", (self.train.learning_rate,))
        return tuple(value for value in values for _ in range(self.replicas.count))
