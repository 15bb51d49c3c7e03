"""The traps of this field that concern the symmetric game, each a regression test named after it (DESIGN section 9)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from small_runs import (
    EVERYONE_PASSES,
    RIGGED,
    Exchange,
    advance,
    examples,
    finish,
    protocol_of,
    small_plan,
    start,
    watched,
    weights,
    with_game,
    with_objective,
)
from torch import Tensor

from adversarial_crypto.formulas.losses import secrecy_penalty
from adversarial_crypto.training import Protocol
from adversarial_crypto.training import protocol as protocol_module

N = 16


@pytest.fixture(autouse=True)
def fewer_test_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sixteenth of the test messages, for speed."""
    monkeypatch.setattr(protocol_module, "TEST_RECORDS", 4)


def alice_bob_loss(bob: Tensor, eve: Tensor, message: Tensor, loss: str = "per_bit") -> Tensor:
    """The default game's objective of Alice and Bob on a finished transcript, (R,)."""
    game = small_plan(game={"message_bits": N}, train={"loss": loss}).game
    return game.coalitions["alice_bob"].objective({"message": message, "bob": bob, "eve": eve})


def messages(batch: int = 4) -> Tensor:
    """(1, B, 16) of -1 and +1."""
    return torch.randint(0, 2, (1, batch, N), generator=torch.Generator().manual_seed(0)) * 2.0 - 1


def constant(value: float) -> Callable[..., Tensor]:
    """An objective that nobody can change."""
    return lambda transcript: transcript["ciphertext"].sum((1, 2)) * 0 + value


@pytest.mark.parametrize("loss", ["per_bit", "paper_text"])
def test_eves_target_in_the_wrong_unit(loss: str) -> None:
    """An Eve who answers 0 everywhere is exactly at the target of N/2 bits: her term is zero, and pushes nowhere."""
    message = messages()
    eve = torch.zeros_like(message).requires_grad_()
    value = alice_bob_loss(message, eve, message, loss)
    assert value.tolist() == [0.0]  # the sum over -1, +1 is 16 here; held against N/2 = 8 it would give 1
    assert not bool(torch.autograd.grad(value.sum(), eve)[0].any())


@pytest.mark.parametrize("loss", ["per_bit", "paper_text"])
def test_maximising_eves_error(loss: str) -> None:
    """An Eve who inverts every bit costs as much as one who reads every bit, and Alice pushes her back to guessing."""
    message = messages()
    inverting = (-0.9 * message).requires_grad_()
    value = alice_bob_loss(message, inverting, message, loss)
    torch.testing.assert_close(value, alice_bob_loss(message, 0.9 * message, message, loss))
    (pull,) = torch.autograd.grad(value.sum(), inverting)
    assert bool((pull * message < 0).all())  # descent moves her answers towards the message, away from inversion
    ablation = alice_bob_loss(message, inverting, message, "maximise_eve")
    (pull,) = torch.autograd.grad(ablation.sum(), inverting)
    assert bool((pull * message > 0).all())  # which is what the ablation, by name, does not do


def test_one_minus_the_square_for_the_square_of_one_minus() -> None:
    """With a quarter of the bits wrong Eve's term is (1 - 1/2)^2 = 1/4 and not 1 - 1/4; reading all costs 1."""
    message = messages()
    quarter = message * torch.where(torch.arange(N) < N // 4, -1.0, 1.0)
    assert alice_bob_loss(message, quarter, message).tolist() == [0.25]
    assert alice_bob_loss(message, message, message).tolist() == [1.0]
    assert secrecy_penalty(torch.tensor([[0.0, N / 2]]), N).tolist() == [[1.0, 0.0]]


def test_eves_step_moving_alice() -> None:
    """In whole steps of the loop, where Alice and Bob want nothing they do not move, though Eve trains through them."""
    plan = small_plan()
    training = start(with_objective(plan, "alice_bob", constant(1.0)))
    before = weights(training)
    after = weights(advance(training, 3))
    assert torch.equal(after["alice_bob"], before["alice_bob"])
    assert bool(((after["eve"] - before["eve"]).abs().amax(-1) > 1e-4).all())


def test_eve_never_trained() -> None:
    """Alice and Bob's updates alone leave Eve as she is; her own move her, and make her better at a fixed cipher."""
    still = start(with_objective(small_plan(), "eve", constant(1.0)))
    before = weights(still)
    after = weights(advance(still, 3))
    assert torch.equal(after["eve"], before["eve"]) and not torch.equal(after["alice_bob"], before["alice_bob"])
    networks = {"alice": "rigged.py:plaintext", "eve": "dense"}
    training = start(small_plan(RIGGED, networks=networks, train={"learning_rate": 0.005, "steps": 20}))
    errors = [[row.means["eve_bits_wrong"] for row in beat.rows] for beat in training.beats() if beat.rows]
    assert min(errors[0]) > 1.5 and max(errors[-1]) < 0.3


def test_no_gradient_from_eves_error_to_alice() -> None:
    """Where Alice and Bob want secrecy alone, their update moves Alice, through Eve, in every layer, and never Bob."""

    def secrecy(transcript) -> Tensor:
        return secrecy_penalty((transcript["eve"] - transcript["message"]).abs().sum(-1) / 2, 4).mean(-1)

    training = start(with_objective(small_plan(), "alice_bob", secrecy))
    before = training.layouts["alice_bob"].named(weights(training)["alice_bob"])
    after = training.layouts["alice_bob"].named(weights(advance(training, 1))["alice_bob"])
    for name in before:
        moved = (after[name] != before[name]).flatten(1).any(-1).tolist()
        assert moved == [name.startswith("alice.")] * 2, name


def test_batch_mean_square_for_the_per_example_square() -> None:
    """An Eve who reads one half of the messages and inverts the other is at N/2 on average, and costs all the same."""
    message = messages(4)
    eve = message * torch.tensor([1.0, 1.0, -1.0, -1.0]).reshape(1, 4, 1)
    assert (eve - message).abs().sum(-1).mean() / 2 == N / 2
    assert alice_bob_loss(message, eve, message).tolist() == [1.0]


def test_a_fixed_data_set() -> None:
    """No message and no key ever comes back: not in the next step, not in the next update, not in a later record."""
    plan, seen = watched(small_plan(game={"message_bits": 64}, train={"steps": 12, "record_every": 4}))
    finish(start(plan))
    for kind in ("message", "key"):
        drawn = [tuple(row.tolist()) for e in seen for row in getattr(e, kind).flatten(0, 1)]
        assert len(set(drawn)) == len(drawn) == 2 * (12 * 3 * 32 + 4 * 64)


def test_train_eve_twice_as_a_double_batch_or_on_the_same_data() -> None:
    """A step is one minibatch for Alice and Bob and then two for Eve, each of its own data and of B examples."""
    plan, seen = watched(small_plan(game={"message_bits": 32}))
    training = start(plan)
    advance(training, 1)
    assert ["bob" in exchange.players for exchange in seen] == [True, False, False]
    assert all(exchange.message.shape == (2, 32, 32) for exchange in seen)
    assert len(set(examples(seen))) == 3 * 2 * 32
    # Adam's second update of Eve builds on her first: its moments are those of two updates, not of one.
    state = training.states[0]
    once = start(small_plan(game={"message_bits": 32}, train={"updates": {"eve": 1}}))
    advance(once, 1)
    assert torch.equal(once.states[0].second["alice_bob"], state.second["alice_bob"])
    assert bool((once.states[0].second["eve"].sum(-1) < state.second["eve"].sum(-1)).all())


def test_alice_and_bob_starting_with_equal_weights() -> None:
    """Alice and Bob have the same shapes and start with different weights in every layer of every replica."""
    training = start(small_plan(replicas={"count": 3}))
    named = training.layouts["alice_bob"].named(weights(training)["alice_bob"])
    layers = [name.removeprefix("alice.") for name in named if name.startswith("alice.")]
    assert len(layers) == 10
    for layer in (layer for layer in layers if layer.endswith("weight")):
        alice, bob = named[f"alice.{layer}"], named[f"bob.{layer}"]
        assert alice.shape == bob.shape and not bool((alice == bob).any())


def test_adams_moments_surviving_an_eve_reset() -> None:
    """A fresh Eve's first update is as long as the rate in every weight that has a gradient, as from empty moments."""
    rate = 0.003
    settings = {"updates": {"alice_bob": 1, "eve": 1}, "learning_rate": rate}
    plan = small_plan(train=settings, protocol={"adversaries": 4, "adversary_steps": 1}, replicas={"chunk": 2})
    training = advance(start(plan), 5)
    protocol = Protocol(plan, training)
    beats = protocol.beats()
    for fold in range(4):
        assert protocol.fold == fold and int(protocol.state.step) == 0
        before = protocol.state.weights["eve"].clone()
        next(beats)
        moved = (protocol.state.weights["eve"] - before).abs()
        assert bool(((moved - rate).abs() < 0.02 * rate).float().mean() > 0.95)
        next(beats)  # validation, and the next fold


def test_the_minimum_over_minibatches_plotted_as_the_error() -> None:
    """A record is the mean over all its minibatches: of blocks that say 1, 2, 3, 4 it says 2.5."""
    plan = small_plan(train={"record_batch": 128})
    calls: list[int] = []

    def measures(transcript) -> dict[str, Tensor]:
        calls.append(len(calls) % 4 + 1)
        return {name: torch.full(transcript["key"].shape[:2], float(calls[-1])) for name in plan.game.measured}

    training = start(with_game(plan, measures=measures))
    (row, _) = next(beat.rows for beat in training.beats() if beat.rows)
    assert calls == [1, 2, 3, 4]
    assert set(row.means.values()) == {2.5}


def test_thresholds_read_on_the_training_batch() -> None:
    """What decides a pass is measured on examples that no update has met or will meet, `record_batch` of them."""
    plan, seen = watched(small_plan(game={"message_bits": 32}, train={"steps": 6}))
    judged: list[int] = []
    held_out: list[Exchange] = []

    def passed(means) -> Tensor:
        judged.append(len(seen))
        return plan.game.passed(means)

    finish(start(with_game(plan, passed=passed)))
    assert len(judged) == 4  # records at 0, 2, 4, 6
    blocks = plan.run.train.record_batch // plan.run.train.batch
    for end in judged:  # what was just played when the thresholds were read
        held_out += seen[end - blocks : end]
    trained = [exchange for exchange in seen if not any(exchange is one for one in held_out)]
    assert len(trained) == 6 * 3 and len(examples(held_out)) == 4 * 2 * plan.run.train.record_batch
    assert not set(examples(held_out)) & set(examples(trained))


def test_soft_l1_reported_as_bits() -> None:
    """Half-decided bits of the right sign are 1/4 of N wrong and 0 flipped; rows and reports carry both by name."""

    def half(transcript) -> dict[str, Tensor]:
        return game.measures({**transcript, "bob": 0.5 * transcript["message"], "eve": -0.5 * transcript["message"]})

    plan = small_plan()
    game = plan.game
    training = start(with_game(plan, measures=half))
    expected = {"bob_bits_wrong": 1.0, "bob_bits_flipped": 0.0, "eve_bits_wrong": 3.0, "eve_bits_flipped": 4.0}
    rows = next(beat.rows for beat in training.beats() if beat.rows)
    assert all(row.means == expected for row in rows)
    (report, _) = protocol_of(finish(training)).reports()
    for table in (report.players, report.adversary["own"]):
        assert {name: mean for name, (mean, _) in table.items()} == expected


def test_a_verdict_that_calls_an_untrained_cipher_secure() -> None:
    """Where nobody learned anything Eve guesses, too: such replicas have not passed, in record and report."""
    training = finish(start(small_plan(game={"message_bits": N}, train={"steps": 2})))
    assert not bool(training.passed.any()) and training.passed_at().tolist() == [-1, -1]
    for report in protocol_of(training).reports():
        fresh = report.adversary["own"]["eve_bits_wrong"][0]
        assert fresh > training.plan.run.protocol.robust_error_min  # "secure", if that were all one asked
        assert report.players["bob_bits_wrong"][0] > 7
        assert not report.passed and report.passed_step == -1
    passed = finish(start(small_plan(protocol=EVERYONE_PASSES)))
    assert all(report.passed for report in protocol_of(passed).reports())  # and the flag is not always false
