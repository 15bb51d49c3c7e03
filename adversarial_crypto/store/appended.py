"""A file that only grows (metrics.csv, log.txt) and knows the sha256 of every byte that this run put there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adversarial_crypto.errors import StoreError
from adversarial_crypto.store.atomic import BLOCK, disk_errors, sha256_file, write_all


def prefix_fault(path: Path, record: Mapping[str, Any]) -> str | None:
    """What is wrong with the part of a file that a checkpoint vouches for, as a sentence; None when nothing is."""
    found = sha256_file(path, record["bytes"])
    if found == record["sha256"]:
        return None
    how = "is shorter than" if found is None else "does not begin with"
    return f"{path} is damaged: it {how} the {record['bytes']} bytes that the newest checkpoint recorded."


class Appended:
    """The one writer of a growing file.

    The hash runs over what was written here, never over what is found on the disk: rows that another process slipped in
    are noticed at the next checkpoint.
    """

    def __init__(self, path: Path, record: Mapping[str, Any] | None, *, keep_tail: bool) -> None:
        """Continue a file at a checkpoint.

        Args:
            path: the file, created when missing.
            record: the checkpoint's {"bytes", "sha256"}; None: nothing is vouched for.
            keep_tail: keep what was written after the checkpoint (a log), or cut it off (rows that will come again).
        Raises:
            StoreError: the file does not begin with what the checkpoint recorded.
        """
        self.path = path
        size = int(record["bytes"]) if record else 0
        if record and (sentence := prefix_fault(path, record)):
            raise StoreError(sentence)
        with disk_errors(path):
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
            if not keep_tail:
                os.ftruncate(self._handle, size)
            self._hash, self.size = hashlib.sha256(), 0
            while block := os.read(self._handle, BLOCK):
                self._hash.update(block)
                self.size += len(block)

    def append(self, data: bytes) -> None:
        """Add bytes at the end, past this process at once (on the disk after `sync`).

        Raises:
            EnvironmentProblem: they do not fit; the file keeps its length.
        """
        grown = self._hash.copy()
        grown.update(data)
        with disk_errors(self.path):
            try:
                write_all(self._handle, data)
                self._hash, self.size = grown, self.size + len(data)
            except BaseException:  # half a row, whether the disk is full or the user pressed Ctrl-C
                os.ftruncate(self._handle, self.size)
                raise

    def sync(self) -> None:
        """Put every byte on the disk; StoreError when the file is not as long as what was written here."""
        with disk_errors(self.path):
            os.fsync(self._handle)
            size = os.fstat(self._handle).st_size
        if size != self.size:
            found = f"{size} bytes where {self.size} were written"
            raise StoreError(f"{self.path} was changed by another process: {found}.")

    def record(self) -> dict[str, Any]:
        """{"bytes", "sha256"} of the file so far."""
        return {"bytes": self.size, "sha256": self._hash.hexdigest()}

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
