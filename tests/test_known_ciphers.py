"""Known ciphers: their closed forms are what counting gives, by another program, and the attacks count the same."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from adversarial_crypto.attacks import Budget, Table, exact_information
from adversarial_crypto.ciphers import KNOWN, Cipher, Exact, bins, decrypt, draw, encrypt, known
from adversarial_crypto.ciphers.aes_ctr import KEY_BITS
from adversarial_crypto.ciphers.tables import unpacked
from adversarial_crypto.errors import ConfigError
from adversarial_crypto.numerics.philox import Address, Occasion

Array = NDArray[np.float64]
SEEDS = torch.tensor([[5, 0]])

# ATTACKS.md section 2, at N = K = 8: I(P; C), bit, block, mean and largest total variation, as printed.
PRINTED: dict[str, tuple[str, str, str, str, str]] = {
    "one_time_pad": ("0.0000", "0.5000", "0.00390625", "0.0000", "0.000000"),
    "permuted_pad": ("0.0000", "0.5000", "0.00390625", "0.0000", "0.000000"),
    "modular_pad": ("0.0000", "0.5000", "0.00390625", "0.0000", "0.000000"),
    "scaled_pad": ("0.0000", "0.5000", "0.00390625", "0.0000", "0.000000"),
    "clear_bits(1)": ("1.0000", "0.5625", "0.0078125", "0.502", "1.000000"),
    "parity_leak(1)": ("1.0000", "0.5625", "0.0078125", "0.502", "1.000000"),
    "parity_leak(6)": ("1.0000", "0.5000", "0.0078125", "0.502", "1.000000"),
    "one_bit_key": ("7.0000", "0.5000", "0.5000", "0.996", "1.000000"),
    "coutinho_eq21": ("3.0000", "0.5000", "0.03125", "0.8784", "1.000000"),
    "and_mask": ("2.490225", "0.7500", "0.100113", "0.818396", "0.996094"),
    "identity": ("8.0000", "1.0000", "1.0000", "1.0000", "1.000000"),
    "fixed_key": ("8.0000", "1.0000", "1.0000", "1.0000", "1.000000"),
    "low_bits_leak(0.0001)": ("8.0000", "1.0000", "1.0000", "1.0000", "1.000000"),
    "low_bits_leak(1e-06)": ("8.0000", "1.0000", "1.0000", "1.0000", "1.000000"),
}
# Doses of biased_pad at N = 16: q, bits told, bits that the best Eve has wrong, mean and largest total variation.
DOSES = [
    (0.49, "0.004617", "7.84", "0.0448", "0.0628"),
    (0.48, "0.018471", "7.68", "0.0894", "0.1252"),
    (0.45, "0.115609", "7.20", "0.2214", "0.3070"),
    (0.40, "0.464790", "6.40", "0.4283", "0.5738"),
    (0.25, "3.019550", "4.00", "0.8601", "0.9654"),
]
# What is expected of a random table at N = K = 8: I with its deviation, bit, block, mean total variation.
RANDOM = {"random_function": (0.8222, 0.5249, 0.0186, 0.5229), "random_permutation": (0.8250, 0.5250, 0.0186, 0.524)}
COUNTED = [
    *(label for label in PRINTED if label != "scaled_pad"),
    "biased_pad(0.45)",
    "biased_pad(0.25)",
    "clear_bits(3)",
]
SIZES = ((8, 8), (16, 16), (8, 11), (64, 64), (16, KEY_BITS))
DECRYPTED = [name for name in KNOWN if name not in ("and_mask", "random_function")]


def has(label: str, message_bits: int, key_bits: int) -> bool:
    """Whether a known cipher has these sizes."""
    build = known(label)
    return build.sizes(message_bits, key_bits, *((build.value,) if build.parameter else ())) is None


@cache
def joint(label: str, size: int) -> Array:
    """Pr[message, key] of each ciphertext: (2^N, distinct ciphertexts), rows summing to 1, by numpy's own counting."""
    cipher = known(label).cipher(size)
    number = torch.arange(4**size)
    message, key = unpacked(number // 2**size, size), unpacked(number % 2**size, size)
    ciphertext = encrypt(cipher, message[None], key[None])[0].contiguous().numpy()
    places: dict[bytes, int] = {}
    which = [places.setdefault(row.tobytes(), len(places)) for row in ciphertext]
    found = np.zeros((2**size, len(places)))
    q, keys = cipher.key_probabilities[0], unpacked(torch.arange(2**size), size).tolist()
    chance = np.array([math.prod(q if bit > 0 else 1 - q for bit in word) for word in keys])
    np.add.at(found, (number.numpy() // 2**size, which), chance[number.numpy() % 2**size])
    return found


def enumerated(given: Array) -> Exact:
    """What the definitions say, from Pr[c | p] (messages, ciphertexts)."""
    messages = len(given)
    marginal = given.mean(0)
    information = np.sum(given * np.log2(given / marginal, out=np.zeros_like(given), where=given > 0)) / messages
    bits = unpacked(torch.arange(messages), messages.bit_length() - 1).numpy().T > 0  # (N, messages)
    right = [np.maximum(given[one].sum(0), given[~one].sum(0)).sum() / messages for one in bits]
    shared = given[:, (given > 0).sum(0) > 1]  # where two messages meet
    apart = np.array([1 - np.minimum(row, shared).sum(1) for row in shared])
    apart = apart[~np.eye(messages, dtype=bool)]
    return Exact(
        float(information), float(np.mean(right)), float(given.max(0).sum() / messages), apart.mean(), apart.max()
    )


def same(first: Exact, second: Exact) -> bool:
    """All five numbers to 1e-9."""
    return all(abs(one - other) < 1e-9 for one, other in zip(vars(first).values(), vars(second).values(), strict=True))


def counted(cipher: Cipher) -> list[dict[str, float]]:
    """The rows of `exact_information`, one a precision."""
    said = exact_information.ATTACK.run(cipher, Budget("standard", None), SEEDS)  # type: ignore[arg-type]
    (table,) = (part for part in said if isinstance(part, Table))
    return [dict(row) for row in table.rows]  # type: ignore[arg-type]


@pytest.mark.parametrize("label", PRINTED)
def test_closed_forms_are_the_printed_ones(label: str) -> None:
    """Every row of ATTACKS.md's table, to its digits."""
    exact = known(label).exact(8)
    assert exact is not None
    for value, text in zip(vars(exact).values(), PRINTED[label], strict=True):
        assert f"{value:.{len(text.partition('.')[2])}f}" == text


@pytest.mark.parametrize("dose", DOSES)
def test_doses_are_the_printed_ones(dose: tuple[float, str, str, str, str]) -> None:
    """The dose curve of biased_pad at N = 16, to its digits."""
    exact = known(f"biased_pad({dose[0]})").exact(16)
    assert exact is not None
    wrong = 16 * (1 - exact.bit)
    found = (f"{exact.information:.6f}", f"{wrong:.2f}", f"{exact.distance:.4f}", f"{exact.largest_distance:.4f}")
    assert found == dose[1:]


@pytest.mark.parametrize(("label", "size"), [(label, n) for label in COUNTED for n in (3, 8) if has(label, n, n)])
def test_closed_forms_are_what_counting_gives(label: str, size: int) -> None:
    """All five numbers, over all messages, keys and pairs of messages, to 1e-9."""
    exact = known(label).exact(size)
    assert exact is not None and same(exact, enumerated(joint(label, size)))


@pytest.mark.parametrize("label", [*COUNTED, *RANDOM])
def test_the_attack_counts_the_same(label: str) -> None:
    """exact_information in float32 is what the definitions say, to 1e-9: message and key."""
    given = joint(label, 8)
    exact, row = enumerated(given), counted(known(label).cipher(8))[-1]
    assert row["bits"] == 32
    assert row["information_bits"] == pytest.approx(exact.information, abs=1e-9)
    assert row["bit_accuracy"] == pytest.approx(exact.bit, abs=1e-9)
    assert row["block_probability"] == pytest.approx(exact.block, abs=1e-9)
    left = -sum(row[row > 0] @ np.log2(row[row > 0]) for row in given) / len(given)  # H(C | P)
    q = known(label).cipher(8).key_probabilities[0]
    of_key = -8 * (q * math.log2(q) + (1 - q) * math.log2(1 - q))
    assert row["key_equivocation_known_pair_bits"] == pytest.approx(of_key - left, abs=1e-9)


@pytest.mark.parametrize(
    ("label", "left"),
    [("one_time_pad", 8), ("identity", 8), ("one_bit_key", 8), ("parity_leak(1)", 7), ("low_bits_leak(0.0001)", 0)],
)
def test_what_stays_unknown_of_the_key(label: str, left: float) -> None:
    """H(K | C) by hand: a pad hides its key, a parity of the message is one of the key's bits too, and so on."""
    assert counted(known(label).cipher(8))[-1]["key_equivocation_bits"] == pytest.approx(left, abs=1e-9)


@pytest.mark.parametrize("label", RANDOM)
def test_random_tables_are_as_expected(label: str) -> None:
    """A fixed random table lies within three deviations of what is expected of one, and has no closed form."""
    information, bit, block, distance = RANDOM[label]
    found = enumerated(joint(label, 8))
    assert abs(found.information - information) < 3 * 0.0036
    assert abs(found.bit - bit) < 0.001 and abs(found.block - block) < 0.0006 and abs(found.distance - distance) < 0.002
    assert known(label).exact(8) is None


@pytest.mark.parametrize(("bits", "tolerance"), [(8, 0.02), (7, 0.03)])
def test_every_permutation_is_one(bits: int, tolerance: float) -> None:
    """random_permutation has 2^N different ciphertexts under each key, and keys differ; random_function does not."""
    for label, share in (("random_permutation", 1.0), ("random_function", 1 - math.exp(-1))):
        cipher = known(label).cipher(bits)
        every = unpacked(torch.arange(2**bits), bits)[None]
        tables = [encrypt(cipher, every, key.expand(1, 2**bits, bits))[0] for key in every[0, :40]]
        assert np.mean([len(table.unique(dim=0)) for table in tables]) / 2**bits == pytest.approx(
            share, abs=tolerance * (share < 1)
        )
        assert len(torch.stack(tables).unique(dim=0)) == 40


@pytest.mark.parametrize("label", RANDOM)
def test_wide_tables_use_every_bit(label: str) -> None:
    """At 64 bits every bit of message and key, flipped alone, flips each ciphertext bit half the time."""
    cipher = known(label).cipher(64)
    words = draw(cipher, Address(SEEDS, 0, 0, Occasion.ATTACK), 50)
    before = encrypt(cipher, **words)
    for word in ("message", "key"):
        for place in range(64):
            flipped = words[word].clone()
            flipped[..., place] *= -1
            changed = (encrypt(cipher, **{**words, word: flipped}) != before).double()
            assert changed.mean() == pytest.approx(0.5, abs=5 * 0.5 / (50 * 64) ** 0.5)


@pytest.mark.parametrize(
    ("label", "message_bits", "key_bits"),
    [
        (label, n, k)
        for label in DECRYPTED
        for n, k in ((8, 8), (16, 16), (8, 11), (64, 64), (16, KEY_BITS))
        if has(label, n, k)
    ],
)
def test_decrypt_inverts_encrypt(label: str, message_bits: int, key_bits: int) -> None:
    """With the true key every message comes back, at every size that the cipher has; unused key bits do no harm."""
    cipher = known(label).cipher(message_bits, key_bits)
    words = draw(cipher, Address(SEEDS, 0, 0, Occasion.ATTACK), 1000)
    assert torch.equal(decrypt(cipher, encrypt(cipher, **words), words["key"]).sign(), words["message"])


def test_some_cannot_be_decrypted() -> None:
    """Only where messages share a ciphertext there is no decrypt."""
    none = {name for name in KNOWN if known(name).cipher(8).decrypt is None}
    assert none == set(KNOWN) - set(DECRYPTED)
    every, key = unpacked(torch.arange(16), 4)[None], torch.ones(1, 16, 4)
    for name in none:
        assert len(encrypt(known(name).cipher(4), every, -key)[0].unique(dim=0)) < 16


def test_a_scaled_pad_is_a_pad_behind_noise() -> None:
    """Its signs are the pad's and its sizes the noise's alone, so it tells as little as a pad."""
    cipher = known("scaled_pad").cipher(8)
    words = draw(cipher, Address(SEEDS, 0, 0, Occasion.ATTACK), 500)
    ciphertext = encrypt(cipher, **words)
    assert torch.equal(ciphertext.sign(), words["message"] * words["key"])
    other = encrypt(cipher, -words["message"], words["key"], words["noise"])
    assert torch.equal(other, -ciphertext) and 0.2 < float(ciphertext.abs().min()) < float(ciphertext.abs().max()) < 1


@pytest.mark.parametrize(("epsilon", "hidden"), [(1e-4, 13), (1e-6, 19), (2.0**-10, 9)])
def test_from_which_precision_low_bits_leak(epsilon: float, hidden: int) -> None:
    """It is hidden as long as 2^b < 1 / epsilon; above, all is seen, and at 2^b = 1 / epsilon what lies near -1."""
    cipher = known(f"low_bits_leak({epsilon!r})").cipher(4)
    number = torch.arange(256)
    message, key = unpacked(number // 16, 4)[None], unpacked(number % 16, 4)[None]
    ciphertext = encrypt(cipher, message, key)
    seen = {b: len(bins(ciphertext, b)[0].unique(dim=0)) for b in (1, hidden, hidden + 1, hidden + 2, 22)}
    at_once = 3**4 if 2 ** (hidden + 1) == 1 / epsilon else 256
    assert seen == {1: 16, hidden: 16, hidden + 1: at_once, hidden + 2: 256, 22: 256}


def test_aes_is_the_standard_one() -> None:
    """The key stream is AES-128's, in electronic codebook mode, of the block of nonce and counter 0."""
    pytest.importorskip("cryptography")
    from cryptography.hazmat.primitives.ciphers import Cipher as Keyed
    from cryptography.hazmat.primitives.ciphers import algorithms, modes

    cipher = known("aes_ctr").cipher(128)
    words = draw(cipher, Address(SEEDS, 0, 0, Occasion.ATTACK), 3)
    ciphertext = encrypt(cipher, **words)
    for message, key, noise, got in zip(
        *(words[n][0] for n in ("message", "key", "noise")), ciphertext[0], strict=True
    ):
        raw = [np.packbits(word.numpy() > limit).tobytes() for word, limit in ((key, 0), (noise, 0.5), (message, 0))]
        block = Keyed(algorithms.AES(raw[0]), modes.ECB()).encryptor().update(raw[1] + bytes(8))
        # The product of signs is +1 where they are equal: XOR's complement, on both sides of the channel.
        expected = bytes(255 - (a ^ b) for a, b in zip(block, raw[2], strict=True)) + raw[1]
        assert np.packbits(got.numpy() > 0).tobytes() == expected


@pytest.mark.parametrize(
    ("label", "sizes", "sentence"),
    [
        ("one_time_pad", (8, 7), r"^one_time_pad needs a key bit for each of its 8 message bits\.$"),
        ("one_time_pad", (0, 1), r"^one_time_pad needs at least one message bit and one key bit\.$"),
        ("biased_pad(0.45)", (8, 4), r"^biased_pad\(0\.45\) needs a key bit for each of its 8 message bits\.$"),
        ("biased_pad(1)", (8, 8), r"^biased_pad\(1\) needs q between 0 and 1\.$"),
        ("clear_bits(9)", (8, 8), r"^clear_bits\(9\) needs a whole number of bits from 1 to 8\.$"),
        ("parity_leak(1.5)", (8, 8), r"^parity_leak\(1\.5\) needs a whole number of bits from 1 to 8\.$"),
        ("coutinho_eq21", (16, 16), r"^coutinho_eq21 has 8 message bits and 8 key bits, and no other size\.$"),
        (
            "low_bits_leak(0.5)",
            (8, 8),
            r"^low_bits_leak\(0\.5\) needs epsilon of at least 2\^-22, .* below one half\.$",
        ),
        ("random_function", (65, 8), r"^random_function has at most 64 message bits and 64 key bits\.$"),
        ("random_permutation", (8, 65), r"^random_permutation has at most 64 message bits and 64 key bits\.$"),
        ("aes_ctr", (8, 8), r"^aes_ctr has a key of 128 bits, not 8\.$"),
        ("aes_ctr", (129, 128), r"^aes_ctr has at most 128 message bits\.$"),
    ],
)
def test_sizes_that_are_refused(label: str, sizes: tuple[int, int], sentence: str) -> None:
    """One sentence says which cipher it is and what it has or needs."""
    with pytest.raises(ConfigError, match=sentence):
        known(label).cipher(*sizes)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("one_time_pat", r"^no known cipher is named 'one_time_pat'; did you mean 'one_time_pad'\?$"),
        ("enigma", r"^no known cipher is named 'enigma'; there are one_time_pad, permuted_pad, .*aes_ctr$"),
        ("identity(2)", r"^identity takes no value; write 'identity'$"),
        ("biased_pad(much)", r"^biased_pad\(much\) must give q as a number, like 'biased_pad\(0\.45\)'$"),
        ("biased_pad()", r"^biased_pad\(\) must give q as a number, like 'biased_pad\(0\.45\)'$"),
        ("biased_pad(0.4", r"^no known cipher is named 'biased_pad\(0\.4'; did you mean 'biased_pad'\?$"),
    ],
)
def test_names_that_are_refused(text: str, sentence: str) -> None:
    """An unknown name, a value that is no number or not wanted: one line with a suggestion."""
    with pytest.raises(ConfigError, match=sentence):
        known(text)


def test_names_and_values() -> None:
    """A name alone has its usual value, its label gives it back, and several values are a replica each."""
    assert known(" one_time_pad ").label == "one_time_pad"
    assert known("clear_bits").label == "clear_bits(1)" and known("clear_bits(2)").value == 2
    assert {known(known(name).label).value for name in KNOWN} == {build.value for build in KNOWN.values()}
    several = known("biased_pad(0.45, 0.25)")
    cipher = several.cipher(8)
    assert several.label == "biased_pad(0.45,0.25)" and several.exact(8) is None
    assert cipher.replicas == 2 and cipher.key_probabilities == (0.45, 0.25)
    assert known("aes_ctr").cipher(8).key_bits == KEY_BITS and known("identity").cipher(8, 3).key_bits == 3
