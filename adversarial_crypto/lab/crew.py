"""Who works on a sweep: an executor with its workers, and whether they see the sweep's directory."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from adversarial_crypto.config import ConfigError
from adversarial_crypto.executors import EXECUTORS, Pool, Settings
from adversarial_crypto.lab.machine import count_gpus, default_threads
from adversarial_crypto.store.atomic import TEMPORARY, atomic_write
from adversarial_crypto.store.ledger import Ledger

MOST = 1024  # workers, or threads of one


@dataclass(frozen=True)
class Crew:
    """Arguments of `lab.sweep` that say who works.

    Raises:
        ConfigError: one of them cannot be meant.
    """

    executor: str
    workers: int | None
    threads: int
    gpus_per_worker: float
    ray_address: str | None

    def __post_init__(self) -> None:
        problems = []
        if self.executor not in EXECUTORS:
            problems.append(f"unknown executor '{self.executor}'; there are {', '.join(EXECUTORS)}")
        if self.workers is not None and not 1 <= self.workers <= MOST:
            problems.append(f"workers must be between 1 and {MOST}, not {self.workers}")
        if not 1 <= self.threads <= MOST:
            problems.append(f"threads must be between 1 and {MOST}, not {self.threads}")
        if not 0 <= self.gpus_per_worker <= 64:
            problems.append(f"gpus_per_worker must be between 0 and 64, not {self.gpus_per_worker:g}")
        if self.ray_address and self.executor != "ray":
            problems.append(f"ray_address is for the executor 'ray', not for '{self.executor}'")
        if problems:
            raise ConfigError(problems)

    def settings(self, shards: int, stop: Callable[[], str | None]) -> Settings:
        """How many workers for that many shards, and what each may use."""
        gpus = count_gpus() if self.gpus_per_worker else 0
        if self.executor == "inline":
            count = 1
        elif self.workers:
            count = self.workers
        elif self.gpus_per_worker and not self.ray_address:
            count = int(gpus / self.gpus_per_worker)
        else:
            count = default_threads() // self.threads
        if self.workers is None:
            count = max(1, min(count, shards))
        return Settings(count, self.threads, self.gpus_per_worker, gpus, self.ray_address, stop)


def shared(ledger: Ledger, pool: Pool) -> bool:
    """Whether every machine that may work sees the sweep's directory."""
    token = secrets.token_hex(8)
    path = ledger.path.resolve() / f"{TEMPORARY}{token}"
    atomic_write(path, token.encode())
    try:
        return all(pool.everywhere(_sees, (str(path), token)))
    finally:
        path.unlink(missing_ok=True)


def _sees(argument: tuple[str, str]) -> bool:
    path, token = argument
    try:
        return Path(path).read_text() == token
    except OSError:
        return False
