"""One attempt at a run: from its newest checkpoint, or from nothing, to its summary or to a stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from adversarial_crypto.lab.events import Compiling, Phase, Recorded, Tell
from adversarial_crypto.lab.meter import Meter
from adversarial_crypto.lab.outcome import outcome
from adversarial_crypto.lab.result import Stopped
from adversarial_crypto.lab.snapshots import Snapshots
from adversarial_crypto.lab.summary import Facts, summarise
from adversarial_crypto.lab.tables import metrics_header, metrics_rows, protocol_table
from adversarial_crypto.lab.watch import Watch
from adversarial_crypto.store import RunDir
from adversarial_crypto.training import Engine, Plan, Protocol, Training

# Seconds between checkpoints: a kill costs at most half a minute of work, and a checkpoint of quick 5 ms of it.
CHECKPOINT_SECONDS = 30.0
PLAYERS_SCHEMA, SNAPSHOTS_SCHEMA = "acrypto.players/1", "acrypto.snapshots/1"

Stop = Callable[[], str | None]


class Attempt:
    """Trains, meets the fresh adversaries and commits; saves itself on the way.

    Args:
        directory: open for writing, perhaps with a checkpoint to continue from.
        stop: polled at every beat, in training and protocol alike; a reason means save and raise `Stopped`.
        watched: whether snapshots of the players are kept; what an attempt continues goes on as it was begun.
    """

    def __init__(
        self, directory: RunDir, plan: Plan, engine: Engine, tell: Tell, stop: Stop, watched: bool = False
    ) -> None:
        self.directory, self.plan, self.engine, self.tell, self.stop = directory, plan, engine, tell, stop
        self.training = Training(plan, engine)
        self.protocol: Protocol | None = None
        self.snapshots = Snapshots(plan.run) if watched else None
        self.meter = Meter()
        width: dict[Phase, int] = {"training": plan.run.total_replicas, "protocol": plan.chunk_size}
        self.watch = Watch(plan.run, plan.game, width, tell)
        self._saved = time.monotonic()
        if directory.resumed is None:
            directory.append_metrics(metrics_header(plan.game.measured))
        else:
            self._restore(directory.resumed.arrays, directory.resumed.meta)
            self.watch.recall(directory.read_metrics())

    @property
    def phase(self) -> Phase:
        """What is being worked on."""
        return "training" if self.protocol is None else "protocol"

    @property
    def step(self) -> int:
        """Work done, training and protocol together; it never falls."""
        return self.training.step + (self.protocol.step if self.protocol else 0)

    def work(self) -> dict[str, Any]:
        """All that is left to do; the summary. Raises Stopped, with everything saved."""
        if not self.training.finished:
            self._train()
        if self.protocol is None:
            self.protocol = Protocol(self.plan, self.training)
        self._meet(self.protocol)
        return self._commit(self.protocol)

    def _train(self) -> None:
        training, run = self.training, self.plan.run.train
        self._compiling("the training and its measures")
        if self.engine.name == "compiled":
            training.loop.compile(training.states[0])
        self.meter.start(training.step)
        for beat in training.beats():
            if beat.rows:
                self.directory.append_metrics(metrics_rows(beat.rows, self.plan.game.measured))
                self.watch.record(beat.rows)
                self.tell(Recorded(beat.rows))
                if self.snapshots:
                    self.snapshots.record(training)
            self.meter.beat(beat.step)
            self.watch.beat("training", beat.step, run.steps)
            self._breathe()
        self.meter.rest()
        if self.snapshots:
            self.snapshots.record(training, last=True)
        self._save()

    def _meet(self, protocol: Protocol) -> None:
        """Trains the fresh adversaries."""
        run = self.plan.run
        others = set(protocol.networks) - {"own"}
        if not protocol.finished and (
            self.directory.resumed or others or run.protocol.adversary_batch != run.train.batch
        ):
            self._compiling("the fresh adversaries' training")
        for step in protocol.beats():
            self.watch.beat("protocol", step, protocol.steps)
            self._breathe()
        # The test draw is long and has no beats; without this a kill in it would cost the last adversaries.
        self._save()

    def _commit(self, protocol: Protocol) -> dict[str, Any]:
        reports, diverged = list(protocol.reports()), self.training.diverged.tolist()
        facts = Facts(
            identity=self.directory.identity,
            steps=self.training.step,
            seconds=self.meter.seconds,
            rate=self.meter.rate * self.plan.run.total_replicas,
            execution=self.directory.execution,
        )
        outcomes = [outcome(report, gone, self.plan.game) for report, gone in zip(reports, diverged, strict=True)]
        summary = summarise(self.plan.run, self.plan.game, outcomes, facts)
        meta = {"schema": PLAYERS_SCHEMA, "identity": self.directory.identity}
        self.directory.write_players(_numpy(self._players(protocol)), meta)
        if self.snapshots:
            kept = _numpy(self.snapshots.named(self.training))
            self.directory.write_snapshots(kept, {**meta, "schema": SNAPSHOTS_SCHEMA})
        self.directory.write_protocol(protocol_table(reports, self.plan.game))
        return self.directory.commit(summary)

    def _players(self, protocol: Protocol) -> dict[str, Tensor]:
        """What players.safetensors holds, each (R, ...): "alice.mix.weight", and "adversary.own.eve.mix.weight"."""
        named: dict[str, Tensor] = {}
        for coalition, flat in protocol.players.items():
            named |= self.training.layouts[coalition].named(flat)
        for network, loop, flat in zip(protocol.networks, protocol.loops, protocol.best, strict=True):
            best = loop.layouts[protocol.adversary].named(flat)
            named |= {f"adversary.{network}.{name}": weight for name, weight in best.items()}
        return named

    def _breathe(self) -> None:
        """A beat: stop if asked to, save if it is time."""
        if reason := self.stop():
            self._save()
            raise Stopped(reason, self.directory.path, f"{self.step:,} steps")
        if time.monotonic() - self._saved >= CHECKPOINT_SECONDS:
            self._save()

    def _save(self) -> None:
        arrays = {f"training/{name}": tensor for name, tensor in self.training.arrays().items()}
        if self.protocol is not None:
            arrays |= {f"protocol/{name}": tensor for name, tensor in self.protocol.arrays().items()}
        if self.snapshots:
            arrays |= {f"snapshots/{name}": tensor for name, tensor in self.snapshots.arrays().items()}
        self.directory.checkpoint(self.step, _numpy(arrays), {"phase": self.phase, "meter": self.meter.saved()})
        self._saved = time.monotonic()

    def _restore(self, arrays: dict[str, Any], meta: dict[str, Any]) -> None:
        tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
        self.training.restore(_part(tensors, "training/"))
        kept = _part(tensors, "snapshots/")
        self.snapshots = Snapshots(self.plan.run) if kept else None
        if self.snapshots:
            self.snapshots.restore(kept)
        self.meter = Meter(**meta["meter"])
        if meta["phase"] == "protocol":
            self.protocol = Protocol(self.plan, self.training)
            self.protocol.restore(_part(tensors, "protocol/"))

    def _compiling(self, what: str) -> None:
        if self.engine.name == "compiled":
            self.tell(Compiling(what))


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _numpy(tensors: dict[str, Tensor]) -> dict[str, Any]:
    return {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}
