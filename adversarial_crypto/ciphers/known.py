"""Known ciphers: their secrecy can be worked out exactly, so they say whether an attack tells the truth.

An open family: a cipher in a file of this room (pads.py, leaks.py, tables.py, aes_ctr.py) and a line in `KNOWN`.

    build = known("clear_bits(2)")                 name, and a value where it has a parameter
    cipher = build.cipher(message_bits, key_bits)
    build.exact(message_bits).information          bits that one ciphertext tells of its message
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from adversarial_crypto.ciphers import aes_ctr, leaks, pads, tables
from adversarial_crypto.ciphers.contract import Cipher
from adversarial_crypto.ciphers.exact import Exact
from adversarial_crypto.errors import ConfigError

SEVERAL = ("biased_pad",)  # whose several values are one array
NAMED = re.compile(r"([a-z0-9_]+)(?:\(([^()]*)\))?")


@dataclass(frozen=True)
class Known:
    """A known cipher of any size.

    Args:
        about: a line on it.
        make: (N, K[, value]) -> the cipher, R = 1 (or one replica a value where it takes several).
        answer: (N[, value]) -> its exact answers for uniform messages and keys; None where none are in closed form.
        sizes: (N, K[, value]) -> what is wrong with these sizes, in words; None: nothing.
        usual_message, usual_key: the N where none is named, and N -> the K that goes with it.
        parameter: the name of the value; "" where there is none.
        value: of the parameter.
        label: name and value, as `known` takes it.
    """

    about: str
    make: Callable[..., Cipher]
    answer: Callable[..., Exact | None]
    sizes: Callable[..., str | None]
    usual_message: int = 16
    usual_key: Callable[[int], int] = lambda message_bits: message_bits
    parameter: str = ""
    value: float | tuple[float, ...] = 0.0
    label: str = ""

    def cipher(self, message_bits: int, key_bits: int | None = None) -> Cipher:
        """The cipher at these sizes; K is the usual one unless given.

        Raises:
            ConfigError: sizes that it does not have.
        """
        key_bits = self.usual_key(message_bits) if key_bits is None else key_bits
        if message_bits < 1 or key_bits < 1:
            raise ConfigError(f"{self.label} needs at least one message bit and one key bit.")
        if problem := self.problem(message_bits, key_bits):
            raise ConfigError(f"{self.label} {problem}.")
        return self.make(message_bits, key_bits, *self._value)

    def problem(self, message_bits: int, key_bits: int) -> str | None:
        """What is wrong with these sizes, in words; None: nothing."""
        return self.sizes(message_bits, key_bits, *self._value)

    def exact(self, message_bits: int) -> Exact | None:
        """Its exact answers at N = K, or the K that it must have; None where none are in closed form."""
        return self.answer(message_bits, *self._value)

    @property
    def _value(self) -> tuple[float | tuple[float, ...], ...]:
        return (self.value,) if self.parameter else ()


def _nothing(message_bits: int) -> None:
    return None


KNOWN: Mapping[str, Known] = {
    "one_time_pad": Known("p XOR k", pads.one_time_pad, pads.secret, pads.needs_whole_key),
    "permuted_pad": Known(
        "p XOR the key's bits in another order", pads.permuted_pad, pads.secret, pads.needs_whole_key
    ),
    "modular_pad": Known("p + k modulo 2^N", pads.modular_pad, pads.secret, pads.needs_whole_key),
    "scaled_pad": Known("p XOR k, each element scaled at random", pads.scaled_pad, pads.secret, pads.needs_whole_key),
    "biased_pad": Known(
        "p XOR k with Pr[key bit = 1] = q",
        leaks.biased_pad,
        leaks.biased_pad_exact,
        leaks.biased_pad_sizes,
        parameter="q",
        value=0.45,
    ),
    "clear_bits": Known(
        "p XOR k with j bits sent in clear",
        leaks.clear_bits,
        leaks.clear_bits_exact,
        leaks.some_bits,
        parameter="j",
        value=1,
    ),
    "parity_leak": Known(
        "p XOR k, and beside it the parity of w message bits",
        leaks.parity_leak,
        leaks.parity_leak_exact,
        leaks.some_bits,
        parameter="w",
        value=1,
    ),
    "one_bit_key": Known(
        "p XOR the first key bit, everywhere", leaks.one_bit_key, leaks.one_bit_key_exact, pads.any_key
    ),
    "coutinho_eq21": Known(
        "an XOR cipher that passes the paper's Eve: Coutinho et al. 2018, equation 21",
        leaks.coutinho_eq21,
        leaks.coutinho_eq21_exact,
        leaks.eight_bits,
        usual_message=8,
        usual_key=lambda message_bits: 8,
    ),
    "and_mask": Known("p AND k", leaks.and_mask, leaks.and_mask_exact, pads.needs_whole_key),
    "identity": Known("p itself", leaks.identity, leaks.open_book, pads.any_key),
    "fixed_key": Known("p XOR a constant", leaks.fixed_key, leaks.open_book, pads.any_key),
    "low_bits_leak": Known(
        "p XOR k, and p in the last digits of each element",
        leaks.low_bits_leak,
        leaks.low_bits_leak_exact,
        leaks.low_bits_leak_sizes,
        parameter="epsilon",
        value=1e-4,
    ),
    "random_function": Known("a random table of message and key", tables.random_function, _nothing, tables.sizes),
    "random_permutation": Known("a random permutation for each key", tables.random_permutation, _nothing, tables.sizes),
    "aes_ctr": Known(
        "AES-128 in counter mode, a fresh nonce for each message",
        aes_ctr.aes_ctr,
        _nothing,
        aes_ctr.sizes,
        usual_key=lambda message_bits: aes_ctr.KEY_BITS,
    ),
}


def known(text: str) -> Known:
    """The known cipher of a name like "one_time_pad" or "biased_pad(0.45)"; several values give a replica each.

    Raises:
        ConfigError: no such name, or a value that is no number or not wanted.
    """
    match = NAMED.fullmatch(text.strip())
    name, given = match.groups() if match else (text, None)
    if name not in KNOWN:
        near = difflib.get_close_matches(name[:100], KNOWN, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(KNOWN)}"
        raise ConfigError(f"no known cipher is named {name[:100]!r}; {hint}")
    found = KNOWN[name]
    if given is None:
        label = f"{name}({found.value:g})" if found.parameter else name
        return replace(found, label=label)
    if not found.parameter:
        raise ConfigError(f"{name} takes no value; write '{name}'")
    try:
        values = tuple(float(part) for part in given.split(","))
    except ValueError:
        raise ConfigError(
            f"{name}({given}) must give {found.parameter} as a number, like '{name}({found.value:g})'"
        ) from None
    if not all(map(math.isfinite, values)):
        raise ConfigError(f"{name}({given}) must give {found.parameter} as a finite number")
    if len(values) > 1 and name not in SEVERAL:
        raise ConfigError(f"{name} takes one value; several make replicas of {', '.join(SEVERAL)} only")
    value = values if len(values) > 1 else values[0]
    return replace(found, value=value, label=f"{name}({','.join(map(_exactly, values))})")


def _exactly(value: float) -> str:
    """A number as short as it can be read back, for the label is part of what results are kept by."""
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
