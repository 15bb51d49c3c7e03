"""A text through a trained cipher and back, block by block, and what each Eve reads of it. It protects nothing.

The bits of the text, highest first, are cut into messages. Every message has a key of its own: SHAKE-256 (FIPS 202) of
a nonce and a short key gives the bits of all of them, or they are given one after another.
"""

from __future__ import annotations

import csv
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from adversarial_crypto.config import ConfigError
from adversarial_crypto.errors import StoreError
from adversarial_crypto.lab.cipher_file import KDF, NONCE, CipherFile, blocks
from adversarial_crypto.store import Run as Stored
from adversarial_crypto.store.manifest import PLAYERS

if TYPE_CHECKING:
    from torch import Tensor

    from adversarial_crypto.ciphers import Cipher

BOB = "Bob"
LONGEST = 2**24  # bytes of a text: at N = 16 their ciphertext has 700 MB
Bits = NDArray[np.uint8]


@dataclass(frozen=True)
class Key:
    """What both sides know: a short key from which one for every block is derived, or the bits of all of them.

    Args:
        short: 1 to 64 bytes.
        stream: bytes whose bits, highest first, are the keys of the blocks one after another; each is used once.
    """

    short: bytes = b""
    stream: bytes = b""


@dataclass(frozen=True)
class Reading:
    """What somebody makes of the ciphertexts.

    Args:
        who: `BOB`, "the trained Eve", "a fresh Eve" or "a fresh Eve (dense)".
        text: as many bytes as the original.
        bits_flipped: bits of it that differ from the original; None where that is not known.
    """

    who: str
    text: bytes
    bits_flipped: int | None


def encipher(
    run_dir: Path | str,
    text: bytes,
    key: Key,
    *,
    replica: int | None = None,
    eve: bool = False,
    nonce: bytes | None = None,
) -> tuple[CipherFile, list[Reading]]:
    """Encrypt a text with the Alice of a complete run, and have the others read it.

    Args:
        replica: whose; None: of those that passed the one whose Bob makes the fewest mistakes.
        eve: also what the Eves make of it; Bob always reads it.
        nonce: 16 bytes that make the keys of this text its own; None: drawn anew.
    Raises:
        ConfigError: an empty or too long text, a key that is missing or too short, no such replica, or a run of another
            game than the symmetric one.
        StoreError: no complete run, or a damaged one.
    """
    if not text:
        raise ConfigError("There is nothing to encrypt: the text is empty.")
    if len(text) > LONGEST:
        raise ConfigError(f"The text has {len(text):,} bytes; more than {LONGEST:,} are not encrypted at once.")
    cipher, number = _cipher(run_dir, replica)
    fresh = secrets.token_bytes(NONCE) if nonce is None else nonce
    messages = _messages(text, cipher.message_bits)
    keys = _keys(key, fresh, len(messages), cipher.key_bits)

    from adversarial_crypto import ciphers

    ciphertext = ciphers.encrypt(cipher, _signs(messages), _signs(keys))[0].numpy()
    readers = {BOB: _bob(cipher, keys), **(_eves(run_dir, number) if eve else {})}
    readings = [_reading(who, read(ciphertext), text) for who, read in readers.items()]
    derived = bool(key.short)
    file = CipherFile(
        players=_players_digest(run_dir),
        replica=number,
        message_bits=cipher.message_bits,
        key_bits=cipher.key_bits,
        kdf=KDF if derived else "",
        nonce=fresh.hex() if derived else "",
        size=len(text),
        bits_flipped=readings[0].bits_flipped or 0,
        ciphertext=ciphertext,
    )
    return file, readings


def decipher(run_dir: Path | str, file: CipherFile, key: Key | None, *, eve: bool = False) -> list[Reading]:
    """Decrypt with the Bob of the run whose Alice encrypted; and, without a key or with one, what the Eves read.

    Args:
        key: None: only the Eves read.
    Returns:
        Bob's reading first, unless there is no key; nobody's flipped bits are known here.
    Raises:
        ConfigError: the key is missing, too short, or of the other kind than the one that the text was encrypted with.
        StoreError: the text was encrypted by other players than this run's, or the run is damaged or not complete.
    """
    if file.players != _players_digest(run_dir):
        raise StoreError(f"This text was encrypted by other players than those of {run_dir}.")
    cipher, number = _cipher(run_dir, file.replica)
    if (file.message_bits, file.key_bits, file.ciphertext.shape[1]) != (
        cipher.message_bits,
        cipher.key_bits,
        cipher.width,
    ):
        raise StoreError(f"This text has blocks of other sizes than the ciphers of {run_dir}.")
    readers: dict[str, Read] = {}
    if key is not None:
        if bool(key.short) != bool(file.kdf):
            needed = "a short key, of which those of the blocks are derived" if file.kdf else "the keys of all blocks"
            raise ConfigError(f"This text was encrypted with {needed}.")
        readers[BOB] = _bob(cipher, _keys(key, bytes.fromhex(file.nonce), file.blocks, cipher.key_bits))
    if eve:
        readers |= _eves(run_dir, number)
    return [Reading(who, _text(read(file.ciphertext), file.size), None) for who, read in readers.items()]


def _cipher(run_dir: Path | str, replica: int | None) -> tuple[Cipher, int]:
    from adversarial_crypto.lab.trained import trained_cipher

    if replica is None:
        _, passed = trained_cipher(run_dir)
        table = Stored.read(Path(run_dir)).read_bytes("protocol.csv").decode()
        rows = csv.DictReader(StringIO(table, newline=""))
        errors = {int(row["replica"]): float(row["bob_bits_flipped"]) for row in rows if row["bob_bits_flipped"]}
        replica = min(passed, key=errors.__getitem__)
    return trained_cipher(run_dir, [replica])[0], replica


def _players_digest(run_dir: Path | str) -> str:
    return hashlib.sha256(Stored.read(Path(run_dir)).read_bytes(PLAYERS)).hexdigest()


def _messages(text: bytes, message_bits: int) -> Bits:
    """(blocks, N) bits 0 and 1; the last block is filled up with zeros."""
    bits = np.unpackbits(np.frombuffer(text, np.uint8))
    whole = np.zeros(blocks(len(text), message_bits) * message_bits, np.uint8)
    whole[: len(bits)] = bits
    return whole.reshape(-1, message_bits)


def _text(messages: Bits, size: int) -> bytes:
    return np.packbits(messages.reshape(-1)[: 8 * size]).tobytes()


def _keys(key: Key, nonce: bytes, count: int, key_bits: int) -> Bits:
    """(blocks, K) bits 0 and 1."""
    size = -(-count * key_bits // 8)
    if bool(key.short) == bool(key.stream):
        raise ConfigError("Give a key: either a short one, or a file with one for every block.")
    if key.short:
        if len(key.short) > 64:
            raise ConfigError(f"A short key has at most 64 bytes, not {len(key.short):,}.")
        stream = hashlib.shake_256(b"acrypto encrypt\0" + nonce + key.short).digest(size)
    else:
        stream = key.stream
        if len(stream) < size:
            raise ConfigError(
                f"{count:,} blocks need {size:,} bytes of keys, {key_bits} bits each; there are {len(stream):,}."
            )
    return np.unpackbits(np.frombuffer(stream[:size], np.uint8))[: count * key_bits].reshape(count, key_bits)


def _signs(bits: Bits) -> Tensor:
    """(1, blocks, ·) float32, -1 and +1."""
    import torch

    return torch.from_numpy(bits.astype(np.float32) * 2 - 1).unsqueeze(0)


Read = Callable[[NDArray[np.float32]], Bits]


def _bob(cipher: Cipher, keys: Bits) -> Read:
    def read(ciphertext: NDArray[np.float32]) -> Bits:
        import torch

        from adversarial_crypto import ciphers

        said = ciphers.decrypt(cipher, torch.from_numpy(ciphertext).unsqueeze(0), _signs(keys))
        return (said[0] > 0).numpy().astype(np.uint8)

    return read


def _eves(run_dir: Path | str, number: int) -> dict[str, Read]:
    """The Eve who trained with the others, then the best fresh one of each network."""
    from adversarial_crypto.lab.trained import fresh_networks, trained_players

    names = {"the trained Eve": None} | {
        f"a fresh Eve{'' if network == 'own' else f' ({network})'}": network for network in fresh_networks(run_dir)
    }
    found: dict[str, Read] = {}
    for who, network in names.items():
        players, _ = trained_players(run_dir, "eve", [number], fresh=network)
        found[who] = _eve(players["eve"])
    return found


def _eve(player: Callable[[Tensor], Tensor]) -> Read:
    def read(ciphertext: NDArray[np.float32]) -> Bits:
        import torch

        with torch.no_grad():
            said = [player(piece.unsqueeze(0))[0] > 0 for piece in torch.from_numpy(ciphertext).split(2**14)]
        return torch.cat(said).numpy().astype(np.uint8)

    return read


def _reading(who: str, read: Bits, original: bytes) -> Reading:
    text = _text(read, len(original))
    difference = np.frombuffer(text, np.uint8) ^ np.frombuffer(original, np.uint8)
    return Reading(who, text, int(np.unpackbits(difference).sum()))
