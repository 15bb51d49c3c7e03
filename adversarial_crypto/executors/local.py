"""local: worker processes on this machine, each item's death its own."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import resource
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, wait
from contextlib import ExitStack, contextmanager
from multiprocessing import connection, resource_tracker
from typing import TYPE_CHECKING, Any, Self

from adversarial_crypto.errors import EnvironmentProblem
from adversarial_crypto.executors.attempt import STOPPED, opened, sentence, thread_limits
from adversarial_crypto.executors.contract import Receipt, Settings, Work, admit
from adversarial_crypto.executors.gpus import gpu_shares
from adversarial_crypto.executors.spawned import Orders, begin, run

if TYPE_CHECKING:
    from concurrent.futures import Future
    from multiprocessing.process import BaseProcess

    from pebble import ProcessPool

REASON_BYTES = 256
LOOK = 0.25  # seconds between looks at workers that died in a way of which no future tells


@contextmanager
def _born_deaf_to_interrupts() -> Iterator[None]:
    """Processes and threads that start in here have SIGINT blocked, and so has what they start.

    A worker ignores Ctrl-C only once Python is up, half a second after its birth; until then it would die of one.
    """
    resource_tracker.ensure_running()  # to start it later would unblock SIGINT on the way
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Spawning:
    """multiprocessing's spawn context for pebble, which remembers the processes that were made.

    Pebble tells the exit code of a worker only when it knows which item was there, and nothing of exit code 0.
    """

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("spawn")
        self.made: list[BaseProcess] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def Process(self, **arguments: Any) -> BaseProcess:
        """A process that is not started yet."""
        self.made.append(self._context.Process(**arguments))
        return self.made[-1]


class _Slot:
    """One worker process and, when it dies, its successor, with the same share of the machine.

    Each slot is a pebble pool of its own, and gets a new one after a death: nothing that a dying process may have held
    (a lock, half a message in a pipe) is ever met by another worker. So a pool's first worker is its only one.
    """

    def __init__(self, environment: dict[str, str], reason: Any) -> None:
        self._orders = Orders(environment, os.getpid(), reason)
        self._pool: ProcessPool | None = None
        self._spawning = _Spawning()
        self.key: str | None = None  # of the item under way
        self.future: Future[Receipt] | None = None

    def begin(self, key: str, sent: bytes) -> None:
        """Send an item to the worker, starting one where there is none that lives."""
        with _born_deaf_to_interrupts():
            if not self._works():
                self.end()
                self._pool = self._start()
            assert self._pool is not None
            try:
                self.key, self.future = key, self._pool.schedule(run, (key, sent))
            except RuntimeError as error:
                self.end()
                raise EnvironmentProblem(f"No worker process could be started ({error.__cause__ or error}).") from error

    def _start(self) -> ProcessPool:
        from pebble import ProcessPool

        self._spawning = _Spawning()
        return ProcessPool(max_workers=1, initializer=begin, initargs=(self._orders,), context=self._spawning)

    def _works(self) -> bool:
        return self._pool is not None and self._pool.active and self._lives()

    def _lives(self) -> bool:
        # is_alive alone says yes for a moment when pebble's thread has just seen the process die.
        process = self._spawning.made[0]
        return process.is_alive() and not connection.wait([process.sentinel], 0)

    def over(self) -> bool:
        """Whether the item is done with, one way or another."""
        return self.future is not None and (self.future.done() or not self._works())

    def receipt(self) -> Receipt:
        """Of the item that is over; the slot is free after it."""
        assert self.key is not None and self.future is not None
        key, future, works = self.key, self.future, self._works()
        self.key = self.future = None
        error = future.exception() if future.done() else None
        if future.done() and error is None:
            return opened(future.result())
        if error is not None and works:  # SystemExit, mostly
            return Receipt(key, died=sentence(error), trace=getattr(error, "traceback", None))
        lives = self._lives()
        self.end()
        died, number = _cause(None if lives else self._spawning.made[0].exitcode)
        return Receipt(key, died=died, signal=number, peak_bytes=_peak_bytes())

    def kill(self) -> Receipt | None:
        """End the worker and its item; None when the item is over already."""
        if self.key is None or self.over():
            return None
        self.end()
        key, self.key, self.future = self.key, None, None
        return Receipt(key, died=STOPPED, peak_bytes=_peak_bytes())

    def halt(self) -> None:
        """Let the pool's threads wind up; `end` waits for them."""
        if self._pool is not None:
            self._pool.stop()

    def end(self) -> None:
        """No worker any more: terminated, killed three seconds later if need be, and reaped."""
        self.halt()
        if self._pool is not None:
            self._pool.join()
            self._pool = None


def _cause(code: int | None) -> tuple[str, int | None]:
    """Why there is no result, by the exit code of the process; and the signal, where it was one."""
    if code is None:
        return "the pipe to its process broke", None
    if code >= 0:
        return f"its process ended with exit code {code} before the work had returned", None
    names = {number.value: number.name for number in signal.Signals}
    return f"killed by signal {-code} ({names.get(-code, 'a real-time signal')})", -code


def _peak_bytes() -> int:
    """The most memory that any child of this process had that has ended; the one that just died had no more."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


class Local:
    """Spawned processes, one a slot, kept from item to item.

    A worker that dies fails its own item; the receipt's peak_bytes is an upper bound then, over all workers that have
    died so far. When the driver itself is killed, the work under way hears "terminate", saves itself, and its process
    ends.
    """

    def __init__(self, work: Work, settings: Settings) -> None:
        self._reason = multiprocessing.get_context("spawn").Array("c", REASON_BYTES, lock=False)
        self._slots = [_Slot(thread_limits(settings.threads) | share, self._reason) for share in gpu_shares(settings)]
        self._work = work
        self._killed: list[Receipt] = []

    @property
    def slots(self) -> int:
        """As many as workers were asked for."""
        return len(self._slots)

    def submit(self, key: str, item: Any) -> None:
        """Begin an item in a slot that is free."""
        busy = [slot.key for slot in self._slots if slot.key is not None]
        admit(key, [*busy, *(receipt.key for receipt in self._killed)], self.slots)
        sent = pickle.dumps((self._work, item))
        next(slot for slot in self._slots if slot.key is None).begin(key, sent)

    def wait(self, seconds: float) -> list[Receipt]:
        """Receipts that have come, waiting for a first one at most that long."""
        deadline = time.monotonic() + seconds
        while True:
            receipts, self._killed = self._killed, []
            receipts += [slot.receipt() for slot in self._slots if slot.over()]
            left = deadline - time.monotonic()
            futures = [slot.future for slot in self._slots if slot.future is not None]
            if receipts or not futures or left <= 0:
                return receipts
            wait(futures, min(LOOK, left), FIRST_COMPLETED)

    def kill(self, key: str) -> None:
        """End the worker of an item; it is gone when this returns."""
        for slot in self._slots:
            if slot.key == key and (receipt := slot.kill()):
                self._killed.append(receipt)

    def stop(self, reason: str) -> None:
        """Write the reason where all workers read it; the first one stays."""
        if self._reason.value:
            return
        data = reason.encode()[: REASON_BYTES - 1]
        # The first byte last: it is empty until the rest can be read. No lock, which a killed worker could keep.
        self._reason[1 : len(data)] = data[1:]
        self._reason[0] = data[:1]

    def everywhere(self, function: Callable[[Any], Any], argument: Any) -> list[Any]:
        """Here: it is one machine."""
        return [function(argument)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        with ExitStack() as stack:
            for slot in self._slots:
                slot.halt()
                stack.callback(slot.end)
