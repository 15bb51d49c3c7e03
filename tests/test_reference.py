"""The array program against the ordinary way: equal weights and equal data give equal players after several steps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from adversarial_crypto.config import load
from adversarial_crypto.lab.yardstick import Yardstick
from adversarial_crypto.numerics.philox import Address
from adversarial_crypto.training import Engine, Machine, Training, prepare

EXPERIMENTS = Path(__file__).parents[1] / "experiments"
BITS, BATCH, STEPS = 16, 64, 4


def _load(module: nn.Module, weights: dict[str, Tensor], player: str, replica: int) -> None:
    """Puts one replica's weights into an ordinary module whose parameters come in the same order."""
    own = [weight[replica] for name, weight in weights.items() if name.startswith(f"{player}.")]
    parameters = list(module.parameters())
    assert [tuple(p.shape) for p in parameters] == [tuple(w.shape) for w in own]
    with torch.no_grad():
        for parameter, weight in zip(parameters, own, strict=True):
            parameter.copy_(weight)


def _minibatches(training: Training, replica: int) -> Iterator[Tensor]:
    """Message, key, message, key, ... of one replica in the order of the schedule."""
    seeds = training.states[0].seeds
    for step in range(STEPS):
        for update in (0, 256, 257):
            secrets = training.plan.game.draw(Address(seeds, step, update), BATCH)
            yield secrets["message"][replica].contiguous()
            yield secrets["key"][replica].contiguous()


@pytest.mark.parametrize("replica", [0, 2])
def test_every_replica_equals_the_ordinary_training_of_its_weights_and_data(
    replica: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four whole steps of three replicas in one array equal `nn.Module`, autograd and `torch.optim.Adam` to 1e-5."""
    overrides = [f"train.batch={BATCH}", "train.record_batch=64", "replicas.count=3", "train.learning_rate=0.002"]
    training = Training(
        prepare(load("quick", overrides=overrides, experiments=[EXPERIMENTS])), Engine("eager", Machine())
    )

    yardstick = Yardstick(BITS, BATCH, 0.002, seed=0)
    for name in training.layouts:
        weights = training.layouts[name].named(training.states[0].weights[name])
        for player in training.plan.game.coalitions[name].players:
            _load(getattr(yardstick, player), weights, player, replica)
    minibatches = _minibatches(training, replica)
    monkeypatch.setattr(yardstick, "_bits", lambda: next(minibatches))
    for _ in range(STEPS):
        yardstick.step()

    training.loop.stepper(training.states[0])(STEPS)
    for name in training.layouts:
        weights = training.layouts[name].named(training.states[0].weights[name])
        for player in training.plan.game.coalitions[name].players:
            ours = [weight[replica] for key, weight in weights.items() if key.startswith(f"{player}.")]
            for mine, theirs in zip(ours, getattr(yardstick, player).parameters(), strict=True):
                torch.testing.assert_close(mine, theirs.detach(), atol=1e-5, rtol=1e-4)
