"""The training: steps, records, the success rule with its confirmation, and the players that a replica keeps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from adversarial_crypto.numerics.philox import Occasion
from adversarial_crypto.training.engine import Engine
from adversarial_crypto.training.loop import Loop, Sample, State
from adversarial_crypto.training.prepare import Plan

# A beat is the time between two chances to stop or to save: about this many examples, a second or two of work.
BEAT_EXAMPLES = 2**19


@dataclass(frozen=True)
class Row:
    """The record of one replica at one step; `means` are over the held-out draw, in the units of their names."""

    step: int
    replica: int
    means: dict[str, float]
    passed: bool
    diverged: bool


@dataclass(frozen=True)
class Beat:
    """A point at which the training can be saved and stopped; `rows` if a record was taken here."""

    step: int
    rows: tuple[Row, ...] = ()


class Training:
    """The training of all replicas of a plan; resumable to the bit from `arrays` at any beat.

    What a replica keeps where the run stops when all have passed: its players at the record where it passed (it goes on
    training in the array), else its last. Where it goes on to `steps`, every replica keeps its last.
    """

    def __init__(self, plan: Plan, engine: Engine) -> None:
        run = plan.run
        self.plan = plan
        self.states: list[State] = []
        self.kept: list[dict[str, Tensor]] = []
        self.passed_step: list[Tensor] = []  # per chunk (R,) int64, -1 = not passed
        self.recorded = -1  # the step of the last record
        for chunk in plan.chunks:
            drawn = {name: plan.initial(name, chunk) for name in plan.game.coalitions}
            weights = {name: flat.to(engine.device) for name, (_, flat) in drawn.items()}
            layouts = {name: layout for name, (layout, _) in drawn.items()}
            seeds, rates = chunk.seeds.to(engine.device), chunk.rates.to(engine.device)
            self.states.append(State.start(weights, weights, seeds, torch.zeros_like(seeds[:, 0]), rates))
            self.kept.append({name: flat.clone() for name, flat in weights.items()})
            self.passed_step.append(torch.full_like(seeds[:, 0], -1))
        self.layouts = layouts
        occasion = Occasion.TRAINING if plan.start is None else Occasion.CONTINUED + plan.start.number
        falls_over = run.train.steps if run.train.learning_rate_decay == "linear" else None
        sizes = run.train.batch, run.train.record_batch
        self.loop = Loop(plan.game, layouts, tuple(layouts), *sizes, engine, occasion, falls_over)
        self._steppers = [self.loop.stepper(state) for state in self.states]

    @property
    def step(self) -> int:
        """Steps done, the same for every chunk."""
        return int(self.states[0].step)

    @property
    def finished(self) -> bool:
        """Whether the run's last record has been taken: `steps` reached, or every replica passed or diverged."""
        run = self.plan.run.train
        if self.recorded != self.step:
            return False
        return self.step >= run.steps or (run.stop == "passed" and bool((self.passed | self.diverged).all()))

    @property
    def passed(self) -> Tensor:
        """(R,) bool, over the whole run."""
        return self._whole(self.passed_step) >= 0

    @property
    def diverged(self) -> Tensor:
        """(R,) bool, over the whole run."""
        return ~self._whole([state.alive for state in self.states])

    def _whole(self, chunks: list[Tensor]) -> Tensor:
        """Chunks (size, ...) joined to (R, ...) on the CPU, padding dropped."""
        return torch.cat([tensor[: c.stop - c.start].cpu() for c, tensor in zip(self.plan.chunks, chunks, strict=True)])

    def beats(self) -> Iterator[Beat]:
        """Trains on to the end. After any beat the object may be saved with `arrays` and the iteration abandoned."""
        run = self.plan.run.train
        beat = max(1, BEAT_EXAMPLES // (run.batch * self.plan.chunk_size * len(self.plan.chunks)))
        while not self.finished:
            if self.recorded != self.step and (self.step % run.record_every == 0 or self.step == run.steps):
                rows = self._record()
                self.recorded = self.step
                yield Beat(self.step, rows)
                continue
            next_record = min(run.steps, (self.step // run.record_every + 1) * run.record_every)
            count = min(beat, next_record - self.step)
            for stepper in self._steppers:
                stepper(count)
            yield Beat(self.step)

    def _record(self) -> tuple[Row, ...]:
        rows: list[Row] = []
        for index, chunk in enumerate(self.plan.chunks):
            sample = self._measured(index, Occasion.RECORD)
            self._judge(index, sample)
            passed, alive = self.passed_step[index] >= 0, self.states[index].alive
            for row in range(chunk.stop - chunk.start):
                means = {name: float(mean[row]) for name, mean in sample.mean.items()}
                rows.append(Row(self.step, chunk.start + row, means, bool(passed[row]), not bool(alive[row])))
        return tuple(rows)

    def _judge(self, index: int, sample: Sample) -> None:
        """Marks the replicas whose thresholds are met here and on a second held-out draw, and keeps their players."""
        state, passed_step = self.states[index], self.passed_step[index]
        if self.plan.start is not None and self.step == 0:
            return  # what they could before is no merit of this training
        candidates = self.plan.game.passed(sample.mean).to(passed_step.device) & state.alive & (passed_step < 0)
        if not bool(candidates.any()):
            return
        confirmed = self.plan.game.passed(self._measured(index, Occasion.CONFIRM).mean).to(passed_step.device)
        newly = candidates & confirmed
        passed_step.copy_(torch.where(newly, self.step, passed_step))
        for name, kept in self.kept[index].items():
            kept.copy_(torch.where(newly.unsqueeze(-1), state.weights[name], kept))

    def _measured(self, index: int, occasion: Occasion) -> Sample:
        state = self.states[index]
        return self.loop.measure(state.weights, state.seeds, state.adversary, self.step, occasion)

    def players(self) -> dict[str, Tensor]:
        """Coalition -> (R, P) on the CPU: what each replica keeps, at its pass or else now."""
        at_pass = self.passed & (self.plan.run.train.stop == "passed")
        whole = {}
        for name in self.layouts:
            kept = self._whole([kept[name] for kept in self.kept])
            last = self._whole([state.weights[name] for state in self.states])
            whole[name] = torch.where(at_pass.unsqueeze(-1), kept, last)
        return whole

    def passed_at(self) -> Tensor:
        """(R,) int64: the step at which a replica passed, -1 if it did not."""
        return self._whole(self.passed_step)

    def arrays(self) -> dict[str, Tensor]:
        """Everything a checkpoint must hold, by name."""
        named: dict[str, Tensor] = {"recorded": torch.tensor(self.recorded)}
        for index, state in enumerate(self.states):
            named |= {f"{index}.{name}": tensor for name, tensor in state.changing().items()}
            named |= {f"{index}.kept.{name}": tensor for name, tensor in self.kept[index].items()}
            named[f"{index}.passed_step"] = self.passed_step[index]
        return {name: tensor.cpu() for name, tensor in named.items()}

    def restore(self, arrays: dict[str, Tensor]) -> None:
        """Continues from what `arrays` gave, in place."""
        self.recorded = int(arrays["recorded"])
        for index, state in enumerate(self.states):
            prefix = f"{index}."
            own = {name.removeprefix(prefix): tensor for name, tensor in arrays.items() if name.startswith(prefix)}
            state.restore(own)
            self.passed_step[index].copy_(own["passed_step"])
            for name, kept in self.kept[index].items():
                kept.copy_(own[f"kept.{name}"])
