"""The parameters of a coalition as one flat (R, P) tensor; a module is the layout, called on views of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call

from adversarial_crypto.games import Player

Slot = tuple[str, tuple[int, ...], int, int]  # parameter's name, shape without R, start and stop in the flat tensor


@dataclass(frozen=True)
class Layout:
    """Where each parameter of each player lies in the coalition's flat tensor."""

    modules: Mapping[str, nn.Module]
    slots: Mapping[str, tuple[Slot, ...]]

    def players(self, flat: Tensor) -> dict[str, Player]:
        """The players on weights `flat` (R, P): name -> a function (R, B, in) -> (R, B, out), with gradients to them.

        Not for several threads at once: while one is called, its module has these weights instead of its own.
        """
        return {name: self._player(name, flat) for name in self.modules}

    def settled(self, flat: Tensor) -> dict[str, Player]:
        """The players with weights `flat` for good, in modules of their own: for many threads, without gradients."""
        found: dict[str, Player] = {}
        for name, module in self.modules.items():
            own = deepcopy(module).requires_grad_(False)
            for parameter, shape, start, stop in self.slots[name]:
                own.get_parameter(parameter).copy_(flat[:, start:stop].reshape(-1, *shape))
            found[name] = own
        return found

    def _player(self, name: str, flat: Tensor) -> Player:
        views = {
            parameter: flat[:, start:stop].reshape(-1, *shape) for parameter, shape, start, stop in self.slots[name]
        }
        module = self.modules[name]
        return lambda inputs: functional_call(module, views, (inputs,))

    def flat(self, arrays: Mapping[str, Tensor], rows: Tensor) -> Tensor:
        """The weights (R, P) of these rows of `arrays`, which are as `named` gives them."""
        names = (f"{player}.{parameter}" for player, slots in self.slots.items() for parameter, *_ in slots)
        return torch.cat([arrays[name][rows].reshape(len(rows), -1) for name in names], -1)

    def named(self, flat: Tensor) -> dict[str, Tensor]:
        """The weights by full name, "alice.mix.weight" -> (R, ...), as they are stored."""
        return {
            f"{name}.{parameter}": flat[:, start:stop].reshape(-1, *shape)
            for name, slots in self.slots.items()
            for parameter, shape, start, stop in slots
        }


def flatten(modules: Mapping[str, nn.Module]) -> tuple[Layout, Tensor]:
    """The layout of these players and their weights as one (R, P) float32 tensor."""
    slots: dict[str, tuple[Slot, ...]] = {}
    pieces, start = [], 0
    for name, module in modules.items():
        own: list[Slot] = []
        for parameter, weight in module.named_parameters():
            shape = tuple(weight.shape[1:])
            stop = start + math.prod(shape)
            own.append((parameter, shape, start, stop))
            pieces.append(weight.detach().reshape(weight.shape[0], -1))
            start = stop
        slots[name] = tuple(own)
    return Layout(modules, slots), torch.cat(pieces, -1)
