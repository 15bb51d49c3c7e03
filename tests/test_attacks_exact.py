"""The enumerating attacks: right on ciphers worked out by hand, blind where there is nothing, whole in any blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import Tensor

from adversarial_crypto.attacks import (
    TIERS,
    Attack,
    Budget,
    Progress,
    Table,
    Tier,
    Verdict,
    counting,
    exact_advantage,
    exact_information,
    ind_cpa,
    key_search,
    key_use,
    support,
)
from adversarial_crypto.attacks.counting import PRECISIONS
from adversarial_crypto.ciphers import Cipher, bins, draw, encrypt, from_players, known, noisy, quantised
from adversarial_crypto.ciphers.tables import packed, unpacked
from adversarial_crypto.networks import NETWORKS, Init
from adversarial_crypto.numerics.philox import Address, Occasion, Stream, bits

R = 3
SEEDS = torch.stack([torch.full((R,), 7), torch.arange(R)], -1)
ONE_TIME = (support, exact_advantage, exact_information, key_use, key_search)
FOUND = ("broken", "refuted")
PADS = ["one_time_pad", "permuted_pad", "modular_pad"]


def said(attack: Attack, cipher: Cipher, tier: Tier = "smoke", seeds: Tensor = SEEDS) -> list[object]:
    """All that it says; nothing here trains, so there is no engine."""
    return list(attack.run(cipher, Budget(tier, None), seeds[: cipher.replicas]))  # type: ignore[arg-type]


def verdicts(attack: Attack, cipher: Cipher, tier: Tier = "smoke", scope: str = "one_time") -> list[Verdict]:
    """Its verdicts of one scope."""
    return [one for one in said(attack, cipher, tier) if isinstance(one, Verdict) and one.scope == scope]


def table(attack: Attack, cipher: Cipher, name: str) -> list[dict[str, float]]:
    """The rows of a table."""
    (found,) = [one for one in said(attack, cipher) if isinstance(one, Table) and one.name == name]
    return [dict(row) for row in found.rows]  # type: ignore[arg-type]


def outcomes(attack: Attack, cipher: Cipher, **asked: str) -> dict[int | None, str]:
    """By precision, of the first replica."""
    return {one.bits: one.outcome for one in verdicts(attack, cipher, **asked) if one.replica == 0}  # type: ignore[arg-type]


def untrained(size: int = 6, rows: slice = slice(None)) -> Cipher:
    """The paper's Alice and Bob on their initial weights."""
    seeds = SEEDS[rows]
    players = {
        name: NETWORKS["mix_transform"](2 * size, size, Init(seeds, name, "xavier")) for name in ("alice", "bob")
    }
    return from_players(players, size, size, len(seeds))


def xor_cipher(key_map: Callable[[Tensor], Tensor], key_bits: int = 8, message_bits: int = 8) -> Cipher:
    """The cipher c = p XOR f(k)."""

    def apply(word: Tensor, key: Tensor) -> Tensor:
        return word * key_map(key)

    return Cipher(apply, apply, 1, message_bits, key_bits, message_bits)


class TestExactAdvantage:
    @pytest.mark.parametrize("label", PADS)
    def test_pads_have_none(self, label: str) -> None:
        """The advantage against a pad is exactly 0 at every precision, and the note says what 16 pairs may miss."""
        found = verdicts(exact_advantage.ATTACK, known(label).cipher(8))
        assert [one.bits for one in found] == list(PRECISIONS)
        assert {(one.outcome, one.value, one.low, one.high) for one in found} == {("not_broken", 0.0, 0.0, 0.0)}
        assert all("probability (1 - s)^16: 0.001 where s is 0.35" in one.note for one in found)

    @pytest.mark.parametrize(
        ("label", "seen_at"),
        [
            *((label, 1) for label in ("clear_bits(1)", "parity_leak(6)", "one_bit_key", "coutinho_eq21", "and_mask")),
            *((label, 1) for label in ("identity", "fixed_key", "biased_pad(0.49)", "random_function")),
            ("low_bits_leak(0.001)", 10),
            ("low_bits_leak(0.0001)", None),
        ],
    )
    def test_leaks_are_refuted(self, label: str, seen_at: int | None) -> None:
        """Every leak is refuted from the precision on at which it shows, and not below."""
        place = PRECISIONS.index(seen_at)
        found = list(outcomes(exact_advantage.ATTACK, known(label).cipher(8)).values())
        assert found == ["not_broken"] * place + ["refuted"] * (len(PRECISIONS) - place)

    def test_by_hand(self) -> None:
        """By p AND k of one bit 0 stays 0 and 1 is either: distance one half; a bit in clear gives 0 or 1 a pair."""
        (half,) = {one.value for one in verdicts(exact_advantage.ATTACK, known("and_mask").cipher(1))}
        assert half == 0.5
        cipher = known("clear_bits(1)").cipher(8)
        first, second = exact_advantage.distinct(cipher, SEEDS[:1], 16)
        share = float((first[..., 0] != second[..., 0]).double().mean())
        for one in verdicts(exact_advantage.ATTACK, cipher):
            assert (one.value, one.low, one.high) == (share, 0.0, 1.0)
            assert one.note.startswith(f"{16 * share:.0f} of 16 pairs differ")

    def test_every_precision_is_counted_right(self) -> None:
        """What is filled in between two precisions that agree is what counting there gives, for networks too."""
        cipher = untrained()
        pairs = torch.stack(exact_advantage.distinct(cipher, SEEDS, 16), 2)
        every = unpacked(torch.arange(64), 6)
        found = verdicts(exact_advantage.ATTACK, cipher)
        assert 0 < sum(one.outcome == "refuted" for one in found) < len(found)
        for one in found:
            if one.bits not in (1, 6, 7, 8, 9, 11, None):
                continue
            sent = exact_advantage.crossed(cipher, pairs.flatten(1, 2), every)[one.replica]  # (32, 64, 6)
            seen = sent if one.bits is None else bins(sent, one.bits)
            words = [[tuple(word) for word in row] for row in seen.tolist()]
            away = [
                sum(max(0, a.count(c) - b.count(c)) for c in set(a)) / 64
                for a, b in zip(words[::2], words[1::2], strict=True)
            ]
            assert (one.value, one.low, one.high) == (np.mean(away), min(away), max(away))

    def test_two_messages_are_two(self) -> None:
        """The messages of a pair always differ, and all other pairs come equally often."""
        first, second = exact_advantage.distinct(known("identity").cipher(2), SEEDS[:1], 12_000)
        counts = torch.bincount(packed(first[0]) * 4 + packed(second[0]), minlength=16).reshape(4, 4)
        assert counts.diagonal().tolist() == [0] * 4
        assert float((counts[~torch.eye(4, dtype=torch.bool)] - 1000).abs().max()) < 4.5 * 1000**0.5


class TestExactInformation:
    def test_passes_change_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Kept precision by precision and in eight ranges of fingerprints, the numbers are the same to 1e-12."""
        cipher = untrained(4)
        expected = table(exact_information.ATTACK, cipher, "exact_information")
        monkeypatch.setattr(exact_information, "HELD", R * 256 // 8)
        monkeypatch.setattr(exact_information, "BLOCK", 100)
        assert len(exact_information.plan(R * 256, R * 256 // 8)) == 8 * len(PRECISIONS)
        for row, same in zip(table(exact_information.ATTACK, cipher, "exact_information"), expected, strict=True):
            assert row == pytest.approx(same, abs=1e-12)

    @pytest.mark.parametrize(
        ("total", "held"), [(2**20, 2**24), (2**24, 2**24), (3 * 2**22, 2**22), (2**12, 5 * 2**12)]
    )
    def test_the_plan_is_whole(self, total: int, held: int) -> None:
        """Every precision meets every range of fingerprints once, and no sweep keeps more than it may."""
        sweeps = exact_information.plan(total, held)
        met = [(precision, sweep.part, sweep.cuts) for sweep in sweeps for precision in sweep.precisions]
        assert sorted(map(str, met)) == sorted(
            str((precision, part, sweeps[0].cuts)) for precision in PRECISIONS for part in range(2 ** sweeps[0].cuts)
        )
        assert all(total * len(sweep.precisions) / 2**sweep.cuts <= held for sweep in sweeps)

    def test_verdicts_and_table_agree(self) -> None:
        """A verdict a precision and replica, refuted where bits are told, with the table's number and no interval."""
        cipher = known("biased_pad(0.5,0.3)").cipher(6)
        rows = {
            (row["replica"], row["bits"]): row for row in table(exact_information.ATTACK, cipher, "exact_information")
        }
        found = verdicts(exact_information.ATTACK, cipher)
        assert len(found) == len(rows) == 2 * len(PRECISIONS)
        for one in found:
            told = rows[one.replica, one.bits or 32]["information_bits"]
            assert one.value == one.low == one.high == told
            assert one.outcome == ("refuted" if one.replica else "not_broken")
        assert rows[0, 32]["information_bits"] == 0.0
        assert rows[1, 1]["information_bits"] == pytest.approx(6 * (1 - 0.8812908992306927), abs=1e-9)  # 1 - h(0.3)

    def test_sizes_by_tier(self) -> None:
        """N + K up to 16 in standard, 24 in full; what is larger is skipped with the reason."""
        assert (
            "2^17 pairs" in verdicts(exact_information.ATTACK, known("one_time_pad").cipher(8, 9), "standard")[0].note
        )
        assert verdicts(exact_information.ATTACK, known("one_time_pad").cipher(8, 9), "full")[0].value == 0.0
        (skipped,) = verdicts(exact_information.ATTACK, known("one_time_pad").cipher(12, 13), "full")
        assert skipped.outcome == "skipped" and "2^25 pairs" in skipped.note


class TestKeySearch:
    @pytest.mark.parametrize(
        ("label", "left"),
        [("one_time_pad", 0), ("one_bit_key", 7), ("identity", 8), ("coutinho_eq21", 3), ("clear_bits(2)", 2)],
    )
    def test_keys_of_a_known_pair(self, label: str, left: int) -> None:
        """(a) a linear cipher leaves K less the rank of its key part, at every precision; any rank breaks it."""
        found = verdicts(key_search.ATTACK, known(label).cipher(8), scope="known_pair")
        assert [one.bits for one in found] == list(key_search.PRECISIONS)
        assert {(one.value, one.low, one.high, one.chance) for one in found} == {(left, left, left, 8.0)}
        assert {one.outcome for one in found} == {"not_broken" if left == 8 else "broken"}

    def test_keys_of_a_known_pair_by_hand(self) -> None:
        """(a) p AND k leaves a key bit open for each 0 of the message, and needs no decrypt."""
        cipher = known("and_mask").cipher(8)
        words = draw(cipher, Address(SEEDS[:1], 0, key_search.KNOWN, Occasion.ATTACK), key_search.PAIRS)
        zeros = (words["message"][0] < 0).double().sum(-1)
        for one in verdicts(key_search.ATTACK, cipher, scope="known_pair"):
            assert (one.value, one.low, one.high) == (zeros.mean(), zeros.min(), zeros.max())
        (skipped,) = verdicts(key_search.ATTACK, cipher)
        assert skipped.outcome == "skipped" and skipped.note.startswith("nobody decrypts this cipher")

    def test_ciphertext_alone(self) -> None:
        """(b) identity gives all messages, one_bit_key about half of them, at every precision."""
        for label, low, high in (("identity", 1.0, 1.0), ("one_bit_key", 0.25, 0.75)):
            for one in verdicts(key_search.ATTACK, known(label).cipher(8)):
                assert one.outcome == "broken" and one.value is not None and low <= one.value <= high
                assert one.note == f"{20 * one.value:.0f} of 20 messages found without the key"

    @pytest.mark.parametrize("label", ["one_time_pad", "low_bits_leak(0.0001)"])
    def test_a_pad_leaves_chance(self, label: str) -> None:
        """(b) every key fits what is a pad at 12 bits: the first tried is taken, right as often as a random key."""
        cipher = known(label).cipher(4)
        address = Address(SEEDS[:1], 0, key_search.UNKNOWN, Occasion.ATTACK)
        key, order = draw(cipher, address, 400)["key"], bits(address, {Stream.OTHER_KEY: 4}, 400)[Stream.OTHER_KEY]
        lucky = int((key == -order).all(-1).sum())  # the first word is all -1
        found = [one for one in verdicts(key_search.ATTACK, cipher, "full") if label == "one_time_pad" or one.bits]
        assert {(one.value, one.outcome) for one in found} == {(lucky / 400, "not_broken")}
        assert abs(lucky - 25) < 4 * (25 * 15 / 16) ** 0.5

    def test_only_what_is_sent_is_seen(self) -> None:
        """(b) what is decrypted is the quantised ciphertext: for a pad's 1 the last level, 1 - 2^-b; 1 in float32."""
        seen: set[float] = set()

        def watching(ciphertext: Tensor, key: Tensor) -> Tensor:
            seen.update(ciphertext.abs().unique().tolist())
            return ciphertext * key

        verdicts(key_search.ATTACK, replace(known("one_time_pad").cipher(4), decrypt=watching))
        assert seen == {1.0 if precision is None else 1 - 2.0**-precision for precision in key_search.PRECISIONS}

    def test_low_bits_give_the_message_away(self) -> None:
        """(b) with its last digits in sight a leaking pad is read every time; cut to 12 bits it is a pad."""
        for one in verdicts(key_search.ATTACK, known("low_bits_leak(0.0001)").cipher(8)):
            assert one.outcome == ("broken" if one.bits is None else "not_broken")
            assert one.bits is not None or one.value == 1.0

    def test_noise_on_the_way(self) -> None:
        """(b) the message whose ciphertext comes nearest is found where amplitudes tell the key, and a pad keeps it.

        At one bit an element the amplitudes are gone; (a) is skipped, and so is a cipher that is randomised itself.
        """
        told = xor_cipher(lambda key: key * (3 + key) / 4)  # of size 1 for one key bit, 1/2 for the other
        told = replace(told, decrypt=lambda c, k: c * k)
        for sent in (noisy(told, 0.02), quantised(noisy(noisy(told, 0.01), 0.01), 8)):
            found = verdicts(key_search.ATTACK, sent)
            assert [one.bits for one in found] == list(key_search.PRECISIONS)
            assert {one.value for one in found if one.bits is None or one.bits >= 8} == {1.0}
            assert found[0].bits == 1 and found[0].outcome == "not_broken"
        pad = noisy(known("one_time_pad").cipher(8), 0.02)
        assert {one.outcome for one in verdicts(key_search.ATTACK, pad)} == {"not_broken"}
        (skipped,) = verdicts(key_search.ATTACK, pad, scope="known_pair")
        assert skipped.outcome == "skipped" and "no key gives a known pair's ciphertext exactly" in skipped.note
        (skipped,) = verdicts(key_search.ATTACK, noisy(known("scaled_pad").cipher(8), 0.02))
        assert "randomised cipher" in skipped.note


class TestKeyUse:
    @pytest.mark.parametrize("label", ["identity", "fixed_key", "biased_pad(0.4)"])
    def test_without_the_key(self, label: str) -> None:
        """Who reads a message with a random key has broken the cipher."""
        assert outcomes(key_use.ATTACK, known(label).cipher(8)) == {None: "broken"}

    def test_other_keys_are_drawn_as_keys(self) -> None:
        """Two keys of a biased pad differ in 2 q (1 - q) of their bits, and so many message bits are wrong."""
        (one,) = verdicts(key_use.ATTACK, known("biased_pad(0.3)").cipher(8))
        assert one.low is not None and one.low < 8 * 2 * 0.3 * 0.7 < (one.high or 0)

    @pytest.mark.parametrize("label", [*PADS, "scaled_pad", "one_bit_key"])
    def test_with_the_key(self, label: str) -> None:
        """Under another key every bit is a coin, and each flipped key bit turns as many message bits as it covers."""
        cipher = known(label).cipher(8, 9)
        (one,) = verdicts(key_use.ATTACK, cipher)
        assert one.outcome == "not_broken" and one.low is not None and one.low < 4 < (one.high or 0)
        assert one.note == "with the true key 0.000 bits are flipped"
        flips = [row["bits_flipped"] for row in table(key_use.ATTACK, cipher, "key_use")]
        if label != "modular_pad":
            assert flips == ([8.0] + [0.0] * 8 if label == "one_bit_key" else [1.0] * 8 + [0.0])
        else:  # adding 2^i turns bit i, and the next with probability 1/2, 1/4, ...
            assert flips == pytest.approx([2 - 2.0 ** (i - 7) for i in range(8)] + [0.0], abs=0.1)

    def test_bob_at_every_precision(self) -> None:
        """The table has Bob's flipped bits under the true key: a threshold at 0.6 is lost below two bits an element."""
        pad = known("one_time_pad").cipher(8)
        cipher = replace(pad, decrypt=lambda c, k: torch.where(c.abs() > 0.6, c * k, -c * k))
        found = {row["bits"]: row["bits_flipped"] for row in table(key_use.ATTACK, cipher, "bob")}
        assert found == {precision or 32: 8.0 if precision == 1 else 0.0 for precision in PRECISIONS}

    def test_no_answer_is_no_break(self) -> None:
        """A Bob who answers exactly 0 has every bit wrong, and has told nothing."""
        mute = replace(known("one_time_pad").cipher(8), decrypt=lambda c, k: c * 0)
        assert outcomes(key_use.ATTACK, mute) == {None: "not_broken"}
        assert {row["bits_flipped"] for row in table(key_use.ATTACK, mute, "bob")} == {8.0}


class TestIndCpa:
    @pytest.mark.parametrize("label", [*PADS, "one_bit_key", "identity", "random_permutation"])
    def test_the_same_message_is_seen(self, label: str) -> None:
        """Every cipher that is not randomised and loses nothing is lost: advantage exactly 1."""
        (one,) = verdicts(ind_cpa.ATTACK, known(label).cipher(8), scope="reuse")
        assert (one.outcome, one.value) == ("broken", 1.0)

    def test_messages_that_share_a_ciphertext(self) -> None:
        """By p AND k two messages look the same if the key is 0 wherever they differ, in (3/4)^8 of the games or so."""
        (one,) = verdicts(ind_cpa.ATTACK, known("and_mask").cipher(8), scope="reuse")
        assert one.low is not None and one.low < 1 - (0.75**8 - 2.0**-8) / (1 - 2.0**-8) < (one.high or 0)

    def test_randomised_ciphers_are_not(self) -> None:
        """With fresh noise or a fresh nonce for each query there is nothing to see."""
        pytest.importorskip("cryptography")
        noise = noisy(known("one_time_pad").cipher(8), 0.1)
        for cipher in (known("scaled_pad").cipher(8), known("aes_ctr").cipher(8), noise):
            (one,) = verdicts(ind_cpa.ATTACK, cipher, scope="reuse")
            assert one.outcome == "not_broken" and one.low == 0.0


class TestOfAll:
    @pytest.mark.parametrize("attack", [exact_advantage, exact_information, key_search, key_use, ind_cpa])
    def test_replicas_do_not_mix(self, attack: ModuleType) -> None:
        """Three ciphers at once are told the same as each alone."""
        together = said(attack.ATTACK, untrained(4))
        for row in range(R):
            rows = slice(row, row + 1)
            alone = said(attack.ATTACK, untrained(4, rows), seeds=SEEDS[rows])
            mine = [one for one in together if isinstance(one, Verdict) and one.replica == row]
            theirs = [replace(one, replica=row) for one in alone if isinstance(one, Verdict)]
            for one, same in zip(mine, theirs, strict=True):
                assert vars(one) == pytest.approx(vars(same), abs=1e-12)
            for one, same in zip(tables(together), tables(alone), strict=True):
                kept = [{**each, "replica": 0} for each in one.rows if each["replica"] == row]
                assert kept == [pytest.approx(each, abs=1e-12) for each in same.rows]

    @pytest.mark.parametrize("attack", [exact_advantage, exact_information, key_search])
    def test_blocks_change_nothing(self, attack: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        """In other blocks, down to a few ciphertexts at a time, every verdict is the same."""
        cipher = replace(untrained(4), decrypt=lambda c, k: (c * 7).frac() * k)  # that fits as it happens
        expected = [one for one in said(attack.ATTACK, cipher) if isinstance(one, Verdict)]
        for module in (exact_advantage, exact_information, key_search):
            monkeypatch.setattr(module, "BLOCK", 50)
        monkeypatch.setattr(counting, "HASHED", 10)
        monkeypatch.setattr(key_search, "CHUNK", 8)
        found = [one for one in said(attack.ATTACK, cipher) if isinstance(one, Verdict)]
        assert [vars(one) for one in found] == [pytest.approx(vars(one), abs=1e-12) for one in expected]

    @pytest.mark.parametrize("attack", [support, exact_advantage, exact_information, key_search])
    def test_what_is_skipped(self, attack: ModuleType) -> None:
        """A randomised cipher is refused with a sentence, a verdict a replica; so are too many keys."""
        randomised = replace(known("scaled_pad").cipher(8), replicas=2)
        for cipher, why in ((randomised, "randomised"), (known("one_time_pad").cipher(16, 40), "40")):
            found = [one for one in said(attack.ATTACK, cipher) if isinstance(one, Verdict)]
            assert {one.outcome for one in found} == {"skipped"}
            assert {one.replica for one in found} == set(range(cipher.replicas))
            assert all(why in one.note or attack is exact_information for one in found)

    @pytest.mark.parametrize(
        ("attack", "budgets"),
        [
            (exact_advantage, ["16 pairs", "16 pairs", "64 pairs"]),
            (exact_information, ["all 2^4 messages under all 2^5 keys"] * 3),
            (key_search, ["20 ciphertexts", "100 ciphertexts", "400 ciphertexts"]),
            (key_use, ["16,384 messages", "131,072 messages", "131,072 messages"]),
            (ind_cpa, ["4,096 games", "16,384 games", "65,536 games"]),
        ],
    )
    def test_budgets_and_progress(self, attack: ModuleType, budgets: list[str]) -> None:
        """Each tier's budget is what was spent, in words, and progress never goes back or beyond 1."""
        for tier, budget in zip(TIERS, budgets, strict=True):
            parts = said(attack.ATTACK, known("one_time_pad").cipher(4, 5), tier)
            last = [one for one in parts if isinstance(one, Verdict)][-1]
            assert last.budget.startswith(budget)
            shares = [one.share for one in parts if isinstance(one, Progress)]
            assert shares and shares == sorted(shares) and shares[0] >= 0 and shares[-1] <= 1


def tables(parts: Sequence[object]) -> list[Table]:
    """The tables of what was said."""
    return [one for one in parts if isinstance(one, Table)]


def test_an_untrained_alice_is_refuted() -> None:
    """Nothing that was not trained passes: support and both enumerations refute it, all in float32."""
    cipher = untrained(8)
    for attack in (support, exact_advantage, exact_information):
        found = [one for one in verdicts(attack.ATTACK, cipher) if one.bits is None]
        assert [one.outcome for one in found] == ["refuted"] * R


def test_a_cipher_that_ignores_its_key_is_broken() -> None:
    """Alice and Bob who agree without the key are found by key_use, and by the rest."""
    cipher = xor_cipher(lambda key: torch.ones_like(key) * torch.tensor([1.0, -1.0]).repeat(4))
    for attack in ONE_TIME:
        assert outcomes(attack.ATTACK, cipher)[None] == (
            "not_broken" if attack is support else outcomes_of_break(attack)
        )


def outcomes_of_break(attack: ModuleType) -> str:
    """What it says of a total break: a proof, or a test."""
    return "refuted" if attack in (exact_advantage, exact_information) else "broken"


def rotated() -> Cipher:
    """The message rotated by the key's value modulo N."""

    def turn(word: Tensor, key: Tensor, way: int) -> Tensor:
        places = (torch.arange(8) + way * (packed(key) % 8).unsqueeze(-1)) % 8
        return word.gather(-1, places)

    return Cipher(lambda m, k: turn(m, k, 1), lambda c, k: turn(c, k, -1), 1, 8, 8, 8)


def stuck() -> Cipher:
    """Addition modulo 2^N with the key's top bit 0."""

    def add(word: Tensor, key: Tensor, sign: int) -> Tensor:
        return unpacked((packed(word) + sign * packed(key[..., :7])) % 256, 8)

    return Cipher(lambda m, k: add(m, k, 1), lambda c, k: add(c, k, -1), 1, 8, 8, 8)


def loud() -> Cipher:
    """The pad, one element a little larger when its bit is 1."""
    first = torch.arange(8) == 0

    def shout(message: Tensor, key: Tensor) -> Tensor:
        return (message * key * torch.where(first, 1 + 1e-5 * message, 1.0)).clamp(-1.01, 1.01)

    return Cipher(shout, lambda c, k: c * k, 1, 8, 8, 8)


def behind_a_table() -> Cipher:
    """The pad behind a fixed bijection of all 256 words."""
    table = torch.randperm(256, generator=torch.Generator().manual_seed(1))
    back = table.argsort()
    return Cipher(
        lambda m, k: unpacked(table[packed(m * k)], 8), lambda c, k: unpacked(back[packed(c)], 8) * k, 1, 8, 8, 8
    )


def mixed() -> Cipher:
    """The pad with key bits that are an invertible mix of the key's: running parities."""
    return xor_cipher(lambda key: key.cumprod(-1))


def orbits() -> float:
    """Bits that a rotation by a uniform amount tells: 8 less the mean log2 of how many words a word turns into."""
    words = [f"{number:08b}" for number in range(256)]
    return 8 - float(np.mean([np.log2(len({word[i:] + word[:i] for i in range(8)})) for word in words]))


UNLISTED: dict[str, tuple[Callable[[], Cipher], int | None, float]] = {  # visible from which bits, information
    "rotation": (rotated, 1, orbits()),
    "repeated key": (lambda: xor_cipher(lambda key: key.repeat(1, 1, 2), key_bits=4), 1, 4.0),
    "stuck key bit": (stuck, 1, 1.0),
    "loud element": (loud, None, 1.0),
    "mixed pad": (mixed, 1, 0.0),
    "pad behind a table": (behind_a_table, 1, 0.0),
}


@pytest.mark.parametrize("name", UNLISTED)
def test_ciphers_nobody_listed(name: str) -> None:
    """None is called secure that leaks, and none is refuted or broken that does not."""
    build, seen_at, told = UNLISTED[name]
    cipher = build()
    words = draw(cipher, Address(SEEDS[:1], 0, 0, Occasion.ATTACK), 200)
    assert cipher.decrypt is not None
    assert torch.equal(cipher.decrypt(encrypt(cipher, **words), words["key"]).sign(), words["message"])
    leaks = [told > 0 and place >= PRECISIONS.index(seen_at) for place in range(len(PRECISIONS))]
    for one, leak in zip(verdicts(exact_information.ATTACK, cipher), leaks, strict=True):
        assert one.value == pytest.approx(told * leak, abs=1e-9)
        assert one.outcome == ("refuted" if leak else "not_broken")
    for one, leak in zip(verdicts(exact_advantage.ATTACK, cipher), leaks, strict=True):
        assert one.outcome == ("refuted" if leak else "not_broken")
    if not told:
        found = {one.outcome for attack in (support, key_use, key_search) for one in verdicts(attack.ATTACK, cipher)}
        assert found == {"not_broken"}
    elif name == "loud element":
        assert outcomes(support.ATTACK, cipher)[None] == "refuted"


@pytest.mark.parametrize("message_bits", [6, 11])
def test_support_counts_some_replicas_at_a_time(message_bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more replicas than memory is meant for, the same verdicts come in the same order; all pairs or random ones."""
    monkeypatch.setattr(support, "PAIRS", {"smoke": 2**16})
    seeds = {name: Init(SEEDS, name, "xavier") for name in ("alice", "bob")}
    sizes = message_bits + 6, message_bits
    cipher = from_players({name: NETWORKS["dense"](*sizes, init) for name, init in seeds.items()}, message_bits, 6, R)
    whole = verdicts(support.ATTACK, cipher)
    seen = []

    def watching(ciphertext: Tensor, precision: int | None) -> Tensor:
        seen.append(ciphertext.shape[:2])
        return counting.fingerprints(ciphertext, precision)

    monkeypatch.setattr(support, "fingerprints", watching)
    monkeypatch.setattr(support, "HELD", 2 * len(PRECISIONS) * (2**12 if message_bits == 6 else 2**16))
    monkeypatch.setattr(support, "AT_ONCE", R * 2048)
    assert verdicts(support.ATTACK, cipher) == whole
    assert set(seen) == {(2, 2048), (1, 2048)}
    shares = [one.share for one in said(support.ATTACK, cipher) if isinstance(one, Progress)]
    assert shares == sorted(shares) and shares[-1] == 1.0


def test_all_pairs_of_a_long_key_are_counted_and_not_judged_by_chance() -> None:
    """A pad of one bit that sends its other 18 key bits along is secret; all pairs once agree less than random ones."""
    pad = Cipher(lambda m, k: torch.cat([m * k[..., :1], k[..., 1:]], -1), None, 1, 1, 19, 19)
    assert set(outcomes(support.ATTACK, pad, tier="standard").values()) == {"not_broken"}
    told = Cipher(lambda m, k: torch.cat([m, k], -1), None, 1, 1, 19, 20)
    assert outcomes(support.ATTACK, told, tier="standard")[None] == "refuted"


def test_where_chance_could_hide_every_collision_support_is_skipped() -> None:
    """With 33 key bits a smoke test expects four equal pairs, and their absence would not count after correction."""
    told = Cipher(lambda m, k: torch.cat([m, k], -1), None, 1, 16, 33, 49)
    assert set(outcomes(support.ATTACK, told).values()) == {"skipped"}
    assert outcomes(support.ATTACK, replace(told, key_bits=30, width=46))[None] == "broken"
