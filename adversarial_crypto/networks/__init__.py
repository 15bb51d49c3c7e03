"""Floor 2: networks. An open family: a function `build(in_width, out_width, init)` in a file, and a line in `NETWORKS`.

    Build = (in_width, out_width, Init) -> nn.Module that maps (R, B, in_width) to (R, B, out_width)

The module holds R independent copies: every parameter leads with R, and nothing mixes replicas. Parameters are drawn
through `init`, never from a global generator. Your own network needs no line here:
`networks.alice = "my_net.py:build"`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import nn

from adversarial_crypto.networks import (
    attention,
    dense,
    mix_transform,
    real_dense,
    real_valued,
    released,
    residual,
    wide,
)
from adversarial_crypto.numerics.layers import Init

Build = Callable[[int, int, Init], nn.Module]

NETWORKS: Mapping[str, Build] = {
    "mix_transform": mix_transform.build,
    "released": released.build,
    "dense": dense.build,
    "residual": residual.build,
    "wide": wide.build,
    "attention": attention.build,
    "real_valued": real_valued.build,
    "real_dense": real_dense.build,
}

__all__ = ["NETWORKS", "Build", "Init"]
