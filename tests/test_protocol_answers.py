"""The protocol at its edges, resumed, and against ciphers whose answer is known."""

from __future__ import annotations

import pytest
import torch
from small_runs import (
    RIGGED,
    advance,
    copied,
    finish,
    protocol_of,
    same,
    small_plan,
    start,
    watched,
)

from adversarial_crypto.numerics.philox import Address
from adversarial_crypto.training import Protocol, Report, Training
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


def everything(report: Report) -> dict[str, float]:
    """A report's numbers under flat names."""
    flat = {f"validation.{n}.{i}": v for n, values in report.validation.items() for i, v in enumerate(values)}
    for group, tables in (("best", report.adversary), ("players", {"": report.players})):
        flat |= {f"{group}.{n}.{m}": mean for n, table in tables.items() for m, (mean, _) in table.items()}
    return flat


@pytest.mark.parametrize("chunk", [2, 4])
def test_padding_of_the_last_fold_is_irrelevant(chunk: int) -> None:
    """Nine adversaries in folds that do not divide them give what folds of one give."""
    results = []
    for size in (1, chunk):
        plan = small_plan(replicas={"count": 3, "chunk": size}, protocol={"adversaries": 3})
        protocol = protocol_of(start(plan))
        results.append([everything(report) for report in protocol.reports()])
        assert sum(fold.used for fold in protocol.folds) == 9
    if chunk == 2:
        assert protocol.folds[-1].used < len(protocol.folds[-1].replicas)
    for one, other in zip(*results, strict=True):
        assert one == pytest.approx(other, abs=1e-4)


@pytest.mark.parametrize("beats", [1, 3, 7, 12])
def test_restoring_midway_changes_nothing(beats: int, one_step_beats: None) -> None:
    """Stopped at any beat, also between folds and networks, and restored: the reports are the same to the bit."""
    settings = {"adversaries": 1, "adversary_networks": ("own", "dense")}
    plan = small_plan(replicas={"count": 3, "chunk": 2}, protocol=settings)
    training: Training = advance(start(plan), 2)
    whole, first, second = (Protocol(plan, training) for _ in range(3))
    steps = list(whole.beats())
    for number, _ in enumerate(first.beats(), 1):
        if number == beats:
            break
    assert beats <= len(steps) and first.step == steps[beats - 1]
    saved = copied(first.arrays())
    second.restore(saved)
    assert second.step == first.step and same(second.arrays(), saved)
    assert list(second.beats()) == steps[beats:] and second.finished
    assert same(second.arrays(), whole.arrays())
    assert list(second.reports()) == list(whole.reports())


def test_no_adversaries_no_work() -> None:
    """With `adversaries = 0` there is nothing to train, and the players are measured all the same."""
    protocol = protocol_of(start(small_plan(protocol={"adversaries": 0})))
    assert protocol.finished and protocol.steps == 0
    for report in protocol.reports():
        assert not report.validation and not report.best and not report.adversary
        assert set(report.players) == set(protocol.plan.game.measured)


def test_no_steps_still_choose() -> None:
    """With `adversary_steps = 0` the untrained adversaries are validated, chosen and tested near guessing."""
    protocol = protocol_of(start(small_plan(protocol={"adversary_steps": 0, "adversaries": 3})))
    for report in protocol.reports():
        assert report.adversary["own"]["eve_bits_wrong"][0] == pytest.approx(2, abs=0.3)
        assert all(1.5 < value < 2.5 for value in report.validation["own"])


def test_batch_and_networks_of_the_adversary_are_her_own() -> None:
    """Fresh adversaries train at `adversary_batch` with each listed network, and each network has its own best."""
    settings = {"adversary_batch": 8, "adversary_networks": ("own", "dense"), "adversaries": 3}
    plan, seen = watched(small_plan(protocol=settings))
    protocol = protocol_of(start(plan))
    assert {e.message.shape[1] for e in seen if "bob" not in e.players} == {8}
    dense = 5 * 256 + 257 * 256 + 257 * 4
    assert [best.shape for best in protocol.best] == [(2, 95), (2, dense)]
    for report in protocol.reports():
        assert list(report.validation) == list(report.best) == list(report.adversary) == ["own", "dense"]
        assert report.validation["own"] != report.validation["dense"]


def test_no_two_adversaries_of_a_large_run_share_an_address() -> None:
    """However many adversaries a run may have, no one draws another's messages as keys; too many are refused."""
    networks = ("own", "dense", "released", "mix_transform")
    settings = {"adversaries": 100, "adversary_networks": networks}
    try:
        plan = small_plan(game={"message_bits": 64}, replicas={"count": 1}, protocol=settings)
    except ValueError as refused:  # the configuration's own error
        assert "adversar" in str(refused)
        return
    drawn = set()
    numbers = {number for fold in Protocol(plan, start(plan)).folds for number in fold.adversaries}
    for number in numbers:
        secrets = plan.game.draw(Address(torch.tensor([[0, 0]]), 0, 0, adversary=number), 1)
        drawn |= {tuple(secret.flatten().tolist()) for secret in secrets.values()}
    assert len(numbers) == 400 and len(drawn) == 2 * len(numbers)


def rigged_report(alice: str) -> Report:
    """What a fresh dense Eve finds against a cipher whose answer is known."""
    settings = {"adversaries": 2, "adversary_steps": 120, "adversary_batch": 64, "adversary_networks": ("dense",)}
    plan = small_plan(
        RIGGED,
        networks={"alice": alice},
        train={"steps": 1, "learning_rate": 0.005, "record_batch": 1024},
        replicas={"count": 1},
        protocol=settings,
    )
    (report,) = protocol_of(finish(start(plan))).reports()
    return report


def test_a_cipher_that_sends_the_message_is_read() -> None:
    """Known answer: where Alice sends the plaintext, a fresh dense Eve reads it to nearly 0 bits wrong."""
    report = rigged_report("rigged.py:plaintext")
    mean, error = report.adversary["dense"]["eve_bits_wrong"]
    assert mean < 0.05 and error < 0.01
    assert report.adversary["dense"]["eve_bits_flipped"][0] < 0.01


def test_a_one_time_pad_is_not_read() -> None:
    """Known answer: against message times key, used once, the best Eve stays at N/2 within her interval."""
    report = rigged_report("rigged.py:one_time_pad")
    for name in ("eve_bits_wrong", "eve_bits_flipped"):
        mean, error = report.adversary["dense"][name]
        assert abs(mean - 2) < 4 * error and 0 < error < 0.02
