"""The kinds of game, each with its own settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Tag, field_validator, model_validator

from adversarial_crypto.config.fields import Bits, Section, complaint
from adversarial_crypto.config.problems import did_you_mean, quoted, shown


class MessageGame(Section):
    """A game about a message of bits; the key is as long as the message unless it is given."""

    kind: str
    message_bits: Bits = 16
    key_bits: Bits = 16

    @field_validator("kind", mode="before")
    @classmethod
    def _is_akind_of(cls, kind: Any) -> Any:
        if kind not in KINDS:
            near = did_you_mean(kind, KINDS) if isinstance(kind, str) else ""
            raise complaint(f"must be {quoted(KINDS)}, not {shown(kind)}{near}")
        return kind

    @model_validator(mode="before")
    @classmethod
    def _key_as_long_as_the_message(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and "key_bits" not in data and "message_bits" in data:
            # An impossible message size is reported once, where it stands, and not again for the key.
            return {**data, "key_bits": message_bits_of(data)}
        return data


class SymmetricGame(MessageGame):
    """Alice and Bob share a key; Eve sees the ciphertext (section 2)."""

    kind: Literal["symmetric"] = "symmetric"


class AsymmetricGame(MessageGame):
    """Bob's secret key becomes a public key of the same size, which Alice, Bob and Eve receive (appendix A).

    The two switches are its ablations: an Eve without the public key, and a Bob whose secret key is another one than
    the public key was made of, who can learn nothing if the keys' relation is used at all.
    """

    kind: Literal["asymmetric"] = "asymmetric"
    eve_sees_public_key: bool = True
    bob_key: Literal["secret", "random"] = "secret"


KINDS = ("symmetric", "asymmetric")


def kind_of(game: Any) -> str:
    """The game's kind, as far as it is one; a kind that does not exist is refused by the symmetric game's own check."""
    kind = game.get("kind") if isinstance(game, Mapping) else getattr(game, "kind", None)
    return kind if kind in KINDS else "symmetric"


Game = Annotated[
    Annotated[SymmetricGame, Tag("symmetric")] | Annotated[AsymmetricGame, Tag("asymmetric")], Discriminator(kind_of)
]


def message_bits_of(game: object) -> int:
    """N of a game that may still be raw data; 16 where it is absent or not a size (then its own check says so)."""
    bits = game.get("message_bits", 16) if isinstance(game, Mapping) else getattr(game, "message_bits", 16)
    return bits if type(bits) is int and 1 <= bits <= 1024 else 16
