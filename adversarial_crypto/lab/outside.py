"""Other people's tests of randomness, where they are on PATH: `ent` and `dieharder` on the signs of ciphertexts.

What they print is kept as it is, beside the results of the attack `randomness`, and decides nothing: random plaintexts
sent in clear satisfy them too.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from adversarial_crypto.lab.attacked import Target
from adversarial_crypto.store.atomic import atomic_write, disk_errors

# Program -> its words but for the file. dieharder: the frequency test of SP 800-22 on ten samples that fit in the file.
PROGRAMS = {"ent": ("-t",), "dieharder": ("-g", "201", "-d", "100", "-p", "10", "-t", "10000", "-f")}
SETS = ("random", "low_density")
BYTES = 2**19
LONGEST = 600  # seconds of one program on one file


def outside_tests(target: Target, seed: int, place: Path, tell: Callable[[str], None]) -> list[Path]:
    """Runs the programs that are there on each replica's signs, once: outside/PROGRAM-SET-REPLICA.txt.

    Args:
        tell: hears which programs there are, and of one that failed.
    Returns:
        The files, also those that were there.
    """
    there = {program: found for program in PROGRAMS if (found := shutil.which(program))}
    if not there:
        return []
    files = []
    for name in SETS:
        wanted = {
            place / "outside" / f"{program}-{name}-{number}.txt": (program, number)
            for program in there
            for number in target.numbers
        }
        files += list(wanted)
        if all(path.exists() for path in wanted):
            continue
        for number, content in zip(target.numbers, _signs(target, seed, name), strict=True):
            for path, (program, about) in wanted.items():
                if about == number and not path.exists():
                    with disk_errors(place):
                        path.parent.mkdir(parents=True, exist_ok=True)
                    atomic_write(path, _said([there[program], *PROGRAMS[program]], content, tell))
    tell(f"{' and '.join(there)} looked at the signs too: {place / 'outside'}.")
    return files


def _said(command: list[str], content: bytes, tell: Callable[[str], None]) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "signs"
        path.write_bytes(content)
        try:
            done = subprocess.run([*command, str(path)], capture_output=True, timeout=LONGEST, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            tell(f"{command[0]} failed: {error}")
            return f"failed: {error}\n".encode()
    return done.stdout + done.stderr


def _signs(target: Target, seed: int, name: str) -> Iterator[bytes]:
    """BYTES of the signs of each replica's ciphertexts of one set of plaintexts, a fresh key for each."""
    import numpy as np
    import torch

    from adversarial_crypto.attacks.plaintexts import PLAINTEXTS
    from adversarial_crypto.attacks.randomness import sequences
    from adversarial_crypto.ciphers import draw, encrypt
    from adversarial_crypto.numerics.philox import Address, Occasion

    cipher = target.cipher
    seeds = torch.tensor([[seed, number] for number in target.numbers])
    blocks = -(-8 * BYTES // cipher.width)
    # A step of its own, so that these are no words that an attack has seen.
    words = draw(cipher, Address(seeds, len(PLAINTEXTS) + SETS.index(name), 0, Occasion.ATTACK), blocks)
    ciphertext = encrypt(cipher, **{**words, "message": PLAINTEXTS[name](words["message"])})
    for bits in sequences(ciphertext, 1, 8 * BYTES):
        yield np.packbits(bits).tobytes()
