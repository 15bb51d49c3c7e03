"""Replica layers: R copies equal R separate layers of PyTorch, are drawn as documented and never touch each other."""

from __future__ import annotations

import dataclasses

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from adversarial_crypto.numerics.layers import Conv1d, Init, Linear

R, B = 3, 5
SEEDS = torch.tensor([[1, 0], [1, 1], [1, 2]])
INIT = Init(SEEDS, "alice.layer", "torch")  # "torch" draws biases too
# (in, out, window, stride, length): the paper's four, then odd windows, long strides, lengths that do not divide
CONVOLUTIONS = [
    (1, 2, 4, 1, 8),
    (2, 4, 2, 2, 8),
    (4, 4, 1, 1, 4),
    (4, 1, 1, 1, 4),
    (2, 3, 3, 1, 7),
    (1, 2, 5, 2, 9),
    (3, 2, 3, 3, 8),
    (2, 2, 2, 3, 7),
    (1, 1, 1, 4, 6),
    (2, 1, 7, 1, 3),
    (1, 2, 4, 2, 1),
]


def uniform(*shape: int) -> Tensor:
    """Fixed numbers in (-1, 1), float64."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64) * 2 - 1


def gradients(output: Tensor, inputs: list[Tensor]) -> list[Tensor]:
    """Of a sum that weighs every output differently."""
    return list(torch.autograd.grad((output * uniform(*output.shape)).sum(), inputs))


def convolve(layer: Conv1d, x: Tensor) -> Tensor:
    """A layer on (R, in, L, B), its channels handed over one by one as the layer wants them."""
    return torch.stack(layer([x[:, channel] for channel in range(x.shape[1])]), 1)


def separate_convolutions(layer: Conv1d, x: Tensor) -> Tensor:
    """R separate `F.conv1d` with SAME padding, the odd element on the right."""
    length = x.shape[2]
    padding = max((-(-length // layer.stride) - 1) * layer.stride + layer.window - length, 0)
    outputs = []
    for weight, bias, own in zip(layer.weight, layer.bias, x, strict=True):
        padded = F.pad(own.permute(2, 0, 1), (padding // 2, padding - padding // 2))  # (B, in, L + padding)
        outputs.append(F.conv1d(padded, weight, bias, stride=layer.stride).permute(1, 2, 0))
    return torch.stack(outputs)


@pytest.mark.parametrize(("in_features", "out_features"), [(1, 1), (3, 4), (8, 2)])
def test_linear_equals_separate_linears(in_features: int, out_features: int) -> None:
    """R copies give what R separate F.linear give, forward and backward, in float64."""
    layer = Linear(in_features, out_features, INIT).double()
    x = uniform(R, in_features, B).requires_grad_()
    expected = torch.stack([F.linear(x[r].T, layer.weight[r], layer.bias[r]).T for r in range(R)])
    tensors = [layer.weight, layer.bias, x]
    torch.testing.assert_close(layer(x), expected, rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(gradients(layer(x), tensors), gradients(expected, tensors), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("in_channels", "out_channels", "window", "stride", "length"), CONVOLUTIONS)
def test_conv1d_equals_separate_convolutions(
    in_channels: int, out_channels: int, window: int, stride: int, length: int
) -> None:
    """R copies give what R separate F.conv1d give, forward and backward, in float64, also for odd sizes."""
    layer = Conv1d(in_channels, out_channels, window, stride, INIT).double()
    x = uniform(R, in_channels, length, B).requires_grad_()
    output, expected = convolve(layer, x), separate_convolutions(layer, x)
    assert output.shape == (R, out_channels, -(-length // stride), B)
    tensors = [layer.weight, layer.bias, x]
    torch.testing.assert_close(output, expected, rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(gradients(output, tensors), gradients(expected, tensors), rtol=1e-12, atol=1e-13)


def test_window_four_sees_one_left_and_two_right() -> None:
    """SAME padding of window 4 puts one zero on the left and two on the right: output t sees inputs t-1 to t+2."""
    layer = Conv1d(1, 1, 4, 1, INIT).double()
    x = uniform(R, 1, 6, B).requires_grad_()
    for t in range(6):
        (reached,) = torch.autograd.grad(convolve(layer, x)[:, 0, t].sum(), x)
        touched = [i for i in range(6) if bool((reached[:, 0, i] != 0).all())]
        assert touched == [i for i in range(t - 1, t + 3) if 0 <= i < 6]


@pytest.mark.parametrize("kind", ["linear", "conv1d"])
def test_a_gradient_never_reaches_another_replica(kind: str) -> None:
    """What replica i gives moves replica i's weights and inputs only, even where another replica is not finite."""
    layer: Linear | Conv1d = Linear(4, 3, INIT) if kind == "linear" else Conv1d(4, 3, 4, 1, INIT)
    shape = (R, 4, B) if kind == "linear" else (R, 4, 6, B)
    x = uniform(*shape).float().requires_grad_()

    def output() -> Tensor:
        return layer(x) if isinstance(layer, Linear) else convolve(layer, x)

    tensors = [layer.weight, layer.bias, x]
    for replica in range(R):
        for gradient in torch.autograd.grad(output()[replica].sum(), tensors):
            assert [bool(row.any()) for row in gradient] == [r == replica for r in range(R)]
    before = [output(), *torch.autograd.grad(output().sum(), tensors)]
    with torch.no_grad():
        layer.weight[1] = torch.nan
    after = [output(), *torch.autograd.grad(output().sum(), tensors)]
    for clean, poisoned in zip(before, after, strict=True):
        assert torch.equal(clean[[0, 2]], poisoned[[0, 2]])
    assert bool(after[0][1].isnan().all())


@pytest.mark.parametrize(
    ("scheme", "build", "fan_in", "fan_out"),
    [
        ("xavier", lambda init: Linear(40, 60, init), 40, 60),
        ("xavier", lambda init: Conv1d(10, 20, 6, 1, init), 60, 120),  # fans are counted with the window
        ("torch", lambda init: Linear(40, 60, init), 40, 60),
        ("torch", lambda init: Conv1d(10, 20, 6, 1, init), 60, 120),
    ],
)
def test_initial_weights_fill_their_range(scheme: str, build, fan_in: int, fan_out: int) -> None:
    """Xavier: uniform in +-sqrt(6/(in+out)) with zero biases; torch: both uniform in +-1/sqrt(in)."""
    layer = build(Init(SEEDS, "alice.mix", scheme))
    limit = (6 / (fan_in + fan_out)) ** 0.5 if scheme == "xavier" else fan_in**-0.5
    for row in layer.weight.detach().flatten(1):
        assert limit * 0.98 < float(row.abs().max()) < limit
        assert float(row.std()) == pytest.approx(limit / 3**0.5, rel=0.1)
        assert abs(float(row.mean())) < 4 * limit / (3 * len(row)) ** 0.5
    if scheme == "xavier":
        assert not bool(layer.bias.any())
    else:
        assert limit * 0.8 < float(layer.bias.detach().abs().max()) < limit


@pytest.mark.parametrize("kind", [nn.Linear, nn.Conv1d])
def test_torch_scheme_has_pytorchs_own_range(kind: type[nn.Linear] | type[nn.Conv1d]) -> None:
    """The scheme "torch" is PyTorch's default: the same range of weights and biases as nn.Linear and nn.Conv1d."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        theirs = kind(30, 50) if kind is nn.Linear else kind(30, 50, 4)
    layer = Linear(30, 50, INIT) if kind is nn.Linear else Conv1d(30, 50, 4, 1, INIT)
    for name in ("weight", "bias"):
        mine, other = (getattr(source, name).abs().max().item() for source in (layer, theirs))
        assert mine == pytest.approx(other, rel=0.1)


def test_names_replicas_and_adversaries_draw_apart() -> None:
    """Another player, layer, parameter, replica, seed or adversary never starts with the same numbers."""
    inits = [
        INIT,
        dataclasses.replace(INIT, player="bob.layer"),
        INIT.at("layer"),
        dataclasses.replace(INIT, adversary=1),
        dataclasses.replace(INIT, adversary=torch.tensor([2, 3, 4])),
        dataclasses.replace(INIT, seeds=SEEDS + torch.tensor([1, 0])),
    ]
    drawn = [init.weight((6, 4), 4, 6).flatten(1) for init in inits] + [INIT.bias(24, 4)]
    rows = {tuple(row.tolist()) for tensor in drawn for row in tensor}
    values = torch.cat(drawn).flatten()
    assert len(rows) == len(drawn) * R
    assert len(values.unique()) > 0.99 * len(values)  # no shared pieces either


def test_initialisation_is_a_pure_function_of_the_replica() -> None:
    """The same names and seeds give the same bits in any slice of the replicas, and no global generator is touched."""
    state = torch.random.get_rng_state()
    whole = Conv1d(2, 3, 4, 1, INIT)
    for row in range(R):
        alone = Conv1d(2, 3, 4, 1, dataclasses.replace(INIT, seeds=SEEDS[row : row + 1]))
        assert torch.equal(alone.weight[0], whole.weight[row]) and torch.equal(alone.bias[0], whole.bias[row])
    assert torch.equal(torch.random.get_rng_state(), state)
    assert INIT.at("conv1").at("x").player == "alice.layer.conv1.x"
