"""The dense network for real numbers: smooth units, linear outputs."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from adversarial_crypto.networks.dense import Dense
from adversarial_crypto.numerics.layers import Init

HIDDEN = 32


def as_they_are(outputs: Tensor) -> Tensor:
    """Linear outputs, any real numbers."""
    return outputs


def build(in_width: int, out_width: int, init: Init) -> nn.Module:
    """R copies of in -> 32 -> 32 -> out, tanh between, no function at the end: (R, B, in) -> (R, B, out)."""
    return Dense(in_width, out_width, init, HIDDEN, torch.tanh, as_they_are)
