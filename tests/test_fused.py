"""The fused operation says what the layers say, to rounding, whatever the threads, the batch or the place in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor
from torch.func import functional_call, grad

from adversarial_crypto.networks import NETWORKS, Init
from adversarial_crypto.numerics import fused as room
from adversarial_crypto.numerics.fused import BLOCK, fused
from adversarial_crypto.numerics.layers import Conv1d, Linear, mixed_and_convolved

R = 2
INIT = Init(torch.tensor([[1, 0], [1, 1]]), "alice", "torch")  # "torch" draws biases too
# (network, in, out, batch): the paper's, other widths, lengths that the strides do not divide; batches of one example,
# of one more than a vector's lanes, and of a block and a bit
NETS = [
    ("mix_transform", 32, 16, 64),
    ("mix_transform", 13, 9, 17),
    ("mix_transform", 16, 8, BLOCK + 3),
    ("released", 32, 16, 40),
    ("real_valued", 12, 6, 33),
    ("mix_transform", 2, 1, 1),
]


@pytest.fixture(autouse=True)
def threads_restored() -> Iterator[None]:
    """Some tests change the number of threads of the process."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def uniform(*shape: int) -> Tensor:
    """Fixed numbers in (-1, 1)."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(5)) * 2 - 1


def taken() -> int:
    """How many forms of the operation were built in this process so far."""
    return room._library.cache_info().currsize


@pytest.mark.parametrize(("network", "width", "out", "batch"), NETS)
def test_networks_compute_the_same_fused(network: str, width: int, out: int, batch: int) -> None:
    """Outputs and every gradient, of the inputs too, against the layers' own in double precision."""
    module, double = (NETWORKS[network](width, out, INIT) for _ in range(2))
    double = double.double()
    given, inputs = uniform(R, batch, out), uniform(R, batch, width)

    def total(net: torch.nn.Module, weights: dict[str, Tensor], received: Tensor) -> Tensor:
        return (functional_call(net, weights, (received,)) * given).sum()

    def all_of(net: torch.nn.Module, received: Tensor) -> list[Tensor]:
        weights = dict(net.named_parameters())
        of_weights, of_inputs = grad(total, (1, 2))(net, weights, received)
        return [net(received), of_inputs, *of_weights.values()]

    with fused():
        found = all_of(module, inputs)
    assert taken() > 0  # it was this operation that answered
    for one, expected in zip(found, all_of(double, inputs.double()), strict=True):
        assert (one - expected).abs().max() <= 3e-6 * max(expected.abs().max(), 1e-3)


def test_far_inputs_saturate_and_nothing_overflows() -> None:
    """Activations of a million and of minus a million are the ends of their ranges, with gradients of zero."""
    mix, conv = Linear(1, 4, INIT.at("mix")), Conv1d(1, 1, 1, 1, INIT.at("conv"))
    with torch.no_grad():
        mix.weight.copy_(torch.tensor([1e6, -1e6, 1e6, -1e6]).view(1, 4, 1).expand(R, -1, -1))
        conv.weight.fill_(2e6)
        conv.bias.fill_(-1e6)
    inputs = torch.ones(R, 1, 3, requires_grad=True)
    with fused():
        outputs = mixed_and_convolved(inputs, mix, (conv,), "sigmoid", "tanh")
    outputs.sum().backward()
    assert torch.equal(outputs, torch.tensor([1.0, -1.0, 1.0, -1.0]).view(1, 4, 1).expand(R, -1, 3))
    assert inputs.grad is not None and torch.equal(inputs.grad, torch.zeros_like(inputs))


def test_what_is_not_finite_stays_so() -> None:
    """A weight that is not a number makes its replica's outputs and gradients so; the other replica is untouched."""
    module = NETWORKS["mix_transform"](4, 2, INIT)
    inputs, weights = uniform(R, 20, 4), dict(module.named_parameters())

    def total(held: dict[str, Tensor]) -> Tensor:
        return functional_call(module, held, (inputs,)).sum()

    with fused():
        before = grad(total)(weights)["conv2.weight"]
        broken = {**weights, "conv3.weight": weights["conv3.weight"].clone()}
        broken["conv3.weight"].data[0, 0, 0, 0] = torch.nan
        after = grad(total)(broken)["conv2.weight"]
        outputs = functional_call(module, broken, (inputs,))
    assert outputs[0].isnan().all() and outputs[1].isfinite().all()
    assert after[0].isnan().any() and torch.equal(after[1], before[1])


def test_threads_places_and_neighbours_change_no_bit() -> None:
    """One and two threads, another order of the batch and another replica beside it: every example's bits stay."""
    module = NETWORKS["mix_transform"](8, 4, INIT)
    inputs = uniform(R, 3 * BLOCK + 5, 8)
    results = []
    with fused(), torch.no_grad():
        for threads in (1, 2):
            torch.set_num_threads(threads)
            results.append(module(inputs))
        order = torch.randperm(inputs.shape[1], generator=torch.Generator().manual_seed(1))
        shuffled = module(inputs[:, order])
        alone = NETWORKS["mix_transform"](8, 4, Init(INIT.seeds[1:], "alice", "torch"))(inputs[1:])
    assert torch.equal(*results) and torch.equal(shuffled, results[0][:, order]) and torch.equal(alone, results[0][1:])


def test_gradients_do_not_depend_on_the_threads() -> None:
    """The weights' gradients are sums over blocks of a fixed size, in their order."""
    module = NETWORKS["mix_transform"](8, 4, INIT)
    inputs, weights = uniform(R, 3 * BLOCK + 5, 8), dict(module.named_parameters())
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        with fused():
            found.append(grad(lambda held: functional_call(module, held, (inputs,)).square().sum())(weights))
    transform = [name for name in weights if name != "mix.weight"]  # that one is a product of the library
    assert all(torch.equal(found[0][name], found[1][name]) for name in transform)


def test_large_stacks_and_other_numbers_keep_to_the_layers() -> None:
    """What outgrows the cache, and double precision, is computed by the layers; so is everything outside `fused`."""
    single, double = torch.zeros(1, 2, 3), torch.zeros(1, 2, 3, dtype=torch.float64)
    assert not room.takes(single, 16, 55)
    with fused():
        assert room.takes(single, 16, 55)
        assert not room.takes(double, 16, 55)
        assert not room.takes(single, room.LONGEST + 1, 55)
        assert not room.takes(single, 16, room.MOST_WEIGHTS + 1)
