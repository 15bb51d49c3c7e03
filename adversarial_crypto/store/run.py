"""A run directory to look at: every file that is handed out has been checked against its recorded sha256."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from adversarial_crypto.errors import StoreError
from adversarial_crypto.store import atomic, checkpoints
from adversarial_crypto.store.appended import prefix_fault
from adversarial_crypto.store.manifest import CONFIG, MANIFEST, METRICS, PLAYERS, SUMMARY, is_run, read_manifest

if TYPE_CHECKING:
    from adversarial_crypto.store.checkpoints import Arrays


class Run:
    """A run, complete or not.

    Attributes:
        path: the directory.
        manifest: manifest.json, with "identity" and "execution" as recorded at the first start.
    """

    def __init__(self, path: Path) -> None:
        """Read and check a directory that has its manifest and config; StoreError names every damaged file."""
        self.path = path
        self.manifest = read_manifest(path)
        self._summary = atomic.read_sealed(path / SUMMARY) if (path / SUMMARY).exists() else None
        self._files: dict[str, str] = (self._summary or self.manifest)["files"]
        if found := atomic.damaged(path, self._files):
            sentences = [sentence for _, sentence in found]
            raise StoreError("\n".join([*sentences, f"`acrypto verify {path} --repair` sets aside what is damaged."]))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Open a run to look at it, complete or not; nothing is written and no lease taken.

        Raises:
            StoreError: not a run directory, or a file of it is damaged or missing.
        """
        if not is_run(path):
            raise StoreError(f"{path} is not a run directory: it has no {MANIFEST} of acrypto.")
        return cls(path)

    @property
    def complete(self) -> bool:
        """Whether summary.json is there: nothing is written to this run any more but figures/ and attacks/."""
        return self._summary is not None

    @property
    def identity(self) -> str:
        """The run's identity digest."""
        return str(self.manifest["identity"])

    @property
    def execution(self) -> dict[str, Any]:
        """Device, engine, threads, … as recorded at the first start."""
        return dict(self.manifest["execution"])

    @property
    def config_text(self) -> str:
        """The resolved config.toml."""
        return self.read_bytes(CONFIG).decode()

    def summary(self) -> dict[str, Any]:
        """summary.json with its "files"; StoreError when the run is not complete."""
        if self._summary is None:
            raise StoreError(f"{self.path} is not complete; run the same command again to continue it.")
        return dict(self._summary)

    def read_bytes(self, name: str) -> bytes:
        """A recorded file's content, checked; StoreError when it is damaged or nothing vouches for it."""
        if name not in self._files:
            raise StoreError(f"{self.path} does not vouch for {name}: it is not complete.")
        data = atomic.read_bytes(self.path / name)
        if atomic.sha256(data) != self._files[name]:
            raise StoreError(f"{self.path / name} is damaged: it does not have its recorded sha256.")
        return data

    def read_metrics(self) -> str:
        """metrics.csv; of an unfinished run as far as the newest checkpoint vouches for it, "" when none does."""
        if self.complete:
            return self.read_bytes(METRICS).decode()
        for found in checkpoints.intact(self.path):
            record = found.meta["appended"][METRICS]
            if sentence := prefix_fault(self.path / METRICS, record):
                raise StoreError(sentence)
            return atomic.read_bytes(self.path / METRICS)[: record["bytes"]].decode()
        return ""

    def players(self) -> tuple[Arrays, dict[str, Any]]:
        """The arrays and document of players.safetensors; StoreError when damaged or the run is not complete."""
        return checkpoints.load_arrays(self.path / PLAYERS, self.summary()["files"][PLAYERS])
