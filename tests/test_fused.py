"""The fused operation says what the layers say, to rounding, whatever the threads, the batch or the place in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad
from torch.utils._python_dispatch import TorchDispatchMode

from adversarial_crypto.networks import NETWORKS, Init
from adversarial_crypto.numerics import fused as room
from adversarial_crypto.numerics.fused import BLOCK, fused
from adversarial_crypto.numerics.layers import Conv1d, Linear, mixed_and_convolved
from adversarial_crypto.training import Engine, Machine

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
# (length, activations before and after, (in, out, window, stride) of each): odd windows, strides beyond windows and
# lengths that they do not divide, several channels with both, other activations
STACKS: list[tuple[int, str, str, list[tuple[int, int, int, int]]]] = [
    (7, "tanh", "sigmoid", [(1, 3, 3, 1), (3, 2, 5, 2), (2, 1, 3, 1)]),
    (11, "none", "none", [(1, 2, 2, 3), (2, 1, 1, 2)]),
    (6, "sigmoid", "none", [(1, 2, 4, 4), (2, 2, 7, 1), (2, 1, 2, 1)]),
    (5, "none", "tanh", [(1, 1, 1, 4)]),
]


@pytest.mark.parametrize(("length", "entering", "leaving", "sizes"), STACKS)
def test_any_stack_computes_the_same_fused(
    length: int, entering: str, leaving: str, sizes: list[tuple[int, int, int, int]]
) -> None:
    """Outputs and gradients of windows, strides and activations that the paper does not have."""
    mix = Linear(3, length, INIT.at("mix"))
    layers = [Conv1d(*size, INIT.at(f"conv{i}")) for i, size in enumerate(sizes)]
    parts = nn.ModuleList([mix, *layers])
    inputs = uniform(R, 3, 21).requires_grad_()
    results = []
    for within in (fused(), nullcontext()):
        with within, Calls() as calls:
            outputs = mixed_and_convolved(inputs, mix, layers, entering, leaving)
            gradients = torch.autograd.grad((outputs * uniform(*outputs.shape)).sum(), [inputs, *parts.parameters()])
        results.append([outputs, *gradients])
        assert len(calls.names) == 2 * (len(results) == 1)
    for one, expected in zip(*results, strict=True):
        assert (one - expected).abs().max() <= 3e-6 * max(expected.abs().max(), 1e-3)


@pytest.fixture(autouse=True)
def threads_restored() -> Iterator[None]:
    """Some tests change the number of threads of the process."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def uniform(*shape: int) -> Tensor:
    """Fixed numbers in (-1, 1)."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(5)) * 2 - 1


class Calls(TorchDispatchMode):
    """Counts the calls of the fused operation and of its gradient within it."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func.namespace == "acrypto":
            self.names.append(func.__name__.partition(".")[0])
        return func(*args, **(kwargs or {}))


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

    with fused(), Calls() as calls:
        found = all_of(module, inputs)
    name = "mixed_and_convolved"
    assert calls.names == [name, f"{name}_backward", name]  # it was this operation that answered
    for one, expected in zip(found, all_of(double, inputs.double()), strict=True):
        assert (one - expected).abs().max() <= 3e-6 * max(expected.abs().max(), 1e-3)


def test_far_inputs_saturate_and_nothing_overflows() -> None:
    """Activations of a million and of minus a million are the ends of their ranges, to rounding, and slope 0."""
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


@pytest.mark.parametrize("payload", [0x7FC00000, 0x7FC00001, 0x7FFFFFFF, -0x400000])
def test_what_is_not_finite_stays_so(payload: int) -> None:
    """A weight that is not a number makes its replica's outputs and gradients so; the other replica is untouched."""
    module = NETWORKS["mix_transform"](4, 2, INIT)
    inputs, weights = uniform(R, 20, 4), dict(module.named_parameters())

    def total(held: dict[str, Tensor]) -> Tensor:
        return functional_call(module, held, (inputs,)).sum()

    with fused():
        before = grad(total)(weights)["conv2.weight"]
        broken = {**weights, "conv3.weight": weights["conv3.weight"].clone()}
        broken["conv3.weight"].data.view(torch.int32)[0, 0, 0, 0] = payload  # NaN comes in many
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
    assert not room.takes(single, room.MOST_VECTORS)
    with fused():
        assert room.takes(single, room.MOST_VECTORS)
        assert not room.takes(double, room.MOST_VECTORS)
        assert not room.takes(single, room.MOST_VECTORS + 1)
        mix, conv = Linear(2, 4096, INIT.at("mix")), Conv1d(1, 1, 1, 1, INIT.at("conv"))
        with Calls() as calls:
            mixed_and_convolved(torch.zeros(R, 2, 3), mix, (conv,))
    assert not calls.names


def test_a_second_derivative_is_refused() -> None:
    """It would be zero where the operation is on the way; the sentence names the engine that has it."""
    module = NETWORKS["mix_transform"](4, 2, INIT)
    inputs = uniform(R, 20, 4).requires_grad_()
    with fused():
        (slope,) = torch.autograd.grad(module(inputs).sum(), inputs, create_graph=True)
    with pytest.raises(RuntimeError, match="differentiable once; use the eager engine"):
        slope.square().sum().backward()


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    """Shapes and numbers are looked at before their addresses go to C."""
    inputs, matrix, form = torch.zeros(2, 3, 5), torch.zeros(2, 4, 3), [0, 0, 1, 1, 1, 1]
    for weights, error in [(torch.zeros(2, 7), ValueError), (torch.zeros(1, 6), ValueError)]:
        with pytest.raises(error, match="do not belong together"):
            room.mixed_and_convolved(inputs, matrix, weights, form)
    with pytest.raises(ValueError, match="do not belong together"):
        room.mixed_and_convolved(torch.zeros(2, 4, 5), matrix, torch.zeros(2, 6), form)
    with pytest.raises(TypeError, match="float32"):
        room.mixed_and_convolved(inputs, matrix.double(), torch.zeros(2, 6), form)


def test_the_compiled_engine_takes_it() -> None:
    """A program that the compiled engine wraps calls the operation, forward and for the gradient."""
    module = NETWORKS["mix_transform"](4, 2, INIT)
    inputs, weights = uniform(R, 20, 4), dict(module.named_parameters())
    program = Engine("compiled", Machine(threads=torch.get_num_threads(), compiler=True)).wrap(
        lambda held, received: grad(lambda own: functional_call(module, own, (received,)).sum())(held)
    )
    detached = {name: weight.detach() for name, weight in weights.items()}
    program(detached, inputs)
    with Calls() as calls:
        program(detached, inputs)
    assert calls.names[-1] == "mixed_and_convolved_backward"
