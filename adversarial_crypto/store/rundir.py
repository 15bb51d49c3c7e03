"""A run directory: created or continued by the same command, appended to, checkpointed, and committed by its summary.

The order of writing is the whole safety of it: manifest.json first (this directory is ours), summary.json last (this
run is complete); between them only a checkpoint counts, with the length and hash of metrics.csv at that moment.
Whatever else a killed process left is cut off or swept when the same command continues.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from adversarial_crypto.errors import AcryptoError, StoreError
from adversarial_crypto.store import atomic, checkpoints
from adversarial_crypto.store.appended import Appended, prefix_fault
from adversarial_crypto.store.lease import LEASE, Lease, holder
from adversarial_crypto.store.manifest import (
    LOG,
    MANIFEST,
    METRICS,
    PLAYERS,
    PROTOCOL,
    SNAPSHOTS,
    SUMMARY,
    Meant,
    admit,
    complete_inputs,
    create,
    is_run,
    move_aside,
    read_manifest,
    refuse_foreign,
)
from adversarial_crypto.store.run import Run

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from adversarial_crypto.store.checkpoints import Checkpoint


class RunDir(Run):
    """A run directory to write in, made by `create_or_open`; what `Run` reads can be read here too.

    Attributes:
        resumed: the checkpoint to continue from; None: start at step 0.
        moved: where `fresh` put the run that was here; None when there was none.
        warnings: what was found damaged and set aside on opening, in sentences for the user.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.resumed: Checkpoint | None = None
        self.moved: Path | None = None
        self.warnings: list[str] = []
        self._lease: Lease | None = None
        self._metrics: Appended | None = None
        self._log: Appended | None = None

    @classmethod
    def create_or_open(
        cls,
        path: Path,
        config_text: str,
        identity: str,
        execution: Mapping[str, Any],
        manifest: Mapping[str, Any],
        *,
        sources: Mapping[str, bytes] | None = None,
        asked: Mapping[str, Any] | None = None,
        fresh: bool = False,
    ) -> Self:
        """Begin a run, continue it, or find it complete: the same command at any time.

        Args:
            path: the run directory itself; made with its parents when missing.
            config_text: the resolved config.toml.
            identity: the run's identity digest; another one in an existing directory is refused.
            execution: device, engine, threads, …: recorded at the first start; later `.execution` is what counts.
            manifest: what else manifest.json is to say (versions, machine, git, argv), a JSON document.
            sources: the user's own files, path inside the run ("networks/my_net.py") -> content.
            asked: execution settings that the user named explicitly; a different recorded one is refused.
            fresh: move an existing run of ours aside first.
        Raises:
            ConfigError: the directory is not ours, or holds a run with other settings (each difference is named).
            StoreError: another process is writing there, or a file is damaged.
            EnvironmentProblem: it cannot be written.
        """
        path, sources = Path(path), sources or {}
        moved = move_aside(path) if fresh else None
        refuse_foreign(path)
        meant = Meant(config_text.encode(), identity, sources, asked or {})
        if is_run(path):  # before anything is written into a directory that another command owns
            admit(path, meant)
        with atomic.disk_errors(path):
            path.mkdir(parents=True, exist_ok=True)
        if (path / SUMMARY).exists():
            run = cls(path)
            run._tidy()
        else:
            run = cls._enter(path, meant, execution, manifest)
        run.moved = moved
        return run

    @classmethod
    def _enter(cls, path: Path, meant: Meant, execution: Mapping[str, Any], manifest: Mapping[str, Any]) -> Self:
        """Take the lease, then begin or continue."""
        lease = Lease(path)
        lease.acquire()
        try:
            if not is_run(path):
                create(path, meant, execution, manifest)
            admit(path, meant)  # again: another process may have begun it meanwhile
            complete_inputs(path, meant)
            run = cls(path)
            run._begin(lease)
        except BaseException:
            lease.release()
            raise
        return run

    def _begin(self, lease: Lease) -> None:
        """Become the writer: find the newest checkpoint and bring every file back to that moment."""
        self._lease = lease
        if self.complete:  # finished by another process between the look and the lease
            self.close()
            return
        atomic.sweep(self.path / checkpoints.FOLDER)
        for name in (PLAYERS, PROTOCOL, SNAPSHOTS):  # a commit cut short wrote them; they come again, byte for byte
            atomic.remove(self.path / name)
        found, self.warnings = checkpoints.load_newest(self.path)
        records: dict[str, Any] = {}
        if found:
            if found.meta["identity"] != self.identity:
                raise StoreError(f"{found.path} belongs to another run ({found.meta['identity'][:10]}); remove it.")
            records = found.meta["appended"]
            self.resumed = replace(found, meta=found.meta["meta"])
        try:
            self._metrics = Appended(self.path / METRICS, records.get(METRICS), keep_tail=False)
        except StoreError as error:
            advice = f"start over with --fresh, or fall back with `acrypto verify {self.path} --repair`"
            raise StoreError(f"{error} Nothing can continue from it: {advice}.") from error
        self._log = self._open_log(records.get(LOG))

    def _open_log(self, record: Mapping[str, Any] | None) -> Appended:
        """Continue log.txt; a damaged one has no say in any result and is set aside with a warning."""
        log = self.path / LOG
        if record and (sentence := prefix_fault(log, record)):
            if log.exists():
                atomic.set_aside(log)
            self.warnings.append(f"{sentence} A new one was begun.")
            record = None
        return Appended(log, record, keep_tail=True)

    def _tidy(self) -> None:
        """Finish the commit of a process that was killed right after writing summary.json."""
        atomic.sweep(self.path)
        atomic.remove(self.path / checkpoints.FOLDER)
        if holder(self.path) is None:
            atomic.remove(self.path / LEASE)

    def _writing(self) -> tuple[Appended, Lease]:
        if self._metrics is None or self._lease is None:
            raise StoreError(f"{self.path} is complete or was opened to read; nothing is written to it.")
        return self._metrics, self._lease

    def append_metrics(self, text: str) -> None:
        """Add whole rows to metrics.csv; they survive this process at once, the machine at the next checkpoint."""
        metrics, _ = self._writing()
        metrics.append(text.encode())

    def log(self, line: str) -> None:
        """Add a line to log.txt; a full disk or a complete run is no reason to stop for it."""
        if self._log is not None:
            with suppress(AcryptoError):
                self._log.append(line.encode(errors="backslashreplace") + b"\n")

    def checkpoint(self, step: int, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Path:
        """Commit everything needed to continue from here; the two newest checkpoints are kept.

        Args:
            step: a count of the work done that never falls, through training and protocol alike.
            arrays: name -> array.
            meta: a JSON document; it comes back as `resumed.meta`.
        Raises:
            EnvironmentProblem: the disk is full; the previous checkpoint stays as it was.
            StoreError: another process took this directory over or wrote to metrics.csv.
        """
        metrics, lease = self._writing()
        lease.check()
        metrics.sync()
        appended = {METRICS: metrics.record()} | ({LOG: self._log.record()} if self._log else {})
        document = {"identity": self.identity, "appended": appended, "meta": dict(meta)}
        return checkpoints.save(self.path, step, arrays, document)

    def write_players(self, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> None:
        """Write players.safetensors, right before `commit`: until then the players live in the checkpoints."""
        self._writing()
        self._files = {**self._files, PLAYERS: checkpoints.save_arrays(self.path / PLAYERS, arrays, meta)}

    def write_snapshots(self, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> None:
        """Write snapshots.safetensors, right before `commit`, where a run has them."""
        self._writing()
        self._files = {**self._files, SNAPSHOTS: checkpoints.save_arrays(self.path / SNAPSHOTS, arrays, meta)}

    def write_protocol(self, text: str) -> None:
        """Write protocol.csv, right before `commit`: until then its rows live in the checkpoints."""
        self._writing()
        data = text.encode()
        atomic.atomic_write(self.path / PROTOCOL, data)
        self._files = {**self._files, PROTOCOL: atomic.sha256(data)}

    def commit(self, summary: Mapping[str, Any]) -> dict[str, Any]:
        """Complete the run: summary.json with the hashes of all its files, written last; then the checkpoints go.

        Args:
            summary: a JSON document; it comes back with "files" added.
        Raises:
            StoreError: a file is not what this process wrote; nothing is committed.
        """
        _, lease = self._writing()
        if missing := [name for name in (PLAYERS, PROTOCOL) if name not in self._files]:
            raise ValueError(f"{' and '.join(missing)} must be written before the commit")
        lease.check()
        files = self._checked()
        document = {**summary, "files": dict(sorted(files.items()))}
        atomic.write_sealed(self.path / SUMMARY, document)
        self._summary, self._files = document, files
        atomic.remove(self.path / checkpoints.FOLDER)
        self.close()
        return document

    def _checked(self) -> dict[str, str]:
        """{name: sha256} of all files of the run, found on the disk as this process wrote them; else StoreError."""
        metrics, _ = self._writing()
        metrics.sync()
        files = {**self._files, METRICS: metrics.record()["sha256"]}
        if found := atomic.damaged(self.path, files):
            raise StoreError("\n".join(sentence for _, sentence in found))
        read_manifest(self.path)
        if self._log is not None:
            with suppress(AcryptoError):
                self._log.sync()
        for name in (MANIFEST, LOG):
            if digest := atomic.sha256_file(self.path / name):
                files[name] = digest
        return files

    def close(self) -> None:
        """Close the files and give the lease back; the run stays as it is. A second time does nothing."""
        for file in (self._metrics, self._log):
            if file is not None:
                file.close()
        if self._lease is not None:
            self._lease.release()
        self._metrics = self._log = self._lease = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
