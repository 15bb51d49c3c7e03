"""Randomness: NIST's tests against NIST's own numbers and another's program, and what they do not say of a cipher."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import pytest
import torch
from scipy import stats

from adversarial_crypto.attacks import Budget, Table, Verdict, randomness
from adversarial_crypto.attacks.nist import (
    Bits,
    approximate_entropy,
    block_frequency,
    cumulative_sums,
    dft,
    matrix_rank,
    monobit,
    p_values,
    runs,
    serial,
)
from adversarial_crypto.attacks.plaintexts import PLAINTEXTS
from adversarial_crypto.attacks.randomness import sequences
from adversarial_crypto.ciphers import Cipher, known
from adversarial_crypto.numerics.philox import Address, Occasion, Stream, bits

# The first 100 binary digits of pi, the document's example in the sections 2.x.8.
PI = "1100100100001111110110101010001000100001011010001100001000110100110001001100011001100010100010111000"


def digits(text: str) -> Bits:
    """A sequence as the document prints it."""
    return np.array([int(digit) for digit in text], dtype=np.uint8)


@cache
def e_digits() -> Bits:
    """The first 1,000,000 binary digits of e, 10.1011..., the sum of 1 / k!, by binary splitting; none is rounded."""
    count, last = 1_000_000, 80_000  # 80,000! is far above 2^1,000,000

    def split(low: int, high: int) -> tuple[int, int]:
        """Numerator and denominator of the sum of low! / k! over low < k <= high."""
        if high - low == 1:
            return 1, high
        middle = (low + high) // 2
        (first, second), (third, fourth) = split(low, middle), split(middle, high)
        return first * fourth + third, second * fourth

    numerator, denominator = split(0, last)
    return digits(bin(((numerator + denominator) << count) // denominator)[2:][:count])


def coins(seed: int, count: int) -> Bits:
    """Fair bits."""
    address = Address(torch.tensor([[seed, 0]]), 0, 0, Occasion.TEST)
    drawn = bits(address, {Stream.MESSAGE: 32}, count // 32)[Stream.MESSAGE]
    return (drawn.reshape(-1) > 0).numpy().astype(np.uint8)


def fourth_given(fair: Bits) -> Bits:
    """Of every four bits the last is the XOR of the first two: as many ones as zeros, and patterns that are missing."""
    fours = fair.reshape(-1, 4).copy()
    fours[:, 3] = fours[:, 0] ^ fours[:, 1]
    return fours.reshape(-1)


# Section of SP 800-22 rev. 1a, the test, its sequence, the document's p.
EXAMPLES: tuple[tuple[str, Callable[[Bits], float], str, float], ...] = (
    ("2.1.4", monobit, "1011010101", 0.527089),
    ("2.1.8", monobit, PI, 0.109599),
    ("2.2.4", lambda b: block_frequency(b, 3), "0110011010", 0.801252),
    ("2.2.8", lambda b: block_frequency(b, 10), PI, 0.706438),
    ("2.3.4", runs, "1001101011", 0.147232),
    ("2.3.8", runs, PI, 0.500798),
    ("2.11.4", lambda b: serial(b, 3)[0], "0011011101", 0.808792),
    ("2.11.4", lambda b: serial(b, 3)[1], "0011011101", 0.670320),
    ("2.12.4", lambda b: approximate_entropy(b, 3), "0100110101", 0.261961),
    ("2.12.8", lambda b: approximate_entropy(b, 2), PI, 0.235301),
    ("2.13.8", cumulative_sums, PI, 0.219194),
    ("2.13.8", lambda b: cumulative_sums(b[::-1]), PI, 0.114866),
)
# Appendix B, the column of e: 1,000,000 digits.
APPENDIX: Sequence[tuple[str, Callable[[Bits], float], float]] = (
    ("frequency", monobit, 0.953749),
    ("block frequency", lambda b: block_frequency(b, 128), 0.211072),
    ("cusum forward", cumulative_sums, 0.669887),
    ("cusum reverse", lambda b: cumulative_sums(b[::-1]), 0.724266),
    ("runs", runs, 0.561917),
    ("rank", matrix_rank, 0.306156),
    ("dft", dft, 0.847187),
    ("approximate entropy", lambda b: approximate_entropy(b, 10), 0.700073),
    ("serial, first", lambda b: serial(b, 16)[0], 0.766182),
    ("serial, second", lambda b: serial(b, 16)[1], 0.462921),
    ("rank of 100,000 digits, section 2.5.8", lambda b: matrix_rank(b[:100_000]), 0.532069),
)


class TestNist:
    @pytest.mark.parametrize(("section", "test", "sequence", "p"), EXAMPLES)
    def test_worked_examples(self, section: str, test: Callable[[Bits], float], sequence: str, p: float) -> None:
        """The document's worked examples, to the digits that it prints."""
        assert test(digits(sequence)) == pytest.approx(p, abs=1e-6)

    def test_examples_that_the_document_has_wrong(self) -> None:
        """Where an example is not what the document's formula gives, the formula is right, and Appendix B agrees.

        Section 2.6 counts 4 and 46 peaks below the height where its formula has 5 and 48; 2.13.4 leaves out a term.
        """
        assert dft(digits("1001010011")) == pytest.approx(math.erfc(0.25 / math.sqrt(2 * 10 * 0.95 * 0.05 / 4)))
        assert dft(digits(PI)) == pytest.approx(math.erfc(0.5 / math.sqrt(2 * 100 * 0.95 * 0.05 / 4)))
        assert cumulative_sums(digits("1011010111")) == pytest.approx(0.4116588, abs=1e-4)

    @pytest.mark.parametrize(("name", "test", "p"), APPENDIX)
    def test_appendix_b(self, name: str, test: Callable[[Bits], float], p: float) -> None:
        """NIST's p for the digits of e, to all six digits that its Appendix B prints."""
        assert test(e_digits()) == pytest.approx(p, abs=1e-6)

    @pytest.mark.parametrize(
        ("theirs", "ours", "count"),
        [
            ("monobit", lambda b: [monobit(b)], 3000),
            ("frequency_within_block", lambda b: [block_frequency(b, 20)], 1900),  # up to 99 blocks, they have 20 bits
            ("runs", lambda b: [runs(b)], 3000),
            ("binary_matrix_rank", lambda b: [matrix_rank(b)], 40 * 32**2),
            ("dft", lambda b: [dft(b)], 3000),
            ("serial", lambda b: serial(b, 4), 1000),
            ("approximate_entropy", lambda b: [approximate_entropy(b, 2)], 1000),
            ("cumulative sums", lambda b: [cumulative_sums(b), cumulative_sums(b[::-1])], 3000),
        ],
    )
    def test_agrees_with_another_implementation(
        self, theirs: str, ours: Callable[[Bits], Sequence[float]], count: int
    ) -> None:
        """The package nistrng finds the same p, or mean of two, on coins that are fair and on some that are not."""
        package = pytest.importorskip("nistrng")
        for sequence in (coins(1, 2**16)[:count], (np.random.default_rng(2).random(count) < 0.52).astype(np.uint8)):
            # A copy and int64, for it works in place and its sums overflow in less.
            result, _ = package.run_by_name_battery(
                theirs, sequence.astype(np.int64), package.SP800_22R1A_BATTERY, check_eligibility=False
            )
            assert result.score == pytest.approx(np.mean(ours(sequence)), abs=1e-8)

    def test_coins_pass_uniformly(self) -> None:
        """The p of every test is uniform on fair bits: Kolmogorov and Smirnov, over 200 sequences."""
        found = [p_values(coins(100 + seed, 2**16)) for seed in range(200)]
        for name in found[0]:
            assert stats.kstest([each[name] for each in found], "uniform").pvalue > 0.001, name

    @pytest.mark.parametrize(
        ("fails", "sequence"),
        [
            ("monobit", np.random.default_rng(3).random(2**16) < 0.52),
            ("block_frequency", np.arange(2**16) // 2**13 % 2 ^ (np.random.default_rng(4).random(2**16) < 0.48)),
            ("runs", np.repeat(coins(5, 2**15), 2)),
            ("matrix_rank", np.tile(coins(6, 2**15).reshape(-1, 32), 2).reshape(-1)),  # every row twice
            ("dft", coins(7, 2**16) | (np.arange(2**16) % 16 == 0)),
            ("serial_first", fourth_given(coins(8, 2**16))),
            ("approximate_entropy", fourth_given(coins(9, 2**16))),
            ("cumulative_sums_backward", np.arange(2**16) < 2**15),
        ],
    )
    def test_each_finds_what_it_is_for(self, fails: str, sequence: Bits) -> None:
        """A sequence made to fail a test does."""
        assert p_values(np.asarray(sequence, dtype=np.uint8))[fails] < 1e-6

    @pytest.mark.parametrize("constant", [0, 1])
    def test_constants_fail_everything(self, constant: int) -> None:
        """All zeros and all ones are no coins to any test, and no p is anything but a number in [0, 1]."""
        found = p_values(np.full(2**15, constant, dtype=np.uint8))
        assert max(found.values()) < 1e-6 and min(found.values()) >= 0

    def test_runs_of_unequal_coins(self) -> None:
        """Where the document sets p = 0 because ones are too many, p is the monobit's, so that coins keep it."""
        sequence = digits("10" * 29 + "1" * 42)
        assert runs(sequence) == monobit(sequence) == pytest.approx(math.erfc(4.2 / math.sqrt(2)))

    def test_a_matrix_needs_its_bits(self) -> None:
        """Too few bits for a matrix are refused."""
        with pytest.raises(ValueError, match="1024 bits, not 1000"):
            matrix_rank(np.zeros(1000, dtype=np.uint8))


class TestPlaintexts:
    def test_sets_are_what_they_are_called(self) -> None:
        """Each set of four-bit messages, written out."""
        drawn = 2.0 * torch.from_numpy(np.random.default_rng(1).integers(0, 2, (2, 13, 4))).float() - 1
        words = {
            name: ["".join("01"[bit > 0] for bit in word) for word in made(drawn)[1].tolist()]
            for name, made in PLAINTEXTS.items()
        }
        first = words["random"][0]
        light = ["0000", "1000", "0100", "0010", "0001", "1100", "0110", "0011", "1010", "0101", "1001", "0000", "1000"]
        flipped = [first[:i] + "10"[int(first[i])] + first[i + 1 :] for i in range(4)]
        assert words == {
            "random": ["".join("01"[bit > 0] for bit in word) for word in drawn[1].tolist()],
            "all_zeros": ["0000"] * 13,
            "all_ones": ["1111"] * 13,
            "low_density": light,
            "high_density": [word.translate(str.maketrans("01", "10")) for word in light],
            "counter": [f"{number:04b}"[::-1] for number in range(13)],
            "avalanche": [*([first, *flipped] * 3)[:13]],
            "repeated": [first] * 13,
        }

    @pytest.mark.parametrize("width", [1, 2, 33, 128])
    def test_sets_of_any_width(self, width: int) -> None:
        """Every set has as many messages as were drawn, of bits, at any width; the counter's upper bits are 0."""
        drawn = torch.ones(2, 40, width)
        for made in PLAINTEXTS.values():
            words = made(drawn)
            assert words.shape == drawn.shape and bool((words.abs() == 1).all())
        assert bool((PLAINTEXTS["counter"](drawn)[..., 6:] == -1).all())


def asked(cipher: Cipher, tier: str = "smoke", seed: int = 8) -> tuple[dict[tuple[int, int], Verdict], list[dict]]:
    """Verdicts by replica and bits, and the table's rows."""
    seeds = torch.stack([torch.full((cipher.replicas,), seed), torch.arange(cipher.replicas)], -1)
    said = list(randomness.ATTACK.run(cipher, Budget(tier, None), seeds))
    verdicts = [each for each in said if isinstance(each, Verdict)]
    (table,) = (each for each in said if isinstance(each, Table))
    assert {(each.scope, each.statistic) for each in verdicts} == {("description", "failed_tests")}
    return {(each.replica, each.bits): each for each in verdicts}, list(table.rows)


class TestAttack:
    def test_bits_of_a_ciphertext(self) -> None:
        """A sequence has element after element, block after block: the sign, or the bin's number, highest bit first."""
        ciphertext = torch.tensor([[[-1.0, 1.0], [0.0, -0.25], [0.99, -0.99]]])
        assert [each.tolist() for each in sequences(ciphertext, 1, 5)] == [[0, 1, 1, 0, 1]]
        assert [each.tolist() for each in sequences(ciphertext, 2, 7)] == [[0, 0, 1, 1, 1, 0, 0]]
        both = list(sequences(torch.cat([ciphertext, -ciphertext]), 4, 24))
        assert both[0].tolist() == digits("000011111000011011110000").tolist() and both[0].dtype == np.uint8
        assert both[1].tolist() != both[0].tolist()

    @pytest.mark.parametrize("name", ["one_time_pad", "permuted_pad", "modular_pad", "scaled_pad", "aes_ctr"])
    def test_pads_look_like_coins(self, name: str) -> None:
        """Signs of secret ciphers pass every test on every set of plaintexts, at the usual budget."""
        if name == "aes_ctr":
            pytest.importorskip("cryptography")
        found, rows = asked(known(name).cipher(8), "standard")
        assert (found[0, 1].outcome, found[0, 1].value) == ("not_broken", 0)
        assert found[0, 1].p == min(row["p_holm"] for row in rows if row["bits"] == 1)

    def test_messages_in_clear_pass_where_they_are_random(self) -> None:
        """No cipher at all passes on random messages, and fails on others: these tests say nothing of secrecy."""
        found, rows = asked(known("identity").cipher(16), "standard")
        assert found[0, 1].outcome == "broken"
        signs = [row for row in rows if row["bits"] == 1]
        failed = {row["plaintexts"] for row in signs if row["p_holm"] < 0.001}
        assert failed == set(PLAINTEXTS) - {"random"}
        assert "low_density" in found[0, 1].note and found[0, 1].value == sum(row["p_holm"] < 0.001 for row in signs)

    @pytest.mark.parametrize("name", ["one_time_pad", "scaled_pad"])
    def test_codes_of_a_secret_cipher_fail_and_are_not_judged(self, name: str) -> None:
        """Codes of several bits fail for a pad, by how its numbers lie: that is told, and nothing follows from it."""
        found, _ = asked(known(name).cipher(8), "standard")
        for precision in (4, 8):
            each = found[0, precision]
            assert each.value > 0 and (each.outcome, each.p) == ("not_broken", None) and "no judgement" in each.note

    def test_leaks_are_seen_where_the_plaintexts_show_them(self) -> None:
        """A biased key is seen, but not on random messages, which hide it; a leak in the low digits is never seen."""
        found, rows = asked(known("biased_pad(0.45,0.5)").cipher(8))
        assert (found[0, 1].outcome, found[1, 1].outcome) == ("broken", "not_broken")
        random = [row["p_holm"] for row in rows if (row["replica"], row["bits"], row["plaintexts"]) == (0, 1, "random")]
        assert min(random) > 0.001
        assert asked(known("low_bits_leak(0.0001)").cipher(8))[0][0, 1].outcome == "not_broken"

    def test_table_has_every_p(self) -> None:
        """One row for each replica, precision, set and test; p corrected together for each replica, as Holm has it."""
        _, rows = asked(known("biased_pad(0.5,0.49)").cipher(8))
        assert (
            len(rows)
            == 2 * 3 * 8 * 10
            == len({tuple(row[k] for k in row if k[0] != "p" or k == "plaintexts") for row in rows})
        )
        for replica in (0, 1):
            own = sorted((row["p"], row["p_holm"]) for row in rows if row["replica"] == replica)
            largest = 0.0
            for rank, (p, corrected) in enumerate(own):
                largest = max(largest, min(1.0, p * (len(own) - rank)))
                assert corrected == pytest.approx(largest)

    def test_every_set_has_its_own_keys(self) -> None:
        """Under the keys of the zeros the pad of the ones would have the same p: they are drawn anew."""
        _, rows = asked(known("one_time_pad").cipher(8))
        balance = {row["plaintexts"]: row["p"] for row in rows if (row["bits"], row["test"]) == (1, "monobit")}
        assert balance["all_zeros"] != balance["all_ones"]

    def test_replicas_are_judged_alone(self) -> None:
        """Every replica's rows are those of the same cipher alone."""
        _, both = asked(known("biased_pad(0.4,0.5)").cipher(6))
        _, alone = asked(known("biased_pad(0.4)").cipher(6))
        assert [row for row in both if row["replica"] == 0] == alone
