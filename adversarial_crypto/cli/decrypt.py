"""`acrypto decrypt`: what `acrypto encrypt` wrote, read by Bob with the key, or by Eve without."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from adversarial_crypto.cli.cipher_words import NOTICE, key_of, key_options, rows, tell
from adversarial_crypto.cli.output import common_options, document, example, say
from adversarial_crypto.cli.place import Place

EPILOG = example("acrypto decrypt runs/quick --key 0123456789abcdef < cipher.json")


@click.command("decrypt", short_help="Read what encrypt wrote.", epilog=EPILOG)
@click.argument("run_dir", metavar="RUN", type=Place())
@key_options
@click.option("--eve", is_flag=True, help="Show what the Eves read; needs no key.")
@common_options
def command(run_dir: Path, key: bytes | None, key_file: Path | None, eve: bool, as_json: bool, quiet: bool) -> None:
    """Decrypt a document of `acrypto encrypt` from stdin to stdout, with the Bob of the same run.

    Where Bob makes mistakes, the text has them; how many is told on stderr.
    """
    from adversarial_crypto.config import ConfigError
    from adversarial_crypto.lab.cipher_file import CipherFile
    from adversarial_crypto.lab.encipher import BOB, decipher

    say(NOTICE)
    chosen = key_of(key, key_file)
    if chosen is None and not eve:
        raise ConfigError("Give a key: --key HEX or --key-file FILE; or --eve, who has none.")
    file = CipherFile.read(sys.stdin.buffer.read())
    readings = decipher(run_dir, file, chosen, eve=eve)
    if as_json:
        document("decrypt", {"run_dir": run_dir, "replica": file.replica, "readings": rows(readings)})
    elif chosen is not None:
        sys.stdout.buffer.write(readings[0].text)
    right = f"{file.bits_flipped:,} of {8 * file.size:,} bits"
    say(f"With the right key Bob has {right} wrong, as counted when this was encrypted.", quiet)
    tell([reading for reading in readings if reading.who != BOB], eve, quiet)
