"""One attack on one target, computed once: its result is a sealed file, and the same question finds it again."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adversarial_crypto.config.identity import NUMERICS_VERSION
from adversarial_crypto.errors import EnvironmentProblem, StoreError
from adversarial_crypto.lab.attacked import Target
from adversarial_crypto.lab.events import AttackProgress, Note, Tell
from adversarial_crypto.lab.learned import Learned
from adversarial_crypto.lab.machine import execution, probe, use_compiler
from adversarial_crypto.lab.result import Stopped
from adversarial_crypto.store.atomic import canonical, disk_errors, read_sealed, write_sealed

if TYPE_CHECKING:
    from adversarial_crypto.attacks import Attack, Tier, Verdict
    from adversarial_crypto.training import Engine

SCHEMA = "acrypto.attack-result/1"
TALK = 0.5  # seconds between two words of progress


@dataclass(frozen=True)
class Result:
    """What one attack said of one target.

    Args:
        verdicts: a row a replica and precision, as the attack gave them.
        tables: its other numbers, by name.
        seconds: of computing.
        cached: whether it was there before.
        elsewhere: by what else than here it was computed, in words; "" where that is the same.
    """

    attack: str
    verdicts: tuple[Verdict, ...]
    tables: Mapping[str, list[dict[str, Any]]]
    seconds: float
    cached: bool
    elsewhere: str = ""


@dataclass(frozen=True)
class Battery:
    """How attacks are computed.

    Args:
        tier, seed: of all of them.
        engine: that trains their networks.
        tell, stop: as `lab.run`.
    """

    tier: Tier
    seed: int
    engine: Engine
    tell: Tell
    stop: Callable[[], str | None]

    @classmethod
    def on(
        cls,
        tier: Tier,
        seed: int,
        device: str,
        engine: str,
        threads: int | None,
        tell: Tell,
        stop: Callable[[], str | None],
    ) -> Battery:
        """On this machine; without a compiler, and for seconds of work, the eager engine.

        Raises:
            ConfigError, EnvironmentProblem: as `lab.probe`; the compiled engine where there is no compiler.
        """
        from adversarial_crypto.training import Engine

        machine = probe(device, threads)
        if engine == "compiled" and not machine.compiler:
            raise EnvironmentProblem("The compiled engine needs a C++ compiler and none was found; use --engine eager.")
        name = engine
        if engine == "auto":
            name = "compiled" if machine.compiler and tier != "smoke" else "eager"
        if name == "compiled":
            use_compiler(machine.device)
        return cls(tier, seed, Engine(name, machine), tell, stop)

    def place(self, target: Target) -> Path:
        """Where the results about a target are kept: another place for other numerics or another build."""
        # Without a word on the CPU, as folders were called before there was one on devices.
        build = {key: value for key, value in _build(self._execution).items() if value != "cpu"}
        asked = {**target.what, **build, "numerics": NUMERICS_VERSION, "tier": self.tier, "seed": self.seed}
        digest = sha256(canonical(asked)).hexdigest()[:10]
        return target.folder / f"{target.file_name}-{self.tier}-{digest}"

    def result(self, attack: str, member: Attack, target: Target, place: Path) -> Result:
        """The attack's result on a target, from `place` where it is, else computed and kept there.

        Raises:
            Stopped: `stop` gave a reason; of this attack what it has learned is kept, and nothing it has found.
            StoreError: its file is damaged, of another target, or of other numerics.
        """
        path = place / f"{attack}.json"
        asked = {"schema": SCHEMA, "attack": attack, "target": dict(target.what), "tier": self.tier, "seed": self.seed}
        if path.exists() and (kept := self._read(path, asked, member.source)):
            return kept  # what it had learned is gone, unless a kill came just before
        about = {"source": member.source, "numerics": NUMERICS_VERSION, **_build(self._execution)}
        memory = Learned(place, attack, {**asked, **about}, self.tell)
        verdicts, tables = self._computed(attack, member, target, memory)
        seconds = round(memory.seconds, 1)
        rows = [asdict(verdict) for verdict in verdicts]
        with disk_errors(place):
            place.mkdir(parents=True, exist_ok=True)
        write_sealed(
            path,
            {
                **asked,
                "source": member.source,
                "numerics": NUMERICS_VERSION,
                "execution": self._execution,
                "seconds": seconds,
                "verdicts": rows,
                "tables": tables,
            },
        )
        memory.forget()
        return Result(attack, tuple(verdicts), tables, seconds, cached=False)

    def _read(self, path: Path, asked: Mapping[str, Any], source: str) -> Result | None:
        """The result in a file; None where the user's attack has changed since."""
        from adversarial_crypto.attacks import Verdict

        found = read_sealed(path)
        if any(found.get(key) != value for key, value in asked.items()):
            raise StoreError(f"{path} is a result about something else; remove it and run the same command again.")
        if found.get("source", "") != source:
            return None
        numerics = found.get("numerics", 1)  # files of before there was this key are of the first
        if numerics != NUMERICS_VERSION:
            raise StoreError(
                f"{path} is of numerics {numerics}, which give other numbers than those of today, {NUMERICS_VERSION}; "
                "remove it and run the same command again."
            )
        verdicts = tuple(Verdict(**row) for row in found["verdicts"])
        there, here = _build(found["execution"]), _build(self._execution)
        elsewhere = ", ".join(f"{key} {there[key]}" for key in here if there[key] != here[key])
        return Result(found["attack"], verdicts, found["tables"], float(found["seconds"]), True, elsewhere)

    def tell_of_kept(self, results: Iterable[Result]) -> None:
        """Says which results were computed by something else than their controls: the same question, and as good."""
        if kept := [f"{result.attack} ({result.elsewhere})" for result in results if result.elsewhere]:
            here = ", ".join(f"{key} {value}" for key, value in _build(self._execution).items())
            self.tell(Note(f"Kept as computed before: {', '.join(kept)}; their controls were met by {here}."))

    @property
    def _execution(self) -> dict[str, Any]:
        return execution(self.engine.machine, self.engine.name)

    def _computed(
        self, attack: str, member: Attack, target: Target, memory: Learned
    ) -> tuple[list[Verdict], dict[str, list[dict[str, Any]]]]:
        import torch

        from adversarial_crypto.attacks import Budget, Progress, Table, Verdict
        from adversarial_crypto.numerics.fused import fused

        seeds = torch.tensor([[self.seed, number] for number in target.numbers])
        verdicts: list[Verdict] = []
        tables: dict[str, list[dict[str, Any]]] = {}
        last = 0.0
        self.tell(AttackProgress(attack, target.label, 0.0, "beginning"))
        # Whoever compiles has the fused layers too, so ciphers made of networks answer four times as fast.
        with fused() if self.engine.name == "compiled" else nullcontext():
            for said in member.run(target.cipher, Budget(self.tier, self.engine, memory), seeds):
                if isinstance(said, Verdict):
                    verdicts.append(replace(_known(said), attack=attack))
                elif isinstance(said, Table):
                    tables.setdefault(said.name, []).extend(dict(row) for row in said.rows)
                elif isinstance(said, Progress) and time.monotonic() - last > TALK:
                    last = time.monotonic()
                    self.tell(AttackProgress(attack, target.label, said.share, said.doing))
                if reason := self.stop():
                    memory.save()
                    raise Stopped(reason, target.folder, f"the results before {attack} on {target.label}")
        return verdicts, tables


def _build(record: Mapping[str, Any]) -> dict[str, str]:
    """What of an execution may change the last digits of what attackers learn."""
    return {"torch": record["torch"], "engine": record["engine"], "device": record["device"].partition(":")[0]}


def _known(verdict: Verdict) -> Verdict:
    """The verdict without numbers that are none, such as the interval of a single value."""
    numbers = {name: getattr(verdict, name) for name in ("value", "low", "high", "p", "chance")}
    unknown: dict[str, Any] = {n: None for n, number in numbers.items() if number and not math.isfinite(number)}
    return replace(verdict, **unknown)
