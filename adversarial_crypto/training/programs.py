"""The pure functions of tensors that a step is made of; what an engine compiles."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from adversarial_crypto.games import Game, Player, Secrets
from adversarial_crypto.numerics.adam import adam
from adversarial_crypto.numerics.philox import Address
from adversarial_crypto.training.layout import Layout

Update = Callable[..., tuple[Tensor, Tensor, Tensor, Tensor]]
Minibatches = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], list[Secrets]]


def make_draw(game: Game, batch: int) -> Minibatches:
    """T minibatches at once, as a pure function of tensors: the generator is traced once and not in every update.

    draw(seeds, adversary, step, occasion, updates (T,)) -> T times the game's secrets, each (R, B, width)
    """

    def draw(seeds: Tensor, adversary: Tensor, step: Tensor, occasion: Tensor, updates: Tensor) -> list[Secrets]:
        turns, replicas = len(updates), len(seeds)
        address = Address(
            seeds.repeat(turns, 1), step, updates.repeat_interleave(replicas), occasion, adversary.repeat(turns)
        )
        drawn = game.draw(address, batch)  # (T R, B, width)
        rows = [slice(turn * replicas, (turn + 1) * replicas) for turn in range(turns)]
        return [{name: tensor[row] for name, tensor in drawn.items()} for row in rows]

    return draw


def make_update(game: Game, layouts: Mapping[str, Layout], name: str) -> Update:
    """One update of coalition `name` on one minibatch, as a pure function of tensors.

    update(weights, first, second, alive, rates, count, secrets) -> weights, first, second (R, P), alive (R,)

    The gradient is of the sum over R of the objective; as replicas share nothing, each gets its own. `count` is Adam's,
    this update included.
    """
    coalition = game.coalitions[name]
    present = set(coalition.players) | set(coalition.plays_with)

    def objective(own: Tensor, weights: Mapping[str, Tensor], secrets: Secrets) -> Tensor:
        players = seated(layouts, {**weights, name: own})
        playing = {player: function for player, function in players.items() if player in present}
        return coalition.objective(game.play(playing, secrets)).sum()

    def update(
        weights: dict[str, Tensor],
        first: Tensor,
        second: Tensor,
        alive: Tensor,
        rates: Tensor,
        count: Tensor,
        secrets: Secrets,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        own = weights[name]
        with torch.enable_grad():
            leaf = own.detach().requires_grad_()
            value = objective(leaf, weights, secrets)
            # No gradient at all is that of players whose weights change nothing, such as a cipher given as it stands.
            gradient = torch.autograd.grad(value, leaf)[0] if value.requires_grad else torch.zeros_like(own)
        stepped = adam(own, gradient, first, second, count, rates)
        alive = alive & torch.isfinite(stepped[0]).all(-1)
        before = own, first, second
        kept = [torch.where(alive.unsqueeze(-1), new, old) for new, old in zip(stepped, before, strict=True)]
        return kept[0], kept[1], kept[2], alive

    return update


def make_measure(game: Game, layouts: Mapping[str, Layout]) -> Callable[..., Tensor]:
    """Sums over one block of held-out messages, as a pure function of tensors.

    measure(weights, secrets) -> (measures, R, 2): sum and sum of squares over the block, in the game's order
    """

    def measure(weights: dict[str, Tensor], secrets: Secrets) -> Tensor:
        values = game.measures(game.play(seated(layouts, weights), secrets)).values()
        return torch.stack([torch.stack([value.sum(-1), (value * value).sum(-1)], -1) for value in values])

    return measure


def seated(layouts: Mapping[str, Layout], weights: Mapping[str, Tensor]) -> dict[str, Player]:
    """All players of all coalitions on these weights."""
    players: dict[str, Player] = {}
    for name, layout in layouts.items():
        players |= layout.players(weights[name])
    return players
