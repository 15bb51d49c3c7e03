"""ray: tasks on a Ray cluster, or on a small one of its own on this machine.

Who may join a cluster is decided by Ray's tokens, and they are left as Ray has them: on, since 2.59, for a cluster of
its own (the token is made in ~/.ray/auth_token), and for another one as RAY_AUTH_MODE, RAY_AUTH_TOKEN or
RAY_AUTH_TOKEN_PATH say.
"""

from __future__ import annotations

import logging
import os
import pickle
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

from adversarial_crypto.errors import EnvironmentProblem
from adversarial_crypto.executors.attempt import STOPPED, attempt_packed, opened, thread_limits
from adversarial_crypto.executors.contract import Receipt, Settings, Work, admit

OLDEST = (2, 55)
REASON = "terminate"  # ray.cancel carries no words, so this is what work hears whatever the driver's reason is
REACH = 10.0  # seconds for the address to answer; Ray itself keeps trying for minutes
STORE_BYTES = 128 * 2**20  # items and results are small; Ray would set aside a third of the memory
LAST = 10.0  # seconds for the workers of killed items to be gone
NOT_IMPORTED = "The remote function failed to import"  # Ray's words, when a task's own module is missing there

# Before Ray is imported. No statistics leave the machine; what Ray says of dead workers would go to stdout, where the
# program's data goes, and is in the receipts; a worker without a share of a GPU sees the GPUs as this process does.
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


def _ray() -> Any:
    """Ray, or EnvironmentProblem where it is missing or too old."""
    os.environ.update(QUIET)
    try:
        import ray
    except ImportError as error:
        raise EnvironmentProblem("The executor 'ray' needs Ray; install it with pip install 'acrypto[ray]'.") from error
    if tuple(int(part) for part in ray.__version__.split(".")[:2]) < OLDEST:
        raise EnvironmentProblem(
            f"The executor 'ray' needs Ray {OLDEST[0]}.{OLDEST[1]} or later and finds {ray.__version__}; "
            f"update it with pip install -U 'acrypto[ray]'."
        )
    return ray


def _work(key: str, sent: bytes) -> Receipt:
    """One item, in a task; its result is still packed.

    ray.cancel raises SIGINT's handler in here. Python's own would interrupt the work anywhere; this one lets it save
    itself. It stays after the work's end, so that a cancel that comes too late does not lose the result.
    """
    asked = threading.Event()
    signal.signal(signal.SIGINT, lambda number, frame: asked.set())
    return attempt_packed(key, sent, lambda: REASON if asked.is_set() else None)


def _call(sent: bytes) -> Any:
    """A function on its argument, in a task."""
    function, argument = pickle.loads(sent)
    return function(argument)


@contextmanager
def _sigterm_kept() -> Iterator[None]:
    """ray.init takes SIGTERM for itself; the driver's own handler is put back."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if before is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


class Ray:
    """Tasks, at most `workers` at a time; a lost worker or node fails the items that were there and no other.

    Where Ray is initialised already, that connection is used and left open. Every machine must have this package, of
    the same version.
    """

    def __init__(self, work: Work, settings: Settings) -> None:
        self._ray = _ray()
        self._work, self._settings = work, settings
        self._references: dict[str, Any] = {}
        self._stopped: set[str] = set()
        self._ours = False

    @property
    def slots(self) -> int:
        """As many as workers were asked for; what the cluster has no room for waits there."""
        return self._settings.workers

    def __enter__(self) -> Self:
        if not self._ray.is_initialized():
            self._connect()
            self._ours = True
        if not self._nodes():
            self._disconnect()
            settings = self._settings
            raise EnvironmentProblem(
                f"No machine of the Ray cluster has {settings.threads} processors and {settings.gpus_per_worker:g} of "
                f"a GPU for a worker; ask for less or add such a machine first."
            )
        return self

    def _connect(self) -> None:
        settings = self._settings
        size = {"num_cpus": settings.workers * settings.threads, "object_store_memory": STORE_BYTES}
        joins = settings.address is not None
        if settings.address is not None:
            _reach(settings.address)
        place = {"address": settings.address} if joins else {"address": "local", "include_dashboard": False, **size}
        try:
            with _sigterm_kept():
                self._ray.init(**place, log_to_driver=False, logging_level=logging.ERROR)
        except (self._ray.exceptions.RayError, OSError, RuntimeError, ValueError, ImportError) as error:
            where = f"The Ray cluster at {settings.address}" if joins else "A Ray cluster on this machine"
            raise EnvironmentProblem(
                f"{where} refuses ({_first(error)}); see that it is up, that it has the same versions of Ray and "
                f"Python, and that its token is here (RAY_AUTH_MODE=token and RAY_AUTH_TOKEN or ~/.ray/auth_token)."
            ) from error

    def _nodes(self) -> list[str]:
        """The machines that have room for a worker, when nothing else runs there."""
        settings = self._settings
        wanted = {"CPU": settings.threads, "GPU": settings.gpus_per_worker}
        alive = [node for node in self._ray.nodes() if node["Alive"]]
        return [node["NodeID"] for node in alive if all(node["Resources"].get(k, 0) >= v for k, v in wanted.items())]

    def _task(self, function: Callable[..., Any], **options: Any) -> Any:
        environment = {"env_vars": thread_limits(self._settings.threads)}
        return self._ray.remote(function).options(max_retries=0, runtime_env=environment, **options)

    def submit(self, key: str, item: Any) -> None:
        """Hand an item to Ray, which begins it where there is room."""
        admit(key, self._references, self.slots)
        settings = self._settings
        task = self._task(_work, num_cpus=settings.threads, num_gpus=settings.gpus_per_worker)
        self._references[key] = task.remote(key, pickle.dumps((self._work, item)))

    def wait(self, seconds: float) -> list[Receipt]:
        """Receipts that have come, waiting for a first one at most that long."""
        if not self._references:
            return []
        keys = {reference: key for key, reference in self._references.items()}
        self._ray.wait(list(keys), num_returns=1, timeout=max(0.0, seconds))
        done, _ = self._ray.wait(list(keys), num_returns=len(keys), timeout=0)
        return [self._receipt(keys[reference]) for reference in done]

    def _receipt(self, key: str) -> Receipt:
        errors = self._ray.exceptions
        reference = self._references.pop(key)
        stopped = key in self._stopped
        self._stopped.discard(key)
        try:
            receipt: Receipt = self._ray.get(reference)
        except errors.RayTaskError as error:  # it never came to the work: this package could not be imported there
            return Receipt(key, died=f"{type(error.cause).__name__}: {_first(error.cause)}", trace=str(error))
        except errors.RayError as error:
            return Receipt(key, died=STOPPED if stopped else f"{type(error).__name__}: {_first(error)}")
        return opened(receipt)

    def kill(self, key: str) -> None:
        """End the worker of an item; it is gone when the receipt comes."""
        if key in self._references:
            self._stopped.add(key)
            self._ray.cancel(self._references[key], force=True)

    def stop(self, reason: str) -> None:
        """Cancel gently; work that has begun hears "terminate", and an item that has not is not begun any more."""
        for key, reference in self._references.items():
            self._stopped.add(key)
            self._ray.cancel(reference)

    def everywhere(self, function: Callable[[Any], Any], argument: Any) -> list[Any]:
        """Once on every node of the cluster that has room for a worker; what the function raises is raised here."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        places = [NodeAffinitySchedulingStrategy(node_id=node, soft=False) for node in self._nodes()]
        tasks = [self._task(_call, num_cpus=0, scheduling_strategy=place) for place in places]
        sent = pickle.dumps((function, argument))
        try:
            results: list[Any] = self._ray.get([task.remote(sent) for task in tasks])
        except self._ray.exceptions.RayTaskError as error:
            if not str(error.cause).startswith(NOT_IMPORTED):
                raise error.cause from error
            raise EnvironmentProblem(
                "A machine of the Ray cluster cannot import acrypto; install this version of it on all of them."
            ) from error
        return results

    def __exit__(self, *error: object) -> None:
        references = list(self._references.values())
        try:
            for reference in references:
                self._ray.cancel(reference, force=True)
            if references:
                self._ray.wait(references, num_returns=len(references), timeout=LAST)
        finally:
            self._references.clear()
            self._disconnect()

    def _disconnect(self) -> None:
        if self._ours:
            self._ours = False
            self._ray.shutdown()


def _reach(address: str) -> None:
    """EnvironmentProblem when nobody answers at HOST:PORT; other addresses ("auto") are for Ray to find."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not host or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), REACH).close()
    except OSError as error:
        raise EnvironmentProblem(
            f"Nobody answers at {address} ({error.strerror or error}); see that the Ray cluster is up and its head "
            f"node's port is right, and can be reached from here."
        ) from error


def _first(error: BaseException) -> str:
    """The first sentence of what Ray says; further ones tell where its logs are."""
    return " ".join(str(error).split()).split(". ")[0].rstrip(".") or type(error).__name__
