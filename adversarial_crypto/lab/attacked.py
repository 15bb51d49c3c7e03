"""What is attacked: the cipher of a trained run, a known one, or a user's own, and where results about it belong."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adversarial_crypto.config import ConfigError
from adversarial_crypto.config.fields import split_reference
from adversarial_crypto.errors import AcryptoError
from adversarial_crypto.lab.sources import executed, file_content, function_of
from adversarial_crypto.store import Run as Stored
from adversarial_crypto.store.atomic import canonical
from adversarial_crypto.store.manifest import ATTACKS, PLAYERS, is_run

if TYPE_CHECKING:
    from torch import Tensor

    from adversarial_crypto.ciphers import Cipher
    from adversarial_crypto.lab.trained import Choice

ATTACKS_FOLDER = Path(ATTACKS)
KNOWN, NEURAL = "known:", "neural:"
SIZES = {"message_bits": "N", "key_bits": "K"}
LEAST = {"replicas": 1, "message_bits": 1, "key_bits": 1, "width": 1, "noise_width": 0}  # numbers of a cipher
TRIED = 1024  # words of a trial: of fewer a cipher computes as many (ciphers/evaluate.py)
ALONE = 8  # of them, those that are also encrypted one by one


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
        settings: "message_bits=8", "key_bits=8" for a known cipher; of a neural control the first alone.
        bits: send only so many bits of each element.
        noise: add normal noise of this standard deviation to each element.
    Raises:
        ConfigError: there is no such target, or it cannot be had so.
        StoreError: a damaged run, or one that is not complete.
    """
    text = str(source)
    if text.startswith(KNOWN):
        found = known_target(text.removeprefix(KNOWN), **_sizes(settings, SIZES))
    elif text.startswith(NEURAL):
        found = neural_target(text.removeprefix(NEURAL), **_sizes(settings, ("message_bits",)))
    elif not (reference := split_reference(text)) and not is_run(Path(text)):
        raise ConfigError(
            f"{text} is no target: give a run directory, known:NAME (`acrypto list ciphers`), or my_cipher.py:build."
        )
    elif settings:
        raise ConfigError(f"{settings[0]!r}: {text} has its own sizes; -s is for known:NAME and neural:NAME")
    else:
        found = _own(Path(reference[0]), reference[1]) if reference else _trained(Path(text), replicas)
    return _sent(found, bits, noise)


def known_target(label: str, message_bits: int | None = None, key_bits: int | None = None) -> Target:
    """A known cipher, of its usual sizes unless told; errors as `ciphers.known`."""
    from adversarial_crypto.ciphers import known

    chosen = known(label)
    message_bits = message_bits or chosen.usual_message
    cipher = chosen.cipher(message_bits, key_bits)
    what = {"known": chosen.label, "message_bits": message_bits, "key_bits": cipher.key_bits}
    return Target(chosen.label, what, cipher, tuple(range(cipher.replicas)), ATTACKS_FOLDER)


def neural_target(name: str, message_bits: int = 16) -> Target:
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
    except (Exception, SystemExit) as error:  # a user's own code may raise anything
        raise ConfigError(f"{path}: {name}() failed: {_brief(error)}") from error
    if not isinstance(cipher, Cipher):
        raise ConfigError(f"{path}: {name}() must return a Cipher, not {type(cipher).__name__}")
    cipher = _speaking(cipher, f"{path}:{name}")
    # The file may read others, so what it gives is part of what it is. A change that no trial meets is not seen.
    what = {"file": sha256(content).hexdigest(), "function": name, "trial": _checked(cipher, f"{path}:{name}")}
    return Target(f"{path.name}:{name}", what, cipher, tuple(range(cipher.replicas)), ATTACKS_FOLDER)


def _brief(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


def _speaking(cipher: Cipher, name: str) -> Cipher:
    """The cipher whose failures, whenever they come, are sentences about its file."""

    def wrapped(function: Callable[..., Tensor], what: str) -> Callable[..., Tensor]:
        def call(*words: Tensor) -> Tensor:
            try:
                return function(*words)
            except (Exception, SystemExit) as error:  # a user's own code may raise anything
                raise ConfigError(f"{name}: its {what} failed: {_brief(error)}") from error

        return call

    decrypt = None if cipher.decrypt is None else wrapped(cipher.decrypt, "decrypt")
    return replace(cipher, encrypt=wrapped(cipher.encrypt, "encrypt"), decrypt=decrypt)


def _checked(cipher: Cipher, name: str) -> str:
    """A hash of what a trial of the cipher gives; ConfigError unless that and its numbers are as the contract asks."""
    for each, smallest in LEAST.items():
        size = getattr(cipher, each)
        if type(size) is not int or size < smallest:
            raise ConfigError(f"{name}: its {each} must be a whole number of at least {smallest}, not {size!r}")
    chances = cipher.key_probabilities
    sound = all(isinstance(chance, int | float) and 0 < chance < 1 for chance in chances)
    if len(chances) != cipher.replicas or not sound:
        raise ConfigError(
            f"{name}: its key_probability must lie between 0 and 1, one for all or a tuple of one a replica"
        )
    try:
        return _tried(cipher, name)
    except ConfigError:
        raise
    except AcryptoError as error:
        raise ConfigError(f"{name}: {error}") from error


def _tried(cipher: Cipher, name: str) -> str:
    """A hash of the cipher's numbers and of what it makes of words that never change.

    The same words again, in another order and beside others, must give the same ciphertexts.
    """
    import torch

    from adversarial_crypto.ciphers import decrypt, draw, encrypt
    from adversarial_crypto.numerics.philox import Address, Occasion

    seeds = torch.stack([torch.zeros(cipher.replicas, dtype=torch.int64), torch.arange(cipher.replicas)], -1)
    words = draw(cipher, Address(seeds, 0, 0, Occasion.ATTACK), TRIED)
    ciphertext = encrypt(cipher, **words)
    if not torch.equal(ciphertext, encrypt(cipher, **words)):
        hint = "a randomised cipher has a noise_width and is given its noise"
        raise ConfigError(f"{name}: the same words gave two ciphertexts; {hint}")
    turned = encrypt(cipher, **{each: word.flip(1) for each, word in words.items()}).flip(1)
    some = range(min(ALONE, TRIED))
    alone = [encrypt(cipher, **{each: word[:, i : i + 1] for each, word in words.items()}) for i in some]
    if not (torch.equal(ciphertext, turned) and torch.equal(ciphertext[:, : len(some)], torch.cat(alone, 1))):
        raise ConfigError(f"{name}: a ciphertext depends on what is encrypted beside it, or on what was before it")
    estimate = torch.zeros(0) if cipher.decrypt is None else decrypt(cipher, ciphertext, words["key"])
    numbers = [*(getattr(cipher, each) for each in LEAST), *cipher.key_probabilities, bool(cipher.differentiable)]
    answers = [each.contiguous().numpy().tobytes() for each in (ciphertext, estimate)]
    return sha256(b"".join([canonical(numbers), *answers])).hexdigest()


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


def _sizes(settings: Sequence[str], there: Collection[str]) -> dict[str, int]:
    """The sizes that are set, of those that there are, each once."""
    given: dict[str, int] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if key not in there or not equals:
            takes = " and ".join(f"{each}={SIZES[each]}" for each in there)
            raise ConfigError(f"{setting!r}: of this target only {takes} can be set")
        if not value.isdecimal() or not 1 <= int(value) <= 4096:
            raise ConfigError(f"{setting!r}: {key} must be a whole number from 1 to 4096")
        if key in given:
            raise ConfigError(f"{setting!r}: {key} is set twice")
        given[key] = int(value)
    return given
