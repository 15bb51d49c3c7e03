"""Structure: S-boxes whose numbers are published, and an avalanche that the pad must fail and AES must pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from adversarial_crypto.attacks import Budget, Table, Verdict, structure
from adversarial_crypto.attacks.avalanche import PIECE
from adversarial_crypto.attacks.structure import KEYS, MASKS
from adversarial_crypto.ciphers import Cipher, known
from adversarial_crypto.ciphers.tables import packed, unpacked

BOX = ("distinct_outputs", "nonlinearity", "largest_affine_correlation", "algebraic_degree")
FLIPS = ("flips_per_message_bit", "flips_per_key_bit")


def asked(cipher: Cipher, seed: int = 4) -> tuple[list[dict[str, Verdict]], dict[str, list[Any]]]:
    """Verdicts of each replica by statistic, and the tables' rows by name, at the smoke budget."""
    seeds = torch.stack([torch.full((cipher.replicas,), seed), torch.arange(cipher.replicas)], -1)
    said = list(structure.ATTACK.run(cipher, Budget("smoke", None), seeds))
    verdicts = [each for each in said if isinstance(each, Verdict)]
    assert {each.scope for each in verdicts} == {"description"}
    found = [{each.statistic: each for each in verdicts if each.replica == r} for r in range(cipher.replicas)]
    return found, {each.name: list(each.rows) for each in said if isinstance(each, Table)}


def table(numbers: list[int] | np.ndarray, message_bits: int, width: int, first: int = 1) -> Cipher:
    """A cipher that looks p XOR k up in a table, or p itself for a key whose first bit is not `first`."""
    entries = torch.as_tensor(numbers)

    def encrypt(message: Tensor, key: Tensor) -> Tensor:
        found = entries[packed(message * key)]
        return unpacked(torch.where(key[..., 0] == first, found, packed(message)) if first < 0 else found, width)

    return Cipher(encrypt, None, 1, message_bits, message_bits, width)


def aes_box() -> list[int]:
    """The S-box of AES from its definition: the inverse in GF(2^8), then an affine map (FIPS 197, section 5.1.1)."""

    def times(a: int, b: int) -> int:
        result = 0
        for bit in range(8):
            result ^= (a << bit) * (b >> bit & 1)
        for bit in range(14, 7, -1):
            result ^= (0x11B << bit - 8) * (result >> bit & 1)
        return result

    inverse = [next((y for y in range(256) if times(x, y) == 1), 0) for x in range(256)]
    turned = [[(y << turn | y >> 8 - turn) & 255 for turn in range(5)] for y in inverse]
    return [a ^ b ^ c ^ d ^ e ^ 0x63 for a, b, c, d, e in turned]


def aes_block() -> Cipher:
    """AES-128 of single blocks (ECB): a block cipher as it is meant."""
    modules = pytest.importorskip("cryptography.hazmat.primitives.ciphers")

    def encrypt(message: Tensor, key: Tensor) -> Tensor:
        words = (np.packbits(word.reshape(-1, 128).numpy() > 0, axis=-1) for word in (message, key))
        blocks = b"".join(
            modules.Cipher(modules.algorithms.AES(k.tobytes()), modules.modes.ECB()).encryptor().update(m.tobytes())
            for m, k in zip(*words, strict=True)
        )
        bits = np.unpackbits(np.frombuffer(blocks, np.uint8).reshape(-1, 16), axis=-1)
        return torch.from_numpy(2 * bits.astype(np.float32) - 1).reshape(message.shape)

    return Cipher(encrypt, None, 1, 128, 128, 128)


class TestBox:
    def test_of_aes_has_its_published_numbers(self) -> None:
        """The S-box of AES: bijective, nonlinearity 112, largest correlation 1/8, degree 7, under every key."""
        box = aes_box()
        assert box[:4] == [0x63, 0x7C, 0x77, 0x7B] and box[0x53] == 0xED  # FIPS 197, figure 7
        found, tables = asked(table(box, 8, 8))
        assert [found[0][name].value for name in BOX] == [256, 112, 0.125, 7]
        assert all("255" in found[0][name].note for name in BOX[1:3])
        assert [row["key"] for row in tables["boxes"]] == list(range(KEYS))
        assert {tuple(row[name] for name in BOX[1:3]) for row in tables["boxes"]} == {(112, 0.125)}

    def test_of_a_bent_function(self) -> None:
        """x0 x1 XOR x2 x3 is bent: nonlinearity 2^3 - 2^1, degree 2, and two outputs only."""
        bits = (np.arange(16)[:, None] >> np.arange(4)) & 1
        found, _ = asked(table(bits[:, 0] * bits[:, 1] ^ bits[:, 2] * bits[:, 3], 4, 1))
        assert [found[0][name].value for name in BOX] == [2, 6, 0.25, 2]

    def test_degree_is_the_best_outputs(self) -> None:
        """Of outputs of degree 1 and 2 the degree is 2, and the affine one makes the nonlinearity 0."""
        bits = (np.arange(16)[:, None] >> np.arange(4)) & 1
        found, _ = asked(table(bits[:, 0] + 2 * (bits[:, 1] * bits[:, 2]), 4, 2))
        assert [found[0][name].value for name in BOX] == [4, 0, 1, 2]

    @pytest.mark.parametrize("name", ["one_time_pad", "scaled_pad", "parity_leak(3)", "identity"])
    def test_of_what_is_affine(self, name: str) -> None:
        """Affine ciphers have nonlinearity 0 and degree 1, and those that lose nothing are bijective."""
        found, _ = asked(known(name).cipher(8))
        assert [found[0][statistic].value for statistic in BOX] == [256, 0, 1, 1]
        for statistic in BOX:
            each = found[0][statistic]
            assert (each.outcome, each.p, each.low, each.high) == ("not_broken", None, each.value, each.value)

    def test_of_16_bits(self) -> None:
        """A random permutation of 16 bits is bijective, of degree 15, and nearly as nonlinear as one can be."""
        found, _ = asked(known("random_permutation").cipher(16))
        distinct, nonlinearity, correlation, degree = (found[0][name].value for name in BOX)
        assert (distinct, degree) == (2**16, 15)
        assert 0.97 * 2**15 < nonlinearity < 2**15 and correlation == 1 - nonlinearity / 2**15

    def test_is_the_weakest_key_s(self) -> None:
        """Of a cipher that is the identity under half of its keys, the numbers are the identity's."""
        found, tables = asked(table(aes_box(), 8, 8, first=-1))
        assert {row["nonlinearity"] for row in tables["boxes"]} == {0, 112}
        assert [found[0][name].value for name in BOX] == [256, 0, 1, 1]

    def test_wide_outputs_take_light_masks(self) -> None:
        """With more XORs of outputs than the budget allows, those of one and two are taken, and the note says so."""
        wide = 9
        assert 2**wide - 1 > MASKS["smoke"]
        masks = structure._masks(wide, MASKS["smoke"])
        assert len(masks) == 45 and set(masks.sum(-1).tolist()) == {1, 2} and len(masks.unique(dim=0)) == 45
        found, _ = asked(known("parity_leak(2)").cipher(8))
        assert found[0]["nonlinearity"].note.startswith("45 XORs of one or two output bits")

    def test_larger_ones_are_skipped(self) -> None:
        """Beyond 16 message bits the table is skipped with its reason, and the avalanche is told all the same."""
        found, tables = asked(known("one_time_pad").cipher(20))
        assert found[0][""].outcome == "skipped" and "20 message bits" in found[0][""].note
        assert set(found[0]) == {"", *FLIPS} and set(tables) == {"avalanche"}


class TestAvalanche:
    @pytest.mark.parametrize("name", ["one_time_pad", "permuted_pad", "scaled_pad"])
    def test_pads_fail(self, name: str) -> None:
        """A pad, which is secure, flips exactly one sign a bit: it must not meet the criterion."""
        found, _ = asked(known(name).cipher(8))
        for statistic in FLIPS:
            each = found[0][statistic]
            assert (each.value, each.low, each.high, each.chance) == (1, 1, 1, 4)
            assert each.outcome == "broken" and "no break" in each.note

    def test_aes_passes(self) -> None:
        """AES as a block cipher of 128 bits meets the criterion, for message and for key."""
        found, tables = asked(aes_block())
        for statistic in FLIPS:
            each = found[0][statistic]
            assert each.outcome == "not_broken" and each.low < 64 < each.high and each.high - each.low < 0.1
        assert len(tables["avalanche"]) == 2 * 128 * 128

    def test_the_mean_alone_does_not_do(self) -> None:
        """A pad of two bits flips half of its signs on average, and fails: each element flips always or never."""
        found, _ = asked(known("one_time_pad").cipher(2))
        assert found[0][FLIPS[0]].value == found[0][FLIPS[0]].chance == 1
        assert {found[0][statistic].outcome for statistic in FLIPS} == {"broken"}

    def test_one_weak_element_is_seen(self) -> None:
        """A random function one of whose eight signs is the parity of the message, always flipped, fails."""
        good = known("random_function").cipher(8)

        def weak(message: Tensor, key: Tensor) -> Tensor:
            return torch.cat([good.encrypt(message, key)[..., 1:], message.prod(-1, keepdim=True)], -1)

        assert asked(good)[0][0][FLIPS[0]].outcome == "not_broken"
        found, _ = asked(Cipher(weak, None, 1, 8, 8, 8))
        assert found[0][FLIPS[0]].outcome == "broken" and "flips sign 7 in 1.0000" in found[0][FLIPS[0]].note

    def test_the_matrix_is_the_ciphers(self) -> None:
        """The table says how often each bit flips each element: c_j = p_j p_(j+1) k_0 flips two a bit, k_0 all."""
        cipher = Cipher(lambda p, k: p * p.roll(-1, -1) * k[..., :1], None, 1, 5, 3, 5)
        rows = asked(cipher)[1]["avalanche"]
        flips = {(row["word"], row["bit"], row["element"]): row["flips"] for row in rows}
        assert len(flips) == (5 + 3) * 5 and {row["messages"] for row in rows} == {structure.LEAST}
        for bit in range(5):
            for element in range(5):
                assert flips["message", bit, element] == float(element in (bit, (bit - 1) % 5))
                assert bit >= 3 or flips["key", bit, element] == float(bit == 0)

    def test_noise_is_held_fixed(self) -> None:
        """What noise alone does to the signs is not counted: a pad times a random sign still flips exactly one."""

        def encrypt(message: Tensor, key: Tensor, noise: Tensor) -> Tensor:
            return message * key * torch.where(noise < 0.5, -1.0, 1.0)

        found, _ = asked(Cipher(encrypt, None, 1, 6, 6, 6, noise_width=6))
        assert [found[0][statistic].value for statistic in FLIPS] == [1, 1]

    def test_a_table_drawn_at_random_passes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """So few pairs are looked at that a small table's own departure from one half is not taken for a weakness."""
        monkeypatch.setattr(structure, "MESSAGES", {"smoke": structure.MESSAGES["full"]})
        found, tables = asked(known("random_permutation").cipher(8))
        assert {found[0][statistic].outcome for statistic in FLIPS} == {"not_broken"}
        assert {row["messages"] for row in tables["avalanche"]} == {2**12}

    def test_larger_budgets_draw_new_messages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Twice the messages are other messages: means differ, the interval narrows, and the counts are whole."""
        cipher = known("random_function").cipher(8, 16)
        once = asked(cipher)[0][0][FLIPS[0]]
        monkeypatch.setattr(structure, "MESSAGES", {"smoke": 4 * PIECE})
        found, tables = asked(cipher)
        more = found[0][FLIPS[0]]
        assert more.value != once.value
        assert (more.high - more.low) / (once.high - once.low) == pytest.approx(0.5, abs=0.05)
        assert all((row["flips"] * 4 * PIECE).is_integer() for row in tables["avalanche"])


def stacked(*parts: Callable[[Tensor, Tensor], Tensor]) -> Cipher:
    """A replica for each function."""

    def encrypt(message: Tensor, key: Tensor) -> Tensor:
        return torch.stack([part(m, k) for part, m, k in zip(parts, message, key, strict=True)])

    return Cipher(encrypt, None, len(parts), 6, 6, 6)


def test_replicas_are_judged_alone() -> None:
    """Every replica's verdicts and rows are its own cipher's."""

    def pad(message: Tensor, key: Tensor) -> Tensor:
        return message * key

    def constant(message: Tensor, key: Tensor) -> Tensor:
        return torch.ones_like(message)

    found, tables = asked(stacked(pad, constant))
    alone, rows = asked(stacked(pad))
    assert found[0] == alone[0]
    assert [row for row in tables["avalanche"] if row["replica"] == 0] == rows["avalanche"]
    assert [found[1][name].value for name in BOX] == [1, 0, 1, 0]
    assert [found[1][name].value for name in FLIPS] == [0, 0]
