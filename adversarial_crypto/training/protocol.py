"""The paper's protocol: Alice and Bob frozen, fresh adversaries trained from scratch, the best of them counts.

Every replica meets E adversaries of each listed network, folded into one array of R times E trainings and run in chunks
of the same size as the training's, so that one compiled program serves both. A fresh adversary has new weights, empty
moments and data of her own. The best is chosen on validation messages and quoted once on test messages drawn for that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from adversarial_crypto.numerics.philox import Occasion
from adversarial_crypto.training.loop import Loop, State
from adversarial_crypto.training.prepare import Plan
from adversarial_crypto.training.train import BEAT_EXAMPLES, Training

VALIDATION_RECORDS = 4  # 65,536 messages at the default record batch
TEST_RECORDS = 64  # 2^20 messages: a standard error of 0.002 bits at N = 16 (ATTACKS section 4)


@dataclass(frozen=True)
class Fold:
    """One chunk of fresh adversaries: rows (replica, adversary) of one network, by index; `used` of them are real."""

    network: int
    replicas: tuple[int, ...]
    adversaries: tuple[int, ...]
    used: int


@dataclass(frozen=True)
class Report:
    """What the protocol found of one replica; means and standard errors over the test messages.

    Args:
        validation: network -> the first of the game's `tested` measures on validation, of each of its adversaries.
        best: network -> the index of its best adversary.
        adversary: network -> measure -> (mean, standard error) of the best, on test.
        players: measure -> (mean, standard error) of the kept players, on test.
    """

    replica: int
    passed: bool
    passed_step: int
    validation: dict[str, tuple[float, ...]]
    best: dict[str, int]
    adversary: dict[str, dict[str, tuple[float, float]]]
    players: dict[str, tuple[float, float]]


class Protocol:
    """The fresh adversaries of a finished training; resumable to the bit from `arrays` at any beat."""

    def __init__(self, plan: Plan, training: Training) -> None:
        self.plan, self.training, self.run = plan, training, plan.run.protocol
        self.adversary = plan.game.adversary or ""
        self.networks = self.run.adversary_networks if self.adversary and self.run.adversaries else ()
        self.players = training.players()
        self.folds = _folds(plan, self.networks)
        shape = len(self.networks), plan.run.total_replicas, self.run.adversaries
        self.validation = torch.full(shape, torch.inf, dtype=torch.float64)
        self.loops = [self._loop_of(network) for network in self.networks]
        # Per network (R, P): the weights of each replica's best adversary so far.
        self.best = [torch.zeros(shape[1], self._drawn(network).shape[1]) for network in self.networks]
        self._enter(0)

    @property
    def steps(self) -> int:
        """Steps of all folds together: the work there is."""
        return len(self.folds) * self.run.adversary_steps

    @property
    def step(self) -> int:
        """Steps done."""
        return self.fold * self.run.adversary_steps + (int(self.state.step) if self.fold < len(self.folds) else 0)

    @property
    def finished(self) -> bool:
        """Whether every adversary has been trained and validated."""
        return self.fold >= len(self.folds)

    def beats(self) -> Iterator[int]:
        """Trains the adversaries to the end, yielding the steps done wherever it may be saved and stopped."""
        beat = max(1, BEAT_EXAMPLES // (self.run.adversary_batch * self.plan.chunk_size))
        while not self.finished:
            count = min(beat, self.run.adversary_steps - int(self.state.step))
            if count:
                self._stepper(count)
            else:
                self._choose()
                self._enter(self.fold + 1)
            yield self.step

    def reports(self) -> Iterator[Report]:
        """One report a replica, on test messages drawn for nothing else; to be called when `beats` is through."""
        players = self._test(self.training.loop, self.players)
        best = [
            self._test(loop, {**self.players, self.adversary: b}) for loop, b in zip(self.loops, self.best, strict=True)
        ]
        passed, passed_at = self.training.passed, self.training.passed_at()
        for replica in range(self.plan.run.total_replicas):
            wrong = self.validation[:, replica]
            yield Report(
                replica=replica,
                passed=bool(passed[replica]),
                passed_step=int(passed_at[replica]),
                validation={name: tuple(wrong[i].tolist()) for i, name in enumerate(self.networks)},
                best={name: int(wrong[i].argmin()) for i, name in enumerate(self.networks)},
                adversary={name: best[i][replica] for i, name in enumerate(self.networks)},
                players=players[replica],
            )

    def arrays(self) -> dict[str, Tensor]:
        """Everything a checkpoint must hold beyond the training's own arrays."""
        named = {"fold": torch.tensor(self.fold), "validation": self.validation}
        named |= {f"best.{index}": weights for index, weights in enumerate(self.best)}
        if not self.finished:
            named |= {f"state.{name}": tensor.cpu() for name, tensor in self.state.changing().items()}
        return named

    def restore(self, arrays: dict[str, Tensor]) -> None:
        """Continues from what `arrays` gave, in place."""
        self.validation.copy_(arrays["validation"])
        for index, weights in enumerate(self.best):
            weights.copy_(arrays[f"best.{index}"])
        self._enter(int(arrays["fold"]))
        if not self.finished:
            prefix = "state."
            self.state.restore({n.removeprefix(prefix): t for n, t in arrays.items() if n.startswith(prefix)})

    def _enter(self, fold: int) -> None:
        """Fresh weights, empty moments and the frozen players of a fold."""
        self.fold = fold
        if self.finished:
            return
        rows, device = self.folds[fold], self.training.loop.engine.device
        replicas, numbers = torch.tensor(rows.replicas), torch.tensor(rows.adversaries)
        weights = {name: flat[replicas].to(device) for name, flat in self.players.items()}
        seeds, rates = self._seeds[replicas], self._rates[replicas].to(device)
        drawn = self.plan.coalition(self.adversary, seeds, numbers, self.networks[rows.network])[1]
        weights[self.adversary] = drawn.to(device)
        self.state = State.start(weights, (self.adversary,), seeds.to(device), numbers.to(device), rates)
        self._stepper = self.loops[rows.network].stepper(self.state)

    @property
    def _seeds(self) -> Tensor:
        return torch.cat([chunk.seeds for chunk in self.plan.chunks])

    @property
    def _rates(self) -> Tensor:
        return torch.cat([chunk.rates for chunk in self.plan.chunks])

    def _drawn(self, network: str) -> Tensor:
        return self.plan.coalition(self.adversary, self.plan.chunks[0].seeds, 0, network)[1]

    def _loop_of(self, network: str) -> Loop:
        """The loop in which only the adversary takes turns; it shares what it can with the training's."""
        layouts = dict(self.training.layouts)
        if network != "own":
            layouts[self.adversary] = self.plan.coalition(self.adversary, self.plan.chunks[0].seeds, 0, network)[0]
        return self.training.loop.playing(layouts, (self.adversary,), self.run.adversary_batch)

    def _choose(self) -> None:
        """Validates the adversaries of the finished fold and keeps each replica's best so far."""
        rows, state = self.folds[self.fold], self.state
        sample = self.loops[rows.network].measure(
            state.weights, state.seeds, state.adversary, 0, Occasion.VALIDATION, VALIDATION_RECORDS
        )
        wrong, weights = sample.mean[self.plan.game.tested[0]], state.weights[self.adversary].cpu()
        validation, first = self.validation[rows.network], 1 + rows.network * self.run.adversaries
        for row in range(rows.used):
            replica = rows.replicas[row]
            if wrong[row] < validation[replica].min():
                self.best[rows.network][replica] = weights[row]
            validation[replica, rows.adversaries[row] - first] = wrong[row].nan_to_num(torch.inf)

    def _test(self, loop: Loop, weights: dict[str, Tensor]) -> list[dict[str, tuple[float, float]]]:
        """Per replica: measure -> (mean, standard error) over 2^20 messages, the same for every adversary."""
        device, size, results = loop.engine.device, self.plan.chunk_size, []
        for chunk in self.plan.chunks:
            rows = torch.arange(chunk.start, chunk.start + size).clamp(max=self.plan.run.total_replicas - 1)
            own = {name: flat[rows].to(device) for name, flat in weights.items()}
            seeds = chunk.seeds.to(device)
            sample = loop.measure(own, seeds, torch.zeros_like(seeds[:, 0]), 0, Occasion.TEST, TEST_RECORDS)
            for row in range(chunk.stop - chunk.start):
                results.append({n: (float(sample.mean[n][row]), float(sample.error[n][row])) for n in sample.mean})
        return results


def _folds(plan: Plan, networks: Sequence[str]) -> tuple[Fold, ...]:
    """All pairs of replica and adversary of each network, in chunks of the training's size; the last one is padded."""
    run, size, folds = plan.run, plan.chunk_size, []
    for network in range(len(networks)):
        numbers = range(1 + network * run.protocol.adversaries, 1 + (network + 1) * run.protocol.adversaries)
        pairs = [(replica, number) for replica in range(run.total_replicas) for number in numbers]
        for start in range(0, len(pairs), size):
            chunk = pairs[start : start + size]
            padded = chunk + pairs[:1] * (size - len(chunk))
            replicas, adversaries = zip(*padded, strict=True)
            folds.append(Fold(network, replicas, adversaries, len(chunk)))
    return tuple(folds)
