"""Losses and measures: hand-checked numbers, units and the properties that tell them from their look-alikes."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from adversarial_crypto.formulas.losses import (
    ALICE_BOB_LOSSES,
    eve_loss,
    maximise_eve,
    paper_text,
    per_bit,
    secrecy_penalty,
)
from adversarial_crypto.formulas.measures import bits_flipped, bits_wrong

SIGNS = st.lists(st.sampled_from([-1.0, 1.0]), min_size=8, max_size=8)
SOFT = st.lists(st.floats(-1, 1), min_size=8, max_size=8)


def one(*values: float) -> Tensor:
    """A replica's batch, (1, B), float64."""
    return torch.tensor([values], dtype=torch.float64)


@pytest.mark.parametrize(
    ("loss", "bob", "eve", "expected"),
    [
        # N = 16: bob 4 -> 4/16; eve 4 -> ((8 - 4)/8)^2 = 1/4
        (per_bit, [4.0], [4.0], 0.25 + 0.25),
        # a batch of two: bob 0 and 8 -> mean 4/16; eve 8 and 2 -> (0 + (6/8)^2)/2 = 9/32
        (per_bit, [0.0, 8.0], [8.0, 2.0], 0.25 + 9 / 32),
        # Bob reads everything, Eve inverts everything: 0 + 1
        (per_bit, [0.0], [16.0], 1.0),
        (paper_text, [4.0], [4.0], 4.25),
        (paper_text, [0.0, 8.0], [8.0, 2.0], 4 + 9 / 32),
        (paper_text, [0.5], [12.0], 0.5 + 0.25),
        (maximise_eve, [4.0], [4.0], 0.0),
        (maximise_eve, [0.0, 8.0], [8.0, 2.0], (4 - 5) / 16),
        (maximise_eve, [0.0], [16.0], -1.0),
    ],
)
def test_alice_and_bobs_loss_by_hand(loss, bob: list[float], eve: list[float], expected: float) -> None:
    """Each variant gives the number that pencil and paper give at N = 16."""
    assert loss(one(*bob), one(*eve), 16).tolist() == pytest.approx([expected], rel=1e-14)


@pytest.mark.parametrize(("eve", "expected"), [([8.0], 8.0), ([7.0, 9.0, 5.0], 7.0), ([0.0, 1.0], 0.5)])
def test_eves_loss_by_hand(eve: list[float], expected: float) -> None:
    """Eve minimises the mean of her bits wrong, in bits."""
    assert eve_loss(one(*eve)).tolist() == pytest.approx([expected], rel=1e-14)


@pytest.mark.parametrize("bits", [1, 5, 16, 64])
def test_the_ideal_costs_nothing(bits: int) -> None:
    """Bob right and Eve guessing is the unique zero of both trained losses, at any message size."""
    ideal, eve = one(0.0), one(bits / 2)
    for loss in (per_bit, paper_text):
        assert loss(ideal, eve, bits).item() == 0
        assert loss(ideal + 0.1, eve, bits).item() > 0
        assert loss(ideal, eve + 0.1, bits).item() > 0 and loss(ideal, eve - 0.1, bits).item() > 0


@given(st.floats(0, 16), st.floats(0, 16))
def test_the_variants_differ_by_the_stated_factor(bob: float, eve: float) -> None:
    """paper_text is N times heavier on Bob and equal on Eve; the penalty mirrors around N/2 and stays in [0, 1]."""
    penalty = secrecy_penalty(one(eve), 16)
    assert paper_text(one(bob), one(eve), 16).item() - penalty.item() == pytest.approx(bob, abs=1e-12)
    assert per_bit(one(bob), one(eve), 16).item() - penalty.item() == pytest.approx(bob / 16, abs=1e-12)
    assert secrecy_penalty(one(16 - eve), 16).item() == pytest.approx(penalty.item(), abs=1e-12)
    assert 0 <= penalty.item() <= 1


def test_penalty_is_the_square_of_the_distance() -> None:
    """(1 - e)^2, not 1 - e^2: at a quarter of the bits wrong it is 1/4, at three quarters the same."""
    assert secrecy_penalty(one(0, 4, 8, 12, 16), 16).tolist() == [[1.0, 0.25, 0.0, 0.25, 1.0]]


def test_the_square_is_taken_per_example() -> None:
    """An Eve right on half of the messages and inverting the rest is at N/2 on average and still costs 1."""
    assert secrecy_penalty(one(0, 16), 16).tolist() == [[1.0, 1.0]]
    for loss in (per_bit, paper_text):
        assert loss(one(0, 0), one(0, 16), 16).item() == 1.0


def test_maximise_eve_rewards_inversion() -> None:
    """The ablation prefers an Eve who is wrong everywhere, where the trained losses prefer one who guesses."""
    guessing, inverting = one(8.0), one(16.0)
    assert maximise_eve(one(0.0), inverting, 16) < maximise_eve(one(0.0), guessing, 16)
    assert per_bit(one(0.0), inverting, 16) > per_bit(one(0.0), guessing, 16)


@pytest.mark.parametrize("name", sorted(ALICE_BOB_LOSSES))
def test_losses_keep_replicas_apart(name: str) -> None:
    """Every named variant gives (R,), and each number depends on its own replica alone."""
    bob = (torch.arange(12.0, dtype=torch.float64).reshape(3, 4) / 2).requires_grad_()
    eve = (torch.arange(12.0, 0, -1, dtype=torch.float64).reshape(3, 4) / 2).requires_grad_()
    together = ALICE_BOB_LOSSES[name](bob, eve, 16)
    assert together.shape == (3,)
    for row in range(3):
        alone = ALICE_BOB_LOSSES[name](bob[row : row + 1], eve[row : row + 1], 16)
        assert alone.item() == pytest.approx(together[row].item(), rel=1e-14)
        for gradient in torch.autograd.grad(together[row], [bob, eve], retain_graph=True):
            assert [bool(r.any()) for r in gradient] == [r == row for r in range(3)]


def test_bits_wrong_by_hand() -> None:
    """One wrong bit counts 1, not 2; half-decided bits count their distance; zeros score N/2."""
    message = torch.tensor([[[1.0, -1, 1, -1]] * 4])
    estimate = torch.tensor([[[1.0, -1, 1, -1], [1, 1, 1, -1], [0.5, -0.5, 0.5, -0.5], [0, 0, 0, 0]]])
    assert bits_wrong(estimate, message).tolist() == [[0.0, 1.0, 1.0, 2.0]]
    assert bits_flipped(estimate, message).tolist() == [[0.0, 1.0, 0.0, 4.0]]


@given(SIGNS, SIGNS)
def test_on_decided_bits_both_measures_count(estimate: list[float], message: list[float]) -> None:
    """Where every estimate is -1 or +1, bits wrong and bits flipped are both the Hamming distance."""
    expected = sum(e != m for e, m in zip(estimate, message, strict=True))
    pair = torch.tensor([[estimate]]), torch.tensor([[message]])
    assert bits_wrong(*pair).item() == bits_flipped(*pair).item() == expected


@given(SOFT, SIGNS)
def test_soft_estimates_are_never_mixed_with_signs(estimate: list[float], message: list[float]) -> None:
    """Continuous bits wrong lie in [0, N] and add to N with the inverted estimate; flipped bits are whole numbers."""
    soft, bits = torch.tensor([[estimate]], dtype=torch.float64), torch.tensor([[message]], dtype=torch.float64)
    wrong, flipped = bits_wrong(soft, bits).item(), bits_flipped(soft, bits).item()
    assert 0 <= wrong <= 8 and wrong + bits_wrong(-soft, bits).item() == pytest.approx(8, abs=1e-12)
    assert flipped == sum(e * m <= 0 for e, m in zip(soft.flatten().tolist(), message, strict=True))
    assert wrong >= flipped / 2  # a wrong sign costs at least half a bit
