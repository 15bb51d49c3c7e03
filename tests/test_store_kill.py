"""store: the process dies before every single thing that it asks of the disk, and the same command continues."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adversarial_crypto.store import RunDir, verify

INPUTS = {"config.toml", "networks/my_net.py"}
FINAL = ("config.toml", "networks/my_net.py", "metrics.csv", "players.safetensors", "protocol.csv")
CHANGES = ("write", "ftruncate", "link", "unlink", "mkdir", "rmdir", "rename", "replace")
STEPS = 3


def command(path: Path) -> None:
    """A whole run, or what is left of one; its state is a sum over the steps: one lost or done twice would show."""
    sources = {"networks/my_net.py": b"def build(): ...\n"}
    with RunDir.create_or_open(path, "x = 1\n", "a" * 64, {}, {}, sources=sources) as run:
        if run.complete:
            return
        start, total = (run.resumed.step, run.resumed.arrays["total"]) if run.resumed else (0, np.zeros(2))
        for step in range(start + 1, STEPS + 1):
            total = total + step
            run.append_metrics(f"{step},{total[0]}\n")
            run.log("a step")
            run.checkpoint(step, {"total": total}, {})
        run.write_players({"total": total}, {})
        run.write_protocol("replica\n0\n")
        run.commit({"schema": "acrypto.run/1"})


def dying(name: str, fuse: list[int]) -> Callable[..., Any]:
    """The system call of that name; the process dies before it when the fuse has burnt down, in a write half-way."""
    real = getattr(os, name)

    def call(*args: Any, **kwargs: Any) -> Any:
        fuse[0] -= 1
        if fuse[0] < 0:
            if name == "write":
                real(args[0], bytes(args[1])[: len(args[1]) // 2])
            os._exit(9)  # as abrupt as kill -9: nothing is flushed, nothing cleaned up
        return real(*args, **kwargs)

    return call


def survives(path: Path, calls: int) -> bool:
    """Run the command in a child that dies at its call number `calls`; whether it came through."""
    child = os.fork()
    if child == 0:
        fuse = [calls]
        for name in CHANGES:
            setattr(os, name, dying(name, fuse))
        try:
            command(path)
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1] == 0


@pytest.mark.fault
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # numpy's idle threads: the child needs none
@pytest.mark.parametrize("twice", [False, True])
def test_death_at_every_call(tmp_path: Path, twice: bool) -> None:
    """Killed before any call that changes the disk, once or twice, the same command ends with the same bytes."""
    command(tmp_path / "undisturbed")
    calls = 0
    while True:
        path = tmp_path / str(calls)
        if survives(path, calls):
            break
        if path.exists() and twice:
            survives(path, calls // 2)
        problems = verify(path) if (path / "manifest.json").exists() else []
        assert all(problem.file in INPUTS and problem.sentence.endswith("is missing.") for problem in problems)
        command(path)
        assert verify(path) == []
        left = sorted(str(file.relative_to(path)) for file in path.rglob("*"))
        assert left == sorted([*FINAL, "networks", "manifest.json", "log.txt", "summary.json"])
        for name in FINAL:
            assert (path / name).read_bytes() == (tmp_path / "undisturbed" / name).read_bytes()
        calls += 1 if not twice else 3
    assert calls > 45
