"""Executing a run that is meant: everything is checked before anything is written, and failures become sentences."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from adversarial_crypto.config import ConfigError
from adversarial_crypto.errors import AcryptoError, EnvironmentProblem
from adversarial_crypto.lab.attempt import Attempt, Stop
from adversarial_crypto.lab.events import Event, Note, Started, Tell
from adversarial_crypto.lab.figures import figures
from adversarial_crypto.lab.machine import execution, facts, probe, use_compiler
from adversarial_crypto.lab.meant import Meant
from adversarial_crypto.lab.result import RunResult
from adversarial_crypto.lab.sources import Sources
from adversarial_crypto.store import RunDir
from adversarial_crypto.training import Engine, Plan, choose_engine, prepare

# What may change between two attempts without anyone asking, and with it the last digits of the results.
CIRCUMSTANCES = ("torch", "cpu", "gpu")


def execute(
    meant: Meant, device: str, engine: str, threads: int | None, tf32: bool, draw: bool, tell: Tell, stop: Stop
) -> RunResult:
    """Begin or continue a run and bring it to its summary; arguments and errors as `lab.run`."""
    machine = probe(device, threads, tf32)
    chosen, reason = choose_engine(engine, meant.run, machine)
    plan = _prepared(meant.sources)
    with meant.open(execution(machine, chosen), facts()) as directory:
        if directory.complete:  # another process finished it meanwhile
            return RunResult(directory.path, directory.summary(), already_complete=True)
        tell = _logged(directory, tell)
        with _in_words(directory):
            summary = _attempt(directory, plan, reason, tell, stop, draw)
    if draw:
        figures(directory.path)
    return RunResult(directory.path, summary)


def _attempt(directory: RunDir, plan: Plan, reason: str, tell: Tell, stop: Stop, watched: bool) -> dict[str, Any]:
    """One attempt on the machine and engine that the run was begun with."""
    recorded, resumed = directory.execution, directory.resumed
    machine = probe(recorded["device"], recorded["threads"], recorded["tf32"])
    name, _ = choose_engine(recorded["engine"], plan.run, machine)
    if name == "compiled":
        use_compiler(machine.device)
    tell(
        Started(
            run_dir=directory.path,
            name=plan.run.name,
            identity=directory.identity,
            replicas=plan.run.total_replicas,
            steps=plan.run.train.steps,
            engine=name,
            device=machine.device,
            reason="as recorded at the first start" if resumed else reason,
            resumed_step=resumed.step if resumed else None,
        )
    )
    for warning in [*directory.warnings, *_changes(recorded, execution(machine, name))]:
        tell(Note(warning))
    return Attempt(directory, plan, Engine(name, machine), tell, stop, watched).work()


def _prepared(sources: Sources) -> Plan:
    """The plan; what is wrong with a network is told of the file that the user gave."""
    builds = sources.builds()
    try:
        return prepare(sources.run, builds, sources.start())
    except ConfigError as error:
        raise ConfigError([sources.as_given(problem) for problem in error.problems]) from error


def _changes(recorded: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    for key in CIRCUMSTANCES:
        if recorded.get(key) != now.get(key):
            before, after = _shown(recorded.get(key)), _shown(now.get(key))
            yield (
                f"This run was begun with {key} {before} and goes on with {after}: its results are as good, but not "
                "bit for bit those of an undisturbed run."
            )


def _shown(value: Any) -> str:
    return ", ".join(str(each) for each in value.values()) if isinstance(value, dict) else str(value)


def _logged(directory: RunDir, tell: Tell) -> Tell:
    """Also writes what happens, but not the progress, to log.txt."""

    def both(event: Event) -> None:
        if isinstance(event, Started):
            at = "the start" if event.resumed_step is None else f"step {event.resumed_step}"
            _log(directory, f"{event.engine} on {event.device} ({event.reason}), from {at}")
        elif isinstance(event, Note):
            _log(directory, event.text)
        tell(event)

    return both


def _log(directory: RunDir, text: str) -> None:
    directory.log(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}")


@contextmanager
def _in_words(directory: RunDir) -> Iterator[None]:
    """What torch cannot do becomes a sentence; the traceback of anything unforeseen goes to log.txt."""
    try:
        yield
    except AcryptoError as error:
        _log(directory, str(error))
        raise
    except Exception as error:
        _log(directory, "".join(traceback.format_exception(error)))
        sentence = _sentence(error)
        if sentence is None:
            raise
        raise EnvironmentProblem(f"{sentence} The details are in {directory.path / 'log.txt'}.") from error


def _sentence(error: Exception) -> str | None:
    """Why a machine cannot compute a run; None when that is not why it failed."""
    first = str(error).strip().partition("\n")[0][:200]
    if isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error):
        return "There is not enough memory; lower replicas.chunk or train.batch, or use a larger machine."
    if type(error).__module__.startswith(("torch._inductor", "torch._dynamo")):
        return f"Compiling failed ({first}); begin again with --engine eager --fresh."
    return None
