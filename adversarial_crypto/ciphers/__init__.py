"""Floor 2: ciphers. What an attack is given: a `Cipher`, whether it was trained, is known, or is brought by a user.

    cipher = from_players(players, message_bits, key_bits, replicas)     Alice and Bob of a symmetric game
    secrets = draw(cipher, address, batch)                               message, key, noise by name
    ciphertext = encrypt(cipher, **secrets)                              (R, B, N), (R, B, K) -> (R, B, C)
    estimate = decrypt(cipher, ciphertext, secrets["key"])               (R, B, C), (R, B, K) -> (R, B, N)
    quantise(ciphertext, bits)                                           Q_b: what is left at b bits an element
    known("clear_bits(2)").cipher(message_bits=8)                        a cipher whose secrecy is known exactly
    quantised(cipher, bits), noisy(cipher, deviation)                    the same cipher, less of it sent

`Cipher.encrypt` and `.decrypt` are for `evaluate` alone: it makes the ciphertext a function of message and key, which
float32 arithmetic by itself does not keep, and checks what comes back. The same pair gives the same bits whatever else
is asked in the same call; nothing mixes replicas or examples. numpy inside is fine where `differentiable` is false.
"""

from adversarial_crypto.ciphers.contract import Cipher
from adversarial_crypto.ciphers.draw import draw
from adversarial_crypto.ciphers.evaluate import decrypt, encrypt, with_gradient
from adversarial_crypto.ciphers.exact import Exact
from adversarial_crypto.ciphers.known import KNOWN, Known, known
from adversarial_crypto.ciphers.players import from_players
from adversarial_crypto.ciphers.quantise import bins, quantise
from adversarial_crypto.ciphers.wrapped import noisy, quantised

__all__ = [
    "KNOWN",
    "Cipher",
    "Exact",
    "Known",
    "bins",
    "decrypt",
    "draw",
    "encrypt",
    "from_players",
    "known",
    "noisy",
    "quantise",
    "quantised",
    "with_gradient",
]
