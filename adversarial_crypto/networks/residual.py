"""A residual network: four rectified layers of 256 units in two blocks whose inputs are added to their outputs."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from adversarial_crypto.networks.dense import HIDDEN, Unit
from adversarial_crypto.numerics.layers import Init, Linear

BLOCKS = 2


class Residual(nn.Module):
    """in -> 256, twice h + W2 relu(W1 relu(h)) (He et al. 2016, activations first), -> out; tanh unless told."""

    def __init__(self, in_width: int, out_width: int, init: Init, last: Unit = torch.tanh) -> None:
        super().__init__()
        self.last = last
        self.enter = Linear(in_width, HIDDEN, init.at("enter"))
        names = [f"block{block}" for block in range(BLOCKS)]
        self.first = nn.ModuleList(Linear(HIDDEN, HIDDEN, init.at(f"{name}.first")) for name in names)
        self.second = nn.ModuleList(Linear(HIDDEN, HIDDEN, init.at(f"{name}.second")) for name in names)
        self.out = Linear(HIDDEN, out_width, init.at("out"))

    def forward(self, inputs: Tensor) -> Tensor:
        """(R, B, in) in [-1, 1] -> (R, B, out) in (-1, 1)."""
        hidden = self.enter(inputs.transpose(1, 2))
        for first, second in zip(self.first, self.second, strict=True):
            hidden = hidden + second(torch.relu(first(torch.relu(hidden))))
        return self.last(self.out(torch.relu(hidden))).transpose(1, 2)


def build(in_width: int, out_width: int, init: Init) -> nn.Module:
    """R copies of the residual network."""
    return Residual(in_width, out_width, init)
