"""Alice and Bob of the symmetric game as a cipher."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor

from adversarial_crypto.ciphers.contract import Cipher
from adversarial_crypto.numerics.layers import beside

Player = Callable[[Tensor], Tensor]  # (R, B, in) -> (R, B, out)


def from_players(players: Mapping[str, Player], message_bits: int, key_bits: int, replicas: int) -> Cipher:
    """The cipher that the players speak: C = A(P, K) and, where Bob plays, P_Bob = B(C, K) (section 2).

    Args:
        players: alice (R, B, N + K) -> (R, B, N) and perhaps bob, of the same widths; others are left aside.
        message_bits, key_bits, replicas: N, K and R.
    Returns:
        A differentiable cipher whose ciphertext is as wide as its message.
    """
    alice = players["alice"]

    def encrypt(message: Tensor, key: Tensor) -> Tensor:
        return alice(beside(message, key))

    return Cipher(
        encrypt=encrypt,
        decrypt=_decrypt(players["bob"]) if "bob" in players else None,
        replicas=replicas,
        message_bits=message_bits,
        key_bits=key_bits,
        width=message_bits,
        differentiable=True,
    )


def _decrypt(bob: Player) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda ciphertext, key: bob(beside(ciphertext, key))
