"""Snapshots of the players while they train, so that a training can be watched again without being repeated."""

from __future__ import annotations

import torch
from torch import Tensor

from adversarial_crypto.config import Run
from adversarial_crypto.training import Training

REPLICAS = 2  # of the run, its first ones
MOST = 24  # snapshots: at N = 16 half a megabyte


def schedule(run: Run) -> set[int]:
    """The steps of snapshots: records, close together at the beginning, where most happens."""
    every, last = run.train.record_every, MOST - 1
    return {round(run.train.steps * (i / last) ** 2 / every) * every for i in range(MOST)}


class Snapshots:
    """What has been kept so far; a checkpoint holds it, so an interruption changes nothing."""

    def __init__(self, run: Run) -> None:
        self._schedule = schedule(run)
        self.steps: list[int] = []
        self._weights: dict[str, list[Tensor]] = {}

    def record(self, training: Training, last: bool = False) -> None:
        """Keep the players as they are, if this step is on the schedule or the last one."""
        if training.step in self.steps or not (last or training.step in self._schedule):
            return
        self.steps.append(training.step)
        for name, flat in training.states[0].weights.items():
            self._weights.setdefault(name, []).append(flat[: self._rows(training)].cpu().clone())

    def _rows(self, training: Training) -> int:
        return min(REPLICAS, training.plan.run.total_replicas, training.plan.chunk_size)

    def arrays(self) -> dict[str, Tensor]:
        """For a checkpoint: steps (S,) and of each coalition (S, r, P)."""
        return {"steps": torch.tensor(self.steps)} | {name: torch.stack(each) for name, each in self._weights.items()}

    def restore(self, arrays: dict[str, Tensor]) -> None:
        """Continues from what `arrays` gave."""
        self.steps = arrays["steps"].tolist()
        self._weights = {name: list(flat) for name, flat in arrays.items() if name != "steps"}

    def named(self, training: Training) -> dict[str, Tensor]:
        """What snapshots.safetensors holds: step (S,) int64 and, as players.safetensors names them, (S, r, ...)."""
        named = {"step": torch.tensor(self.steps)}
        for name, flats in self._weights.items():
            whole = torch.stack(flats)
            rows = training.layouts[name].named(whole.flatten(0, 1))
            named |= {key: weight.unflatten(0, whole.shape[:2]) for key, weight in rows.items()}
        return named
