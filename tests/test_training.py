"""Training: what a replica computes, when it has passed, what it keeps, and that it can be stopped and continued."""

from __future__ import annotations

import pytest
import torch
from small_runs import (
    EVERYONE_PASSES,
    advance,
    examples,
    same,
    small_plan,
    start,
    watched,
    weights,
    with_objective,
)
from torch import Tensor

from adversarial_crypto.lab.yardstick import MixTransform as Ordinary
from adversarial_crypto.training import Plan, Row, Training


def rows_of(training: Training) -> list[Row]:
    """Trained to its end: all its records."""
    return [row for beat in training.beats() for row in beat.rows]


def ordinary(plan: Plan, first: dict[str, Tensor], seen: list, replica: int) -> dict[str, Tensor]:
    """The ordinary way on the same data: nn.Module, autograd and torch.optim.Adam, from the same first weights."""
    layouts, rate = {name: plan.coalition(name, plan.chunks[0].seeds)[0] for name in first}, plan.run.learning_rates()
    players: dict[str, Ordinary] = {}
    for name, layout in layouts.items():
        for player in plan.game.coalitions[name].players:
            players[player] = Ordinary(plan.game.players[player].in_width, 4)
            named = layout.named(first[name][replica : replica + 1])
            mine = [tensor[0] for full, tensor in named.items() if full.startswith(f"{player}.")]
            with torch.no_grad():
                for theirs, value in zip(players[player].parameters(), mine, strict=True):
                    theirs.copy_(value)
    sides = {"alice_bob": ["alice", "bob"], "eve": ["eve"]}
    parameters = {side: [p for name in names for p in players[name].parameters()] for side, names in sides.items()}
    optimisers = {side: torch.optim.Adam(own, lr=rate[replica]) for side, own in parameters.items()}
    for exchange in seen:
        message, key = exchange.message[replica], exchange.key[replica]
        ciphertext = players["alice"](torch.cat([message, key], -1))
        eve = (players["eve"](ciphertext) - message).abs().sum(-1) / 2
        if "bob" in exchange.players:
            bob = (players["bob"](torch.cat([ciphertext, key], -1)) - message).abs().sum(-1) / 2
            side, loss = "alice_bob", (bob / 4 + (2 - eve) ** 2 / 4).mean()
        else:
            side, loss = "eve", eve.mean()
        for optimiser in optimisers.values():
            optimiser.zero_grad()
        loss.backward()
        optimisers[side].step()
    return {side: torch.cat([p.detach().flatten() for p in own]) for side, own in parameters.items()}


def test_replicas_equal_separate_ordinary_trainings() -> None:
    """R replicas stand, after some steps, where R ordinary PyTorch trainings on the same data stand."""
    rates = {"train.learning_rate": (0.001, 0.01)}
    plan, seen = watched(small_plan(game={"key_bits": 3}, replicas={"count": 2, "vary": rates}))
    training = start(plan)
    first = weights(training)
    advance(training, 4)
    assert ["bob" in exchange.players for exchange in seen] == [True, False, False] * 4
    for replica in range(4):
        expected = ordinary(plan, first, seen, replica)
        for name, flat in weights(training).items():
            torch.testing.assert_close(flat[replica], expected[name], rtol=0, atol=1e-5)
            assert (flat[replica] - first[name][replica]).abs().max() > 1e-3


@pytest.mark.parametrize(("count", "chunk"), [(1, 16), (5, 1), (5, 2), (5, 3), (2, 16)])
def test_slicing_replicas_changes_nothing(count: int, chunk: int) -> None:
    """A replica meets the same data bit for bit and trains alike to 1e-6, however many others there are."""
    results = []
    for replicas in ({"count": 5, "chunk": 16}, {"count": count, "chunk": chunk}):
        plan, seen = watched(small_plan(replicas=replicas))
        training = advance(start(plan), 3)
        size, calls = plan.chunk_size, len(seen) // len(plan.chunks)
        data = [
            [list(seen[r // size * calls + call].examples(r % size)) for call in range(calls)] for r in range(count)
        ]
        results.append((data, weights(training)))
    assert results[0][0] == results[1][0]
    for name, flat in results[0][1].items():
        torch.testing.assert_close(results[1][1][name], flat[:count], rtol=0, atol=1e-6)


def test_chunks_and_their_padding_do_not_show() -> None:
    """Five replicas two at a time give five replicas' rows and players, the same as all at once to 1e-5."""
    together, apart = (start(small_plan(replicas={"count": 5, "chunk": chunk})) for chunk in (16, 2))
    one, other = rows_of(together), rows_of(apart)
    assert [(r.step, r.replica) for r in one] == [(s, r) for s in (0, 2, 4) for r in range(5)]
    assert [(r.step, r.replica) for r in other] == [(r.step, r.replica) for r in one]
    for mine, theirs in zip(one, other, strict=True):
        assert mine.means == pytest.approx(theirs.means, abs=1e-5)
    assert all(flat.shape[0] == 5 for flat in apart.players().values())
    assert apart.passed.shape == apart.diverged.shape == apart.passed_at().shape == (5,)


def test_seeds_and_replicas_share_no_data() -> None:
    """Twenty-four replicas, eight of each of three seeds, meet no example twice, and repeat their seed's exactly."""
    seen = []
    for seed in (1, 2, 3, 1):
        plan, exchanges = watched(small_plan(game={"message_bits": 32}, replicas={"count": 8, "seed": seed}))
        advance(start(plan), 1)
        seen.append(examples(exchanges))
    assert seen[0] == seen[3]
    apart = seen[0] + seen[1] + seen[2]
    assert len(set(apart)) == len(apart) == 3 * 8 * 3 * 32


@pytest.mark.parametrize("poison", ["weights", "gradient"])
def test_a_nan_replica_touches_nobody(poison: str) -> None:
    """A replica that is not finite is frozen, the others stay bit-equal, and the run does not wait for it."""
    bomb = torch.zeros(3)
    plan = small_plan(
        replicas={"count": 3}, protocol=EVERYONE_PASSES, train={"record_every": 3, "steps": 9, "stop": "steps"}
    )
    wanted = plan.game.coalitions["alice_bob"].objective
    plan = with_objective(plan, "alice_bob", lambda t: wanted(t) + bomb * t["bob"].sum((1, 2)))
    clean, training = start(plan), start(plan)
    advance(clean, 2)
    advance(training, 2)
    before = weights(training)
    assert same(before, weights(clean))
    advance(clean, 1)
    if poison == "weights":
        training.states[0].weights["eve"][1, 5] = torch.nan
    bomb[1] = torch.nan if poison == "gradient" else 0.0
    advance(training, 1)
    bomb[1] = 0.0
    for steps in (0, 2):
        advance(clean, steps)
        advance(training, steps)
        for name, flat in weights(training).items():
            assert torch.equal(flat[[0, 2]], weights(clean)[name][[0, 2]])
    assert training.diverged.tolist() == [False, True, False] and not bool(clean.diverged.any())
    if poison == "gradient":  # frozen at the last finite weights, also when the cause is gone
        assert all(torch.equal(flat[1], before[name][1]) for name, flat in weights(training).items())


def test_the_run_does_not_wait_for_a_diverged_replica() -> None:
    """With every other replica passed, the run ends at that record; the diverged one has not passed and says so."""
    training = start(small_plan(replicas={"count": 3}, protocol=EVERYONE_PASSES, train={"steps": 100}))
    training.states[0].weights["alice_bob"][1] = torch.nan
    rows = rows_of(training)
    assert training.finished and training.step == 2
    assert [(row.passed, row.diverged) for row in rows[3:]] == [(True, False), (False, True), (True, False)]
    assert training.passed_at().tolist() == [0, -1, 0]


def test_a_learning_rate_that_falls_is_the_same_as_smaller_steps_taken_one_by_one() -> None:
    """With linear decay over S steps step s has the rate times 1 - s / S; the fresh adversaries' rate stays."""
    rate, steps = 0.01, 4
    falling = start(small_plan(train={"steps": steps, "learning_rate": rate, "learning_rate_decay": "linear"}))
    constant = start(small_plan(train={"steps": steps, "learning_rate": rate}))
    for step in range(steps):
        for state in constant.states:
            state.rates.fill_(rate * (1 - step / steps))
        advance(falling, 1)
        advance(constant, 1)
    assert same(weights(falling), weights(constant))
    plain = advance(start(small_plan(train={"steps": steps, "learning_rate": rate})), steps)
    assert not same(weights(falling), weights(plain))
    assert falling.loop.playing(falling.loop.layouts, ("eve",), falling.loop.batch).falls_over is None
