"""TensorBoard's event files: of a run while it trains, or of one that is finished."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adversarial_crypto.errors import EnvironmentProblem
from adversarial_crypto.lab.curves import of_metrics, points
from adversarial_crypto.lab.events import Event, Finished, Recorded, Started


class Scalars:
    """Writes the curves of records (lab/curves.py) as scalars.

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
            passed = sum(row.passed for row in event.rows)
            self.record(event.rows[0].step, points(values, {"passed": passed}))
        elif isinstance(event, Finished) and self._writer is not None:
            self.close(str(event.result.summary["verdict"]))

    def records(self, metrics: str) -> None:
        """All records of a run's metrics.csv."""
        for step, values in of_metrics(metrics):
            self.record(step, values)

    def record(self, step: int, values: Mapping[str, float]) -> None:
        """One record: curve -> value."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def close(self, verdict: str, texts: Sequence[tuple[str, str]] = ()) -> None:
        """Ends the files with the verdict and other texts."""
        for name, text in (("verdict", verdict), *texts):
            self._writer.add_text(name, text, 0)
        self._writer.close()
