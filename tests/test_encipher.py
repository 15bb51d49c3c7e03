"""A text through a trained cipher and back: what is told of it is counted, and no file that was not written is read."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cli_runs import call
from hypothesis import given, settings
from hypothesis import strategies as st
from lab_runs import EASY, tiny

from adversarial_crypto import ciphers
from adversarial_crypto.config import ConfigError
from adversarial_crypto.errors import AcryptoError, StoreError
from adversarial_crypto.lab.cipher_file import CipherFile
from adversarial_crypto.lab.encipher import LONGEST, Key, decipher, encipher
from adversarial_crypto.lab.trained import trained_cipher
from adversarial_crypto.store.atomic import seal, unseal

TRAINED = Path(__file__).parent.parent / "results" / "paper-n16-b512"
SECRET = Key(short=b"\x01\x02")
NONCE = bytes(range(16))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose Bob makes many mistakes, with blocks of five bits and keys of three, and two kinds of fresh Eves."""
    folder = tmp_path_factory.mktemp("encipher") / "run"
    sizes = ("game.message_bits=5", "game.key_bits=3", 'protocol.adversary_networks=["own", "dense"]')
    return tiny(folder, *EASY, *sizes).run_dir


@pytest.fixture(scope="module")
def document(run: Path) -> bytes:
    """The file of a short text."""
    return encipher(run, b"a text", SECRET, nonce=NONCE)[0].document()


def flipped(one: bytes, other: bytes) -> int:
    """Bits in which two texts differ."""
    assert len(one) == len(other)
    return sum((a ^ b).bit_count() for a, b in zip(one, other, strict=True))


class TestThereAndBack:
    def test_a_text_comes_back_exactly_where_bob_makes_no_mistake(self) -> None:
        """Forty bytes by the paper's training: every bit is right, and the file says that none is wrong."""
        text = b"Attack at dawn, Bob. \x00\xff" + "ü€".encode() + bytes(12)
        file, _ = encipher(TRAINED, text, SECRET, nonce=NONCE)
        assert file.bits_flipped == 0
        assert decipher(TRAINED, CipherFile.read(file.document()), SECRET)[0].text == text

    @settings(max_examples=12)
    @given(text=st.binary(min_size=1, max_size=70), short=st.binary(min_size=1, max_size=64))
    def test_what_is_wrong_is_counted(self, run: Path, text: bytes, short: bytes) -> None:
        """Any bytes, cut where they may be, come back with as many wrong bits as the file says."""
        file, readings = encipher(run, text, Key(short=short), nonce=NONCE)
        (bob,) = decipher(run, CipherFile.read(file.document()), Key(short=short))
        assert len(bob.text) == len(text) and flipped(bob.text, text) == file.bits_flipped == readings[0].bits_flipped
        assert bob.text == readings[0].text

    def test_each_block_is_the_cipher_under_its_own_key(self, run: Path) -> None:
        """Ciphertexts are those of the trained Alice for the text's bits, highest first, and SHAKE-256's as keys."""
        text = b"\x80\x01\xaa"  # 24 bits: five blocks, the last with one bit of filling
        file, _ = encipher(run, text, SECRET, replica=1, nonce=NONCE)
        stream = hashlib.shake_256(b"acrypto encrypt\0" + NONCE + b"\x01\x02").digest(2)
        bits = [int(bit) for byte in text for bit in f"{byte:08b}"] + [0]
        keys = [int(bit) for byte in stream for bit in f"{byte:08b}"][:15]
        cipher, _ = trained_cipher(run, [1])
        words = (torch.tensor([row], dtype=torch.float32) * 2 - 1 for row in (bits, keys))
        message, key = (word.reshape(1, 5, -1) for word in words)
        assert np.array_equal(file.ciphertext, ciphers.encrypt(cipher, message, key)[0].numpy())

    def test_equal_blocks_do_not_look_equal(self, run: Path) -> None:
        """Every block has a key of its own, and every text a nonce: the same text twice is other ciphertexts."""
        one, other = (encipher(run, bytes(500), SECRET)[0] for _ in range(2))
        assert one.nonce != other.nonce and not np.array_equal(one.ciphertext, other.ciphertext)
        assert len(np.unique(one.ciphertext, axis=0)) == 8  # as many as there are keys of three bits

    def test_keys_may_be_given_one_by_one(self, run: Path) -> None:
        """A stream of exactly the bits that are needed does; a byte less does not, nor does the wrong kind of key."""
        needed = Key(stream=bytes([7, 77]))
        file, _ = encipher(run, b"abc", needed)
        assert (file.kdf, file.nonce) == ("", "")
        assert flipped(decipher(run, file, needed)[0].text, b"abc") == file.bits_flipped
        with pytest.raises(ConfigError, match="5 blocks need 2 bytes of keys, 3 bits each; there are 1"):
            encipher(run, b"abc", Key(stream=b"x"))
        with pytest.raises(ConfigError, match="encrypted with the keys of all blocks"):
            decipher(run, file, SECRET)
        with pytest.raises(ConfigError, match="encrypted with a short key"):
            decipher(run, encipher(run, b"abc", SECRET)[0], needed)

    def test_the_best_bob_is_taken(self) -> None:
        """Unless a replica is chosen, it is the one of those that passed whose Bob errs least."""
        assert encipher(TRAINED, b"x", SECRET)[0].replica == 5
        assert encipher(TRAINED, b"x", SECRET, replica=10)[0].replica == 10


class TestEves:
    def test_every_eve_reads(self, run: Path) -> None:
        """The trained Eve and the best fresh one of each network, with their wrong bits counted; Bob first."""
        text = bytes(range(200))
        file, readings = encipher(run, text, SECRET, eve=True, nonce=NONCE)
        names = ["the trained Eve", "a fresh Eve", "a fresh Eve (dense)"]
        assert [reading.who for reading in readings] == ["Bob", *names]
        assert all(reading.bits_flipped == flipped(reading.text, text) for reading in readings)
        alone = decipher(run, file, None, eve=True)
        assert [(each.who, each.text) for each in alone] == [(each.who, each.text) for each in readings[1:]]

    def test_eves_read_what_they_read_in_the_protocol(self) -> None:
        """Over a long random text each Eve is as wrong as the run says, within sampling error."""
        text = np.random.default_rng(1).bytes(20_000)
        _, readings = encipher(TRAINED, text, SECRET, replica=5, eve=True, nonce=NONCE)
        rows = (TRAINED / "protocol.csv").read_text().splitlines()
        head = rows[0].split(",")
        (best,) = (
            row for row in (dict(zip(head, line.split(","), strict=True)) for line in rows[1:])
            if row["replica"] == "5" and row["bits_flipped"]
        )  # fmt: skip
        told = {"the trained Eve": best["eve_bits_flipped"], "a fresh Eve": best["bits_flipped"]}
        for reading in readings[1:]:
            assert reading.bits_flipped is not None
            wrong = reading.bits_flipped / 10_000  # of 16 bits
            assert abs(wrong - float(told[reading.who])) < 0.1  # five deviations of a mean of 10,000


class TestWhatIsRefused:
    @given(position=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), cut=st.booleans())
    def test_a_damaged_file(self, document: bytes, position: float, bit: int, cut: bool) -> None:
        """A flipped bit anywhere, or an end that is missing, gives a sentence and nothing else."""
        content = bytearray(document)
        at = int(position * len(content))
        if cut:
            del content[at:]
        else:
            content[at] ^= 1 << bit
        with pytest.raises(StoreError, match="This is no"):
            CipherFile.read(bytes(content))

    @given(content=st.binary(max_size=200))
    def test_any_bytes(self, content: bytes) -> None:
        """What is no such file at all is said to be none."""
        with pytest.raises(StoreError, match="This is no undamaged file"):
            CipherFile.read(content)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            *(("size", value) for value in (0, -1, 10**30, "6", True, None)),
            *(("message_bits", value) for value in (0, -5, 2.5)),
            *(("width", value) for value in (0, -1, 7, "5", None)),
            *(("ciphertext", value) for value in ("", "AAAA", "!", 5, None)),
            *(("nonce", value) for value in ("", "zz", "00", 3)),
            *(("kdf", value) for value in ("", "rot13", None)),
            *(
                ("key_bits", 0),
                ("bits_flipped", -1),
                ("bits_flipped", 49),
                ("players", 1),
                ("replica", "0"),
                ("more", 1),
            ),
            ("schema", "acrypto.run/1"),
        ],
    )
    def test_a_file_that_was_made_up(self, document: bytes, name: str, value: Any) -> None:
        """A document with the right hash and a wrong field is refused all the same."""
        fields = unseal(document)
        assert fields is not None
        with pytest.raises(StoreError, match="This is no file of `acrypto encrypt`"):
            CipherFile.read(seal({**fields, name: value}))

    def test_another_runs_file(self, run: Path) -> None:
        """Only the players who encrypted decrypt."""
        file, _ = encipher(run, b"a text", SECRET)
        with pytest.raises(StoreError, match="other players"):
            decipher(TRAINED, file, SECRET)

    @pytest.mark.parametrize("change", [{"replica": 9}, {"replica": -1}, {"message_bits": 6}, {"key_bits": 4}])
    def test_what_the_run_does_not_have(self, run: Path, change: dict[str, int]) -> None:
        """A replica or sizes that the run does not have are said, whatever the file's hash."""
        fields = unseal(encipher(run, bytes(60), SECRET)[0].document())  # 96 blocks of 5 bits, 80 of 6
        assert fields is not None
        numbers = np.zeros((-(-480 // change.get("message_bits", 5)), 5), "<f4")
        import base64

        fields |= {**change, "ciphertext": base64.b64encode(numbers.tobytes()).decode()}
        with pytest.raises(AcryptoError, match=r"no replica|other sizes"):
            decipher(run, CipherFile.read(seal(fields)), SECRET)

    def test_texts_and_keys(self, run: Path) -> None:
        """No text, too long a text, no key, two keys and too long a key each have their sentence."""
        for text, key, sentence in (
            (b"", SECRET, "the text is empty"),
            (bytes(LONGEST + 1), SECRET, "are not encrypted at once"),
            (b"a", Key(), "Give a key"),
            (b"a", Key(b"a", b"b"), "Give a key"),
            (b"a", Key(bytes(65)), "at most 64 bytes, not 65"),
        ):
            with pytest.raises(ConfigError, match=sentence):
                encipher(run, text, key)


class TestCommands:
    def test_a_pipe(self, tmp_path: Path) -> None:
        """What encrypt writes, decrypt reads; both say that this protects nothing, also when they are quiet."""
        text = bytes(range(256)) * 3
        sent = call("encrypt", TRAINED, "--key", "00ff", "-q", given=text)
        assert sent.exit_code == 0 and sent.stderr.count("\n") == 1 and "protects nothing" in sent.stderr
        assert json.loads(sent.stdout)["schema"] == "acrypto.cipher/1"
        back = call("decrypt", TRAINED, "--key", "00ff", given=sent.stdout_bytes)
        wrong = json.loads(sent.stdout)["bits_flipped"]
        assert back.exit_code == 0 and flipped(back.stdout_bytes, text) == wrong
        assert "protects nothing" in back.stderr and f"Bob has {wrong} of 6,144 bits wrong" in back.stderr

    def test_eve_is_shown(self, run: Path) -> None:
        """--eve adds a line for every Eve, and needs no key to read; --json has all readings."""
        sent = call("encrypt", run, "--key", "00ff", "--eve", given=b"some words")
        assert "the trained Eve: " in sent.stderr and "a fresh Eve (dense): " in sent.stderr
        assert sent.stderr.count("of 80 bits wrong") == 4
        read = call("decrypt", run, "--eve", "--json", given=sent.stdout_bytes)
        assert json.loads(read.stdout)["readings"][0]["who"] == "the trained Eve"
        assert call("decrypt", run, "--eve", given=sent.stdout_bytes).stdout == ""

    @pytest.mark.parametrize(
        ("args", "code", "sentence"),
        [
            (["encrypt"], 2, "Give a key"),
            (["encrypt", "--key", "0"], 2, "'0' is not hexadecimal"),
            (["encrypt", "--key", ""], 2, "is not hexadecimal"),
            (["encrypt", "--key", "00", "--key-file", "{run}/config.toml"], 2, "not both"),
            (["encrypt", "--key", "00", "--replica", "7"], 2, "has no replica 7; there are 0 to 1"),
            (["decrypt"], 2, "Give a key"),
            (["decrypt", "--key", "00"], 1, "This is no undamaged file"),
        ],
    )
    def test_errors_are_one_sentence(self, run: Path, args: list[str], code: int, sentence: str) -> None:
        """Each slip has its exit code and one line beside the notice, and nothing on stdout."""
        words = [word.format(run=run) for word in args[1:]]
        result = call(args[0], run, *words, given=b"hello")
        assert result.exit_code == code and result.stdout == ""
        lines = [line for line in result.stderr.splitlines() if "protects nothing" not in line]
        assert len(lines) == 1 and sentence in lines[0]
