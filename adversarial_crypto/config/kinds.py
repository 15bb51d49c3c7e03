"""The kinds of game: each with its settings, its seats, its turns, and the rule by which a replica passes.

A setting of networks, train or protocol that only some kinds have stands in their `own`, with its default. There it is
filled in; in a game of another kind it is absent, and refused where it is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, field_validator, model_validator

from adversarial_crypto.config.fields import Bits, Rows, Section, Variance, Weight, complaint
from adversarial_crypto.config.problems import did_you_mean, quoted, shown

# The paper names thresholds for N = 16 only (section 2.5: 7.3 bits to pass, 6 to be robust); we scale them with N.
PASS_AT_16 = 7.3
ROBUST_AT_16 = 6.0
PAPERS_NET = "mix_transform"
MAX_PARTS = 64  # of a mixture
# Section 3 imposes correlations and does not print them: all 0.4 explains the levels of its figure 4 (PAPER section 5).
UNIFORM = tuple(tuple(1.0 if row == column else 0.4 for column in range(4)) for row in range(4))
Own = Mapping[str, Any]  # "section.key" -> default


class AnyGame(Section):
    """What all kinds have in common: the kind's name, and what is said of it where it is no kind.

    Each kind also has `widths`, inputs and outputs of the widest player.
    """

    own: ClassVar[Own]
    kind: str

    @field_validator("kind", mode="before")
    @classmethod
    def _is_a_kind(cls, kind: Any) -> Any:
        if not isinstance(kind, str) or kind not in KINDS:
            near = did_you_mean(kind, KINDS) if isinstance(kind, str) else ""
            raise complaint(f"must be {quoted(KINDS)}, not {shown(kind)}{near}")
        return kind


class MessageGame(AnyGame):
    """A game about a message of bits; the key is as long as the message unless it is given."""

    own: ClassVar[Own] = {
        "networks.alice": PAPERS_NET,
        "networks.bob": PAPERS_NET,
        "networks.eve": PAPERS_NET,
        "train.loss": "per_bit",
        "train.updates.alice_bob": 1,
        "train.updates.eve": 2,
        "protocol.bob_bits_max": 0.05,
        "protocol.eve_error_min": PASS_AT_16,
        "protocol.robust_error_min": ROBUST_AT_16,
    }
    message_bits: Bits = 16
    key_bits: Bits = 16

    @model_validator(mode="before")
    @classmethod
    def _key_as_long_as_the_message(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and "key_bits" not in data and "message_bits" in data:
            # An impossible message size is reported once, where it stands, and not again for the key.
            return {**data, "key_bits": message_bits_of(data)}
        return data

    @property
    def widths(self) -> tuple[int, int]:
        """Alice's: message and key, and the ciphertext, which is as wide as the message."""
        return self.message_bits + self.key_bits, self.message_bits


class SymmetricGame(MessageGame):
    """Alice and Bob share a key; Eve sees the ciphertext (section 2)."""

    kind: Literal["symmetric"] = "symmetric"


class AsymmetricGame(MessageGame):
    """Bob's secret key becomes a public key of the same size, which Alice, Bob and Eve receive (appendix A).

    The two switches are its ablations: an Eve without the public key, and a Bob whose secret key is another one than
    the public key was made of, who can learn nothing if the keys' relation is used at all.
    """

    own: ClassVar[Own] = {**MessageGame.own, "networks.key_generator": PAPERS_NET}
    kind: Literal["asymmetric"] = "asymmetric"
    eve_sees_public_key: bool = True
    bob_key: Literal["secret", "random"] = "secret"


def _check_correlation(rows: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
    """A correlation matrix of A, B, C and D that four values can have."""
    import numpy as np  # here: an experiment that has none need not wait for it

    if [len(row) for row in rows] != [4] * 4:
        raise complaint("must be 4 rows of 4 numbers, the correlations of A, B, C and D")
    matrix = np.array(rows)
    if not (np.diag(matrix) == 1).all() or not (matrix == matrix.T).all():
        raise complaint("must have ones on its diagonal and be symmetric")
    if float(np.linalg.eigvalsh(matrix)[0]) <= 1e-9:
        raise complaint("is not positive definite: no four values can be correlated so")
    return rows


def _check_mixture(parts: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
    """A mixture of normals whose weights make up the whole."""
    if not 1 <= len(parts) <= MAX_PARTS or any(len(part) != 3 or part[0] <= 0 or part[2] <= 0 for part in parts):
        raise complaint(
            f"must be 1 to {MAX_PARTS} parts [weight, mean, deviation], weights and deviations greater than 0"
        )
    if abs(sum(part[0] for part in parts) - 1) > 1e-9:
        raise complaint("must have weights that sum to 1, the first number of each [weight, mean, deviation]")
    return parts


class SelectiveGame(AnyGame):
    """Of a normal tuple (A, B, C, D) Alice, who sees A, B and C, should tell of D and hide C (section 3).

    What the paper does not state is ours: the correlations, the variance, and the weights of Alice and Bob's objective
    (PAPER section 5). A ciphertext of 5 elements and D-public are Alice's six outputs.
    """

    own: ClassVar[Own] = {
        "networks.alice": "real_valued",
        "networks.bob": "real_valued",
        "networks.eve": "real_valued",
        "train.updates.alice_bob": 1,
        "train.updates.eve": 2,
        "protocol.floor_ratio_max": 1.05,
        "protocol.eve_gain_max": 0.02,
    }
    kind: Literal["selective"] = "selective"
    key_bits: Bits = 8
    ciphertext_width: Annotated[int, Field(ge=1, le=1024)] = 5
    correlation: Annotated[Rows, AfterValidator(_check_correlation)] = UNIFORM
    variance: Variance = 0.19
    # "as_sent" is an ablation: Alice and Bob then blind Eve by moving what they send far away (docs/log.md).
    eve_sees: Literal["standardised", "as_sent"] = "standardised"
    bob_weight: Weight = 1.0
    public_weight: Weight = 1.0
    secrecy_weight: Weight = 1.0

    @property
    def widths(self) -> tuple[int, int]:
        """Bob's inputs, key, D-public and ciphertext, or Alice's, key and four values; and Alice's outputs."""
        return self.key_bits + max(4, 1 + self.ciphertext_width), 1 + self.ciphertext_width


class GanGame(AnyGame):
    """Generative adversarial training on the line, where the best discriminator is known exactly (PAPER section 7).

    A mixture of normals is a list of [weight, mean, deviation]. With a fixed generator the discriminator alone learns.
    """

    own: ClassVar[Own] = {
        "networks.generator": "real_dense",
        "networks.discriminator": "real_dense",
        "train.updates.generator": 1,
        "train.updates.discriminator": 2,
        "protocol.density_gap_max": 0.02,
        "protocol.generator_gap_max": 0.1,
    }
    kind: Literal["gan"] = "gan"
    generator: Literal["trained", "fixed"] = "trained"
    data: Annotated[Rows, AfterValidator(_check_mixture)] = ((0.5, -1.0, 0.5), (0.5, 1.0, 0.5))
    # Of the discriminator's slope on data, while a generator is trained: without it both circle round the answer
    # (Mescheder, Geiger and Nowozin 2018). Where D is one half it is 0, so the answer stays what it is.
    gradient_penalty: Weight = 1.0
    # The density of a fixed generator.
    generated: Annotated[Rows, AfterValidator(_check_mixture)] = ((1.0, 0.0, 1.0),)

    @property
    def at_the_end(self) -> tuple[tuple[float, ...], ...]:
        """The density that the generator should end with: the data's, or its own where it is fixed."""
        return self.data if self.generator == "trained" else self.generated

    @property
    def widths(self) -> tuple[int, int]:
        """One number in, one out."""
        return 1, 1


KINDS: Mapping[str, type[AnyGame]] = {
    "symmetric": SymmetricGame,
    "asymmetric": AsymmetricGame,
    "selective": SelectiveGame,
    "gan": GanGame,
}


def kind_of(game: Any) -> str:
    """The game's kind, as far as it is one; a kind that does not exist is refused by the symmetric game's own check."""
    kind = game.get("kind") if isinstance(game, Mapping) else getattr(game, "kind", None)
    return kind if isinstance(kind, str) and kind in KINDS else "symmetric"


def own_of(game: Any) -> Own:
    """The settings that this kind of game has outside its own table, each with its default.

    Args:
        game: a game, or raw data of one that may still be wrong.
    """
    own = dict(KINDS[kind_of(game)].own)
    for key in ("protocol.eve_error_min", "protocol.robust_error_min"):
        if key in own:
            own[key] = own[key] / 16 * message_bits_of(game)
    return own


def kinds_with(key: str) -> list[str]:
    """The kinds of game that have this setting; none, where all have it."""
    return [kind for kind, game in KINDS.items() if key in game.own]


Game = Annotated[
    Annotated[SymmetricGame, Tag("symmetric")]
    | Annotated[AsymmetricGame, Tag("asymmetric")]
    | Annotated[SelectiveGame, Tag("selective")]
    | Annotated[GanGame, Tag("gan")],
    Discriminator(kind_of),
]


def message_bits_of(game: object) -> int:
    """N of a game that may still be raw data; 16 where it is absent or not a size (then its own check says so)."""
    bits = game.get("message_bits", 16) if isinstance(game, Mapping) else getattr(game, "message_bits", 16)
    return bits if type(bits) is int and 1 <= bits <= 1024 else 16
