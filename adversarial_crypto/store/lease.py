"""One writer per run directory: a lease with a heartbeat, as a courtesy; correctness never depends on it."""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

from adversarial_crypto.errors import StoreError
from adversarial_crypto.store.atomic import atomic_write, disk_errors, seal, temporary, unseal, write_synced

LEASE = "lease.json"
BEAT = 10.0  # seconds between touches
STALE = 60.0  # seconds without one: six missed beats, more than a slow network file system delays a timestamp
UNKNOWN = "unknown"


def holder(directory: Path) -> str | None:
    """Who is writing in a run directory, in words; None when nobody is.

    On this machine the process table decides (same process number and start time); elsewhere the heartbeat does.
    """
    path = directory / LEASE
    try:
        age = time.time() - path.stat().st_mtime
        lease = unseal(path.read_bytes())
    except OSError:
        return None
    if lease is None:
        return f"a process that cannot be named ({path} is damaged)" if age < STALE else None
    who = f"process {lease['pid']} on {lease['host']}"
    if lease["host"] == socket.gethostname():
        started = _started(lease["pid"])
        if started is None:
            return None
        if UNKNOWN not in (started, lease["started"]):
            return who if started == lease["started"] else None
    return who if age < STALE else None


def refuse_if_held(directory: Path) -> None:
    """StoreError with the writer's name when another process lives that writes here."""
    if who := holder(directory):
        raise StoreError(
            f"{directory} is in use by {who}; wait for it or stop it, then run the same command again "
            f"(or delete {directory / LEASE} if that process is gone)."
        )


def _started(pid: int) -> str | None:
    """When a process of this machine started, by the kernel's clock; None when it is gone or waits to be reaped."""
    if os.name == "nt":  # there os.kill(pid, 0) is Ctrl-C
        return UNKNOWN
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:  # it lives and is not ours
        pass
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return UNKNOWN
    return None if fields[0] in "ZX" else fields[19]


class Lease:
    """lease.json in a run directory, held while the context lasts.

    Raises:
        StoreError: on entering, when another writer lives. A dead one's lease is taken over.
    """

    def __init__(self, directory: Path, beat: float = BEAT) -> None:
        self.directory, self.path, self._beat = directory, directory / LEASE, beat
        self._token = secrets.token_hex(8)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._touch, name="lease", daemon=True)

    def acquire(self) -> None:
        """Take the lease, or StoreError with the name of who has it."""
        pid = os.getpid()
        lease = {"host": socket.gethostname(), "pid": pid, "started": _started(pid), "token": self._token}
        if not self._create(seal(lease)):
            refuse_if_held(self.directory)
            atomic_write(self.path, seal(lease))
        self.check()
        self._thread.start()

    def _create(self, data: bytes) -> bool:
        """Bring lease.json into being with its content; False when there is one."""
        draft = temporary(self.path)
        with disk_errors(self.path):
            try:
                write_synced(draft, data)
                with suppress(OSError):  # there is one, or this file system has no hard links
                    os.link(draft, self.path)
                    return True
            finally:
                draft.unlink(missing_ok=True)
        return False

    def check(self) -> None:
        """StoreError when the lease is no longer ours: another process took over, and this one must stop writing."""
        if not self._ours():
            advice = "stop the other process and run the same command again to continue"
            raise StoreError(f"{self.path} was taken over by another process; {advice}.")

    def _ours(self) -> bool:
        try:
            lease = unseal(self.path.read_bytes())
        except OSError:
            return False
        return lease is not None and lease["token"] == self._token

    def _touch(self) -> None:
        while not self._stop.wait(self._beat):
            with suppress(OSError):
                if self._ours():
                    os.utime(self.path)

    def release(self) -> None:
        """Give the lease back; a lease that is no longer ours is left alone."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        with suppress(OSError):
            if self._ours():
                self.path.unlink()

    def __enter__(self) -> Lease:
        self.acquire()
        return self

    def __exit__(self, *error: object) -> None:
        self.release()
