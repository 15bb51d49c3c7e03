"""The command line for tests: called in this process or in one of its own, and an experiment of a second."""

from __future__ import annotations

import atexit
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from adversarial_crypto.cli import acrypto

ROOT = Path(__file__).parent.parent
TINY = """\
name = "tiny"
question = "Does the command line work?"
[game]
message_bits = 4
[train]
steps = 6
batch = 256
record_every = 2
record_batch = 256
stop = "steps"
[replicas]
count = 2
chunk = 2
[protocol]
bob_bits_max = 4
eve_error_min = 0
adversaries = 1
adversary_steps = 3
adversary_batch = 256
"""
PLAIN = ("--engine", "eager", "--device", "cpu", "--threads", "1")


def call(*args: str | Path, given: bytes = b"") -> Result:
    """A command in this process, `given` on its stdin; an exception that is not its end is the test's."""
    result = CliRunner().invoke(acrypto, [str(arg) for arg in args], input=given, prog_name="acrypto")
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def document(result: Result) -> dict[str, Any]:
    """The one JSON document on stdout."""
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


def start(args: Sequence[str | Path], folder: Path, **options: Any) -> subprocess.Popen[str]:
    """A command as a process of its own, in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "COLUMNS": "100"}
    command = [sys.executable, "-m", "adversarial_crypto", *map(str, args)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    return subprocess.Popen(command, cwd=folder, env=environment, **pipes)


def tiny(folder: Path, **changes: str) -> Path:
    """The tiny experiment as a file; a change replaces the line of its key."""
    lines = [
        f"{key} = {changes[key]}" if (key := line.split(" ")[0]) in changes else line for line in TINY.splitlines()
    ]
    path = folder / "tiny.toml"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@functools.cache
def complete() -> Path:
    """A complete tiny run, made once by the command itself; look at it or copy it."""
    folder = Path(tempfile.mkdtemp(prefix="acrypto-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    result = call("run", tiny(folder), "-o", folder / "run", *PLAIN)
    assert result.exit_code == 0, result.output
    return folder / "run"


def copy(folder: Path) -> Path:
    """A copy of the complete run, at FOLDER/runs/quick, where the examples of the help look for one."""
    return shutil.copytree(complete(), folder / "runs" / "quick")
