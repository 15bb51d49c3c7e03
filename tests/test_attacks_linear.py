"""Linear attacks: their algebra against plain loops, their answers against ciphers whose relations are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from adversarial_crypto.attacks import Budget, Progress, Verdict, linear, walsh
from adversarial_crypto.attacks.binary import degrees, light_masks, masked, moebius, ranks, walsh_hadamard
from adversarial_crypto.ciphers import Cipher, known

STATISTICS = ("leaked_relations", "bits_flipped", "largest_correlation")


def asked(cipher: Cipher, seed: int = 3) -> list[dict[str, Verdict]]:
    """What the attack says of each replica, by statistic; it must say all three, and train nothing."""
    seeds = torch.stack([torch.full((cipher.replicas,), seed), torch.arange(cipher.replicas)], -1)
    said = list(linear.ATTACK.run(cipher, Budget("smoke", None), seeds))
    assert any(isinstance(each, Progress) for each in said)
    found = [{v.statistic: v for v in said if isinstance(v, Verdict) and v.replica == r} for r in range(len(seeds))]
    for verdicts in found:
        assert tuple(verdicts) == STATISTICS
        for each in verdicts.values():
            assert each.scope == "one_time" and each.bits is None and each.low <= each.value <= each.high
    return found


def on(name: str, message_bits: int = 8) -> dict[str, Verdict]:
    """The same of a known cipher."""
    return asked(known(name).cipher(message_bits))[0]


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few messages, for what does not hang on their number."""
    monkeypatch.setattr(linear, "MESSAGES", {"smoke": 2**13})
    monkeypatch.setattr(linear, "PAIRS", {"smoke": 2**14})


def plain_rank(rows: list[int]) -> int:
    """The rank of rows given as numbers, one pivot after another."""
    basis: list[int] = []
    for row in rows:
        for pivot in basis:
            row = min(row, row ^ pivot)
        if row:
            basis.append(row)
    return len(basis)


class TestBinary:
    @given(st.integers(0, 2**32), st.integers(1, 9), st.integers(1, 9), st.floats(0.05, 0.95))
    def test_ranks_are_those_of_plain_elimination(self, seed: int, rows: int, columns: int, share: float) -> None:
        """The ranks of many matrices, dense or sparse, tall or wide, are those found one by one."""
        matrices = (np.random.default_rng(seed).random((7, rows, columns)) < share).astype(np.uint8)
        numbers = (matrices.astype(np.int64) << np.arange(columns)).sum(-1)
        assert ranks(matrices).tolist() == [plain_rank(each) for each in numbers.tolist()]

    def test_ranks_leave_the_matrices_alone(self) -> None:
        """What is given is not changed."""
        matrices = np.ones((1, 3, 3), dtype=np.uint8)
        assert ranks(matrices).tolist() == [1] and matrices.all()

    @pytest.mark.parametrize("n", [0, 1, 2, 5, 8])
    def test_walsh_is_its_definition(self, n: int) -> None:
        """W(w) is the sum of f(x) (-1)^(w . x), for every w."""
        values = torch.from_numpy(np.random.default_rng(n).standard_normal((3, 2**n)))
        signs = torch.tensor([[(-1.0) ** (w & x).bit_count() for x in range(2**n)] for w in range(2**n)]).double()
        torch.testing.assert_close(walsh_hadamard(values), values @ signs.T)

    @pytest.mark.parametrize("n", [1, 3, 6])
    def test_moebius_is_its_definition(self, n: int) -> None:
        """a(u) is the XOR of F(x) over the x below u, and the transform is its own inverse."""
        bits = torch.from_numpy(np.random.default_rng(n).integers(0, 2, (4, 2**n))).bool()
        found = moebius(bits)
        for u in range(2**n):
            below = [x for x in range(2**n) if x & u == x]
            assert torch.equal(found[:, u], bits[:, below].sum(-1) % 2 == 1)
        assert torch.equal(moebius(found), bits)

    def test_degrees_of_known_functions(self) -> None:
        """Constants have degree 0, parity 1, the majority of three 2, and AND of all inputs their number."""
        words = torch.tensor(list(product((0, 1), repeat=3)))
        ones = words.sum(-1)
        tables = torch.stack([ones >= 0, ones < 0, ones % 2 == 1, ones >= 2, ones == 3])
        assert degrees(tables).tolist() == [0, 0, 1, 2, 3]

    def test_light_masks_take_near_pairs_first(self) -> None:
        """All masks of weight 1 and 2, single bits first, then pairs by how far apart they are, cut at the limit."""
        everyone = [tuple(place for place in mask if place >= 0) for mask in light_masks(4, 99).tolist()]
        assert everyone == [(0,), (1,), (2,), (3,), (0, 1), (1, 2), (2, 3), (0, 2), (1, 3), (0, 3)]
        assert torch.equal(light_masks(4, 6), light_masks(4, 99)[:6])
        signs = torch.tensor([[1.0, -1.0, -1.0, 1.0]])
        expected = [np.prod([signs[0, place] for place in places]) for places in everyone]
        assert masked(signs, light_masks(4, 99)).tolist() == [expected]


class TestRelations:
    @pytest.mark.parametrize(
        ("name", "message_bits", "relations"),
        [
            ("one_time_pad", 8, 0),
            ("permuted_pad", 16, 0),
            ("modular_pad", 8, 0),
            ("scaled_pad", 8, 0),
            ("biased_pad(0.25)", 8, 0),
            ("and_mask", 8, 0),
            ("low_bits_leak(0.0001)", 8, 0),
            ("random_function", 8, 0),
            ("identity", 8, 8),
            ("fixed_key", 16, 16),
            ("one_bit_key", 8, 7),
            ("one_bit_key", 16, 15),
            ("coutinho_eq21", 8, 3),
            ("clear_bits(1)", 8, 1),
            ("clear_bits(5)", 16, 5),
            ("parity_leak(1)", 8, 1),
            ("parity_leak(6)", 8, 1),
            ("parity_leak(16)", 16, 1),
        ],
    )
    @pytest.mark.usefixtures("brief")
    def test_known_numbers(self, name: str, message_bits: int, relations: int) -> None:
        """The number of relations is the one derived for the cipher, exactly, and any at all breaks it."""
        found = on(name, message_bits)["leaked_relations"]
        assert (found.value, found.low, found.high) == (relations,) * 3
        assert found.outcome == ("broken" if relations else "not_broken")
        assert found.p == (2.0**-64 if relations else 1.0)

    @pytest.mark.parametrize("seed", range(6))
    @pytest.mark.usefixtures("brief")
    def test_affine_ciphers_leak_what_the_key_does_not_cover(self, seed: int) -> None:
        """Of c = A p XOR B k XOR d, rank [A | B] - rank B relations, whatever the matrices and the constant."""
        n, k, width = 6, 5, 7
        drawn = np.random.default_rng(seed).integers(0, 2, (n + k + 1, width), dtype=np.uint8)
        drawn[n : n + seed] = 0  # fewer and fewer key bits are used
        matrix = torch.from_numpy(drawn.astype(np.float32))

        def encrypt(message: Tensor, key: Tensor) -> Tensor:
            words = torch.cat([message > 0, key > 0, torch.ones_like(key[..., :1]) > 0], -1).float()
            return 2 * ((words @ matrix) % 2) - 1

        found = asked(Cipher(encrypt, None, 1, n, k, width))[0]["leaked_relations"]
        assert found.value == int(ranks(drawn[None, : n + k])[0] - ranks(drawn[None, n : n + k])[0])


def changed(name: str, change: Callable[[Tensor], Tensor], more: int = 0) -> Cipher:
    """A known cipher of 8 bits whose ciphertext is sent otherwise."""
    cipher = known(name).cipher(8)
    return Cipher(lambda *words: change(cipher.encrypt(*words)), None, 1, 8, 8, cipher.width + more)


class TestReader:
    @pytest.mark.parametrize(
        ("name", "bits_flipped"), [("and_mask", 2.0), ("clear_bits(3)", 2.5), ("biased_pad(0.4)", 3.2)]
    )
    @pytest.mark.usefixtures("brief")
    def test_reads_what_single_elements_tell(self, name: str, bits_flipped: float) -> None:
        """Where elements tell bits one by one, it comes to the best guess there is, within five standard errors."""
        found = on(name)["bits_flipped"]
        assert found.outcome == "broken" and found.chance == 4
        assert abs(found.value - bits_flipped) < 5 * (8**0.5 / 2) / 2**6.5

    @pytest.mark.parametrize("name", ["one_time_pad", "modular_pad", "one_bit_key", "coutinho_eq21", "parity_leak(6)"])
    @pytest.mark.usefixtures("brief")
    def test_is_blind_to_what_they_tell_together(self, name: str) -> None:
        """Ciphers whose single elements are independent of the message are not read, however much they tell."""
        assert on(name)["bits_flipped"].outcome == "not_broken"

    @pytest.mark.parametrize("size", [0.5, 1e-6])
    @pytest.mark.usefixtures("brief")
    def test_reads_what_stands_in_the_size(self, size: float) -> None:
        """A padded sign whose size says the message bit is read whole; the signs alone tell nothing."""

        def encrypt(message: Tensor, key: Tensor) -> Tensor:
            return message * key * (1 - size / 2 + size / 2 * message)

        found = asked(Cipher(encrypt, None, 1, 8, 8, 8))[0]
        assert found["bits_flipped"].outcome == "broken" and found["bits_flipped"].value == 0
        assert found["leaked_relations"].value == 0 and found["largest_correlation"].outcome == "not_broken"

    @pytest.mark.parametrize("label", ["low_bits_leak(0.0001)", "low_bits_leak(1e-06)"])
    @pytest.mark.usefixtures("brief")
    def test_reads_what_stands_in_size_and_sign_together(self, label: str) -> None:
        """There the size says the key bit, and with the sign the message bit; neither alone tells anything."""
        assert on(label)["bits_flipped"].value == 0

    @pytest.mark.usefixtures("brief")
    def test_unit_and_offset_of_the_ciphertext_do_not_matter(self) -> None:
        """A ciphertext of a hundredth the size, far from 0, is read as well."""
        expected = on("and_mask")["bits_flipped"].value
        found = asked(changed("and_mask", lambda c: 0.01 * c + 0.5))[0]["bits_flipped"]
        assert found.value == pytest.approx(expected, abs=0.001)

    @pytest.mark.usefixtures("brief")
    def test_elements_that_repeat_or_stand_still(self) -> None:
        """Elements that are each other's copies, or constants, change nothing that is read."""
        expected = on("and_mask")["bits_flipped"].value
        twice = asked(changed("and_mask", lambda c: torch.cat([c, -c, torch.ones_like(c)], -1), 16))[0]
        assert twice["bits_flipped"].value == pytest.approx(expected, abs=0.001)

    @pytest.mark.usefixtures("brief")
    def test_a_constant_tells_nothing(self) -> None:
        """A ciphertext that is always the same breaks nothing, in none of the three ways."""
        found = asked(Cipher(lambda message, key: torch.zeros_like(message), None, 1, 8, 8, 8))[0]
        assert {each.outcome for each in found.values()} == {"not_broken"}
        assert found["largest_correlation"].value == 0

    def test_finds_the_smallest_dose(self) -> None:
        """At the smoke budget the reader and the masks both find a key of probability 0.49, at 8 and 16 bits."""
        for message_bits in (8, 16):
            found = on("biased_pad(0.49)", message_bits)
            assert {found[name].outcome for name in STATISTICS[1:]} == {"broken"}
            assert found["largest_correlation"].low < 0.02 < found["largest_correlation"].high


class TestMasks:
    @pytest.mark.parametrize(
        ("name", "correlation", "message", "element"),
        [
            ("identity", 1, "0", "0"),
            ("and_mask", 0.57735, "", ""),
            ("parity_leak(2)", 1, "0 XOR 1", "8"),
            ("one_bit_key", 1, "0 XOR 1", "0 XOR 1"),
            ("coutinho_eq21", 1, "5 XOR 6", "5 XOR 6"),
            ("biased_pad(0.25)", 0.5, "", ""),
        ],
    )
    @pytest.mark.usefixtures("brief")
    def test_known_correlations(self, name: str, correlation: float, message: str, element: str) -> None:
        """The largest correlation and its masks are those of the cipher, the lightest where several are equal."""
        found = on(name)["largest_correlation"]
        assert found.outcome == "broken" and found.low <= correlation <= found.high
        assert f"message bit {message}" in found.note and f"element {element}" in found.note
        if message:
            assert found.note == f"message bit {message}, sign of element {element}, counted from 0"

    @pytest.mark.parametrize("name", ["one_time_pad", "scaled_pad", "parity_leak(3)", "aes_ctr"])
    @pytest.mark.usefixtures("brief")
    def test_nothing_to_find(self, name: str) -> None:
        """Secret ciphers, and a parity of more bits than the masks have, are not broken by masks."""
        if name == "aes_ctr":
            pytest.importorskip("cryptography")
        found = on(name)["largest_correlation"]
        assert found.outcome == "not_broken" and found.low == 0

    def test_is_the_largest_of_all_pairs(self) -> None:
        """Correlation and masks are those that a loop over all pairs of masks finds with numpy's corrcoef."""
        rng = np.random.default_rng(5)
        message = rng.choice([-1.0, 1.0], (300, 4))
        hidden = np.where(rng.random((300, 3)) < 0.1, 1.0, -1.0)  # rarely +1: correlations must be centred
        hidden[:, 1] = np.where(rng.random(300) < 0.3, message[:, 0] * message[:, 2] * hidden[:, 2], hidden[:, 1])
        pieces = (torch.from_numpy(each).float().unsqueeze(0) for each in (message, hidden))
        found = walsh.largest(iter([tuple(pieces)]), 4, 3)[0]  # type: ignore[list-item]
        best, first, second = max(
            (abs(np.corrcoef(message[:, list(a)].prod(1), hidden[:, list(b)].prod(1))[0, 1]), a, b)
            for a in subsets(4)
            for b in subsets(3)
        )
        assert found.correlation == pytest.approx(best, abs=0.003)
        assert (set(found.message), set(found.ciphertext)) == (set(first), set(second))

    def test_p_is_honest(self) -> None:
        """Of words that have nothing to do with one another, rare signs among them, p < 0.05 in at most 5 %."""
        rng = np.random.default_rng(6)
        rounds, batch = 300, 64
        message = rng.choice([-1.0, 1.0], (rounds, batch, 3))
        signs = np.where(rng.random((rounds, batch, 3)) < [0.5, 0.1, 0.02], 1.0, -1.0)
        pieces = iter([(torch.from_numpy(message).float(), torch.from_numpy(signs).float())])
        p = np.array([each.p for each in walsh.largest(pieces, 3, 3)])
        assert (p < 0.05).mean() <= 0.05 and (p < 1).any()

    def test_wide_words_are_cut_and_the_budget_says_so(self) -> None:
        """All of 32 bits, no more than 528 masks a side beyond, and the numbers add up."""
        assert walsh.tried(32, 32) == (528**2, 528**2)
        assert walsh.tried(64, 8) == (528 * 36, 2080 * 36)
        assert len(light_masks(200, walsh.MOST)) == 528

    @pytest.mark.usefixtures("brief")
    def test_pieces_add_up(self) -> None:
        """Sums over several pieces of messages are those over one: the same finding, to the last digit."""
        rng = np.random.default_rng(7)
        message, signs = (torch.from_numpy(rng.choice([-1.0, 1.0], (2, 600, 5))).float() for _ in range(2))

        def pieces(size: int) -> Iterator[tuple[Tensor, Tensor]]:
            return zip(message.split(size, 1), signs.split(size, 1), strict=True)

        assert walsh.largest(pieces(600), 5, 5) == walsh.largest(pieces(7), 5, 5)


def subsets(width: int) -> list[tuple[int, ...]]:
    """All sets of one or two places."""
    return [(i,) for i in range(width)] + [(i, j) for i in range(width) for j in range(i)]


@pytest.mark.usefixtures("brief")
def test_replicas_are_judged_alone() -> None:
    """Every replica's verdicts are those of the same cipher alone: here a dose of leak and none."""
    both = asked(known("biased_pad(0.4,0.5)").cipher(8))
    alone = asked(known("biased_pad(0.4)").cipher(8))[0]
    assert both[0] == alone
    assert {each.outcome for each in both[1].values()} == {"not_broken"}
