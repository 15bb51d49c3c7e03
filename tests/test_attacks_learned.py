"""Learned attackers: what they learn from, that replicas stay apart, and what they find on ciphers that are known."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
import torch
from small_runs import eager
from torch import Tensor

from adversarial_crypto.attacks import (
    Budget,
    Progress,
    Table,
    Verdict,
    distinguisher,
    fresh_eves,
    key_descent,
    key_reuse,
    learning,
    strong_eves,
)
from adversarial_crypto.attacks.autoregressive import build as autoregressive
from adversarial_crypto.attacks.contract import Forgetful
from adversarial_crypto.attacks.guessing import DIGITS, digits_of, flips, message_task
from adversarial_crypto.attacks.judging import bits_verdict, counts_verdict, wrong_bits
from adversarial_crypto.attacks.learning import Learner, School, best, encrypt_rows, wide
from adversarial_crypto.ciphers import Cipher, draw, encrypt, from_players, known, noisy
from adversarial_crypto.formulas.measures import bits_wrong, cross_entropy
from adversarial_crypto.games import Secrets
from adversarial_crypto.lab.machine import probe
from adversarial_crypto.networks import NETWORKS, Init
from adversarial_crypto.numerics.philox import Address, Occasion
from adversarial_crypto.training import Engine, Machine

SEEDS = torch.tensor([[5, 0], [5, 1]])


def loss(guess: Tensor, drawn: Secrets) -> Tensor:
    """As the strong Eves have it."""
    return cross_entropy(guess, drawn["message"])


def untrained(n: int = 8) -> Cipher:
    """Two Alices and Bobs on their initial weights."""
    players = {name: NETWORKS["mix_transform"](2 * n, n, Init(SEEDS, name, "xavier")) for name in ("alice", "bob")}
    return from_players(players, n, n, 2)


def run(module: object, cipher: Cipher, monkeypatch: pytest.MonkeyPatch, **smaller: object) -> list[Verdict]:
    """The verdicts of an attack with its smoke numbers replaced."""
    for name, value in smaller.items():
        monkeypatch.setattr(module, name, value)
    seeds = torch.stack([torch.full((cipher.replicas,), 9), torch.arange(cipher.replicas)], -1)
    said = list(module.ATTACK.run(cipher, Budget("smoke", eager()), seeds))  # type: ignore[attr-defined]
    assert all(isinstance(each, Progress | Verdict | Table) for each in said)
    return [each for each in said if isinstance(each, Verdict)]


def test_rows_are_encrypted_by_their_own_replica() -> None:
    """Row r E + e is encrypted by cipher r, with its own words."""
    cipher = untrained()
    address = Address(SEEDS.repeat_interleave(3, 0), 4, 0, Occasion.LEARNING, torch.tensor([1, 2, 3, 1, 2, 3]))
    words = draw(wide(cipher, 3), address, 32)
    found = encrypt_rows(cipher, words)
    assert found.shape == (6, 32, 8) and not torch.equal(words["message"][0], words["message"][1])
    for row in range(6):
        own = {name: word[row].expand(2, -1, -1) for name, word in words.items()}
        assert torch.equal(found[row], encrypt(cipher, **own)[row // 3])


def test_digits_are_exact() -> None:
    """What is shown beside an element is exactly 2 (c 2^b mod 1) - 1, and tells 1 from 1 - 10^-6."""
    values = [1.0, -1.0, 0.0, 1 - 1e-6, -0.3, 2.0**-20]
    c = torch.tensor(values).reshape(1, 1, -1)
    shown = digits_of(c).reshape(len(DIGITS), -1)
    for row, places in enumerate(DIGITS):
        for column, element in enumerate(c.flatten().tolist()):
            rest = Fraction(element) * 2**places % 1
            assert Fraction(float(shown[row, column])) == 2 * rest - 1
    assert (shown[:, 0] - shown[:, 3]).abs().max() > 0.5


def test_a_head_sees_earlier_bits_only() -> None:
    """A change of message bit j changes what is predicted of the bits after it and of no other."""
    n, inputs = 6, torch.randn(2, 5, 10 + 6)
    network = autoregressive(16, n, Init(SEEDS, "eve", "xavier"))
    before = network(inputs)
    for bit in range(n):
        changed = inputs.clone()
        changed[..., 10 + bit] *= -3
        moved = (network(changed) != before).any(0).any(0)
        assert moved.tolist() == [later > bit for later in range(n)]


def test_bits_needed_by_hand() -> None:
    """No odds cost a bit each; certainty costs nothing where it is right and much where it is wrong."""
    message = torch.tensor([[[1.0, -1.0, 1.0]]])
    assert float(cross_entropy(torch.zeros(1, 1, 3), message)) == 3.0
    assert float(cross_entropy(torch.tensor([[[50.0, -50.0, 50.0]]]), message)) == pytest.approx(0, abs=1e-12)
    third = torch.tensor([[[0.6931472, 0.0, 0.0]]])  # odds of 2 to 1
    assert float(cross_entropy(third, message)) == pytest.approx(2 + 0.5849625, abs=1e-6)


def test_a_guess_of_zero_owes_nothing_to_the_message() -> None:
    """0 counts as +1: wrong for half of the messages, as any guess without knowledge must be."""
    message = torch.tensor([1.0, -1.0])
    assert wrong_bits(torch.zeros(2), message).tolist() == [False, True]
    assert wrong_bits(torch.tensor([-0.1, 0.1]), message).tolist() == [True, True]


def test_learning_is_a_function_of_its_seeds() -> None:
    """Twice the same, each replica alone as in the array, every attacker with weights and data of its own."""
    cipher = untrained()
    school = School(2, 30, 64, 0.01)

    def learned(chosen: Cipher, seeds: Tensor) -> Tensor:
        task = message_task(chosen, 2, NETWORKS["dense"], loss)
        learner = Learner(task, school, seeds, eager())
        assert list(learner.learn(Forgetful(), "dense"))[-1] == 1.0
        return learner.state.weights["attacker"]

    whole = learned(cipher, SEEDS)
    assert torch.equal(whole, learned(cipher, SEEDS))
    assert len({tuple(row[:4].tolist()) for row in whole}) == 4
    players = {name: NETWORKS["mix_transform"](16, 8, Init(SEEDS[1:], name, "xavier")) for name in ("alice", "bob")}
    alone = learned(from_players(players, 8, 8, 1), SEEDS[1:])
    torch.testing.assert_close(alone, whole[2:], rtol=1e-3, atol=1e-4)


def test_the_best_is_chosen_by_validation() -> None:
    """Of each replica the attacker with the smallest loss, one that diverged never."""
    assert best(torch.tensor([[3.0, 1.0, 2.0], [torch.inf, 5.0, 4.0]])) == [1, 5]
    learner = Learner(message_task(untrained(), 2, NETWORKS["dense"], loss), School(2, 1, 8, 0.1), SEEDS, eager())
    learner.state.weights["attacker"][3] = torch.nan
    losses = learner.losses(64)
    assert losses.shape == (2, 2) and losses[1, 1] == torch.inf and bool(losses[:, 0].isfinite().all())
    assert flips(learner, [0, 2], 100).shape == (2, 100, 8)


def test_strong_eves_find_what_single_bits_do_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """one_bit_key: the bitwise Eve has nothing, the one who predicts bit after bit has most of its 7 bits."""
    school = School(1, 250, 256, 0.003)
    smaller = {"SCHOOLS": {"smoke": school}, "TOGETHER": {"smoke": school}, "TESTED": 2**14}
    bitwise, together = run(strong_eves, known("one_bit_key").cipher(8), monkeypatch, **smaller)
    assert bitwise.outcome == "not_broken" and bitwise.low is not None and bitwise.high is not None
    assert bitwise.low < 4 < bitwise.high
    assert together.outcome == "broken" and together.value is not None and 2 < together.value <= 7
    for verdict in run(strong_eves, known("one_time_pad").cipher(8), monkeypatch, **smaller):
        assert verdict.outcome == "not_broken"


def test_strong_eves_read_the_lower_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    """low_bits_leak(1e-6) is read from the digits, and so is an attacker who was given the pad's key by mistake."""
    smaller = {"SCHOOLS": {"smoke": School(1, 200, 128, 0.003)}, "TOGETHER": {"smoke": School(1, 2, 8, 0.003)}}
    found = run(strong_eves, known("low_bits_leak(1e-6)").cipher(8), monkeypatch, **smaller, TESTED=2**12)
    assert found[0].outcome == "broken"
    pad = known("one_time_pad").cipher(8)
    betrayed = replace(pad, encrypt=lambda m, k: torch.cat([m * k, k], -1), decrypt=None, width=16)
    assert run(strong_eves, betrayed, monkeypatch, **smaller, TESTED=2**12)[0].outcome == "broken"


def test_distinguishers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Identity and clear_bits are told apart, the pad is not; a fixed pair is never one message twice."""
    smaller = {"SCHOOLS": {"smoke": School(distinguisher.ROWS, 60, 128, 0.003)}, "VALIDATED": 2**10, "TESTED": 2**13}
    games = [f"advantage, {game}" for game in distinguisher.GAMES]
    identity = run(distinguisher, known("identity").cipher(8), monkeypatch, **smaller)
    assert [verdict.statistic for verdict in identity] == games
    assert all(verdict.outcome == "broken" and verdict.value == 1 for verdict in identity[: distinguisher.FIXED])
    assert identity[0].note == "nobody has more than 1 on this pair" and identity[-1].note == ""
    pad = run(distinguisher, known("one_time_pad").cipher(8), monkeypatch, **smaller)
    assert all(verdict.outcome == "not_broken" for verdict in pad)
    assert pad[0].note == "nobody has more than 0 on this pair"
    one = known("one_time_pad").cipher(1)
    first, second = distinguisher.fixed_pairs(replace(one, replicas=2), SEEDS).unbind(1)
    assert first.shape == (2 * distinguisher.ROWS, 1) and not bool((first == second).all(-1).any())


def test_a_reused_pad_falls_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pad: nothing without a pair, everything after one; the random permutation: nothing ever."""
    smaller = {"SCHOOLS": {"smoke": School(1, 100, 16, 0.005)}, "TESTED": {"smoke": 2**10}, "MOST": 8, "ASKED": 4}
    smaller |= {"KNOWN": (0, 1, 8), "BLOCK": 2**9}
    pad = {v.statistic: v for v in run(key_reuse, known("one_time_pad").cipher(16), monkeypatch, **smaller)}
    assert pad["bits_flipped by deep sets with 0 known pairs"].outcome == "not_broken"
    assert pad["bits_flipped by deep sets with 1 known pair"].outcome == "broken"
    assert pad["bits_flipped by ridge with 1 known pair"].value == 0
    permutation = run(key_reuse, known("random_permutation").cipher(16), monkeypatch, **smaller)
    assert len(permutation) == len(pad) and all(verdict.outcome == "not_broken" for verdict in permutation)
    assert {v.outcome for v in run(key_reuse, known("one_time_pad").cipher(8), monkeypatch)} == {"skipped"}


def test_descent_finds_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """one_bit_key has two keys that fit and is found half of the time, the pad has all of them and never is."""
    smaller = {"TARGETS": {"smoke": 12}, "STEPS": 10}
    (one_bit,) = run(key_descent, known("one_bit_key").cipher(16), monkeypatch, **smaller)
    assert one_bit.outcome == "broken" and one_bit.value is not None and 0.1 < one_bit.value < 0.95
    (heard,) = run(key_descent, noisy(known("one_bit_key").cipher(16), 0.05), monkeypatch, **smaller)
    assert heard.outcome == "broken"
    (pad,) = run(key_descent, known("one_time_pad").cipher(16), monkeypatch, **smaller)
    assert pad.outcome == "not_broken" and pad.value == 0
    for name in ("modular_pad", "and_mask", "scaled_pad"):
        (skipped,) = run(key_descent, known(name).cipher(16), monkeypatch, **smaller)
        assert skipped.outcome == "skipped" and skipped.note


def test_guessing_some_examples_at_a_time_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many rows guess fewer examples at once, and every number is the same, to the last bit."""
    smaller = {"SCHOOLS": {"smoke": School(2, 40, 64, 0.01, falls=False)}, "VALIDATED": 2**13, "TESTED": 3 * 2**13}
    whole = run(fresh_eves, untrained(16), monkeypatch, **smaller)
    sizes = []
    monkeypatch.setattr(learning, "AT_ONCE", 4 * 2048)
    monkeypatch.setattr(
        fresh_eves, "bits_wrong", lambda guess, message: sizes.append(guess.shape) or bits_wrong(guess, message)
    )
    assert run(fresh_eves, untrained(16), monkeypatch, **smaller) == whole
    assert set(sizes) >= {(2, 2048, 16)} and max(size[1] for size in sizes) == 2048


def test_flips_may_be_counted_before_they_are_judged() -> None:
    """Sums over bits and over messages are all that a verdict on flipped bits needs."""
    flipped = torch.rand(1000, 8, generator=torch.Generator().manual_seed(1)) < 0.47
    base = Verdict("a", "one_time", 0, None, "not_broken", "")
    counted = counts_verdict(base, flipped.sum(-1).to(torch.int16), flipped.sum(0))
    assert counted == bits_verdict(base, flipped) and counted.value == flipped.double().sum(-1).mean()


def test_fresh_eves_are_the_papers(monkeypatch: pytest.MonkeyPatch) -> None:
    """They read a pad whose keys are mostly zeros, in bits wrong and flipped alike, and nothing of the pad."""
    smaller = {"SCHOOLS": {"smoke": School(2, 300, 128, 0.01, falls=False)}, "VALIDATED": 2**11, "TESTED": 2**14}
    wrong, flipped = run(fresh_eves, known("biased_pad(0.1)").cipher(4), monkeypatch, **smaller)
    assert (flipped.statistic, wrong.statistic) == ("bits_flipped", "bits_wrong")
    assert flipped.outcome == wrong.outcome == "broken"
    for verdict in run(fresh_eves, known("one_time_pad").cipher(4), monkeypatch, **smaller):
        assert verdict.outcome == "not_broken" and verdict.value == pytest.approx(2, abs=0.06)


@pytest.mark.slow
@pytest.mark.parametrize("label", ["one_time_pad", "biased_pad(0.4,0.3)"])
def test_reused_keys_compile_for_one_replica_and_for_two(label: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiled engine learns what the eager one does, with one replica too."""
    if not probe("cpu", 1, False).compiler:
        pytest.skip("no compiler")
    cipher = known(label).cipher(16)
    monkeypatch.setattr(key_reuse, "SCHOOLS", {"smoke": School(1, 5, 16, 0.001)})
    monkeypatch.setattr(key_reuse, "TESTED", {"smoke": key_reuse.BLOCK})
    seeds = torch.stack([torch.full((cipher.replicas,), 9), torch.arange(cipher.replicas)], -1)
    found = []
    for engine in (eager(), Engine("compiled", Machine(threads=1, compiler=True))):
        said = list(key_reuse.run(cipher, Budget("smoke", engine), seeds))
        found.append([each.value for each in said if isinstance(each, Verdict)])
    assert found[0] == pytest.approx(found[1], abs=0.05)
