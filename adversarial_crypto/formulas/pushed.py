"""The density of what a map gives of standard normal noise, without sampling: what a generator on the line really does.

The map is known at equally spaced points of the noise and taken as straight between them; the probability between two
points is the normal distribution's, so the share of every interval of the line is exact for that broken line.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from adversarial_crypto.formulas.mixtures import PEAK_SHARE, Mixture

REACH = 5.0  # of the noise, in standard deviations: beyond it there are 6 of ten million draws
COUNT = 1025


def nodes(device: torch.device | None = None) -> Tensor:
    """(COUNT,) points of the noise at which `shares_of_map` wants the map's values."""
    return REACH * (2 / (COUNT - 1) * torch.arange(COUNT, device=device, dtype=torch.float32) - 1)


def cells(points: Tensor) -> Tensor:
    """(P + 1,) the edges of the cells whose middles are (P,) equally spaced points."""
    half = (points[1] - points[0]) / 2
    return torch.cat([points - half, points[-1:] + half])


def shares_of_map(values: Tensor, edges: Tensor) -> Tensor:
    """The probability that the map of a standard normal number lies in each interval.

    Args:
        values: (R, COUNT), the map at `nodes`.
        edges: (E,), increasing.
    Returns:
        (R, E - 1), of double precision.
    """
    values, edges = values.double(), edges.double()
    weights = normal_cumulative(nodes(values.device).double()).diff()  # (COUNT - 1,)
    low = torch.minimum(values[:, 1:], values[:, :-1])[..., None]
    high = torch.maximum(values[:, 1:], values[:, :-1])[..., None]
    below = ((edges - low) / (high - low).clamp(min=1e-12)).clamp(0, 1)  # (R, COUNT - 1, E)
    return (weights[:, None] * below).sum(1).diff()


def shares_of_mixture(mixture: Sequence[Sequence[float]], edges: Tensor) -> Tensor:
    """(E - 1,) the probability of each interval between the (E,) edges, of double precision."""
    edges = edges.double()
    below = torch.zeros_like(edges)
    for weight, mean, deviation in mixture:
        below = below + weight * normal_cumulative((edges - mean) / deviation)
    return below.diff()


def best_against_map(data: Mixture, points: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    """The exact discriminator between a mixture and what a map gives, and where there is anything to be told apart.

    p_data / (p_data + p_g) of the shares of a cell round each point        (Goodfellow and others 2014, proposition 1)

    Args:
        points: (P,), equally spaced, the middles of the cells.
        values: (R, COUNT), the map at `nodes`.
    Returns:
        (R, P), one half where neither is ever seen; and (R, P) bool, where both together have more than 1 % of their
        peak.
    """
    edges = cells(points)
    real, false = shares_of_mixture(data, edges), shares_of_map(values, edges)
    together = real + false
    best = torch.where(together > 0, real / together.clamp(min=1e-300), 0.5)
    return best, together > PEAK_SHARE * together.amax(-1, keepdim=True)


def normal_cumulative(values: Tensor) -> Tensor:
    """The standard normal distribution's cumulative probability, in the values' shape."""
    return (1 + torch.erf(values / math.sqrt(2))) / 2
