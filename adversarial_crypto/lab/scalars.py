"""TensorBoard's event files: of a run while it trains, or of one that is finished."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from adversarial_crypto.errors import EnvironmentProblem
from adversarial_crypto.lab.events import Event, Finished, Recorded, Started

FEW = 16  # replicas that have curves of their own; of more there are the median and the middle 80 %


class Scalars:
    """Writes records as scalars: NAME/median, /low and /high (10 % and 90 %), and NAME/replica_I of a few.

    As a tracker it takes the events of a run; its files then stand in the run's directory, under tensorboard/.

    Args:
        folder: of the event files; None: told by the run's first event.
    Raises:
        EnvironmentProblem: the package is missing.
    """

    def __init__(self, folder: Path | None = None) -> None:
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise EnvironmentProblem(
                "TensorBoard's files need a package: pip install 'acrypto[tensorboard]'."
            ) from error
        self._open = SummaryWriter
        self._writer: Any = None if folder is None else self._open(str(folder))

    def __call__(self, event: Event) -> None:
        """What a run tells."""
        if isinstance(event, Started):
            # A file of its own, also within the second that is part of its name. Lines of an earlier attempt may never
            # have reached its file, so a resumed run hides them and writes all of them again.
            step = event.resumed_step or 0
            again = {"purge_step": 0} if step else {}
            folder = str(event.run_dir / "tensorboard")
            self._writer = self._open(folder, filename_suffix=f".{step:09d}", **again)
            if step:
                self.records((event.run_dir / "metrics.csv").read_text(encoding="utf-8"))
        elif isinstance(event, Recorded) and self._writer is not None:
            sound = [row for row in event.rows if not row.diverged]
            values = {name: {row.replica: row.means[name] for row in sound} for name in event.rows[0].means}
            self.record(event.rows[0].step, values, {"passed": sum(row.passed for row in event.rows)})
        elif isinstance(event, Finished) and self._writer is not None:
            self.close(str(event.result.summary["verdict"]))

    def records(self, metrics: str) -> None:
        """All records of a run's metrics.csv."""
        import pandas as pd

        table = pd.read_csv(StringIO(metrics))
        names = [name for name in table.columns if name not in ("step", "replica", "passed", "diverged")]
        for step, rows in table.groupby("step"):
            sound = rows[rows["diverged"] == 0]
            values = {name: dict(zip(sound["replica"].tolist(), sound[name].tolist(), strict=True)) for name in names}
            self.record(int(str(step)), values, {"passed": int(rows["passed"].sum())})

    def record(self, step: int, values: Mapping[str, Mapping[int, float]], counts: Mapping[str, int]) -> None:
        """One record.

        Args:
            values: measure -> replica -> value, in the measure's unit.
            counts: name -> number.
        """
        for name, of_replicas in values.items():
            known = sorted(value for value in of_replicas.values() if math.isfinite(value))
            if not known:
                continue
            self._writer.add_scalar(f"{name}/median", statistics.median(known), step)
            self._writer.add_scalar(f"{name}/low", known[round(0.1 * (len(known) - 1))], step)
            self._writer.add_scalar(f"{name}/high", known[round(0.9 * (len(known) - 1))], step)
            if len(of_replicas) <= FEW:
                for replica, value in of_replicas.items():
                    self._writer.add_scalar(f"{name}/replica_{replica}", value, step)
        for name, count in counts.items():
            self._writer.add_scalar(name, count, step)
        self._writer.flush()

    def close(self, verdict: str, texts: Sequence[tuple[str, str]] = ()) -> None:
        """Ends the files with the verdict and other texts."""
        for name, text in (("verdict", verdict), *texts):
            self._writer.add_text(name, text, 0)
        self._writer.close()
