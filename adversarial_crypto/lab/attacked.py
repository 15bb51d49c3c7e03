"""What is attacked: the cipher of a trained run, a known one, or a user's own, and where results about it belong."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adversarial_crypto.config import ConfigError
from adversarial_crypto.config.fields import split_reference
from adversarial_crypto.errors import AcryptoError
from adversarial_crypto.lab.sources import executed, file_content, function_of
from adversarial_crypto.store import Run as Stored
from adversarial_crypto.store.manifest import ATTACKS, PLAYERS, is_run

if TYPE_CHECKING:
    from adversarial_crypto.ciphers import Cipher
    from adversarial_crypto.lab.trained import Choice

ATTACKS_FOLDER = Path(ATTACKS)
KNOWN, NEURAL = "known:", "neural:"
SIZES = ("message_bits", "key_bits")


@dataclass(frozen=True)
class Target:
    """A cipher with a name.

    Args:
        label: as people know it.
        what: all that decides its ciphertexts, as JSON has it.
        cipher: R of them.
        numbers: of its replicas, as people know them: those of the run.
        folder: in which the folders with results about it are.
    """

    label: str
    what: Mapping[str, Any]
    cipher: Cipher
    numbers: tuple[int, ...]
    folder: Path

    @property
    def file_name(self) -> str:
        """The label as a directory may be called; nothing of a run's own, which lies in its directory."""
        return "attack" if "run" in self.what else re.sub(r"[^A-Za-z0-9.-]+", "_", self.label).strip("_")[:60]


def target(
    source: str | Path,
    *,
    replicas: Choice = "passed",
    settings: Sequence[str] = (),
    bits: int | None = None,
    noise: float | None = None,
) -> Target:
    """The target that is meant.

    Args:
        source: a run directory; "known:NAME" or "known:NAME(VALUE)"; "neural:NAME" (lab/neural.py); or
            "my_cipher.py:build".
        replicas: of a run; those that passed unless told.
        settings: "message_bits=8", "key_bits=8" for a known cipher.
        bits: send only so many bits of each element.
        noise: add normal noise of this standard deviation to each element.
    Raises:
        ConfigError: there is no such target, or it cannot be had so.
        StoreError: a damaged run, or one that is not complete.
    """
    text = str(source)
    if text.startswith(KNOWN):
        found = known_target(text.removeprefix(KNOWN), **_sizes(settings))
    elif text.startswith(NEURAL):
        found = neural_target(text.removeprefix(NEURAL), _sizes(settings).get("message_bits", 16))
    elif settings:
        raise ConfigError(f"-s is for known ciphers ({', '.join(SIZES)}); {text} has its own sizes")
    elif reference := split_reference(text):
        found = _own(Path(reference[0]), reference[1])
    elif is_run(Path(text)):
        found = _trained(Path(text), replicas)
    else:
        raise ConfigError(
            f"{text} is no target: give a run directory, known:NAME (`acrypto list ciphers`), or my_cipher.py:build."
        )
    return _sent(found, bits, noise)


def known_target(label: str, message_bits: int | None = None, key_bits: int | None = None) -> Target:
    """A known cipher, of its usual sizes unless told; errors as `ciphers.known`."""
    from adversarial_crypto.ciphers import known

    chosen = known(label)
    message_bits = message_bits or chosen.usual_message
    cipher = chosen.cipher(message_bits, key_bits)
    what = {"known": chosen.label, "message_bits": message_bits, "key_bits": cipher.key_bits}
    return Target(chosen.label, what, cipher, tuple(range(cipher.replicas)), ATTACKS_FOLDER)


def neural_target(name: str, message_bits: int) -> Target:
    """A neural control; errors as `lab.neural.neural_cipher`."""
    from adversarial_crypto.lab.neural import neural_cipher

    cipher, what = neural_cipher(name, message_bits)
    return Target(f"{NEURAL}{name}", what, cipher, tuple(range(cipher.replicas)), ATTACKS_FOLDER)


def _trained(run_dir: Path, replicas: Choice) -> Target:
    from adversarial_crypto.lab.trained import trained_cipher

    cipher, numbers = trained_cipher(run_dir, replicas)
    players = sha256(Stored.read(run_dir).read_bytes(PLAYERS)).hexdigest()
    what = {"run": players, "replicas": list(numbers)}
    return Target(run_dir.resolve().name, what, cipher, numbers, run_dir / ATTACKS)


def _own(path: Path, name: str) -> Target:
    """A user's cipher, from the bytes of its file."""
    from adversarial_crypto.ciphers import Cipher

    try:
        content = file_content(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"{path} cannot be read: {reason[:1].lower()}{reason[1:]}") from error
    build = function_of(executed(content, path), name, content, path)
    try:
        cipher = build()
    except Exception as error:  # a user's own code may raise anything
        raise ConfigError(f"{path}: {name}() failed: {type(error).__name__}: {error}") from error
    if not isinstance(cipher, Cipher):
        raise ConfigError(f"{path}: {name}() must return a Cipher, not {type(cipher).__name__}")
    _check(cipher, f"{path}:{name}")
    what = {"file": sha256(content).hexdigest(), "function": name}
    return Target(f"{path.name}:{name}", what, cipher, tuple(range(cipher.replicas)), ATTACKS_FOLDER)


def _check(cipher: Cipher, name: str) -> None:
    """ConfigError unless a trial of the cipher gives what the contract asks for."""
    import torch

    from adversarial_crypto.ciphers import decrypt, draw, encrypt
    from adversarial_crypto.numerics.philox import Address, Occasion

    sizes = {each: getattr(cipher, each) for each in ("replicas", "message_bits", "key_bits", "width")}
    if wrong := [each for each, size in sizes.items() if not isinstance(size, int) or size < 1]:
        raise ConfigError(f"{name}: its {wrong[0]} must be a whole number of at least 1, not {sizes[wrong[0]]!r}")
    chances = cipher.key_probabilities
    if len(chances) != cipher.replicas or not all(0 < chance < 1 for chance in chances):
        raise ConfigError(f"{name}: its key_probability must lie between 0 and 1, one for all or one a replica")
    seeds = torch.stack([torch.zeros(cipher.replicas, dtype=torch.int64), torch.arange(cipher.replicas)], -1)
    words = draw(cipher, Address(seeds, 0, 0, Occasion.ATTACK), 8)
    try:
        ciphertext = encrypt(cipher, **words)
        if not torch.equal(ciphertext, encrypt(cipher, **words)):
            hint = "a randomised cipher has a noise_width and is given its noise"
            raise ConfigError(f"{name}: the same words gave two ciphertexts; {hint}")
        if cipher.decrypt is not None:
            decrypt(cipher, ciphertext, words["key"])
    except AcryptoError as error:
        raise ConfigError(f"{name}: {error}") from error
    except Exception as error:  # a user's own code may raise anything
        raise ConfigError(f"{name}: its encrypt or decrypt failed: {type(error).__name__}: {error}") from error


def _sent(found: Target, bits: int | None, noise: float | None) -> Target:
    """The same cipher with less of it sent: noise on the way, then so many bits."""
    from adversarial_crypto.ciphers import noisy, quantised

    if noise is not None:
        label = f"{found.label}, noise {noise:g}"
        found = replace(found, label=label, what={**found.what, "noise": noise}, cipher=noisy(found.cipher, noise))
    if bits is not None:
        label = f"{found.label}, {bits} bits"
        found = replace(found, label=label, what={**found.what, "bits": bits}, cipher=quantised(found.cipher, bits))
    return found


def _sizes(settings: Sequence[str]) -> dict[str, int]:
    given: dict[str, int] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if key not in SIZES or not equals:
            raise ConfigError(f"{setting!r}: a known cipher takes message_bits=N and key_bits=K")
        if not value.isdecimal() or not 1 <= int(value) <= 4096:
            raise ConfigError(f"{setting!r}: {key} must be a whole number from 1 to 4096")
        given[key] = int(value)
    return given
