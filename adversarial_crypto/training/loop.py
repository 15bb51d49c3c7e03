"""The one alternating loop: coalitions take turns, each for its own objective, the others' weights held still.

A round of all turns is a step. The loop knows coalitions and schedules; it does not know who Eve is. A fresh adversary
is trained by the same loop with only her coalition taking turns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from adversarial_crypto.games import Game
from adversarial_crypto.numerics.philox import Occasion
from adversarial_crypto.training.engine import Engine, repeated
from adversarial_crypto.training.layout import Layout
from adversarial_crypto.training.programs import make_draw, make_measure, make_update


@dataclass
class State:
    """One chunk of replicas: all that a checkpoint must hold is here, and every field is a tensor.

    Args:
        weights, first, second: coalition -> (R, P), the parameters and Adam's moments.
        alive: (R,) bool, false once a weight was not finite; a dead replica is frozen at its last finite weights.
        step: int64 scalar, rounds done.
        seeds: (R, 2) int64, adversary (R,) int64: the replicas' part of every address.
        rates: (R,) learning rates.
    """

    weights: dict[str, Tensor]
    first: dict[str, Tensor]
    second: dict[str, Tensor]
    alive: Tensor
    step: Tensor
    seeds: Tensor
    adversary: Tensor
    rates: Tensor

    @classmethod
    def start(
        cls, weights: Mapping[str, Tensor], trained: Iterable[str], seeds: Tensor, adversary: Tensor, rates: Tensor
    ) -> State:
        """Step 0 with these weights and, for the coalitions that train, empty moments."""
        return cls(
            weights=dict(weights),
            first={name: torch.zeros_like(weights[name]) for name in trained},
            second={name: torch.zeros_like(weights[name]) for name in trained},
            alive=torch.ones(len(seeds), dtype=torch.bool, device=seeds.device),
            step=torch.zeros((), dtype=torch.int64, device=seeds.device),
            seeds=seeds,
            adversary=adversary,
            rates=rates,
        )

    def changing(self) -> dict[str, Tensor]:
        """The tensors that a step changes, by name, in place and in a fixed order."""
        named = {f"weights.{name}": self.weights[name] for name in self.first}
        named |= {f"first.{name}": tensor for name, tensor in self.first.items()}
        named |= {f"second.{name}": tensor for name, tensor in self.second.items()}
        return named | {"alive": self.alive, "step": self.step}

    def restore(self, arrays: Mapping[str, Tensor]) -> None:
        """Puts back what `changing` gave; the names and shapes are those of this state."""
        for name, tensor in self.changing().items():
            tensor.copy_(arrays[name])


@dataclass(frozen=True)
class Sample:
    """Means over a held-out draw: name -> (R,) float64, with the standard error of each."""

    mean: dict[str, Tensor]
    error: dict[str, Tensor]
    messages: int


class Loop:
    """The draws, updates and measures of one game at one batch size on one engine; compiled once, used for all chunks.

    Args:
        layouts: coalition -> its layout.
        trained: the coalitions that take turns.
        record_batch: messages of one record, rounded up to whole minibatches.
        occasion: of the minibatches that are trained on.
        falls_over: steps over which the learning rates fall to 0 in a straight line; None: they stay.
    """

    def __init__(
        self,
        game: Game,
        layouts: Mapping[str, Layout],
        trained: tuple[str, ...],
        batch: int,
        record_batch: int,
        engine: Engine,
        occasion: int = Occasion.TRAINING,
        falls_over: int | None = None,
    ) -> None:
        self.falls_over = falls_over
        self.game, self.layouts, self.trained, self.batch, self.engine = game, layouts, trained, batch, engine
        self.blocks = -(-record_batch // batch)
        self._draw = make_draw(game, batch) if game.given else engine.wrap(make_draw(game, batch))
        self._updates = {name: engine.wrap(make_update(game, layouts, name)) for name in game.coalitions}
        self._measure = engine.wrap(make_measure(game, layouts))
        # Turn t of coalition c draws at update 2^8 c + t, so no two minibatches of a step share data. All coalitions'
        # minibatches are drawn, also where only one of them trains: one compiled draw serves training and protocol.
        turns = [(name, c, t) for c, name in enumerate(game.coalitions) for t in range(game.coalitions[name].updates)]
        self._turns = [name for name, _, _ in turns]
        self._addresses = torch.tensor([256 * c + t for _, c, t in turns], device=engine.device)
        self._training = torch.tensor(occasion, device=engine.device)

    def playing(self, layouts: Mapping[str, Layout], trained: tuple[str, ...], batch: int) -> Loop:
        """The same game with these layouts, turns and batch, its rates not falling; shares every program it can."""
        other = copy(self)
        other.trained, other.falls_over = trained, None
        game = self._game_of_the_fresh(trained)
        if batch != self.batch or layouts != self.layouts or game is not self.game:
            occasion = int(self._training)
            other = Loop(game, layouts, trained, batch, self.blocks * self.batch, self.engine, occasion)
            if batch == self.batch:
                other._draw = self._draw
        return other

    def _game_of_the_fresh(self, trained: tuple[str, ...]) -> Game:
        """The game with the objectives of those who learn alone; itself where nobody has another one then."""
        alone = {name: self.game.coalitions[name] for name in trained if len(trained) < len(self.game.coalitions)}
        fresh = {n: replace(c, objective=c.fresh_objective) for n, c in alone.items() if c.fresh_objective is not None}
        return replace(self.game, coalitions={**self.game.coalitions, **fresh}) if fresh else self.game

    @torch.no_grad()
    def compile(self, state: State) -> None:
        """Calls every program once on `state`, so that all are compiled; nothing is changed."""
        minibatches = self._draw(state.seeds, state.adversary, state.step, self._training, self._addresses)
        self._measure(state.weights, minibatches[0])
        for name, update in self._updates.items():
            moments = state.first[name], state.second[name]
            update(state.weights, *moments, state.alive, state.rates, state.step + 1, minibatches[0])

    def stepper(self, state: State) -> Callable[[int], None]:
        """A function that takes `state` a number of steps further, in place."""

        def advance() -> None:
            self._round(state)

        if self.game.given:
            return repeated(advance)
        return self.engine.repeat(advance, state.changing().values())

    @torch.no_grad()
    def _round(self, state: State) -> None:
        minibatches = self._draw(state.seeds, state.adversary, state.step, self._training, self._addresses)
        done = dict.fromkeys(self.trained, 0)
        rates = state.rates if self.falls_over is None else state.rates * (1 - state.step / self.falls_over)
        for name, secrets in zip(self._turns, minibatches, strict=True):
            if name not in done:
                continue
            done[name] += 1
            count = state.step * self.game.coalitions[name].updates + done[name]
            own = state.weights[name], state.first[name], state.second[name], state.alive
            results = self._updates[name](state.weights, *own[1:], rates, count, secrets)
            for tensor, result in zip(own, results, strict=True):
                tensor.copy_(result)
        state.step += 1

    @torch.no_grad()
    def measure(
        self,
        weights: dict[str, Tensor],
        seeds: Tensor,
        adversary: Tensor,
        step: int,
        occasion: Occasion,
        records: int = 1,
    ) -> Sample:
        """Means over `records` times the record batch of held-out messages, at the given weights.

        Args:
            weights: coalition -> (R, P).
        """
        device, together = self.engine.device, len(self._turns)
        at, kind = torch.tensor(step, device=device), torch.tensor(occasion, device=device)
        blocks, total = records * self.blocks, torch.zeros(())
        for first in range(0, blocks, together):
            drawn = self._draw(seeds, adversary, at, kind, torch.arange(first, first + together, device=device))
            for secrets in drawn[: blocks - first]:
                total = total + self._measure(weights, secrets).to(torch.float64)
        return _sample(self.game.measured, total.cpu(), blocks * self.batch)


def _sample(names: tuple[str, ...], total: Tensor, messages: int) -> Sample:
    """Means and standard errors from sums and sums of squares (measures, R, 2) float64."""
    mean = total[..., 0] / messages
    variance = (total[..., 1] / messages - mean**2).clamp(min=0)
    error = torch.sqrt(variance / max(messages - 1, 1))
    return Sample(dict(zip(names, mean, strict=True)), dict(zip(names, error, strict=True)), messages)
