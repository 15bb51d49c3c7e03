"""Philox: known answers, an independent reference in whole numbers, addresses that never meet, and fair bits."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from torch import Tensor

from adversarial_crypto.numerics import philox as module
from adversarial_crypto.numerics.philox import Address, Occasion, Stream, normals, philox, uniforms

WORD = st.integers(0, 2**32 - 1)
SEEDS = torch.tensor([[7, 0], [7, 1], [7, 2], [8, 0], [2**32 - 1, 2**32 - 1]])
ADDRESS = Address(SEEDS, 3, 1, Occasion.RECORD, 5)


def words(address: Address, stream: Stream, count: int) -> Tensor:
    """The words of one stream, (R, count) in [0, 2^32)."""
    return module.words(address, {stream: count})[stream].long() & module.MASK32


def bits(address: Address, stream: Stream, width: int, batch: int) -> Tensor:
    """The bits of one stream, (R, B, width)."""
    return module.bits(address, {stream: width}, batch)[stream]


def reference(counter: tuple[int, ...], key: tuple[int, ...]) -> tuple[int, ...]:
    """Philox4x32-10 as the paper of Salmon et al. writes it, in Python's unbounded whole numbers."""
    (c0, c1, c2, c3), (k0, k1) = counter, key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 % 2**32, (p0 >> 32) ^ c3 ^ k1, p0 % 2**32
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return c0, c1, c2, c3


def ours(counter: tuple[int, ...], key: tuple[int, ...]) -> tuple[int, ...]:
    """The package's Philox on one block."""
    first, second, third, fourth = (torch.tensor(word) for word in counter)
    result = philox((first, second, third, fourth), (torch.tensor(key[0]), torch.tensor(key[1])))
    return tuple(int(word) for word in result)


@pytest.mark.parametrize(
    ("counter", "key", "output"),
    [
        ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
        ("1 2 3 4", "5 6", "c0c839bc 889c87c5 61986739 2d4623d0"),
    ],
)
def test_known_answers(counter: str, key: str, output: str) -> None:
    """The ten rounds give the published outputs of Random123 (the last vector is of the same kind)."""
    numbers = [tuple(int(word, 16) for word in text.split()) for text in (counter, key, output)]
    assert ours(numbers[0], numbers[1]) == numbers[2] == reference(numbers[0], numbers[1])


@given(st.tuples(WORD, WORD, WORD, WORD), st.tuples(WORD, WORD))
def test_equals_whole_number_arithmetic(counter: tuple[int, ...], key: tuple[int, ...]) -> None:
    """The products by halves never overflow: every block equals the reference in unbounded whole numbers."""
    assert ours(counter, key) == reference(counter, key)


@given(WORD, WORD, WORD, WORD, st.sampled_from(Occasion), st.sampled_from(Stream), st.integers(0, 255))
def test_address_is_the_documented_counter(
    seed: int, replica: int, step: int, update: int, occasion: Occasion, stream: Stream, adversary: int
) -> None:
    """Word w lies where the module's table says: results of earlier versions stay what they were."""
    drawn = words(Address(torch.tensor([[seed, replica]]), step, update, occasion, adversary), stream, 7)
    third = (int(occasion) * 16 + int(stream)) * 256 + adversary
    blocks = [reference((block, step, update, third), (seed, replica)) for block in range(2)]
    assert drawn[0].tolist() == [blocks[w % 2][w // 2] for w in range(7)]


def test_tables_are_never_renumbered() -> None:
    """Streams and occasions keep their numbers, for the numbers are part of every result."""
    assert {s.name: int(s) for s in Stream} == {
        "WEIGHTS": 0,
        "MESSAGE": 1,
        "KEY": 2,
        "NOISE": 3,
        "OTHER_KEY": 4,
        "VALUES": 5,
        "CHOICE": 6,
    }
    occasions = {"TRAINING": 0, "RECORD": 1, "CONFIRM": 2, "VALIDATION": 3, "TEST": 4, "ATTACK": 5, "LEARNING": 6}
    occasions["CONTINUED"] = 16
    assert {o.name: int(o) for o in Occasion} == occasions


@pytest.mark.parametrize("draw", [words, uniforms, normals])
@pytest.mark.parametrize("count", [1, 4, 103])
def test_slicing_replicas_changes_nothing(draw, count: int) -> None:
    """A replica's numbers are the same bits alone, in any slice and at any place of the array."""
    together = draw(ADDRESS, Stream.KEY, count)
    assert together.shape == (len(SEEDS), count)
    for rows in ([0], [4, 1], [2, 3, 0]):
        alone = draw(dataclasses.replace(ADDRESS, seeds=SEEDS[rows]), Stream.KEY, count)
        assert torch.equal(alone, together[rows])


@pytest.mark.parametrize("width", [1, 16, 32, 33, 70])
def test_bits_lie_where_documented(width: int) -> None:
    """Feature f of example b is bit f mod 32 of word (f // 32) B + b, for every slice of the replicas."""
    batch, groups = 5, -(-width // 32)
    drawn, packed = bits(ADDRESS, Stream.MESSAGE, width, batch), words(ADDRESS, Stream.MESSAGE, groups * batch)
    expected = [
        [[2 * (int(row[f // 32 * batch + b]) >> f % 32 & 1) - 1 for f in range(width)] for b in range(batch)]
        for row in packed
    ]
    assert torch.equal(drawn, torch.tensor(expected, dtype=torch.float32))
    assert drawn.transpose(1, 2).is_contiguous()
    one = bits(dataclasses.replace(ADDRESS, seeds=SEEDS[2:3]), Stream.MESSAGE, width, batch)
    assert torch.equal(one, drawn[2:3])


def test_streams_drawn_together_are_those_drawn_apart() -> None:
    """A stream's words and bits do not depend on which other streams are asked for with it, in which order."""
    for counts in ({Stream.MESSAGE: 9, Stream.KEY: 5}, {Stream.KEY: 5, Stream.WEIGHTS: 1, Stream.MESSAGE: 9}):
        for stream, drawn in module.words(ADDRESS, counts).items():
            assert torch.equal(drawn.long() & module.MASK32, words(ADDRESS, stream, counts[stream]))
        for stream, drawn in module.bits(ADDRESS, counts, 7).items():
            assert torch.equal(drawn, bits(ADDRESS, stream, counts[stream], 7))


def test_scalars_and_tensors_address_alike() -> None:
    """Step, update, occasion and adversary may be numbers or tensors, the adversary one for each replica."""
    tensors = Address(SEEDS, torch.tensor(3), torch.tensor(1), torch.tensor(1), torch.full((len(SEEDS),), 5))
    assert torch.equal(words(tensors, Stream.KEY, 9), words(ADDRESS, Stream.KEY, 9))


def test_no_two_addresses_meet() -> None:
    """Seeds, replicas, steps, updates, occasions, adversaries and streams all give different, unrelated bits."""
    blocks = []
    for seed, replica, step, update in itertools.product((0, 1), (0, 1), (0, 1), (0, 1, 256)):
        for occasion, adversary, stream in itertools.product(Occasion, (0, 1, 255), Stream):
            address = Address(torch.tensor([[seed, replica]]), step, update, occasion, adversary)
            blocks.append(words(address, stream, 2)[0])
    drawn = torch.stack(blocks)  # (addresses, 2)
    assert len(drawn.unique()) == drawn.numel()
    signs = ((drawn[:, :1] >> torch.arange(32)) & 1) * 2.0 - 1  # (addresses, 32)
    overlap = (signs @ signs.T).fill_diagonal_(0).abs()
    assert overlap.max() < 32 and overlap.square().mean() == pytest.approx(32, rel=0.02)


@given(st.lists(st.tuples(WORD, st.integers(0, 255), st.sampled_from(Stream)), min_size=2, max_size=8, unique=True))
def test_one_replica_never_repeats_a_block(places: list[tuple[int, int, Stream]]) -> None:
    """Under one key Philox is a bijection, so two different addresses of a replica never give the same block."""
    seeds = torch.tensor([[1, 2]])
    drawn = {tuple(words(Address(seeds, s, 0, adversary=a), stream, 4)[0].tolist()) for s, a, stream in places}
    assert len(drawn) == len(places)


def test_bits_are_fair_and_independent() -> None:
    """Half the bits are ones, and neighbours in feature, example, replica, step and stream are unrelated."""
    seeds = torch.stack([torch.full((16,), 11), torch.arange(16)], -1)
    message = bits(Address(seeds, 1, 0), Stream.MESSAGE, 64, 2048)  # (16, 2048, 64): 2^21 bits
    others = {
        "feature": message[..., :-1] * message[..., 1:],
        "example": message[:, :-1] * message[:, 1:],
        "replica": message[:-1] * message[1:],
        "word": message[..., :32] * message[..., 32:],
        "step": message * bits(Address(seeds, 2, 0), Stream.MESSAGE, 64, 2048),
        "key": message * bits(Address(seeds, 1, 0), Stream.KEY, 64, 2048),
        "all": message,
    }
    for name, products in others.items():
        assert abs(float(products.mean())) < 4 / products.numel() ** 0.5, name
    assert float(message.mean((0, 1)).abs().max()) < 4.5 / (16 * 2048) ** 0.5
    counts = torch.bincount((message[..., :8] > 0).long().matmul(2 ** torch.arange(8)).flatten(), minlength=256)
    assert stats.chisquare(counts.numpy()).pvalue > 1e-3


def test_uniforms_lie_strictly_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The smallest and largest word give 2^-24 and 1 - 2^-24, exactly, so that no logarithm meets a zero."""
    extremes = torch.tensor([[0, -1, 1 << 9]], dtype=torch.int32)
    given = lambda address, counts: {stream: extremes[:, :count] for stream, count in counts.items()}  # noqa: E731
    monkeypatch.setattr(module, "words", given)
    drawn = uniforms(ADDRESS, Stream.WEIGHTS, 3)
    assert drawn.dtype == torch.float32
    assert drawn.double().tolist() == [[2.0**-24, 1 - 2.0**-24, 3 * 2.0**-24]]
    assert bool(torch.isfinite(normals(ADDRESS, Stream.WEIGHTS, 2)).all())


def test_uniforms_and_normals_have_their_distributions() -> None:
    """Kolmogorov and Smirnov find nothing in 2^16 numbers of either kind, nor do the first four moments."""
    flat = uniforms(ADDRESS, Stream.WEIGHTS, 2**14).flatten().double().numpy()
    assert stats.kstest(flat, "uniform").pvalue > 1e-3
    drawn = normals(ADDRESS, Stream.WEIGHTS, 2**14).flatten().double().numpy()
    assert stats.kstest(drawn, "norm").pvalue > 1e-3
    n = len(drawn)
    moments = [(drawn**power).mean() for power in (1, 2, 3, 4)]
    for got, expected, variance in zip(moments, (0, 1, 0, 3), (1, 2, 15, 96), strict=True):
        assert abs(got - expected) < 4 * (variance / n) ** 0.5


def test_normals_come_in_unrelated_pairs() -> None:
    """Cosine and sine of one angle are uncorrelated, also their squares; an odd count drops one number only."""
    drawn = normals(ADDRESS, Stream.WEIGHTS, 2**14)
    first, second = drawn.split(2**13, -1)
    for power in (1, 2):
        table = torch.stack([first.flatten() ** power, second.flatten() ** power])
        assert abs(float(torch.corrcoef(table)[0, 1])) < 4 / first.numel() ** 0.5
    assert torch.equal(normals(ADDRESS, Stream.WEIGHTS, 7), normals(ADDRESS, Stream.WEIGHTS, 8)[:, :7])
