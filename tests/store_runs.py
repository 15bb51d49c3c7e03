"""Runs to test the store with: one complete, one killed at step 3, and ways to damage their files."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from adversarial_crypto.store import RunDir, atomic, commit_figure

CONFIG = 'name = "tiny"\n\n[train]\nbatch = 512\nlearning_rate = 0.002\n\n[replicas]\nvary = [\n    1,\n]\n'
SOURCES = {"networks/my_net.py": b"def build(): ...\n"}
DETERMINISTIC = ("config.toml", "metrics.csv", "protocol.csv", "players.safetensors")
STEPS = 6


def open_run(path: Path, **changes: Any) -> RunDir:
    """The command of every test: the same run, unless told otherwise."""
    execution = {"engine": "eager", "threads": 2}
    given: dict[str, Any] = {"config_text": CONFIG, "identity": "a" * 64, "execution": execution}
    given |= {"manifest": {"argv": ["acrypto", "run"]}, "sources": SOURCES}
    return RunDir.create_or_open(path, **(given | changes))


def arrays(step: int) -> dict[str, np.ndarray[Any, Any]]:
    """A state that depends on the step alone."""
    return {"alice": np.full((2, 3), step, np.float32), "step": np.array(step)}


def work(run: RunDir, until: int = STEPS, then: Callable[[int], None] = lambda step: None) -> None:
    """A little laboratory: one row and one checkpoint a step, from wherever the run stands."""
    start = run.resumed.step if run.resumed else 0
    assert run.resumed is None or run.resumed.arrays["alice"][0, 0] == start == run.resumed.meta["at"]
    if start == 0:
        run.append_metrics("step,bob\n")
    for step in range(start + 1, until + 1):
        run.append_metrics(f"{step},{1 / step}\n")
        run.log(f"step {step}")
        then(step)
        run.checkpoint(step, arrays(step), {"at": step})


def finish(run: RunDir) -> None:
    """Players, protocol, summary."""
    run.write_players(arrays(STEPS), {"players": ["alice"]})
    run.write_protocol("replica,network\n0,own\n")
    run.commit({"schema": "acrypto.run/1", "passed": 1})


def complete_run(path: Path) -> Path:
    """A complete run with a figure."""
    with open_run(path) as run:
        work(run)
        finish(run)
    commit_figure(path, "training", {"training.csv": b"1\n", "training.png": b"\x89PNG", "training.pdf": b"%PDF"})
    return path


def unfinished_run(path: Path) -> Path:
    """A run killed at step 3: its lease is left behind by a process that no longer lives."""
    with open_run(path) as run:
        work(run, until=3)
        lease = atomic.read_sealed(path / "lease.json")
    atomic.write_sealed(path / "lease.json", {**lease, "started": "0"})
    commit_figure(path, "training", {"training.csv": b"1\n"})
    return path


def files(run: Path) -> list[str]:
    """Every file of a directory, relative."""
    return sorted(str(path.relative_to(run)) for path in run.rglob("*") if path.is_file())


def flip(path: Path) -> None:
    """Flip one bit in the middle of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def truncate(path: Path) -> None:
    """Cut the last byte."""
    path.write_bytes(path.read_bytes()[:-1])


def empty(path: Path) -> None:
    """Leave the name and nothing else."""
    path.write_bytes(b"")


DAMAGE = {"flip": flip, "truncate": truncate, "empty": empty}
COMPLETE = [
    *("config.toml", "figures/training/SHA256SUMS", "figures/training/training.csv", "figures/training/training.pdf"),
    *("figures/training/training.png", "log.txt", "manifest.json", "metrics.csv", "networks/my_net.py"),
    *("players.safetensors", "protocol.csv", "summary.json"),
]
STEP2, STEP3 = "checkpoints/step-000000002", "checkpoints/step-000000003"
UNFINISHED = [
    *(f"{step}/{name}" for step in (STEP2, STEP3) for name in ("SHA256SUMS", "state.safetensors")),
    *("config.toml", "figures/training/SHA256SUMS", "figures/training/training.csv", "lease.json", "log.txt"),
    *("manifest.json", "metrics.csv", "networks/my_net.py"),
]


@functools.cache
def template(kind: str) -> Path:
    """A "complete" or "unfinished" run to look at and copy from, made once."""
    folder = Path(tempfile.mkdtemp(prefix="acrypto-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return {"complete": complete_run, "unfinished": unfinished_run}[kind](folder / "runs" / kind)


def duplicate(kind: str, folder: Path) -> Path:
    """A copy of a template to damage, at FOLDER/run."""
    return shutil.copytree(template(kind), folder / "run")
