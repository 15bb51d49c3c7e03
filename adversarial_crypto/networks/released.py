"""The simpler network of the code the authors released in 2017 (PAPER section 2): not the one of the paper."""

from __future__ import annotations

from torch import Tensor, nn

from adversarial_crypto.numerics.layers import Conv1d, Init, Linear, mixed_and_convolved


class Released(nn.Module):
    """Linear fully connected in -> 2 out, then convolutions (window, in, out, stride) (2,1,2,2), (1,2,2,1), (1,2,1,1).

    Sigmoid after the first two convolutions, none after the fully connected layer, tanh after the last.
    """

    def __init__(self, in_width: int, out_width: int, init: Init) -> None:
        super().__init__()
        self.mix = Linear(in_width, 2 * out_width, init.at("mix"))
        self.conv1 = Conv1d(1, 2, 2, 2, init.at("conv1"))
        self.conv2 = Conv1d(2, 2, 1, 1, init.at("conv2"))
        self.conv3 = Conv1d(2, 1, 1, 1, init.at("conv3"))

    def forward(self, inputs: Tensor) -> Tensor:
        """(R, B, in) in [-1, 1] -> (R, B, out) in (-1, 1)."""
        transform = (self.conv1, self.conv2, self.conv3)
        return mixed_and_convolved(inputs.transpose(1, 2), self.mix, transform, leaving="tanh").transpose(1, 2)


def build(in_width: int, out_width: int, init: Init) -> nn.Module:
    """R copies of the released network."""
    return Released(in_width, out_width, init)
