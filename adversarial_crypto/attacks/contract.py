"""The contract of an attack: what it is given, what it may say, and what holds it to the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from torch import Tensor

from adversarial_crypto.ciphers import Cipher
from adversarial_crypto.training.engine import Engine

Tier = Literal["smoke", "standard", "full"]
TIERS: tuple[Tier, ...] = ("smoke", "standard", "full")
# "refuted" is a proof. "void": a control of the attack came out wrong, so what it says counts for nothing.
Outcome = Literal["broken", "refuted", "not_broken", "void", "skipped"]
# "one_time": one ciphertext of a fresh key. "known_pair", "reuse": the key has more to hide. "description": no break.
Scope = Literal["one_time", "known_pair", "reuse", "description"]
SCOPES: tuple[Scope, ...] = ("one_time", "known_pair", "reuse", "description")

SIGNIFICANCE = 0.001  # of a verdict: its intervals are 99.9 %, and Holm's p must be below this


class Memory(Protocol):
    """Where an attack leaves what it has learned so far, for a rerun after it was stopped."""

    def recall(self, name: str) -> Mapping[str, Tensor]:
        """What was left under a name; empty if nothing was."""

    def offer(self, name: str, state: Mapping[str, Tensor]) -> None:
        """The state under a name. It may be saved until the next one is offered, whenever the attack has yielded."""


class Forgetful:
    """No memory."""

    def recall(self, name: str) -> Mapping[str, Tensor]:
        return {}

    def offer(self, name: str, state: Mapping[str, Tensor]) -> None:
        pass


@dataclass(frozen=True)
class Budget:
    """What an attack may spend: a tier, by which it chooses its numbers, and the engine that trains its networks.

    With it comes its memory, which changes nothing of what it finds: only how much of it is computed again.
    """

    tier: Tier
    engine: Engine
    memory: Memory = field(default_factory=Forgetful)


@dataclass(frozen=True)
class Verdict:
    """One finding about one replica.

    Args:
        attack: its name.
        scope: what the attacker is allowed.
        replica: 0 to R - 1.
        bits: an element that was kept of the ciphertext; None: all of float32.
        outcome: with "skipped" the note says why, and numbers are absent.
        statistic: what `value` is, with its unit in the name: "bits_flipped", "advantage", "distinct_ciphertexts".
        value, low, high: with its interval, 99.9 % where it is a sample's; equal where it is exact; None: unknown.
        p: of the hypothesis that the attacker has nothing; None for proofs and descriptions.
        p_holm: the same corrected for all tests of this replica; filled in when all attacks are through.
        chance: what `value` is where nothing is told.
        budget: what was spent, in words.
        detection_limit: how small a leak the attack has found at this budget, in words; filled in from its controls.
        note: a sentence for whoever reads the row; empty if there is nothing to add.
    """

    attack: str
    scope: Scope
    replica: int
    bits: int | None
    outcome: Outcome
    statistic: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_holm: float | None = None
    chance: float | None = None
    budget: str = ""
    detection_limit: str = ""
    note: str = ""


@dataclass(frozen=True)
class Progress:
    """How far an attack is: share in [0, 1] of its work, and what it is doing."""

    share: float
    doing: str


@dataclass(frozen=True)
class Table:
    """Numbers that are no verdict, for a figure: rows of one shape, each with its "replica"."""

    name: str
    rows: Sequence[Mapping[str, float | int | str]]


Said = Progress | Verdict | Table
Run = Callable[[Cipher, Budget, Tensor], Iterator[Said]]


@dataclass(frozen=True)
class Expected:
    """What an attack must make of known ciphers, in the verdicts of its own scope.

    Args:
        broken: those that it must break or refute.
        skipped: those that it cannot be asked about.
        open: those of which nothing is asked, for their leak is near what it can find.
        All others it must not break.
    """

    broken: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    open: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attack:
    """A question to a cipher.

    Args:
        question: that it answers, a line.
        scope: of its verdicts, or of most.
        tier: the least that it is part of.
        run: (target, budget, seeds (R, 2)) -> what it says, a pure function of them; where it needs something that it
            cannot have it says "skipped" of each replica.
        controls: known ciphers, as `ciphers.known` takes them, that it must meet as `expected` says at the target's
            sizes before anything it says of a target counts; those that do not have these sizes are left out.
        expected: of every known cipher.
        message_bits: at which it is calibrated.
        controls_up_to: message bits beyond which it cannot be asked about controls, whose keys are as long; of a target
            with more, and a shorter key, they have this size. None: they always have the target's.
        source: of a user's attack a hash of its file, filled in when it is read, so that a changed one is asked anew.
    """

    question: str
    scope: Scope
    tier: Tier
    run: Run
    controls: tuple[str, ...]
    expected: Expected = Expected()
    message_bits: int = 8
    controls_up_to: int | None = None
    source: str = ""
