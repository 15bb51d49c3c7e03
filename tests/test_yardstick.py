"""The yardstick is the paper's experiment as anyone would write it, so that a ratio to it means something."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
import torch

from adversarial_crypto.lab.yardstick import Yardstick


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """So small a batch gains nothing from a second thread and loses much where the machine is busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def parameters(player: torch.nn.Module) -> int:
    """The number of trained values."""
    return sum(p.numel() for p in player.parameters())


@pytest.mark.parametrize(("message_bits", "alice_bob", "eve"), [(16, 1111, 599), (32, 4215, 2167)])
def test_parameter_counts(message_bits: int, alice_bob: int, eve: int) -> None:
    """The networks have the paper's sizes: 1,111 / 1,111 / 599 parameters at N = 16, 4,215 / 2,167 at N = 32."""
    yardstick = Yardstick(message_bits, 8, 0.0008, seed=0)
    counts = [parameters(player) for player in (yardstick.alice, yardstick.bob, yardstick.eve)]
    assert counts == [alice_bob, alice_bob, eve]


def test_three_updates_a_step_on_fresh_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step updates Alice and Bob once and Eve twice, each on messages and keys of its own."""
    yardstick = Yardstick(16, 8, 0.0008, seed=0)
    drawn: list[torch.Tensor] = []
    bits = yardstick._bits
    monkeypatch.setattr(yardstick, "_bits", lambda: drawn.append(bits()) or drawn[-1])
    yardstick.step()
    updates = {
        name: {int(state["step"]) for state in optimiser.state.values()}
        for name, optimiser in [("alice_bob", yardstick.alice_bob_optimiser), ("eve", yardstick.eve_optimiser)]
    }
    assert updates == {"alice_bob": {1}, "eve": {2}}
    assert len({tuple(batch.flatten().tolist()) for batch in drawn}) == 6
    assert all(set(batch.unique().tolist()) == {-1.0, 1.0} and batch.shape == (8, 16) for batch in drawn)


def test_eves_update_leaves_alice_and_bob() -> None:
    """Eve's two updates move neither Alice nor Bob, and theirs does not move Eve."""
    yardstick = Yardstick(16, 8, 0.0008, seed=0)
    for stopped, still, moving in [
        (yardstick.eve_optimiser, [yardstick.eve], yardstick.bob),
        (yardstick.alice_bob_optimiser, [yardstick.alice, yardstick.bob], yardstick.eve),
    ]:
        rate, stopped.param_groups[0]["lr"] = stopped.param_groups[0]["lr"], 0.0
        weights = [weight for player in still for weight in player.parameters()]
        before, mixed = [weight.clone() for weight in weights], moving.mix.weight.clone()
        yardstick.step()
        assert all(torch.equal(old, new) for old, new in zip(before, weights, strict=True))
        assert not torch.equal(mixed, moving.mix.weight)
        stopped.param_groups[0]["lr"] = rate


def test_padding_is_same() -> None:
    """The first convolution sees one zero on the left and two on the right, so every length in between is kept."""
    player = Yardstick(16, 8, 0.0008, seed=0).eve
    lengths: list[int] = []
    for layer in player.transform:
        layer.register_forward_hook(lambda _, inputs, output: lengths.extend((inputs[0].shape[-1], output.shape[-1])))
    seen: list[torch.Tensor] = []
    player.transform[0].register_forward_hook(lambda _, inputs, output: seen.append(inputs[0]))
    assert player(torch.ones(8, 16)).shape == (8, 16)
    assert lengths == [35, 32, 32, 16, 16, 16, 16, 16]
    assert torch.equal(seen[0][0, 0] != 0, torch.tensor([False] + [True] * 32 + [False] * 2))


def test_seed_decides_everything() -> None:
    """The same seed gives the same training, another seed another, and the global generator is not touched."""
    state = torch.random.get_rng_state()
    runs = [Yardstick(8, 16, 0.01, seed=seed) for seed in (1, 1, 2)]
    for run in runs:
        run.step()
    first, second, third = (run.errors() for run in runs)
    assert first == second != third
    assert torch.equal(torch.random.get_rng_state(), state)


def test_bob_learns(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does train: on four messages, again and again, Bob's error falls from guessing to nothing, Eve's does not."""
    yardstick = Yardstick(16, 4, 0.01, seed=1)
    message_and_key = itertools.cycle([yardstick._bits(), yardstick._bits()])
    monkeypatch.setattr(yardstick, "_bits", lambda: next(message_and_key))
    assert yardstick.errors()[0] == pytest.approx(8, abs=1.5)
    for _ in range(200):
        yardstick.step()
    bob, eve = yardstick.errors()
    assert bob < 1
    assert eve > 3
