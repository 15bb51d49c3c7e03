"""The ledger of a sweep: which shards it has, who works on them, and that each is committed exactly once.

    sweep.toml, plan.csv, networks/…, SHA256SUMS     what the sweep is; SHA256SUMS is written last
    attempts/<id>/<n>/                               work and checkpoints of a shard: a run directory
    attempts/<id>/failed-<k>.json, noted-<k>.json    what became of attempts that did not end in a commit
    shards/<id>/                                     a committed shard: a run directory, renamed into place whole
    quarantine/<id>-<k>/                             a complete run whose bytes differ from the committed one's

Nothing here is locked: a rename decides who was first, and leases only save work.
"""

from __future__ import annotations

import csv
import errno
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from adversarial_crypto.errors import ConfigError, StoreError
from adversarial_crypto.store import atomic
from adversarial_crypto.store.atomic import ASIDE
from adversarial_crypto.store.lease import holder
from adversarial_crypto.store.manifest import CONFIG, METRICS, PLAYERS, PROTOCOL, is_run
from adversarial_crypto.store.run import Run
from adversarial_crypto.store.sums import SUMS, read_sums, render_sums

SWEEP, PLAN = "sweep.toml", "plan.csv"
SHARDS, ATTEMPTS, QUARANTINE = "shards", "attempts", "quarantine"
DERIVED = ("results.csv", "figures")
DETERMINISTIC = (CONFIG, METRICS, PROTOCOL, PLAYERS)
ID = re.compile(r"[0-9a-f]{10}")

Outcome = Literal["committed", "equal", "different", "other machine"]


class Ledger:
    """A sweep's directory.

    Attributes:
        path: the directory.
        plan: shard id -> its row of plan.csv, in the plan's order.
    """

    def __init__(self, path: Path, plan: Mapping[str, Mapping[str, str]]) -> None:
        self.path, self.plan = path, plan

    @classmethod
    def create(cls, path: Path, files: Mapping[str, bytes]) -> Ledger:
        """Begin a sweep, or continue the one of the same files.

        Args:
            files: sweep.toml, plan.csv and the user's files, path inside the directory -> content.
        Raises:
            ConfigError: the directory holds something else, or a sweep of another sweep.toml.
            StoreError: a damaged file, or a link where a folder should be.
        """
        if is_sweep(path):
            return cls.admit(path, files)
        _refuse_foreign(path, files)
        with atomic.disk_errors(path):
            for name, content in files.items():
                (path / name).parent.mkdir(parents=True, exist_ok=True)
                atomic.atomic_write(path / name, content)
            for folder in (SHARDS, ATTEMPTS):
                (path / folder).mkdir(exist_ok=True)
        # The last: with it the directory is a sweep.
        atomic.atomic_write(path / SUMS, render_sums({name: atomic.sha256(data) for name, data in files.items()}))
        return cls.open(path)

    @classmethod
    def open(cls, path: Path) -> Ledger:
        """The sweep of a directory, its own files checked; StoreError when it is none or a file is damaged."""
        if not is_sweep(path):
            raise StoreError(f"{path} is not a sweep: it has no {SUMS} beside {SWEEP} and {PLAN}.")
        if found := atomic.damaged(path, read_sums(path)):
            raise StoreError("\n".join(sentence for _, sentence in found))
        for folder in (SHARDS, ATTEMPTS, QUARANTINE):
            _refuse_link(path / folder)
        return cls(path, read_plan(atomic.read_bytes(path / PLAN), path / PLAN))

    @classmethod
    def admit(cls, path: Path, files: Mapping[str, bytes]) -> Ledger:
        """The sweep of a directory, which must be the one of these files; errors as `create`."""
        ledger = cls.open(path)
        meant = {name: atomic.sha256(data) for name, data in files.items()}
        there = read_sums(path)
        if there != meant:
            other = sorted(name for name in there.keys() | meant.keys() if there.get(name) != meant.get(name))
            advice = "choose another place with -o, or continue that one by its directory"
            raise ConfigError(f"{path} holds another sweep ({', '.join(other)} differ); {advice}.")
        return ledger

    def committed(self) -> set[str]:
        """The shards of the plan that are there, by one look at the directory."""
        with os.scandir(self.path / SHARDS) as entries:
            names = {entry.name for entry in entries if self._plain(entry)}
        return names & self.plan.keys()

    def _plain(self, entry: os.DirEntry[str]) -> bool:
        if ID.fullmatch(entry.name) and entry.is_symlink():
            raise StoreError(f"{entry.path} is a link; a sweep has none. Remove it and run the same command again.")
        return entry.is_dir(follow_symlinks=False)

    def shard(self, shard: str) -> Path:
        """Where a shard is once it is committed."""
        return self.path / SHARDS / self._known(shard)

    def attempts(self, shard: str) -> list[Path]:
        """The work on a shard that is not committed, newest first."""
        folder = self.path / ATTEMPTS / self._known(shard)
        _refuse_link(folder)
        if not folder.is_dir():
            return []
        found = [path for path in folder.iterdir() if path.name.isdecimal()]
        for path in found:
            _refuse_link(path)
        return sorted(found, key=lambda path: -int(path.name))

    def adopt(self, shard: str) -> Path | None:
        """Where to work on a shard: the newest attempt that nobody works on, else a new one; None when somebody does.

        Work that cannot be read is left where it is, and a new attempt begun.
        """
        there = self.attempts(shard)
        for path in there:
            if holder(path):
                return None
            if not is_run(path) or _readable(path):
                return path
        number = int(there[0].name) + 1 if there else 1
        path = self.path / ATTEMPTS / shard / str(number)
        with atomic.disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def deliver(self, shard: str, files: Mapping[str, bytes]) -> Path:
        """Make an attempt of a complete run's files that came from elsewhere, whole or not at all; its path."""
        there = self.attempts(shard)
        place = self.path / ATTEMPTS / shard / str(int(there[0].name) + 1 if there else 1)
        with atomic.disk_errors(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            atomic.sweep(place.parent, idle=3600)  # what a driver that was killed in here left
            draft = atomic.temporary(place)
            for name, content in files.items():
                (draft / name).parent.mkdir(parents=True, exist_ok=True)
                atomic.write_synced(draft / name, content)
            os.rename(draft, place)
        return place

    def commit(self, shard: str, work: Path) -> Outcome:
        """Rename complete work into its place; where a shard is already there, compare the two.

        Returns:
            "committed"; "equal" (the same bytes: the work is dropped); "different" (other bytes by the same machine
            and engine: the work is in quarantine); "other machine" (their execution records differ, so other bytes
            are allowed: the first stays, and a note is made).
        Raises:
            StoreError: the work is not complete, damaged, or of another shard.
        """
        run = Run.read(work)
        if not run.complete or run.identity != self.plan[self._known(shard)]["identity"]:
            raise StoreError(f"{work} is not the complete run of shard {shard}.")
        place = self.shard(shard)
        _refuse_link(place)
        with atomic.disk_errors(place):
            try:
                os.rename(work, place)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                return self._second(shard, run)
            atomic.sync_directory(place.parent)
        self._clear(shard)
        return "committed"

    def _second(self, shard: str, run: Run) -> Outcome:
        """What becomes of a second complete run of a shard."""
        first = Run.read(self.shard(shard))
        if shard_hash(first) == shard_hash(run):
            atomic.remove(run.path)
            self._clear(shard)
            return "equal"
        if first.execution == run.execution:
            self._aside(shard, run.path)
            return "different"
        records = {"first": first.execution, "second": run.execution, "hashes": [shard_hash(first), shard_hash(run)]}
        self.record(shard, "noted", records)
        atomic.remove(run.path)
        return "other machine"

    def _aside(self, shard: str, work: Path) -> None:
        folder = self.path / QUARANTINE
        _refuse_link(folder)
        with atomic.disk_errors(folder):
            folder.mkdir(exist_ok=True)
            number = 1
            while os.path.lexists(place := folder / f"{shard}-{number}"):
                number += 1
            os.rename(work, place)
            atomic.sync_directory(folder)

    def _clear(self, shard: str) -> None:
        """Drop the folder of a shard's attempts where nothing is left in it."""
        try:
            os.rmdir(self.path / ATTEMPTS / shard)
        except OSError:  # there is something in it, or another process was first
            return

    def record(self, shard: str, kind: Literal["failed", "noted"], content: Mapping[str, Any]) -> Path:
        """Keep what became of an attempt: attempts/<id>/<kind>-<k>.json."""
        folder = self.path / ATTEMPTS / self._known(shard)
        _refuse_link(folder)
        with atomic.disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{kind}-{len(list(folder.glob(f'{kind}-*.json'))) + 1}.json"
        atomic.write_sealed(path, content)
        return path

    def failures(self, shard: str) -> list[dict[str, Any]]:
        """The records of a shard's failed attempts, oldest first."""
        found = (self.path / ATTEMPTS / self._known(shard)).glob("failed-*.json")
        return [atomic.read_sealed(path) for path in sorted(found, key=lambda path: int(path.stem.split("-")[1]))]

    def begun(self) -> list[tuple[str, Path | None]]:
        """(shard, its newest attempt if there is one) of all that was begun and is not committed."""
        committed = self.committed()
        with os.scandir(self.path / ATTEMPTS) as entries:
            begun = sorted(entry.name for entry in entries if entry.name in self.plan and self._plain(entry))
        return [(shard, next(iter(self.attempts(shard)), None)) for shard in begun if shard not in committed]

    def quarantined(self) -> list[Path]:
        """Runs whose bytes differed from those of the committed shard."""
        folder = self.path / QUARANTINE
        return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []

    def _known(self, shard: str) -> str:
        if shard not in self.plan:
            raise StoreError(f"{self.path} has no shard {shard!r} in its {PLAN}.")
        return shard


def is_sweep(path: Path) -> bool:
    """Whether a directory is a sweep of ours."""
    return all((path / name).is_file() for name in (SUMS, SWEEP, PLAN))


def shard_hash(run: Run) -> str:
    """The hash of what a shard's numbers are: its deterministic files, by their recorded sha256."""
    files = run.summary()["files"]
    return atomic.sha256(atomic.canonical({name: files[name] for name in DETERMINISTIC}))


def read_plan(content: bytes, path: Path) -> dict[str, dict[str, str]]:
    """plan.csv: shard id -> its row; StoreError for one that no program of ours wrote."""
    rows = list(csv.DictReader(content.decode(errors="replace").splitlines()))
    plan = {str(row.get("shard")): row for row in rows}
    if strange := [shard for shard, row in plan.items() if not ID.fullmatch(shard) or not row.get("identity")]:
        raise StoreError(f"{path} has a shard named {strange[0][:40]!r}; a shard's name is ten hexadecimal digits.")
    if not rows or len(plan) < len(rows):
        raise StoreError(f"{path} has no shards, or one twice.")
    return plan


def _refuse_link(path: Path) -> None:
    if path.is_symlink():
        raise StoreError(f"{path} is a link; a sweep has none. Remove it and run the same command again.")


def _refuse_foreign(path: Path, files: Mapping[str, bytes]) -> None:
    """ConfigError unless a directory is free, empty, or what a killed start or a repair of a sweep left."""
    if not os.path.lexists(path):
        return
    if not path.is_dir():
        raise ConfigError(f"{path} is not a directory; choose another place with -o.")
    ours = {name.partition("/")[0] for name in files} | {SHARDS, ATTEMPTS, QUARANTINE, SUMS, *DERIVED}
    with atomic.disk_errors(path):
        found = os.listdir(path)
    if [name for name in found if name not in ours and not name.startswith(atomic.TEMPORARY) and ASIDE not in name]:
        raise ConfigError(f"{path} is not empty and not a sweep of acrypto; choose another place with -o.")


def _readable(work: Path) -> bool:
    """Whether an attempt can be continued; a torn or damaged one cannot."""
    try:
        Run.read(work)
    except StoreError:
        return False
    return True
