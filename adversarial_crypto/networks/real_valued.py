"""The paper's network for real numbers: a fully connected layer of 12 in front, linear outputs (section 3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from adversarial_crypto.numerics.layers import Conv1d, Init, Linear, mixed_and_convolved

WIDTH = 12  # of the layer in front: 8 bits of key and four values


class RealValued(nn.Module):
    """in -> 12 in front, then section 2's mix and transform from 12 to 6, without tanh; read out linearly to out."""

    def __init__(self, in_width: int, out_width: int, init: Init) -> None:
        super().__init__()
        self.front = Linear(in_width, WIDTH, init.at("front"))
        self.mix = Linear(WIDTH, WIDTH, init.at("mix"))
        self.conv1 = Conv1d(1, 2, 4, 1, init.at("conv1"))
        self.conv2 = Conv1d(2, 4, 2, 2, init.at("conv2"))
        self.conv3 = Conv1d(4, 4, 1, 1, init.at("conv3"))
        self.conv4 = Conv1d(4, 1, 1, 1, init.at("conv4"))
        self.out = Linear(WIDTH // 2, out_width, init.at("out"))

    def forward(self, inputs: Tensor) -> Tensor:
        """(R, B, in) -> (R, B, out), any real numbers."""
        front = torch.sigmoid(self.front(inputs.transpose(1, 2)))  # (R, 12, B)
        transform = (self.conv1, self.conv2, self.conv3, self.conv4)
        outputs: Tensor = self.out(mixed_and_convolved(front, self.mix, transform, entering="sigmoid"))
        return outputs.transpose(1, 2)


def build(in_width: int, out_width: int, init: Init) -> nn.Module:
    """R copies of the network."""
    return RealValued(in_width, out_width, init)
