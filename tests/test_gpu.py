"""CUDA: the same data bit for bit, the same early training, and captured graphs that are nothing but faster."""

from __future__ import annotations

import pytest
import torch
from small_runs import EVERYONE_PASSES, advance, copied, examples, finish, same, small_plan, start, watched, weights
from torch import Tensor

from adversarial_crypto.numerics import philox
from adversarial_crypto.numerics.philox import Address, Occasion, Stream, normals, uniforms
from adversarial_crypto.training import Engine, Machine, Plan, Protocol, Training

pytestmark = pytest.mark.gpu
SEEDS = torch.tensor([[0, 0], [3, 1], [2**32 - 1, 2**32 - 1]])
ENGINES = ["eager", "compiled"]


def on_cuda(plan: Plan, engine: str) -> Training:
    """A training at step 0 on the first CUDA device."""
    return Training(plan, Engine(engine, Machine(device="cuda:0", threads=1, compiler=True)))


def on_cpu(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors on the CPU."""
    return {name: tensor.cpu() for name, tensor in tensors.items()}


@pytest.mark.parametrize("engine", ENGINES)
def test_data_is_that_of_the_cpu(engine: str) -> None:
    """Bits and uniforms are the CPU's bit for bit, eager and compiled; normals agree to 1e-6."""

    def draw(address_seeds: Tensor, step: Tensor) -> tuple[Tensor, ...]:
        address = Address(address_seeds, step, 256, Occasion.RECORD, 7)
        drawn = philox.bits(address, {Stream.MESSAGE: 33, Stream.KEY: 16}, 65)
        return (*drawn.values(), uniforms(address, Stream.WEIGHTS, 103), normals(address, Stream.KEY, 103))

    wrapped = Engine(engine, Machine(device="cuda:0", compiler=True)).wrap(draw)
    for step in (0, 2**32 - 1):
        expected = draw(SEEDS, torch.tensor(step))
        given = [tensor.cpu() for tensor in wrapped(SEEDS.cuda(), torch.tensor(step, device="cuda"))]
        assert all(torch.equal(one, other) for one, other in zip(given[:3], expected[:3], strict=True))
        torch.testing.assert_close(given[3], expected[3], rtol=0, atol=1e-6)


def test_initial_weights_and_minibatches_are_those_of_the_cpu() -> None:
    """A training on CUDA starts with the CPU's weights and meets the CPU's examples, bit for bit."""
    plan, seen = watched(small_plan(replicas={"count": 3}))
    cpu, gpu = start(plan), on_cuda(plan, "eager")
    assert same(on_cpu(weights(gpu)), weights(cpu))
    advance(cpu, 2)
    here = examples(seen)
    seen.clear()
    advance(gpu, 2)
    assert examples(seen) == here


@pytest.mark.parametrize("engine", ENGINES)
def test_early_training_is_that_of_the_cpu(engine: str) -> None:
    """Five steps on CUDA, eager or captured, give the CPU's weights to 1e-4."""
    plan = small_plan(replicas={"count": 3}, train={"batch": 64})
    cpu, gpu = advance(start(plan), 5), advance(on_cuda(plan, engine), 5)
    assert gpu.step == 5
    for name, flat in weights(gpu).items():
        torch.testing.assert_close(flat.cpu(), weights(cpu)[name], rtol=0, atol=1e-4)


def test_captured_steps_are_the_steps() -> None:
    """Replaying graphs of many rounds gives what single rounds give bit for bit, and the capture trains nothing."""
    plan = small_plan(train={"batch": 64})
    at_once, one_by_one, untouched = (on_cuda(plan, "compiled") for _ in range(3))
    advance(untouched, 0)
    assert untouched.step == 0 and same(weights(untouched), weights(on_cuda(plan, "eager")))
    advance(at_once, 23)
    stepper = one_by_one.loop.stepper(one_by_one.states[0])  # its graphs are captured once
    for _ in range(23):
        stepper(1)
    assert at_once.step == one_by_one.step == 23
    assert same(at_once.arrays(), one_by_one.arrays())


@pytest.mark.parametrize("engine", ENGINES)
def test_resuming_on_cuda_is_bit_equal(engine: str) -> None:
    """Stopped at a record and restored into a new training, every array is what it would have been."""
    plan = small_plan(replicas={"count": 3, "chunk": 2}, protocol=EVERYONE_PASSES, train={"stop": "steps"})
    whole, first, second = (on_cuda(plan, engine) for _ in range(3))
    finish(whole)
    for beat in first.beats():
        if beat.step == 2:
            break
    saved = copied(first.arrays())
    second.restore(saved)
    assert same(second.arrays(), saved)
    assert same(finish(second).arrays(), whole.arrays())


@pytest.mark.parametrize("engine", ENGINES)
def test_protocol_on_cuda(engine: str) -> None:
    """Fresh adversaries on CUDA find what they find on the CPU to 1e-3, and the players stay as they were."""
    plan = small_plan(replicas={"count": 2})
    reports = []
    for training in (start(plan), on_cuda(plan, engine)):
        before = copied(on_cpu(training.players()))
        protocol = Protocol(plan, training)
        for _ in protocol.beats():
            pass
        reports.append(list(protocol.reports()))
        assert same(on_cpu(training.players()), before)
    for one, other in zip(*reports, strict=True):
        assert other.validation["own"] == pytest.approx(one.validation["own"], abs=1e-3)
        for name, (mean, error) in one.players.items():
            assert other.players[name] == pytest.approx((mean, error), abs=1e-2)


def test_a_nan_replica_on_cuda_touches_nobody() -> None:
    """In captured graphs, too, a replica that is not finite is frozen and the others stay bit-equal."""
    plan = small_plan(replicas={"count": 3})
    clean, poisoned = (on_cuda(plan, "compiled") for _ in range(2))
    poisoned.states[0].weights["alice_bob"][1, 0] = torch.nan
    advance(clean, 12)
    advance(poisoned, 12)
    assert poisoned.diverged.tolist() == [False, True, False]
    for name, flat in weights(clean).items():
        assert torch.equal(weights(poisoned)[name][[0, 2]], flat[[0, 2]])


def test_tf32_is_only_used_when_asked_for() -> None:
    """Matrix products on CUDA keep float32 inputs whole: the dense network agrees with the CPU to 1e-5."""
    plan = small_plan(networks={"eve": "dense"})
    cpu, gpu = start(plan), on_cuda(plan, "eager")
    assert not torch.backends.cuda.matmul.allow_tf32
    message = torch.rand(2, 64, 4) * 2 - 1
    here = cpu.layouts["eve"].players(weights(cpu)["eve"])["eve"](message)
    there = gpu.layouts["eve"].players(weights(gpu)["eve"])["eve"](message.cuda())
    torch.testing.assert_close(there.cpu(), here, rtol=0, atol=1e-5)
