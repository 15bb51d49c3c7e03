"""A plain network of two hidden layers: a stronger Eve than the paper's, and the file to copy for your own network."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from adversarial_crypto.numerics.layers import Init, Linear

HIDDEN = 256
Unit = Callable[[Tensor], Tensor]


class Dense(nn.Module):
    """in -> hidden -> hidden -> out: 256 rectified linear units in each layer and tanh at the end, unless told."""

    def __init__(
        self,
        in_width: int,
        out_width: int,
        init: Init,
        hidden: int = HIDDEN,
        unit: Unit = torch.relu,
        last: Unit = torch.tanh,
    ) -> None:
        super().__init__()
        self.unit, self.last = unit, last
        self.hidden1 = Linear(in_width, hidden, init.at("hidden1"))
        self.hidden2 = Linear(hidden, hidden, init.at("hidden2"))
        self.out = Linear(hidden, out_width, init.at("out"))

    def forward(self, inputs: Tensor) -> Tensor:
        """(R, B, in) in [-1, 1] -> (R, B, out) in (-1, 1)."""
        hidden = self.unit(self.hidden1(inputs.transpose(1, 2)))  # layers want the batch innermost: (R, hidden, B)
        hidden = self.unit(self.hidden2(hidden))
        return self.last(self.out(hidden)).transpose(1, 2)


def build(in_width: int, out_width: int, init: Init) -> nn.Module:
    """R copies of the dense network."""
    return Dense(in_width, out_width, init)
