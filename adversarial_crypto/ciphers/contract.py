"""The contract of a cipher: all that an attacker may touch of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Cipher:
    """R ciphers of equal widths, called through `ciphers.evaluate` and in no other way.

    Args:
        encrypt: (message (R, B, N), key (R, B, K)[, noise (R, B, W)]) -> ciphertext (R, B, C), in [-1, 1].
        decrypt: (ciphertext (R, B, C), key (R, B, K)) -> estimate (R, B, N), its signs the bits; None: nobody decrypts.
        replicas, message_bits, key_bits, width: R, N, K and C. Bits are -1 and +1.
        noise_width: W > 0: randomised; encrypt gets that many uniforms in (0, 1), so that results can be reproduced.
        key_probability: Pr[key bit = +1], of all replicas or of each; draws and enumerations weigh by it.
        differentiable: made of torch's operations alone, so that gradients flow from ciphertext and estimate to every
            input, and several threads may call it at once.
        quiet: the same cipher without the noise that its ciphertext meets on the way; None: there is no such noise.
    """

    encrypt: Callable[..., Tensor]
    decrypt: Callable[[Tensor, Tensor], Tensor] | None
    replicas: int
    message_bits: int
    key_bits: int
    width: int
    noise_width: int = 0
    key_probability: float | tuple[float, ...] = 0.5
    differentiable: bool = False
    quiet: Cipher | None = None

    @property
    def key_probabilities(self) -> tuple[float, ...]:
        """Pr[key bit = +1] of each of the R."""
        given = self.key_probability
        return given if isinstance(given, tuple) else (given,) * self.replicas
