"""What comes out of a run: its result, or the news that it was stopped and can be continued."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adversarial_crypto.errors import AcryptoError
from adversarial_crypto.store import Run as Stored

if TYPE_CHECKING:
    import pandas as pd

RESUMABLE, INTERRUPTED = 75, 130


class Stopped(AcryptoError):
    """The work was asked to stop and saved itself; the same call continues it. Exit code 75, or 130 after Ctrl-C.

    Args:
        reason: what `stop` gave: "interrupt", "terminate", "time limit" or any words.
        directory: of the run or sweep.
        done: how much there is already, such as "1,200 steps".
    """

    def __init__(self, reason: str, directory: Path, done: str) -> None:
        self.reason, self.directory, self.done = reason, directory, done
        self.exit_code = INTERRUPTED if reason == "interrupt" else RESUMABLE
        super().__init__(
            f"Stopped ({reason}) after {done}, all of them saved in {directory}; "
            "run the same command again to continue."
        )


@dataclass(frozen=True)
class RunResult:
    """A complete run.

    Args:
        run_dir: its directory.
        summary: summary.json: replicas, passed, robust, measures with intervals, the verdict in words, ...
        already_complete: nothing had to be computed.
    """

    run_dir: Path
    summary: dict[str, Any]
    already_complete: bool = False

    def metrics(self) -> pd.DataFrame:
        """metrics.csv: one row a record and replica, means over the held-out draw in the units of their names."""
        return self._table("metrics.csv")

    def protocol(self) -> pd.DataFrame:
        """protocol.csv: one row a replica and fresh adversary; the test columns stand in the row of the best."""
        return self._table("protocol.csv")

    def figures(self) -> tuple[Path, ...]:
        """The pictures drawn so far, as PNG."""
        return tuple(sorted((self.run_dir / "figures").glob("*/*.png")))

    def _table(self, name: str) -> pd.DataFrame:
        import pandas as pd

        return pd.read_csv(BytesIO(Stored.read(self.run_dir).read_bytes(name)))
