"""The paper's network: mix every input with every other, then transform locally (section 2.5)."""

from __future__ import annotations

from torch import Tensor, nn

from adversarial_crypto.numerics.layers import Conv1d, Init, Linear, mixed_and_convolved


class MixTransform(nn.Module):
    """Fully connected in -> 2 out, then convolutions [4,1,2], [2,2,4], [1,4,4], [1,4,1] of strides 1, 2, 1, 1.

    Sigmoid after every layer but the last, tanh after the last; SAME padding. Alice and Bob see two words of N
    (in = 2N: 1,111 parameters at N = 16), Eve one (599). Other widths than the paper's change the first layer only.
    """

    def __init__(self, in_width: int, out_width: int, init: Init) -> None:
        super().__init__()
        self.mix = Linear(in_width, 2 * out_width, init.at("mix"))
        self.conv1 = Conv1d(1, 2, 4, 1, init.at("conv1"))
        self.conv2 = Conv1d(2, 4, 2, 2, init.at("conv2"))
        self.conv3 = Conv1d(4, 4, 1, 1, init.at("conv3"))
        self.conv4 = Conv1d(4, 1, 1, 1, init.at("conv4"))

    def forward(self, inputs: Tensor) -> Tensor:
        """(R, B, in) in [-1, 1] -> (R, B, out) in (-1, 1)."""
        transform = (self.conv1, self.conv2, self.conv3, self.conv4)
        return mixed_and_convolved(inputs.transpose(1, 2), self.mix, transform, "sigmoid", "tanh").transpose(1, 2)


def multiply_adds(in_width: int, out_width: int) -> int:
    """Of one example's forward pass: 2 in N for the first layer, then 16 N, 16 N, 16 N and 4 N."""
    return (2 * in_width + 52) * out_width


def build(in_width: int, out_width: int, init: Init) -> nn.Module:
    """R copies of the paper's network."""
    return MixTransform(in_width, out_width, init)
