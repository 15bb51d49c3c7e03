"""A network that predicts the message bit after bit: each head sees the ciphertext and the bits before its own."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from adversarial_crypto.networks import Init
from adversarial_crypto.numerics.layers import Linear

TRUNK = 256  # units of either layer that all heads share
HEAD = 32  # units of each bit's own


class Autoregressive(nn.Module):
    """Inputs beside the N known bits -> log odds of the N bits; bit i is told nothing of the bits i, i + 1, ..."""

    def __init__(self, in_width: int, out_width: int, init: Init) -> None:
        super().__init__()
        seen = in_width - out_width
        self.trunk1 = Linear(seen, TRUNK, init.at("trunk1"))
        self.trunk2 = Linear(TRUNK, TRUNK, init.at("trunk2"))
        self.head = Linear(TRUNK + in_width, out_width * HEAD, init.at("head"))
        self.out = Linear(HEAD, out_width, init.at("out"))  # its row i belongs to head i
        self._seen, self._bits = seen, out_width

    def forward(self, inputs: Tensor) -> Tensor:
        """(R, B, in) -> (R, B, N)."""
        columns = inputs.transpose(1, 2)
        trunk = torch.relu(self.trunk1(columns[:, : self._seen]))
        trunk = torch.relu(self.trunk2(trunk))
        weight = self.head.weight * self._mask(inputs)
        hidden = torch.baddbmm(self.head.bias.unsqueeze(-1), weight, torch.cat([trunk, columns], 1))
        hidden = torch.relu(hidden).unflatten(1, (self._bits, HEAD))  # (R, N, HEAD, B)
        logits = (hidden * self.out.weight.unsqueeze(-1)).sum(2) + self.out.bias.unsqueeze(-1)
        odds: Tensor = logits.transpose(1, 2)
        return odds

    def _mask(self, like: Tensor) -> Tensor:
        """(N HEAD, in + TRUNK): 0 where a head would see its own bit or a later one."""
        bit = torch.arange(self._bits, device=like.device)
        earlier = (bit < bit.unsqueeze(-1)).to(like.dtype).repeat_interleave(HEAD, 0)
        return torch.cat([torch.ones(len(earlier), TRUNK + self._seen, device=like.device), earlier], 1)


def build(in_width: int, out_width: int, init: Init) -> nn.Module:
    """R copies of the network."""
    return Autoregressive(in_width, out_width, init)
