"""Runs of the real code at sizes that take milliseconds, for the tests of games, training and protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from adversarial_crypto.config import Run
from adversarial_crypto.games import Game, Players, Secrets, Transcript
from adversarial_crypto.networks import Build, Init
from adversarial_crypto.training import Engine, Machine, Plan, Protocol, Training, prepare

SECTIONS: dict[str, dict[str, Any]] = {
    "game": {"message_bits": 4},
    "train": {"steps": 4, "batch": 32, "record_every": 2, "record_batch": 64},
    "replicas": {"count": 2},
    "protocol": {"adversaries": 2, "adversary_steps": 2, "adversary_batch": 32},
}
NO_MESSAGE = ("selective", "gan")
EVERYONE_PASSES = {"bob_bits_max": 1e6, "eve_error_min": 0.0}


def small_run(**sections: dict[str, Any]) -> Run:
    """N = 4 and two replicas unless told otherwise; a keyword names a section and gives the keys that differ."""
    names = {**SECTIONS, **sections}
    shared = {**SECTIONS, "game": {} if sections.get("game", {}).get("kind") in NO_MESSAGE else SECTIONS["game"]}
    return Run(name="small", **{name: {**shared.get(name, {}), **sections.get(name, {})} for name in names})


def small_plan(builds: Mapping[str, Build] | None = None, **sections: dict[str, Any]) -> Plan:
    """The plan of a small run."""
    return prepare(small_run(**sections), builds)


def eager() -> Engine:
    """The plain engine on one thread."""
    return Engine("eager", Machine(threads=1))


def with_game(plan: Plan, **changes: Any) -> Plan:
    """The same plan with another `play`, `passed`, `measures`... of its game."""
    return replace(plan, game=replace(plan.game, **changes))


def with_objective(plan: Plan, coalition: str, objective: Callable[[Transcript], Tensor]) -> Plan:
    """The same plan with a coalition that wants something else."""
    coalitions = dict(plan.game.coalitions)
    coalitions[coalition] = replace(coalitions[coalition], objective=objective)
    return with_game(plan, coalitions=coalitions)


def start(plan: Plan) -> Training:
    """A training at step 0."""
    return Training(plan, eager())


def finish(training: Training) -> Training:
    """Trained to its end."""
    for _ in training.beats():
        pass
    return training


def advance(training: Training, steps: int) -> Training:
    """Some steps further, all chunks, without a record."""
    for state in training.states:
        training.loop.stepper(state)(steps)
    return training


def protocol_of(training: Training) -> Protocol:
    """The protocol of a training, run to its end."""
    protocol = Protocol(training.plan, training)
    for _ in protocol.beats():
        pass
    return protocol


def weights(training: Training) -> dict[str, Tensor]:
    """Coalition -> (R, P), a copy of the present weights of all chunks, padding dropped."""
    total = training.plan.run.total_replicas
    names = training.states[0].weights
    return {name: torch.cat([state.weights[name] for state in training.states])[:total].clone() for name in names}


def copied(arrays: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What a checkpoint would hold: `arrays` may be the live tensors."""
    return {name: tensor.clone() for name, tensor in arrays.items()}


def same(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> bool:
    """Whether both hold the same names with bit-equal tensors."""
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@dataclass(frozen=True)
class Exchange:
    """One call of a game's `play`: who sat at the table and on which data, (R, B, N) and (R, B, K)."""

    players: frozenset[str]
    message: Tensor
    key: Tensor

    def examples(self, replica: int) -> Iterator[tuple[float, ...]]:
        """Message and key of each example of one replica."""
        both = torch.cat([self.message[replica], self.key[replica]], -1)
        return (tuple(row) for row in both.tolist())


def watched(plan: Plan) -> tuple[Plan, list[Exchange]]:
    """The plan with a witness at the table, and what the witness has seen so far."""
    seen: list[Exchange] = []
    game: Game = plan.game

    def play(players: Players, secrets: Secrets) -> Transcript:
        seen.append(Exchange(frozenset(players), secrets["message"], secrets["key"]))
        return game.play(players, secrets)

    return with_game(plan, play=play), seen


def examples(exchanges: list[Exchange]) -> list[tuple[float, ...]]:
    """Every example of every replica of these exchanges."""
    return [row for exchange in exchanges for r in range(len(exchange.message)) for row in exchange.examples(r)]


class Rigged(nn.Module):
    """A player whose outputs follow a rule that no training changes; one idle parameter keeps the contract."""

    def __init__(self, rule: Callable[[Tensor, int], Tensor], out_width: int, init: Init) -> None:
        super().__init__()
        self.rule, self.out_width = rule, out_width
        self.idle = init.bias(1, 1)  # (R, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.rule(inputs, self.out_width) + 0 * self.idle.unsqueeze(-1)


def rigged(rule: Callable[[Tensor, int], Tensor]) -> Build:
    """A network of `Rigged` players with this rule (inputs, N) -> outputs."""
    return lambda _, out_width, init: Rigged(rule, out_width, init)


def plaintext(inputs: Tensor, width: int) -> Tensor:
    """Alice who sends the message as it is."""
    return torch.tanh(2 * inputs[..., :width])


def one_time_pad(inputs: Tensor, width: int) -> Tensor:
    """Alice who multiplies message and key bit by bit: perfectly secret, as K = N and each key is used once."""
    return inputs[..., :width] * inputs[..., width:]


RIGGED = {"rigged.py:plaintext": rigged(plaintext), "rigged.py:one_time_pad": rigged(one_time_pad)}
