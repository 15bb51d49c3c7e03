"""Records, the success rule with its confirmation, what a replica keeps, and stopping and continuing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from small_runs import (
    EVERYONE_PASSES,
    advance,
    copied,
    examples,
    finish,
    same,
    small_plan,
    start,
    watched,
    weights,
    with_game,
)

from adversarial_crypto.training import Plan, Row, Training
from adversarial_crypto.training import train as train_module


def rows_of(training: Training) -> list[Row]:
    """Trained to its end: all its records."""
    return [row for beat in training.beats() for row in beat.rows]


def scripted(plan: Plan, answers: list[list[bool]]) -> tuple[Plan, Iterator[list[bool]]]:
    """A plan whose thresholds are met as written, one answer each time they are read."""
    left = iter(answers)
    return with_game(plan, passed=lambda means: torch.tensor(next(left))), left


def test_success_is_confirmed_and_kept() -> None:
    """A replica passes at the record that a second draw confirms; it keeps those players while it trains on."""
    answers = [
        [False, False, False],  # step 0
        [True, False, False],  # step 2: a candidate,
        [False, True, False],  # not confirmed; what the second draw says of others does not count
        [True, False, False],  # step 4,
        [True, False, False],  # confirmed
        [True, True, False],  # step 6: another,
        [False, True, True],  # confirmed; who has passed is not judged again
        [True, True, False],  # step 8: nothing new, so no second draw
    ]
    plan, left = scripted(small_plan(train={"steps": 8}, replicas={"count": 3}), answers)
    training, at = start(plan), {}
    for beat in training.beats():
        if beat.rows:
            at[beat.step] = weights(training)
            assert [row.passed for row in beat.rows] == [beat.step >= 4, beat.step >= 6, False]
    assert next(left, None) is None and training.step == 8
    assert training.passed_at().tolist() == [4, 6, -1] and training.passed.tolist() == [True, True, False]
    for name, kept in training.players().items():
        assert all(torch.equal(kept[replica], at[step][name][replica]) for replica, step in enumerate((4, 6, 8)))
        assert not torch.equal(at[4][name][0], at[8][name][0]) and not torch.equal(at[6][name][1], at[8][name][1])


def test_the_confirming_draw_is_another() -> None:
    """Record, confirmation and training never share an example, and each held-out draw has `record_batch` of them."""
    plan, seen = watched(small_plan(game={"message_bits": 32}, replicas={"count": 1}, protocol=EVERYONE_PASSES))
    for beat in (training := start(plan)).beats():
        if beat.rows:
            break
    held_out = examples(seen)
    assert training.passed.tolist() == [True]
    assert len(held_out) == len(set(held_out)) == 2 * plan.run.train.record_batch
    advance(training, 5)
    assert len(set(examples(seen))) == len(examples(seen))


@pytest.mark.parametrize(("stop", "ends"), [("passed", 0), ("steps", 4)])
def test_when_a_run_stops(stop: str, ends: int) -> None:
    """Stop = "passed" ends when all have passed; stop = "steps" trains to the end all the same."""
    training = finish(start(small_plan(protocol=EVERYONE_PASSES, train={"stop": stop})))
    assert training.step == ends and training.passed_at().tolist() == [0, 0]


@pytest.mark.parametrize(
    ("steps", "every", "expected"), [(7, 3, [0, 3, 6, 7]), (6, 3, [0, 3, 6]), (2, 5, [0, 2]), (1, 1, [0, 1])]
)
def test_records_are_taken_at_their_steps(steps: int, every: int, expected: list[int]) -> None:
    """A record is taken at step 0, every `record_every` steps and at the last, once each, for every replica."""
    training = start(small_plan(train={"steps": steps, "record_every": every}))
    records = [beat for beat in training.beats() if beat.rows]
    assert [beat.step for beat in records] == expected and training.finished
    assert all([row.replica for row in beat.rows] == [0, 1] for beat in records)
    assert all(tuple(row.means) == training.plan.game.measured for beat in records for row in beat.rows)


@pytest.mark.parametrize("beats", [1, 2, 4, 6])
def test_restoring_midway_changes_nothing(beats: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped at any beat and restored into a new training, every array and row is what it would have been."""
    monkeypatch.setattr(train_module, "BEAT_EXAMPLES", 1)
    plan = small_plan(replicas={"count": 3, "chunk": 2})
    at_work: list[Training] = []
    # The first of each chunk passes at step 2, so that what it keeps is neither its first weights nor its last.
    plan = with_game(plan, passed=lambda means: torch.tensor([at_work[-1].step == 2, False]))
    whole, first, second = start(plan), start(plan), start(plan)
    at_work.append(whole)
    expected, rows = rows_of(whole), []
    at_work.append(first)
    for number, beat in enumerate(first.beats(), 1):
        rows += beat.rows
        if number == beats:
            break
    saved = copied(first.arrays())
    at_work.append(second)
    second.restore(saved)
    assert same(second.arrays(), saved)
    rows += rows_of(second)
    assert whole.passed_at().tolist() == [2, -1, 2]
    assert rows == expected and same(second.arrays(), whole.arrays()) and same(second.players(), whole.players())


def test_a_step_that_is_not_restored_shows() -> None:
    """Negative control: with the step counter back at 0 the continued training is another one."""
    plan = small_plan()
    whole, part, again = (start(plan) for _ in range(3))
    advance(whole, 4)
    again.restore(copied(advance(part, 2).arrays()))
    for state in again.states:
        state.step.zero_()
    advance(again, 2)
    assert not same(weights(again), weights(whole))


def test_learning_rates_ride_on_the_replica_axis() -> None:
    """Replica i trains at varied value i // count, also across chunks: Adam's first step is as long as the rate."""
    rates = (0.0005, 0.02, 0.004)
    plan = small_plan(
        replicas={"count": 2, "chunk": 4, "vary": {"train.learning_rate": rates}}, train={"updates": {"eve": 1}}
    )
    training = start(plan)
    before = weights(training)
    advance(training, 1)
    for name, flat in weights(training).items():
        step = (flat - before[name]).abs().amax(-1)
        assert step.tolist() == pytest.approx([rate for rate in rates for _ in range(2)], rel=0.01)


def test_key_and_message_may_differ_in_size() -> None:
    """A key shorter or longer than the message is drawn at its own size and reaches Alice and Bob only."""
    for key_bits in (1, 2, 40):
        plan, seen = watched(small_plan(game={"message_bits": 4, "key_bits": key_bits}))
        training = start(plan)
        finish(training)
        assert {exchange.key.shape[-1] for exchange in seen} == {key_bits}
        named = training.layouts["alice_bob"].named(training.players()["alice_bob"])
        assert named["alice.mix.weight"].shape == named["bob.mix.weight"].shape == (2, 8, 4 + key_bits)
        eve = training.layouts["eve"].named(training.players()["eve"])
        assert eve["eve.mix.weight"].shape == (2, 8, 4)
