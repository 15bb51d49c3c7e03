"""Adam (Kingma and Ba, 2015) for R independent replicas at once, each with its own learning rate."""

from __future__ import annotations

import torch
from torch import Tensor

BETA_FIRST, BETA_SECOND, EPSILON = 0.9, 0.999, 1e-8


def adam(
    weights: Tensor, gradient: Tensor, first: Tensor, second: Tensor, count: Tensor, rate: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """One update; equal to R separate `torch.optim.Adam` at its defaults.

    The count is of updates including this one and lives with the caller, who derives it from the step: a moment that
    survives a reset, or a count that does not, is the trap this signature avoids.

    Args:
        weights, gradient, first, second: (R, P), the parameters and both moments.
        count: int64 scalar tensor, at least 1.
        rate: (R,) learning rates.
    Returns:
        weights, first, second: (R, P), new tensors.
    """
    first = torch.lerp(first, gradient, 1 - BETA_FIRST)
    second = torch.lerp(second, gradient * gradient, 1 - BETA_SECOND)
    powers = count.to(torch.float64)
    scales = torch.stack([1 - BETA_FIRST**powers, 1 - BETA_SECOND**powers]).to(weights.dtype)
    # A stride makes a compiler write these two down; it would compute both powers for each of the P parameters instead.
    scale_first, scale_second = scales.as_strided((2,), (1,))
    direction = (first / scale_first) / (torch.sqrt(second / scale_second) + EPSILON)
    return weights - rate.unsqueeze(-1) * direction, first, second
