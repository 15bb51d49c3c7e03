"""The paper's network for real numbers: a fully connected layer of 12 in front, linear outputs (section 3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from adversarial_crypto.numerics.layers import Conv1d, Init, Linear

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
        hidden = [torch.sigmoid(self.mix(torch.sigmoid(self.front(inputs.transpose(1, 2)))))]  # one of (R, 12, B)
        hidden = [torch.sigmoid(channel) for channel in self.conv1(hidden)]  # 2 of 12
        hidden = [torch.sigmoid(channel) for channel in self.conv2(hidden)]  # 4 of 6
        hidden = [torch.sigmoid(channel) for channel in self.conv3(hidden)]  # 4 of 6
        (last,) = self.conv4(hidden)
        outputs: Tensor = self.out(last)
        return outputs.transpose(1, 2)


def build(in_width: int, out_width: int, init: Init) -> nn.Module:
    """R copies of the network."""
    return RealValued(in_width, out_width, init)
