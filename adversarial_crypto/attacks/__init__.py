"""Floor 4: questions put to a finished cipher, one a file; they touch it through `ciphers.evaluate` alone.

    found = diffusion(cipher, seeds)         what each flipped bit of message and key does to the ciphertext
    rows = tables(found, replicas)           the same as plain rows

Every answer is a pure function of the cipher and the seeds, one pair (seed, replica) for each of its R.
"""

from adversarial_crypto.attacks.diffusion import Diffusion, diffusion, settings, tables

__all__ = ["Diffusion", "diffusion", "settings", "tables"]
