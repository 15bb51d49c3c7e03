"""The contract of a game: what the training loop and the protocol may know of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

from adversarial_crypto.numerics.philox import Address

Player = Callable[[Tensor], Tensor]  # (R, B, in) -> (R, B, out)
Players = Mapping[str, Player]
Secrets = Mapping[str, Tensor]  # name -> (R, B, width): what is drawn afresh for every example
Transcript = Mapping[str, Tensor]  # name -> (R, B, width): the secrets and everything produced from them


@dataclass(frozen=True)
class PlayerSpec:
    """A seat at the table: the widths of what it receives and gives, and which network sits there."""

    in_width: int
    out_width: int
    network: str


@dataclass(frozen=True)
class Coalition:
    """Players trained together for one objective.

    Args:
        players: those whose weights it owns.
        plays_with: the others whose outputs its objective needs; anyone else stays out of its updates.
        updates: minibatches per step, each of fresh data.
        objective: transcript -> (R,), minimised; the mean over the batch is taken inside.
        fresh_objective: the same for a fresh adversary, who learns alone; None: no other.
    """

    players: tuple[str, ...]
    plays_with: tuple[str, ...]
    updates: int
    objective: Callable[[Transcript], Tensor]
    fresh_objective: Callable[[Transcript], Tensor] | None = None


@dataclass(frozen=True)
class Watched:
    """A measure that people follow while a game trains.

    Args:
        label: whose it is: "Bob".
        measure: its name, of the game's `measured`.
        unit: what completes "0.05": "bits wrong of 16".
        top: of its curve: its value for a player who knows nothing, where that has one.
        decimals: with which it is shown.
        guessed: whether `top` is what a player who knows nothing has.
    """

    label: str
    measure: str
    unit: str
    top: float
    decimals: int = 2
    guessed: bool = True

    @property
    def guess(self) -> str:
        """What a guess gives, in words; empty where it gives nothing certain."""
        return f"{self.top:.4g}" if self.guessed else ""

    def shown(self, value: float) -> str:
        """A value without its unit."""
        return f"{value:.{self.decimals}f}"


@dataclass(frozen=True)
class Game:
    """Everything that distinguishes one game from another; the loop itself knows coalitions and schedules only.

    Args:
        players: name -> seat.
        coalitions: name -> coalition, in the order of their turns within a step.
        adversary: the coalition that the protocol resets and retrains, or None.
        tested: the measures of a fresh adversary that are reported, named after her; the least of the first is best.
        draw: (address, batch) -> secrets.
        play: (players, secrets) -> transcript. Who sees what is written here and only here; a player who is not in the
            mapping does not play, and what only he would produce is absent.
        measured: the names of the measures, in order.
        measures: transcript -> name -> (R, B), one number a message, the unit of every interval.
        passed: (name -> (R,) means over a held-out draw) -> (R,) bool, the game's success rule.
        rule: the same in words.
        robust: (name -> means of the kept players and of the best fresh adversary, "fresh_eve_bits_wrong", over test
            messages) -> whether a replica that passed withstands her.
        robust_rule: the same in words.
        watched: what to show of it, the first the one that the players are after.
        plateau: what the paper says of how long players guess at first; empty where nobody begins by guessing.
        given: whether what is drawn is data from elsewhere, as a cipher's ciphertexts are: no part of what is compiled.
    """

    players: Mapping[str, PlayerSpec]
    coalitions: Mapping[str, Coalition]
    adversary: str | None
    tested: tuple[str, ...]
    draw: Callable[[Address, int], Secrets]
    play: Callable[[Players, Secrets], Transcript]
    measured: tuple[str, ...]
    measures: Callable[[Transcript], dict[str, Tensor]]
    passed: Callable[[Mapping[str, Tensor]], Tensor]
    rule: str
    robust: Callable[[Mapping[str, float]], bool]
    robust_rule: str
    watched: tuple[Watched, ...]
    plateau: str = ""
    given: bool = False

    @property
    def adversary_name(self) -> str:
        """The adversary in a sentence: a name with a capital letter, or a thing without."""
        return {"eve": "Eve"}.get(self.adversary or "", self.adversary or "")

    @property
    def fresh(self) -> tuple[str, ...]:
        """The names of what is found of the best fresh adversary."""
        return tuple(f"fresh_{name}" for name in self.tested)
