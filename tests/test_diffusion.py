"""Diffusion: exact on ciphers whose answer is known, equal to plain loops on those whose answer is not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from adversarial_crypto.attacks import Diffusion, diffusion, settings, tables
from adversarial_crypto.ciphers import Cipher, draw, encrypt, from_players
from adversarial_crypto.errors import AcryptoError
from adversarial_crypto.formulas.sensitivity import dependence, elements_moved, variance_by_pairs, xor_gap
from adversarial_crypto.networks import NETWORKS, Init
from adversarial_crypto.numerics.philox import Address, Occasion

N, R = 6, 3
SEEDS = torch.stack([torch.full((R,), 11), torch.arange(R)], -1)
ORDER = torch.tensor([4, 2, 0, 1, 5, 3])


def cipher(encrypt: Callable[..., Tensor], key_bits: int = N, noise_width: int = 0) -> Cipher:
    """A cipher as wide as its message."""
    return Cipher(encrypt, None, R, N, key_bits, N, noise_width)


def mixing(message: Tensor, key: Tensor) -> Tensor:
    """Two words through a random matrix of each replica's own, and a tanh."""
    weight = torch.randn(R, 2 * N, N, generator=torch.Generator().manual_seed(1), dtype=torch.float32)
    return torch.tanh(torch.cat([message, key], -1) @ weight / 3)


def nonlinear(message: Tensor, key: Tensor) -> Tensor:
    """A tangle, but of the pad alone: c = f(message XOR permuted key)."""
    return mixing(message * key[..., ORDER], message * key[..., ORDER])


def untrained(rows: slice = slice(None)) -> Cipher:
    """The paper's Alice on her initial weights."""
    seeds = SEEDS[rows]
    alice = NETWORKS["mix_transform"](2 * N, N, Init(seeds, "alice", "xavier"))
    return from_players({"alice": alice}, N, N, len(seeds))


def found(encrypt: Callable[..., Tensor], messages: int = 1500, **widths: int) -> Diffusion:
    """More messages than one chunk has, and no multiple of it."""
    return diffusion(cipher(encrypt, **widths), SEEDS, messages)


def near(share: Tensor, expected: float) -> bool:
    """Within 0.08: five standard errors of a pad's share at 1,500 messages of 6 bits."""
    return bool((share - expected).abs().max() < 0.08)


PADS: dict[str, tuple[Callable[..., Tensor], list[int]]] = {
    "one_time_pad": (lambda message, key: message * key, [1] * N),
    "permuted_pad": (lambda message, key: message * key[..., ORDER], [1] * N),
    "longer_key": (lambda message, key: message * key[..., 1 + ORDER], [0, *[1] * N, 0]),
}


@pytest.mark.parametrize("name", PADS)
def test_pads_move_one_element_by_a_flip(name: str) -> None:
    """A pad, its key permuted or longer too: each used bit flips one element, XOR exactly, dependence on both full."""
    encrypt, used = PADS[name]
    result = found(encrypt, key_bits=len(used))
    for word, expected in (("message", [1] * N), ("key", used)):
        each = torch.tensor(expected, dtype=torch.float64).expand(R, -1)  # (R, bits)
        torch.testing.assert_close(result.moved[word][..., :-1], each.unsqueeze(-1).expand(-1, -1, 40))
        assert not bool(result.moved[word][..., -1].any())  # by 2, and by no more
        torch.testing.assert_close(result.distance[word], each)
    assert result.xor_gap.tolist() == [0.0] * R
    assert near(result.key_dependence, 1) and near(result.message_dependence, 1) and near(result.spread, 1)


def test_a_tangle_of_the_pad_is_xor_too() -> None:
    """C = f(message XOR permuted key) has gap exactly 0 although every flip moves many elements."""
    result = found(nonlinear, messages=300)
    assert result.xor_gap.tolist() == [0.0] * R
    assert float(result.moved["message"][..., 2].mean()) > 3
    assert near(result.key_dependence, 1) and near(result.message_dependence, 1)


def test_identity_ignores_the_key() -> None:
    """The plain message: key flips move nothing, nothing takes a message flip back; the shares are exactly 0 and 1."""
    result = found(lambda message, key: message)
    assert not bool(result.moved["key"].any()) and not bool(result.distance["key"].any())
    torch.testing.assert_close(result.distance["message"], torch.ones(R, N, dtype=torch.float64))
    assert result.key_dependence.tolist() == [0.0] * R and result.message_dependence.tolist() == [1.0] * R
    torch.testing.assert_close(result.xor_gap, torch.ones(R, dtype=torch.float64))


def test_nothing_but_the_key() -> None:
    """A ciphertext of the key alone: the shares change places, and there is no message flip to take back."""
    result = found(lambda message, key: key)
    assert result.key_dependence.tolist() == [1.0] * R and result.message_dependence.tolist() == [0.0] * R
    assert not bool(result.moved["message"].any()) and result.xor_gap.tolist() == [1.0] * R


def test_a_constant_depends_on_nothing() -> None:
    """A ciphertext that never changes gives zeros and a gap of 1, and no number that is not finite."""
    result = found(lambda message, key: torch.zeros_like(message))
    for tensor in (*result.moved.values(), *result.moved_relative.values(), result.key_dependence, result.spread):
        assert not bool(tensor.any())
    assert result.xor_gap.tolist() == [1.0] * R


def test_a_sum_shares_its_variance() -> None:
    """C = 0.6 message + 0.3 key: shares 0.8 and 0.2, steps of 1.2 and 0.6; relative to the spread, 1.79 and 0.89."""
    result = found(lambda message, key: 0.6 * message + 0.3 * key)
    assert near(result.message_dependence, 0.8) and near(result.key_dependence, 0.2)
    assert float((result.key_dependence + result.message_dependence - 1).abs().max()) < 0.05
    assert near(result.spread, 0.45**0.5)
    for word, step in (("message", 1.2), ("key", 0.6)):
        for curve, reach in ((result.moved[word], step), (result.moved_relative[word], step / 0.45**0.5)):
            moved = curve.mean((0, 1))
            below, above = result.amounts < reach - 0.06, result.amounts > reach + 0.06
            assert moved[below].tolist() == [1.0] * int(below.sum()) and not bool(moved[above].any())


def test_noise_is_held_fixed() -> None:
    """What a randomised cipher's noise does is no diffusion: its pad still moves one element, exactly as XOR."""
    result = found(lambda m, k, noise: m * k * (0.2 + 0.8 * noise), messages=300, noise_width=N)
    assert result.moved["key"][..., 0].tolist() == result.moved["message"][..., 0].tolist() == [[1.0] * N] * R
    assert result.xor_gap.tolist() == [0.0] * R
    assert float(result.distance["key"].mean()) == pytest.approx(0.6, abs=0.02)


def test_equals_plain_loops() -> None:
    """Counts, distances and the gap of a random mixing are those of loops over replicas, messages and bits."""
    messages, target = 20, cipher(mixing)
    result = diffusion(target, SEEDS, messages)
    words = draw(target, Address(SEEDS, 0, 0, Occasion.ATTACK), messages)

    def change(**flips: int) -> np.ndarray:
        changed = {word: value.clone() for word, value in words.items()}
        for word, bit in flips.items():
            changed[word][..., bit] = -changed[word][..., bit]
        return np.abs((encrypt(target, **changed) - encrypt(target, **words)).numpy().astype(np.float64))

    for word in ("message", "key"):
        for bit in range(N):
            moved = change(**{word: bit})  # (R, B, C)
            for index, amount in enumerate(result.amounts.tolist()):
                np.testing.assert_allclose(result.moved[word][:, bit, index], (moved > amount).sum(-1).mean(-1))
            np.testing.assert_allclose(result.distance[word][:, bit], moved.sum(-1).mean(-1) / 2, rtol=1e-6)
    for replica in range(R):
        taken_back = [min(change(message=i, key=j)[replica].sum(-1).mean() / 2 for j in range(N)) for i in range(N)]
        gap = np.mean(taken_back) / result.distance["message"][replica].mean()
        assert float(result.xor_gap[replica]) == pytest.approx(float(gap), rel=1e-6) and gap > 0.5


def test_untrained_alice_lies_between() -> None:
    """The paper's network before training: both words move several elements a little, and it is not XOR."""
    result = diffusion(untrained(), SEEDS, 256)
    for word in ("message", "key"):
        assert bool((result.moved[word][..., 0] > 1).all()) and not bool(result.moved[word][..., -1].any())
    shares = torch.stack([result.key_dependence, result.message_dependence])
    assert float(shares.min()) > 0 and float(shares.max()) < 1 and bool((shares.sum(0) > 0.9).all())
    assert bool((result.xor_gap > 0.3).all())


def test_slicing_replicas_changes_nothing() -> None:
    """Every number of a replica is the same bits alone and in the array."""
    together, rows = diffusion(untrained(), SEEDS, 64), slice(1, 3)
    alone = diffusion(untrained(rows), SEEDS[rows], 64)
    for name in ("key_dependence", "message_dependence", "xor_gap", "spread"):
        assert torch.equal(getattr(alone, name), getattr(together, name)[rows])
    for name in ("moved", "moved_relative", "distance"):
        for word, tensor in getattr(alone, name).items():
            assert torch.equal(tensor, getattr(together, name)[word][rows])


def test_tables_hold_the_result() -> None:
    """The rows are the tensors' numbers under the replicas' own names, and the settings say how they were made."""
    result = found(mixing, messages=50, key_bits=N)
    rows = tables(result, (4, 7, 9))
    assert [len(rows[name]) for name in ("moved", "flips", "dependence")] == [R * 2 * 41, R * 2 * N, R]
    assert [row["replica"] for row in rows["dependence"]] == [4, 7, 9]
    last = rows["flips"][-1]
    assert (last["replica"], last["word"], last["bit"]) == (9, "key", N - 1)
    assert last["moved"] == float(result.moved["key"][2, -1, 5]) and float(result.amounts[5]) == 0.25
    assert last["distance"] == float(result.distance["key"][2, -1])
    third = rows["moved"][41 + 3]
    assert (third["replica"], third["word"], third["amount"]) == (4, "key", 0.15)
    assert third["moved"] == pytest.approx(float(result.moved["key"][0, :, 3].mean()))
    assert third["moved_relative"] == pytest.approx(float(result.moved_relative["key"][0, :, 3].mean()))
    assert rows["dependence"][1]["xor_gap"] == float(result.xor_gap[1])
    assert settings(result) == {"message_bits": N, "key_bits": N, "amount": 0.25, "messages": 50}
    with pytest.raises(ValueError, match="3 replicas need as many numbers, not 1"):
        tables(result, (0,))


def test_nothing_is_measured_on_no_message() -> None:
    """A mean over no messages is refused in a sentence."""
    with pytest.raises(AcryptoError, match=r"at least 1 message, not 0\.$"):
        diffusion(cipher(mixing), SEEDS, 0)


def test_formulas_by_hand() -> None:
    """Moves are counted strictly above an amount, variances by pairs are unbiased, the gap takes the best key bit."""
    before = torch.zeros(1, 2, 3)
    after = torch.tensor([[[0.5, 0.0, -2.0], [0.25, 0.0, 0.0]]])
    amounts = torch.tensor([0.0, 0.25, 0.5, 1.0, 2.0])
    assert elements_moved(before, after, amounts).tolist() == [[1.5, 1.0, 0.5, 0.5, 0.0]]
    assert variance_by_pairs(before, after).tolist() == [(0.25 + 4 + 0.0625) / 4]
    normal = torch.randn(2, 1, 100_000, 3, generator=torch.Generator().manual_seed(0))
    assert float(variance_by_pairs(normal[0], normal[1])) == pytest.approx(3, abs=0.05)
    assert dependence(torch.tensor([1.0, 0.0]), torch.tensor([4.0, 0.0])).tolist() == [0.25, 0.0]
    both = torch.tensor([[[0.5, 3.0], [2.0, 1.0]]])
    assert xor_gap(both, torch.tensor([[1.0, 2.0]])).tolist() == [0.5]
    assert xor_gap(both, torch.zeros(1, 2)).tolist() == [1.0]


def test_replicas_have_their_own_messages() -> None:
    """Another seed is another draw: a replica's numbers change with its own seed only."""
    target = cipher(mixing)
    first, other = diffusion(target, SEEDS, 64), diffusion(target, SEEDS + torch.tensor([[0, 0], [1, 0], [0, 0]]), 64)
    same = [torch.equal(first.distance["key"][row], other.distance["key"][row]) for row in range(R)]
    assert same == [True, False, True]
