"""Adam: R replicas at once equal R separate optimisers of PyTorch, and stay apart."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from adversarial_crypto.numerics.adam import adam

RATES = (0.0008, 0.002, 0.1)
R, P = len(RATES), 17


def start(dtype: torch.dtype) -> Tensor:
    """Weights (R, P)."""
    return torch.rand((R, P), generator=torch.Generator().manual_seed(1), dtype=torch.float64).to(dtype)


def gradient(weights: Tensor, step: int) -> Tensor:
    """Of a bumpy objective that changes with the step, with scales from 1e-6 to 1e4 along P and some exact zeros."""
    scales = torch.logspace(-6, 4, P, dtype=weights.dtype)
    return scales * torch.sin(7 * weights + step) * (torch.arange(P) != 3)


def ours(weights: Tensor, steps: int, first_count: int = 1) -> Tensor:
    """The package's Adam for all replicas at once."""
    first, second = torch.zeros_like(weights), torch.zeros_like(weights)
    rates = torch.tensor(RATES, dtype=weights.dtype)
    for step in range(steps):
        count = torch.tensor(step + first_count)
        weights, first, second = adam(weights, gradient(weights, step), first, second, count, rates)
    return weights


def theirs(weights: Tensor, steps: int) -> Tensor:
    """R separate `torch.optim.Adam`."""
    rows = []
    for row, rate in zip(weights, RATES, strict=True):
        parameter = row.clone().requires_grad_()
        optimiser = torch.optim.Adam([parameter], lr=rate)
        for step in range(steps):
            parameter.grad = gradient(parameter.detach(), step)
            optimiser.step()
        rows.append(parameter.detach())
    return torch.stack(rows)


@pytest.mark.parametrize("steps", [1, 2, 10, 300])
def test_equals_separate_optimisers(steps: int) -> None:
    """After many steps in float64 every replica stands where its own torch.optim.Adam with its own rate stands."""
    weights = start(torch.float64)
    torch.testing.assert_close(ours(weights, steps), theirs(weights, steps), rtol=1e-9, atol=1e-11)


def test_float32_stays_close() -> None:
    """In float32 twenty steps agree to 1e-5."""
    weights = start(torch.float32)
    torch.testing.assert_close(ours(weights, 20), theirs(weights, 20), rtol=1e-5, atol=1e-5)


def test_a_count_that_was_not_reset_shows() -> None:
    """Negative control: with a count that starts at 2 the comparison above fails by far."""
    weights = start(torch.float64)
    assert (ours(weights, 10, first_count=2) - theirs(weights, 10)).abs().max() > 1e-4


def test_the_first_step_is_the_rate() -> None:
    """With empty moments the first step moves each weight by its replica's rate against the gradient's sign."""
    weights, pull = start(torch.float64), gradient(start(torch.float64), 0)
    rates = torch.tensor(RATES, dtype=torch.float64)
    zeros = torch.zeros_like(weights)
    moved, first, second = adam(weights, pull, zeros, zeros, torch.tensor(1), rates)
    strong = pull.abs() > 1e-3
    expected = weights - rates.unsqueeze(-1) * pull.sign()
    torch.testing.assert_close(moved[strong], expected[strong], rtol=0, atol=1e-5)
    torch.testing.assert_close(first, 0.1 * pull)
    torch.testing.assert_close(second, 0.001 * pull**2)
    assert torch.equal(moved[:, 3], weights[:, 3])  # no gradient, no step


def test_replicas_stay_apart() -> None:
    """A replica whose gradient is not finite leaves the others bit-equal, and inputs are not written to."""
    weights, zeros = start(torch.float32), torch.zeros((R, P))
    clean = gradient(weights, 1)
    poisoned = clean.clone()
    poisoned[1] = torch.nan
    before = weights.clone()
    rates, count = torch.tensor(RATES), torch.tensor(1)
    for one, other in zip(
        adam(weights, clean, zeros, zeros, count, rates),
        adam(weights, poisoned, zeros, zeros, count, rates),
        strict=True,
    ):
        assert torch.equal(one[[0, 2]], other[[0, 2]])
        assert bool(other[1].isnan().all())
    assert torch.equal(weights, before) and not bool(zeros.any())


def test_long_trainings_keep_their_scale() -> None:
    """After 10^9 updates the corrections are 1 and a steady gradient still moves a weight by its rate."""
    weights = torch.zeros((R, P), dtype=torch.float64)
    steady = torch.full_like(weights, 0.5)
    rates = torch.tensor(RATES, dtype=torch.float64)
    moved, _, _ = adam(weights, steady, steady, steady**2, torch.tensor(10**9), rates)
    torch.testing.assert_close(moved, -rates.unsqueeze(-1).expand(R, P), rtol=1e-6, atol=0)
