"""Ciphers: one pair gives one ciphertext, what comes back is checked, bits are cut where the definition says."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from math import floor
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from adversarial_crypto.ciphers import Cipher, bins, decrypt, draw, encrypt, from_players, quantise
from adversarial_crypto.ciphers.evaluate import CHUNK
from adversarial_crypto.errors import AcryptoError
from adversarial_crypto.games import symmetric
from adversarial_crypto.networks import NETWORKS, Init
from adversarial_crypto.numerics.fused import fused
from adversarial_crypto.numerics.philox import Address, Occasion, Stream, bits

N, R = 16, 5
SEEDS = torch.stack([torch.full((R,), 3), torch.arange(R)], -1)
ADDRESS = Address(SEEDS, 0, 0, Occasion.ATTACK)


def multiply(message: Tensor, key: Tensor) -> Tensor:
    """The one-time pad on bits -1 and +1."""
    return message * key


PAD = Cipher(multiply, multiply, R, N, N, N)


def untrained(network: str = "mix_transform", rows: slice = slice(None)) -> Cipher:
    """Alice and Bob on their initial weights, of some of the replicas."""
    seeds = SEEDS[rows]
    players = {name: NETWORKS[network](2 * N, N, Init(seeds, name, "xavier")) for name in ("alice", "bob")}
    return from_players(players, N, N, len(seeds))


def pairs(batch: int, rows: slice = slice(None)) -> tuple[Tensor, Tensor]:
    """Message and key of some of the replicas."""
    words = draw(PAD, ADDRESS, batch)
    return words["message"][rows], words["key"][rows]


@pytest.mark.parametrize("network", ["mix_transform", "released"])
def test_networks_alone_are_not_functions_of_the_pair(network: str) -> None:
    """The networks themselves give one pair several ciphertexts: with other batches, or another split over threads."""
    cipher, (message, key) = untrained(network), pairs(CHUNK)
    threads = torch.get_num_threads()
    found = []
    try:
        for count, size in ((1, CHUNK), (1, 1), (1, 3), (1, 7), (1, 33), (3, CHUNK)):
            torch.set_num_threads(count)
            with torch.no_grad():
                parts = [cipher.encrypt(message[:, i : i + size], key[:, i : i + size]) for i in range(0, 64, size)]
            found.append(torch.cat(parts, 1)[:, :64])
    finally:
        torch.set_num_threads(threads)
    if all(torch.equal(each, found[0]) for each in found):
        pytest.skip("on this processor vector and scalar code agree")
    assert all(torch.allclose(each, found[0], atol=1e-5) for each in found)


@pytest.mark.parametrize("threads", [1, 2, 3, 6])
def test_fused_layers_give_one_ciphertext_too(threads: int) -> None:
    """Where layers are fused, in whatever thread, the same holds, and they are the same layers to rounding."""
    eager = encrypt(untrained(), *pairs(CHUNK + 100))
    with fused():
        test_one_pair_has_one_ciphertext("mix_transform", threads)
        found = encrypt(untrained(), *pairs(CHUNK + 100))
    assert not torch.equal(found, eager)  # else they were not fused
    torch.testing.assert_close(found, eager, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("network", "threads"),
    [
        *(("mix_transform", threads) for threads in (1, 2, 3, 6)),
        *((name, 3) for name in sorted(set(NETWORKS) - {"mix_transform", "real_dense", "real_valued"})),
    ],
)
def test_one_pair_has_one_ciphertext(network: str, threads: int) -> None:
    """The same pair gives the same bits alone, in another order, layout and company, on any number of threads."""
    cipher, (message, key) = untrained(network), pairs(CHUNK + 100)
    order = torch.randperm(CHUNK + 100, generator=torch.Generator().manual_seed(0))
    expected = encrypt(cipher, message, key)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        assert torch.equal(encrypt(cipher, message[:, order], key[:, order]), expected[:, order])
        assert torch.equal(encrypt(cipher, message.contiguous(), key.contiguous()), expected)
        for start, size in ((0, 1), (700, 3), (1000, 33)):
            some = slice(start, start + size)
            assert torch.equal(encrypt(cipher, message[:, some], key[:, some]), expected[:, some])
        estimate = decrypt(cipher, expected, key)
        assert torch.equal(decrypt(cipher, expected[:, 9:10], key[:, 9:10]), estimate[:, 9:10])
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def test_slicing_replicas_changes_nothing() -> None:
    """A replica's ciphertexts are the same bits alone and in the array."""
    expected = encrypt(untrained(), *pairs(50))
    for rows in (slice(0, 1), slice(3, 5)):
        assert torch.equal(encrypt(untrained(rows=rows), *pairs(50, rows)), expected[rows])


def test_the_cipher_sees_full_chunks_only() -> None:
    """A cipher is called with exactly 1,024 examples, the batch innermost, without gradients, and cannot spoil them."""
    seen: list[tuple[Any, ...]] = []

    def watching(message: Tensor, key: Tensor) -> Tensor:
        seen.append((message.shape, message.stride(), torch.is_grad_enabled(), torch.get_num_threads()))
        return message.mul_(key)

    message, key = pairs(2 * CHUNK + 1)
    original = message.clone()
    ciphertext = encrypt(replace(PAD, encrypt=watching), message.requires_grad_(), key)
    assert seen == [((R, CHUNK, N), (N * CHUNK, 1, CHUNK), False, 1)] * 3
    assert torch.equal(message, original) and torch.equal(ciphertext, original * key)
    assert ciphertext.transpose(1, 2).is_contiguous()


def test_players_are_wired_as_in_the_game() -> None:
    """Alice's ciphertext and Bob's estimate are those of the game's own exchange, and Bob may be absent."""
    players = {name: NETWORKS["dense"](2 * N, N, Init(SEEDS, name, "xavier")) for name in ("alice", "bob")}
    message, key = pairs(CHUNK)
    with torch.no_grad():
        transcript = symmetric.play(players, {"message": message, "key": key})
    cipher = from_players(players, N, N, R)
    assert cipher.differentiable and (cipher.width, cipher.message_bits, cipher.key_bits) == (N, N, N)
    torch.testing.assert_close(encrypt(cipher, message, key), transcript["ciphertext"])
    torch.testing.assert_close(decrypt(cipher, transcript["ciphertext"], key), transcript["bob"])
    mute = from_players({"alice": players["alice"]}, N, N, R)
    with pytest.raises(AcryptoError, match=r"^This cipher has no decrypt\.$"):
        decrypt(mute, message, key)


def test_zero_has_one_sign() -> None:
    """-0.0 becomes 0.0, so that equal ciphertexts have equal bytes."""
    cipher = replace(PAD, encrypt=lambda message, key: message * 0)
    ciphertext = encrypt(cipher, *pairs(8))
    assert not bool(torch.signbit(ciphertext).any()) and not bool(ciphertext.any())


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda m: m[..., :3], r"^The cipher's encrypt gave \(5, 1024, 3\) where \(5, 1024, 16\) was expected\.$"),
        (lambda m: m[:, :7], r"^The cipher's encrypt gave \(5, 7, 16\) where \(5, 1024, 16\) was expected\.$"),
        (lambda m: m.double(), r"^The cipher's encrypt must give float32, not float64\.$"),
        (lambda m: m.numpy(), r"^The cipher's encrypt must give a torch\.Tensor, not ndarray\.$"),
        (lambda m: m / (torch.arange(R) > 2)[:, None, None], r"not finite in replica 0 and 2 more\.$"),
        (lambda m: m * torch.nan, r"^The cipher's encrypt gave values that are not finite in replica 0 and 4 more\.$"),
        (
            lambda m: m * (1 + torch.arange(R) / 4 * (torch.arange(R) > 3))[:, None, None],
            r"^The cipher's encrypt gave values up to 2 in replica 4; a ciphertext lies in \[-1, 1\]\.$",
        ),
    ],
)
def test_what_a_cipher_must_not_give(answer: Callable[[Tensor], Any], sentence: str) -> None:
    """A wrong shape or type, values that are not finite or out of range: one sentence, which names the replica."""
    with pytest.raises(AcryptoError, match=sentence):
        encrypt(replace(PAD, encrypt=lambda message, key: answer(message)), *pairs(4))


def test_rounding_at_the_edge_is_allowed() -> None:
    """Up to 1.01 is rounding and stays as it is, for the quantiser's end bins; a decryption may be any number."""
    loud = replace(PAD, encrypt=lambda m, k: 1.009 * m, decrypt=lambda c, k: 50 * c)
    ciphertext = encrypt(loud, *pairs(4))
    assert ciphertext.abs().min() == pytest.approx(1.009)
    assert decrypt(loud, ciphertext, pairs(4)[1]).abs().max() > 50


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda m, k: (m[..., :8], k), r"^This cipher takes a message of \(5, B, 16\), not \(5, 4, 8\)\.$"),
        (lambda m, k: (m[:2], k), r"^This cipher takes a message of \(5, B, 16\), not \(2, 4, 16\)\.$"),
        (lambda m, k: (m[0], k), r"^This cipher takes a message of \(5, B, 16\), not \(4, 16\)\.$"),
        (lambda m, k: (m[:, :0], k), r"^This cipher takes a message of \(5, B, 16\), not \(5, 0, 16\)\.$"),
        (lambda m, k: (m, k[:, :3]), r"^This cipher takes a key of \(5, 4, 16\), not \(5, 3, 16\)\.$"),
        (lambda m, k: (m, k.double()), r"^This cipher takes a key of float32, not float64\.$"),
        (lambda m, k: (m, k, m), r"^This cipher is not randomised: encrypt takes no noise\.$"),
    ],
)
def test_what_a_cipher_is_not_given(change: Callable[[Tensor, Tensor], tuple[Tensor, ...]], sentence: str) -> None:
    """A word of another width, batch or type is refused before the cipher sees it."""
    with pytest.raises(AcryptoError, match=sentence):
        encrypt(PAD, *change(*pairs(4)))


def test_randomised_ciphers_get_their_noise() -> None:
    """Noise comes with the draw, fresh and reproducible; without it a randomised cipher is not called."""
    scaled = Cipher(lambda m, k, noise: m * k * (0.2 + 0.8 * noise), None, R, N, N, N, noise_width=N)
    words = draw(scaled, ADDRESS, 1000)
    assert words["noise"].shape == (R, 1000, N) and 0 < words["noise"].min() < 0.001 < 0.999 < words["noise"].max() < 1
    assert abs(float(words["noise"].mean()) - 0.5) < 4 * (1 / 12 / words["noise"].numel()) ** 0.5
    ciphertext = encrypt(scaled, **words)
    assert torch.equal(ciphertext, encrypt(scaled, **draw(scaled, ADDRESS, 1000)))
    assert torch.equal(ciphertext.sign(), words["message"] * words["key"])
    with pytest.raises(AcryptoError, match=r"^This cipher is randomised: encrypt needs noise of width 16\.$"):
        encrypt(scaled, words["message"], words["key"])


def test_draws_follow_the_key_probability() -> None:
    """Messages are fair, a biased key is +1 with its probability, and replicas draw their own."""
    biased = replace(PAD, key_probability=0.25)
    words = draw(biased, ADDRESS, 4096)
    count = words["key"].numel()
    assert set(words["key"].unique().tolist()) == {-1.0, 1.0}
    assert float((words["key"] > 0).double().mean()) == pytest.approx(0.25, abs=4 * (0.25 * 0.75 / count) ** 0.5)
    assert float((words["message"] > 0).double().mean()) == pytest.approx(0.5, abs=4 * (0.25 / count) ** 0.5)
    assert torch.equal(words["message"], draw(PAD, ADDRESS, 4096)["message"])
    assert torch.equal(words["message"], bits(ADDRESS, {Stream.MESSAGE: N}, 4096)[Stream.MESSAGE])
    alone = draw(replace(biased, replicas=1), replace(ADDRESS, seeds=SEEDS[3:4]), 4096)
    assert torch.equal(alone["key"], words["key"][3:4])


@pytest.mark.parametrize("chances", [0.5, (0.5, 0.25, 0.5, 0.5, 0.1)])
def test_replicas_are_drawn_some_at_a_time(chances: float | tuple[float, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all at once would be too large, groups of replicas get the same words, in the same layout."""
    cipher = replace(PAD, key_probability=chances, noise_width=3)
    address = replace(ADDRESS, step=torch.tensor(4), adversary=torch.arange(R))
    whole = draw(cipher, address, 40)
    monkeypatch.setattr(sys.modules["adversarial_crypto.ciphers.draw"], "AT_ONCE", 2 * 40)
    parts = draw(cipher, address, 40)
    assert list(parts) == list(whole) and all(torch.equal(parts[name], word) for name, word in whole.items())
    assert all(parts[name].stride() == word.stride() for name, word in whole.items())


def test_quantised_by_hand() -> None:
    """One bit leaves the sign, two bits four levels; edges go up and what is outside goes to the end bins."""
    x = torch.tensor([-1.01, -1.0, -0.5, -1e-9, 0.0, 0.49, 0.5, 1.0, 1.01])
    assert quantise(x, 1).tolist() == [-0.5, -0.5, -0.5, -0.5, 0.5, 0.5, 0.5, 0.5, 0.5]
    assert quantise(x, 2).tolist() == [-0.75, -0.75, -0.25, -0.25, 0.25, 0.25, 0.75, 0.75, 0.75]
    assert bins(x, 2).tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 3]
    for wrong in (0, 25):
        with pytest.raises(AcryptoError, match=rf"1 to 24 bits an element, not {wrong}\.$"):
            quantise(x, wrong)


@given(st.lists(st.floats(-1.0625, 1.0625, width=32), min_size=1, max_size=20), st.integers(1, 24))
def test_quantised_as_defined(values: list[float], width: int) -> None:
    """Every value goes to the level of DESIGN's formula in exact arithmetic, at most half a bin away, and stays."""
    x = torch.tensor(values)
    half = 2 ** (width - 1)
    level = quantise(x, width)
    for value, index, got in zip(x.tolist(), bins(x, width).tolist(), level.tolist(), strict=True):
        assert index == min(max(floor((Fraction(value) + 1) * half), 0), 2 * half - 1)
        assert got == -1 + (index + 0.5) * 2.0 ** (1 - width)
        assert abs(got - max(-1.0, min(1.0, value))) <= 0.5 / half
    assert torch.equal(quantise(level, width), level)
