"""A plain network of two hidden layers for real numbers: smooth units, linear outputs."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from adversarial_crypto.numerics.layers import Init, Linear

HIDDEN = 32


class RealDense(nn.Module):
    """in -> 32 -> 32 -> out, tanh between, no function at the end."""

    def __init__(self, in_width: int, out_width: int, init: Init) -> None:
        super().__init__()
        self.hidden1 = Linear(in_width, HIDDEN, init.at("hidden1"))
        self.hidden2 = Linear(HIDDEN, HIDDEN, init.at("hidden2"))
        self.out = Linear(HIDDEN, out_width, init.at("out"))

    def forward(self, inputs: Tensor) -> Tensor:
        """(R, B, in) -> (R, B, out), any real numbers."""
        hidden = torch.tanh(self.hidden1(inputs.transpose(1, 2)))  # layers want the batch innermost: (R, 32, B)
        hidden = torch.tanh(self.hidden2(hidden))
        outputs: Tensor = self.out(hidden)
        return outputs.transpose(1, 2)


def build(in_width: int, out_width: int, init: Init) -> nn.Module:
    """R copies of the network."""
    return RealDense(in_width, out_width, init)
