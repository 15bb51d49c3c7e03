"""`acrypto encrypt`: a text through a trained Alice, as a file."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from adversarial_crypto.cli.cipher_words import NOTICE, key_of, key_options, tell
from adversarial_crypto.cli.output import common_options, example, say
from adversarial_crypto.cli.place import Place

EPILOG = example("acrypto encrypt runs/quick --key 0123456789abcdef < text > cipher.json")


@click.command("encrypt", short_help="Send a text through a trained cipher.", epilog=EPILOG)
@click.argument("run_dir", metavar="RUN", type=Place())
@key_options
@click.option("--replica", type=int, metavar="I", help="Of the run; else that with the best Bob.")
@click.option("--eve", is_flag=True, help="Show what the trained and the fresh Eves read.")
@common_options
def command(
    run_dir: Path, key: bytes | None, key_file: Path | None, replica: int | None, eve: bool, as_json: bool, quiet: bool
) -> None:
    """Encrypt stdin, any bytes, to a JSON document on stdout, with the Alice of a run of the symmetric game.

    The text is cut into blocks of N bits, each with a fresh key. It protects nothing. How many bits Bob reads wrongly
    is told, and stands in the file.
    """
    from adversarial_crypto.config import ConfigError
    from adversarial_crypto.lab.encipher import LONGEST, encipher

    say(NOTICE)
    chosen = key_of(key, key_file)
    if chosen is None:
        raise ConfigError("Give a key: --key HEX, or --key-file FILE with one for every block.")
    text = sys.stdin.buffer.read(LONGEST + 1)
    file, readings = encipher(run_dir, text, chosen, replica=replica, eve=eve)
    sys.stdout.buffer.write(file.document())
    say(f"{file.blocks:,} blocks of {file.message_bits} bits, by replica {file.replica} of {run_dir}", quiet)
    tell(readings, eve, quiet)
