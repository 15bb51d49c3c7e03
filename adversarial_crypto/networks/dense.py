"""A plain network of two hidden layers: a stronger Eve than the paper's, and the file to copy for your own network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from adversarial_crypto.numerics.layers import Init, Linear

HIDDEN = 256


class Dense(nn.Module):
    """in -> 256 -> 256 -> out, rectified linear units between, tanh at the end."""

    def __init__(self, in_width: int, out_width: int, init: Init) -> None:
        super().__init__()
        self.hidden1 = Linear(in_width, HIDDEN, init.at("hidden1"))
        self.hidden2 = Linear(HIDDEN, HIDDEN, init.at("hidden2"))
        self.out = Linear(HIDDEN, out_width, init.at("out"))

    def forward(self, inputs: Tensor) -> Tensor:
        """(R, B, in) in [-1, 1] -> (R, B, out) in (-1, 1)."""
        hidden = torch.relu(self.hidden1(inputs.transpose(1, 2)))  # layers want the batch innermost: (R, 256, B)
        hidden = torch.relu(self.hidden2(hidden))
        return torch.tanh(self.out(hidden)).transpose(1, 2)


def build(in_width: int, out_width: int, init: Init) -> nn.Module:
    """R copies of the dense network."""
    return Dense(in_width, out_width, init)
