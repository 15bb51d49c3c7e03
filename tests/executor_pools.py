"""What the tests of executors share: patience, receipts by key, and who is alive."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from adversarial_crypto.executors import Pool, Receipt

PATIENCE = 300.0  # seconds until a test gives up on what must come; nothing depends on how fast it does
# For programs and Ray's nodes, whose workers look for executor_works there.
PYTHONPATH = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])


def until(true: Callable[[], object]) -> None:
    """Waits for something that must come."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def collect(pool: Pool, *keys: str) -> dict[str, Receipt]:
    """The receipts of exactly these keys."""
    receipts: list[Receipt] = []
    until(lambda: receipts.extend(pool.wait(0.2)) or len(receipts) >= len(keys))
    assert sorted(receipt.key for receipt in receipts) == sorted(keys)
    return {receipt.key: receipt for receipt in receipts}


def processes(**environment: str) -> dict[int, bytes]:
    """Processes that live and have that in their environment, with their command lines."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            command, variables = (path / "cmdline").read_bytes(), (path / "environ").read_bytes().split(b"\0")
        except OSError:  # gone, or not ours
            continue
        if command and all(f"{name}={value}".encode() in variables for name, value in environment.items()):
            found[int(path.name)] = command
    return found


def workers(**environment: str) -> set[int]:
    """Those of them that multiprocessing spawned; its resource tracker ends with the driver and is none."""
    return {process for process, command in processes(**environment).items() if b"spawn_main" in command}


def lives(process: int) -> bool:
    """Whether a process has not ended; an orphan that has may wait long for init to reap it."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
