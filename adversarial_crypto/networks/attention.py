"""Attention over the elements of the input: a small transformer encoder without dropout and normalisation."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from adversarial_crypto.networks.dense import Unit
from adversarial_crypto.numerics.layers import Init, Linear

WIDTH, BLOCKS, HIDDEN = 32, 2, 64


class Block(nn.Module):
    """Every element looks at all others with one head, then at itself (Vaswani et al. 2017), both added to it."""

    def __init__(self, init: Init) -> None:
        super().__init__()
        self.ask = Linear(WIDTH, WIDTH, init.at("ask"))
        self.offer = Linear(WIDTH, WIDTH, init.at("offer"))
        self.give = Linear(WIDTH, WIDTH, init.at("give"))
        self.first = Linear(WIDTH, HIDDEN, init.at("first"))
        self.second = Linear(HIDDEN, WIDTH, init.at("second"))

    def forward(self, elements: Tensor) -> Tensor:
        """(R, WIDTH, L, B) -> the same."""
        shape = elements.shape
        flat = elements.flatten(2)
        ask, offer, give = (layer(flat).reshape(shape) for layer in (self.ask, self.offer, self.give))
        match = torch.einsum("rwib,rwjb->rijb", ask, offer) / math.sqrt(WIDTH)
        flat = flat + torch.einsum("rijb,rwjb->rwib", match.softmax(2), give).reshape(flat.shape)
        hidden: Tensor = flat + self.second(torch.relu(self.first(flat)))
        return hidden.reshape(shape)


class Attention(nn.Module):
    """Each input is an element: its value times a vector of its place, and another; two blocks; -> out from all."""

    def __init__(self, in_width: int, out_width: int, init: Init, last: Unit = torch.tanh) -> None:
        super().__init__()
        self.last = last
        self.value = init.at("value").weight((WIDTH, in_width), 1, WIDTH)
        self.place = init.at("place").weight((WIDTH, in_width), 1, WIDTH)
        self.blocks = nn.ModuleList(Block(init.at(f"block{block}")) for block in range(BLOCKS))
        self.out = Linear(WIDTH * in_width, out_width, init.at("out"))

    def forward(self, inputs: Tensor) -> Tensor:
        """(R, B, in) in [-1, 1] -> (R, B, out) in (-1, 1)."""
        columns = inputs.transpose(1, 2).unsqueeze(1)  # (R, 1, in, B)
        elements = self.value.unsqueeze(-1) * columns + self.place.unsqueeze(-1)
        for block in self.blocks:
            elements = block(elements)
        return self.last(self.out(elements.flatten(1, 2))).transpose(1, 2)


def build(in_width: int, out_width: int, init: Init) -> nn.Module:
    """R copies of the attention network."""
    return Attention(in_width, out_width, init)
