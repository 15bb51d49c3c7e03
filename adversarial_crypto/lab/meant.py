"""What a command means: a configuration, a place, and the settings that were named."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adversarial_crypto import config
from adversarial_crypto.config import Run
from adversarial_crypto.lab.sources import Sources
from adversarial_crypto.store import RunDir


@dataclass(frozen=True)
class Meant:
    """What a command means.

    Args:
        sources: the configuration as it stands in the run directory, and the user's files.
        asked: the execution settings that were named, such as {"engine": "eager"}; a run in progress must agree.
    """

    sources: Sources
    identity: str
    path: Path
    asked: dict[str, Any]
    fresh: bool

    @property
    def run(self) -> Run:
        """The configuration."""
        return self.sources.run

    def open(self, execution: dict[str, Any], facts: dict[str, Any]) -> RunDir:
        """The run directory, begun, continued or complete; see `RunDir.create_or_open` for what is refused."""
        return RunDir.create_or_open(
            self.path,
            config.dumps(self.run),
            self.identity,
            execution,
            facts,
            sources=self.sources.files,
            asked=self.asked,
            fresh=self.fresh,
        )
