"""A wide network: four rectified layers of 1,024 units."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from adversarial_crypto.networks.dense import Unit
from adversarial_crypto.numerics.layers import Init, Linear

HIDDEN, LAYERS = 1024, 4


class Wide(nn.Module):
    """in -> 1,024, four times -> out; tanh at the end unless told."""

    def __init__(self, in_width: int, out_width: int, init: Init, last: Unit = torch.tanh) -> None:
        super().__init__()
        self.last = last
        widths = [in_width, *[HIDDEN] * LAYERS]
        self.hidden = nn.ModuleList(
            Linear(before, after, init.at(f"hidden{layer}"))
            for layer, (before, after) in enumerate(pairwise(widths), 1)
        )
        self.out = Linear(HIDDEN, out_width, init.at("out"))

    def forward(self, inputs: Tensor) -> Tensor:
        """(R, B, in) in [-1, 1] -> (R, B, out) in (-1, 1)."""
        hidden = inputs.transpose(1, 2)
        for layer in self.hidden:
            hidden = torch.relu(layer(hidden))
        return self.last(self.out(hidden)).transpose(1, 2)


def build(in_width: int, out_width: int, init: Init) -> nn.Module:
    """R copies of the wide network."""
    return Wide(in_width, out_width, init)
