"""What `acrypto encrypt` writes: one JSON document with the ciphertexts of all blocks, and a hash of all of it."""

from __future__ import annotations

import base64
import binascii
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adversarial_crypto.errors import StoreError
from adversarial_crypto.store.atomic import seal, unseal

SCHEMA = "acrypto.cipher/1"
KDF = "SHAKE-256"
NONCE = 16  # bytes
NOTICE = "This protects nothing: whoever has this file and the trained networks can read it without the key."


@dataclass(frozen=True)
class CipherFile:
    """An encrypted text.

    Args:
        players: the sha256 of the players' file, and replica: which of them encrypted it.
        message_bits, key_bits: of a block.
        kdf: how the key of a block follows from a short key, by name; empty if one was given for every block.
        nonce: hexadecimal, what makes the keys of this text other than those of the next; empty without a kdf.
        size: bytes of the text.
        bits_flipped: of the text's bits, that Bob reads wrongly.
        ciphertext: (blocks, C) float32.
    """

    players: str
    replica: int
    message_bits: int
    key_bits: int
    kdf: str
    nonce: str
    size: int
    bits_flipped: int
    ciphertext: NDArray[np.float32]

    def document(self) -> bytes:
        """The file's content."""
        numbers = np.ascontiguousarray(self.ciphertext, "<f4")
        fields = {name: value for name, value in asdict(self).items() if name != "ciphertext"}
        coded = base64.b64encode(numbers.tobytes()).decode()
        return seal({"schema": SCHEMA, "notice": NOTICE, **fields, "width": numbers.shape[1], "ciphertext": coded})

    @classmethod
    def read(cls, content: bytes) -> CipherFile:
        """The text that a file's content is.

        Raises:
            StoreError: it is not what `document` gives, to the last byte.
        """
        found = unseal(content)
        if found is None:
            raise StoreError("This is no undamaged file of `acrypto encrypt`: its content does not match its sha256.")
        if found.pop("schema", None) != SCHEMA:
            raise StoreError(f"This is no file of `acrypto encrypt`: its schema is not {SCHEMA}.")
        try:
            return cls._of(found)
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            raise StoreError("This is no file of `acrypto encrypt`: its numbers do not belong together.") from error

    @classmethod
    def _of(cls, found: dict[str, Any]) -> CipherFile:
        width = found.pop("width")
        found.pop("notice")
        numbers = np.frombuffer(base64.b64decode(found.pop("ciphertext"), validate=True), "<f4").astype(np.float32)
        if not all(type(found[name]) is type(kind) for name, kind in _KINDS.items()) or set(found) != set(_KINDS):
            raise ValueError
        whole = cls(**found, ciphertext=numbers.reshape(-1, width))
        sizes = whole.message_bits > 0 and whole.key_bits > 0 and 0 <= whole.bits_flipped <= 8 * whole.size
        derived = whole.kdf in ("", KDF) and len(bytes.fromhex(whole.nonce)) == (NONCE if whole.kdf else 0)
        if not (sizes and derived and len(numbers) and np.isfinite(numbers).all()):
            raise ValueError
        if len(whole.ciphertext) != whole.blocks:
            raise ValueError
        return whole

    @property
    def blocks(self) -> int:
        """Messages that the text was cut into, the last one filled up with zeros."""
        return blocks(self.size, self.message_bits)


_KINDS: dict[str, object] = {
    "players": "",
    "replica": 0,
    "message_bits": 0,
    "key_bits": 0,
    "kdf": "",
    "nonce": "",
    "size": 0,
    "bits_flipped": 0,
}


def blocks(size: int, message_bits: int) -> int:
    """Messages that so many bytes are cut into."""
    return -(-8 * size // message_bits)
