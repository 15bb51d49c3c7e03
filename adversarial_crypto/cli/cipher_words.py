"""What `encrypt` and `decrypt` share: how a key is given, the notice, and what everybody read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from adversarial_crypto.cli.output import number, say

if TYPE_CHECKING:
    from adversarial_crypto.lab.encipher import Key, Reading

Command = TypeVar("Command", bound=Callable[..., None])
NOTICE = "This protects nothing: a trained cipher is a thing to study, and this one can be read without its key."
SHOWN = 60  # characters of a text


def key_options(command: Command) -> Command:
    """--key and --key-file, as `key` and `key_file`."""
    short = click.option(
        "--key", callback=_hexadecimal, metavar="HEX", help="A short key; each block's follows from it."
    )
    stream = click.option(
        "--key-file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="The bits of all blocks' keys, one after another.",
    )
    return short(stream(command))


def _hexadecimal(_: click.Context, __: click.Parameter, value: str | None) -> bytes | None:
    if value is None:
        return None
    try:
        found = bytes.fromhex(value)
    except ValueError:
        found = b""
    if not found or any(character.isspace() for character in value):
        raise click.BadParameter(f"{value[:40]!r} is not hexadecimal: pairs of 0-9 and a-f, as in 00ff.")
    return found


def key_of(key: bytes | None, key_file: Path | None) -> Key | None:
    """The key that was given; None: none."""
    from adversarial_crypto.lab.encipher import Key

    if key is not None and key_file is not None:
        raise click.UsageError("Give --key or --key-file, not both.")
    if key is None and key_file is None:
        return None
    return Key(short=key or b"", stream=b"" if key_file is None else key_file.read_bytes())


def tell(readings: Sequence[Reading], show: bool, quiet: bool) -> None:
    """A line on each reader: how many bits are wrong, and how the text begins if that is to be shown."""
    for reading in readings:
        bits = 8 * len(reading.text)
        rate = ""
        if reading.bits_flipped is not None:
            share = number(reading.bits_flipped / bits) if reading.bits_flipped else "none"
            rate = f"{reading.bits_flipped:,} of {bits:,} bits wrong ({share})"
        begins = f"{reading.text[:SHOWN].decode('latin-1')!a}" if show else ""
        say(f"{reading.who}: {', '.join(part for part in (rate, begins) if part)}", quiet)


def rows(readings: Sequence[Reading]) -> list[dict[str, Any]]:
    """The readings for a JSON document, the text in base64."""
    import base64

    return [
        {"who": each.who, "bits_flipped": each.bits_flipped, "text": base64.b64encode(each.text).decode()}
        for each in readings
    ]
