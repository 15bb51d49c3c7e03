"""Mixtures of normals on the line, and the best that any discriminator can do between two of them.

A mixture is a sequence of (weight, mean, standard deviation), the weights summing to 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

Mixture = Sequence[Sequence[float]]
SPAN = 4.0  # standard deviations from a mean: a grid that wide leaves out 6 of 100,000 draws
PEAK_SHARE = 0.01  # of the density's peak: where there is less, hardly any example is ever seen


def density(mixture: Mixture, points: Tensor) -> Tensor:
    """The density at each point, in the points' shape."""
    total = torch.zeros_like(points)
    for weight, mean, deviation in mixture:
        height = weight / (deviation * math.sqrt(2 * math.pi))
        total = total + height * torch.exp(-(((points - mean) / deviation) ** 2) / 2)
    return total


def sample(mixture: Mixture, normals: Tensor, uniforms: Tensor) -> Tensor:
    """Draws from a mixture.

    Args:
        normals, uniforms: of one shape, standard normal numbers, and uniform ones that choose the part.
    """
    drawn, begin = torch.zeros_like(normals), 0.0
    for weight, mean, deviation in mixture:
        chosen = (uniforms >= begin) & (uniforms < begin + weight)
        drawn = torch.where(chosen, mean + deviation * normals, drawn)
        begin += weight
    return drawn


def grid(mixtures: Sequence[Mixture], count: int, device: torch.device | None = None) -> Tensor:
    """(count,) equally spaced points over all that these mixtures are likely to give."""
    parts = [part for mixture in mixtures for part in mixture]
    low = min(mean - SPAN * deviation for _, mean, deviation in parts)
    high = max(mean + SPAN * deviation for _, mean, deviation in parts)
    return low + (high - low) / (count - 1) * torch.arange(count, device=device, dtype=torch.float32)


def best_discriminator(data: Mixture, generated: Mixture, points: Tensor) -> Tensor:
    """D*(x) = p_data / (p_data + p_g)        (Goodfellow and others 2014, proposition 1)

    Where neither density is above the smallest float, nothing is known: one half.
    """
    real, false = density(data, points), density(generated, points)
    return torch.where(real + false > 0, real / (real + false).clamp(min=1e-38), 0.5)


def seen(data: Mixture, generated: Mixture, points: Tensor) -> Tensor:
    """Where p_data + p_g is above 1 % of its peak on these points: where a discriminator can be held to anything."""
    together = density(data, points) + density(generated, points)
    return together > PEAK_SHARE * together.max()
