"""From an exception to sentences on stderr and an exit code; a traceback goes into a file, never to the terminal."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import traceback

import click

from adversarial_crypto import __version__
from adversarial_crypto.errors import AcryptoError

FAILED, USAGE, ENVIRONMENT, INTERRUPTED = 1, 2, 3, 130
# EFBIG: the limit of a file's size (ulimit -f) is met, which is a full disk to whoever set it.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
MEMORY = ("not enough memory", "can't allocate memory", "out of memory")


def report(error: BaseException) -> int:
    """Say what went wrong, a sentence a problem, and return the exit code."""
    code, sentences = explain(error)
    for sentence in sentences:
        try:
            click.echo(sentence, err=True)
        except OSError:  # stderr itself is closed or full: the exit code is all that is left
            break
    return code


def explain(error: BaseException) -> tuple[int, list[str]]:
    """(exit code, sentences) of an exception; one that nobody foresaw leaves its traceback in a file."""
    if isinstance(error, AcryptoError):
        return error.exit_code, str(error).splitlines() or [f"{type(error).__name__}."]
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return INTERRUPTED, ["Interrupted; the same command continues from the last checkpoint."]
    if isinstance(error, click.UsageError):
        where = f" See `{error.ctx.command_path} --help`." if error.ctx else ""
        return USAGE, [_one_line(error.format_message()) + where]
    if isinstance(error, click.ClickException):
        return error.exit_code, [_one_line(error.format_message())]
    if isinstance(error, OSError) and error.errno in FULL:
        place = f" at {error.filename}" if error.filename else ""
        sentence = f"The disk is full{place}; free some space and run the same command again to continue."
        return ENVIRONMENT, [sentence]
    if _lacks_memory(error):
        sentence = "There is not enough memory for this; lower train.batch, replicas.chunk or protocol.adversary_batch"
        return ENVIRONMENT, [f"{sentence} with -s; {_log(error)}"]
    brief = " ".join(str(error).split())[:200]
    what = f"{type(error).__name__}: {brief}" if brief else type(error).__name__
    return FAILED, [f"acrypto failed in a way nobody foresaw ({what}); {_log(error)}"]


def _lacks_memory(error: BaseException) -> bool:
    # torch.OutOfMemoryError is known by its name, so that no command imports torch for it; on the CPU it is a
    # RuntimeError that only its words tell from others.
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in MEMORY)


def _one_line(message: str) -> str:
    text = " ".join(message.split())
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _log(error: BaseException) -> str:
    """Write the traceback into a new file of the temporary directory; the rest of the sentence says where it is."""
    lines = [f"acrypto {__version__}, Python {sys.version}", f"{sys.argv} in {os.getcwd()}", ""]
    lines += traceback.format_exception(error)
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="acrypto-", suffix=".log", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as file:
            file.write("\n".join(lines))
    except OSError:
        return "no log could be written either, as the temporary directory is full or read-only."
    return f"the log is {file.name}, please report it."
