"""The protocol: fresh adversaries against frozen players, chosen on validation and quoted on test messages."""

from __future__ import annotations

import itertools

import pytest
import torch
from small_runs import (
    advance,
    copied,
    examples,
    finish,
    protocol_of,
    same,
    small_plan,
    start,
    watched,
    weights,
    with_game,
)
from torch import Tensor

from adversarial_crypto.training import Protocol
from adversarial_crypto.training import protocol as protocol_module

TESTED = 4  # record batches of test messages instead of 64


@pytest.fixture(autouse=True)
def fewer_test_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sixteenth of the test messages, for speed."""
    monkeypatch.setattr(protocol_module, "TEST_RECORDS", TESTED)


@pytest.fixture
def one_step_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    """A beat after every single step."""
    monkeypatch.setattr(protocol_module, "BEAT_EXAMPLES", 1)


def trained_weights(protocol: Protocol) -> dict[tuple[int, int], Tensor]:
    """(replica, adversary) -> her final weights, gathered while the protocol runs beat by beat."""
    found: dict[tuple[int, int], Tensor] = {}
    for _ in protocol.beats():
        if not protocol.finished and int(protocol.state.step) == protocol.run.adversary_steps:
            fold = protocol.folds[protocol.fold]
            rows = zip(fold.replicas[: fold.used], fold.adversaries, strict=False)
            found |= {pair: protocol.state.weights["eve"][row].clone() for row, pair in enumerate(rows)}
    return found


def test_fresh_adversaries_start_from_nothing(one_step_beats: None) -> None:
    """Every fresh adversary has new weights of her own, empty moments and step 0, in every fold."""
    training = advance(start(small_plan(replicas={"count": 3, "chunk": 2})), 3)
    protocol = Protocol(training.plan, training)
    first = [start(training.plan).players()["eve"], weights(training)["eve"]]
    seen, folds = [row for flat in first for row in flat], set()
    for _ in itertools.chain([0], protocol.beats()):
        if protocol.finished or protocol.fold in folds:
            continue
        folds.add(protocol.fold)
        if int(protocol.state.step) == 0:
            state = protocol.state
            assert not bool(state.first["eve"].any()) and not bool(state.second["eve"].any())
            seen += list(state.weights["eve"].clone())
    assert len(folds) == len(protocol.folds) == 3 and len(seen) == 6 + 6
    starts = torch.stack(seen)
    varied = starts[:, (starts != starts[0]).any(0)]  # biases start at zero for everyone
    assert varied.shape[1] > 60
    for one in range(len(varied)):
        for other in range(one):
            assert not bool(torch.isclose(varied[one], varied[other], rtol=0, atol=1e-7).all())


def test_alice_and_bob_are_frozen(one_step_beats: None) -> None:
    """The protocol moves the adversary alone: Alice, Bob and the trained Eve stay as they are, bit for bit."""
    training = finish(start(small_plan(replicas={"count": 3, "chunk": 2})))
    arrays, players = copied(training.arrays()), copied(training.players())
    protocol = Protocol(training.plan, training)
    for _ in protocol.beats():
        if not protocol.finished:
            rows = torch.tensor(protocol.folds[protocol.fold].replicas)
            assert torch.equal(protocol.state.weights["alice_bob"], players["alice_bob"][rows])
    list(protocol.reports())
    assert same(training.arrays(), arrays) and same(training.players(), players)
    assert same(protocol.players, players)


@pytest.mark.parametrize("stop", ["passed", "steps"])
def test_adversaries_attack_the_kept_players(stop: str) -> None:
    """Who passed is attacked as kept at the pass, not as trained on; where a run goes on to its steps, as it ended."""
    plan = with_game(small_plan(train={"stop": stop}), passed=lambda means: torch.tensor([True, False]))
    training = start(plan)
    first = weights(training)["alice_bob"]
    last = weights(finish(training))["alice_bob"]
    assert training.step == 4 and not torch.equal(first[0], last[0])
    kept = torch.stack([first[0] if stop == "passed" else last[0], last[1]])
    protocol = Protocol(plan, training)
    assert torch.equal(protocol.players["alice_bob"], kept)
    assert torch.equal(protocol.state.weights["alice_bob"], kept[list(protocol.folds[0].replicas)])


def test_every_adversary_has_data_of_her_own() -> None:
    """No example is shared between training, two adversaries, validation and test; test messages serve all alike."""
    protocol_settings = {"adversaries": 2, "adversary_networks": ("own", "dense")}
    plan, seen = watched(small_plan(game={"message_bits": 32}, protocol=protocol_settings))
    training = finish(start(plan))
    before = set(examples(seen))
    seen.clear()
    protocol = protocol_of(training)
    of_adversaries = examples([e for e in seen if "bob" not in e.players])
    validation = examples([e for e in seen if "bob" in e.players])
    assert len(set(of_adversaries)) == len(of_adversaries) == 2 * 4 * 2 * 2 * 32  # R, adversaries, steps, updates, B
    assert len(set(validation)) == len(validation)
    seen.clear()
    list(protocol.reports())
    test = examples(seen)
    third = len(test) // 3  # the kept players, the best own, the best dense
    assert set(test[:third]) == set(test[third : 2 * third]) == set(test[2 * third :])
    assert len(set(test)) == third == 2 * TESTED * plan.run.train.record_batch
    pools = [before, set(of_adversaries), set(validation), set(test)]
    assert len(set().union(*pools)) == sum(len(pool) for pool in pools)


def test_the_best_is_chosen_on_validation(one_step_beats: None) -> None:
    """The adversary with the fewest bits wrong on validation counts: hers are the weights that are tested."""
    training = start(small_plan(replicas={"count": 3, "chunk": 2}, protocol={"adversaries": 4, "adversary_steps": 3}))
    protocol = Protocol(training.plan, training)
    final = trained_weights(protocol)
    assert sorted(final) == [(r, a) for r in range(3) for a in range(1, 5)]
    reports = list(protocol.reports())
    assert [report.replica for report in reports] == [0, 1, 2]
    assert len({report.best["own"] for report in reports}) > 1
    for report in reports:
        wrong = report.validation["own"]
        assert len(wrong) == 4 and report.best["own"] == wrong.index(min(wrong))
        assert torch.equal(protocol.best[0][report.replica], final[report.replica, 1 + report.best["own"]])
        mean, error = report.adversary["own"]["eve_bits_wrong"]
        assert mean != min(wrong) and abs(mean - min(wrong)) < 5 * 2 * error  # as many messages each


def test_the_quoted_numbers_are_means_with_their_errors() -> None:
    """Mean and standard error of the report are those of the test messages, of the players as kept."""
    plan, seen = watched(small_plan(replicas={"count": 2}))
    training = finish(start(plan))
    protocol = protocol_of(training)
    seen.clear()
    reports = list(protocol.reports())
    calls = seen[: len(seen) // 2]  # the players' own test comes first
    layouts, players = training.layouts, training.players()
    seated = {n: p for name, layout in layouts.items() for n, p in layout.players(players[name]).items()}
    message = torch.cat([exchange.message for exchange in calls], 1)
    transcript = plan.game.play(seated, {"message": message, "key": torch.cat([e.key for e in calls], 1)})
    for name, values in plan.game.measures(transcript).items():
        for report in reports:
            mean, error = report.players[name]
            own = values[report.replica].double()
            assert mean == pytest.approx(own.mean().item(), rel=1e-5)
            assert error == pytest.approx(own.std().item() / len(own) ** 0.5, rel=1e-3)
