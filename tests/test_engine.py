"""Engines: which one is chosen and why, and that a compiled program computes what the plain one computes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from small_runs import advance, small_plan, small_run, start, weights
from torch import Tensor

from adversarial_crypto.config import load
from adversarial_crypto.errors import EnvironmentProblem
from adversarial_crypto.numerics import philox
from adversarial_crypto.numerics.philox import Address, Occasion, Stream
from adversarial_crypto.training import Engine, Machine, Training, choose_engine

EXPERIMENTS = Path(__file__).parent.parent / "experiments"
WITH_COMPILER, WITHOUT = Machine(compiler=True), Machine(compiler=False)


@pytest.fixture(autouse=True)
def settings_restored() -> Iterator[None]:
    """An engine sets threads and TF32 for the whole process; the other tests keep theirs."""
    threads, tf32 = torch.get_num_threads(), torch.backends.cuda.matmul.allow_tf32
    yield
    torch.set_num_threads(threads)
    torch.backends.cuda.matmul.allow_tf32 = tf32


@pytest.mark.parametrize("name", ["quick", "paper-n16", "paper-n32", "paper-n64"])
def test_auto_compiles_the_experiments(name: str) -> None:
    """`quick` and the paper's runs resolve to compiled where there is a compiler, and to eager where there is none."""
    run = load(name, experiments=[EXPERIMENTS])
    assert choose_engine("auto", run, WITH_COMPILER)[0] == "compiled"
    engine, why = choose_engine("auto", run, WITHOUT)
    assert engine == "eager" and "compiler" in why


def test_auto_leaves_small_work_eager() -> None:
    """What takes seconds is not worth a compilation; the answer is a pure function of configuration and machine."""
    answers = {choose_engine("auto", small_run(), WITH_COMPILER) for _ in range(3)}
    assert len(answers) == 1 and answers.pop()[0] == "eager"


@pytest.mark.parametrize("asked", ["eager", "compiled"])
def test_what_is_asked_for_is_taken(asked: str) -> None:
    """An engine asked for by name is used whatever the size of the work, and the reason says so."""
    for run in (small_run(), load("paper-n16", experiments=[EXPERIMENTS])):
        assert choose_engine(asked, run, WITH_COMPILER) == (asked, "asked for")


def test_compiled_without_a_compiler_is_refused() -> None:
    """Asking for the compiled engine without a compiler is one sentence with the way out, exit code 3."""
    with pytest.raises(EnvironmentProblem, match=r"compiler.*--engine eager") as refused:
        choose_engine("compiled", small_run(), WITHOUT)
    assert refused.value.exit_code == 3
    assert choose_engine("eager", small_run(), WITHOUT)[0] == "eager"


def test_an_engine_sets_its_machine() -> None:
    """Threads and TF32 are those of the machine; TF32 is off unless asked for."""
    Engine("eager", Machine(threads=2, tf32=True))
    assert torch.get_num_threads() == 2 and torch.backends.cuda.matmul.allow_tf32
    Engine("eager", Machine(threads=1))
    assert torch.get_num_threads() == 1 and not torch.backends.cuda.matmul.allow_tf32


def test_steps_are_repeated_exactly() -> None:
    """Asking for seven steps at once is asking for one step seven times."""
    plan = small_plan()
    at_once, one_by_one = advance(start(plan), 7), start(plan)
    for _ in range(7):
        advance(one_by_one, 1)
    assert at_once.step == one_by_one.step == 7
    assert all(torch.equal(flat, weights(one_by_one)[name]) for name, flat in weights(at_once).items())


def test_compiled_bits_are_the_eager_bits() -> None:
    """Philox compiled gives the same bits as Philox as it stands, also for words whose products fill 64 bits."""

    def draw(seeds: Tensor, adversary: Tensor, step: Tensor, update: Tensor) -> tuple[Tensor, ...]:
        address = Address(seeds, step, update, Occasion.TRAINING, adversary)
        return tuple(philox.bits(address, {Stream.MESSAGE: 33, Stream.KEY: 5}, 7).values())

    seeds = torch.tensor([[0, 0], [2**32 - 1, 2**32 - 1], [2**31, 12345]])
    compiled = Engine("compiled", WITH_COMPILER).wrap(draw)
    for step, update in ((0, 0), (2**32 - 1, 511), (2**31 - 1, 256)):
        inputs = seeds, torch.tensor([0, 1, 255]), torch.tensor(step), torch.tensor(update)
        assert all(torch.equal(one, other) for one, other in zip(compiled(*inputs), draw(*inputs), strict=True))


def test_compiled_training_equals_eager() -> None:
    """Three compiled steps at a tiny size give the eager steps' weights to 1e-5, with the same counters."""
    plan = small_plan(train={"batch": 64})
    eager, compiled = start(plan), Training(plan, Engine("compiled", WITH_COMPILER))
    first = weights(eager)
    for training in (eager, compiled):
        advance(training, 3)
    assert compiled.step == 3 and bool(compiled.states[0].alive.all())
    for name, flat in weights(compiled).items():
        torch.testing.assert_close(flat, weights(eager)[name], rtol=1e-5, atol=1e-6)
        assert (flat - first[name]).abs().max() > 1e-3
