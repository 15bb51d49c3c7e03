"""The doctor: what it looks at, and that it sees what is wrong."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from adversarial_crypto import __version__
from adversarial_crypto.lab.doctor import (
    LOW_SPACE,
    compiler_check,
    cuda_check,
    directory_check,
    doctor,
    experiments_check,
    processor_check,
    space_check,
    threads_check,
    torch_check,
)

# By name, because `lab` exports a function that is called like its module.
DOCTOR = "adversarial_crypto.lab.doctor"


def test_everything_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Version, Python, torch, processor, threads, compiler, CUDA, experiments, directory and space, in this order."""
    monkeypatch.chdir(tmp_path)
    checks = {check.name: check for check in doctor()}
    assert list(checks) == [
        *("acrypto", "python", "torch", "processor", "threads"),
        *("compiler", "cuda", "experiments", "directory", "disk space"),
    ]
    assert checks["acrypto"].value == __version__
    assert checks["torch"].value == torch.__version__
    assert "quick" in checks["experiments"].value
    assert str(tmp_path) in checks["directory"].value
    assert list(tmp_path.iterdir()) == []


def test_advice_where_something_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is not in order comes with advice, a sentence; what is in order comes without."""
    monkeypatch.setenv("CXX", "no-such-compiler")
    monkeypatch.setenv("OMP_NUM_THREADS", "1000")
    checks = doctor()
    assert {check.name for check in checks if not check.ok} >= {"compiler", "threads"}
    assert all(check.advice.endswith(".") != check.ok for check in checks)
    assert all(check.value for check in checks)


@pytest.mark.parametrize(
    ("version", "ok"),
    [
        ("2.7.1", False),
        ("2.8.0+cpu", True),
        ("2.13.0", True),
        ("2.13.0a0+git12", True),
        ("3.0.0", False),
        ("1.13.1", False),
    ],
)
def test_torch_versions(version: str, ok: bool) -> None:
    """Torch is in order from 2.8 up to, not including, 3."""
    assert torch_check(version).ok is ok


def test_threads_and_processor() -> None:
    """More threads than cores, and a processor without vector instructions, are marked; the cores are named."""
    assert threads_check(2, 2).ok
    assert not threads_check(8, 2).ok
    assert "2" in threads_check(8, 2).advice
    assert processor_check({"model": "Some CPU", "capability": "AVX2"}).ok
    assert not processor_check({"model": "Some CPU", "capability": "DEFAULT"}).ok


def compiler(folder: Path, script: str) -> str:
    """A compiler that is a shell script."""
    path = folder / "c++"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("echo 'trial.cpp:2:10: fatal error: omp.h: No such file' >&2; exit 1", "omp.h: No such file"),
        ("exit 3", "exit 3"),
        ("exit 0", "trial.so"),
        ("exec sleep 5", "timed out"),
    ],
)
def test_a_compiler_that_does_not_work(
    script: str, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A compiler that is there but fails, makes nothing or hangs is marked, with its own first word of error."""
    monkeypatch.setattr(f"{DOCTOR}.TRIAL_SECONDS", 0.5)
    monkeypatch.setenv("CXX", compiler(tmp_path, script))
    check = compiler_check()
    assert not check.ok
    assert found in check.value


def test_a_compiler_that_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    """The trial program is run, and its answer compared with the right one."""
    check = compiler_check()
    if not check.ok:
        pytest.skip("no working C++ compiler here")
    monkeypatch.setattr(f"{DOCTOR}.ANSWER", 42)
    assert "903 instead of 42" in compiler_check().value


def test_cuda_that_torch_cannot_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """No GPU is no fault; a GPU's driver without a torch that can use it is one."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(f"{DOCTOR}.DRIVER", Path("/no/such/driver"))
    assert cuda_check().ok
    monkeypatch.setattr(f"{DOCTOR}.DRIVER", Path(sys.executable))
    assert not cuda_check().ok


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    """A directory that is gone or not for writing, missing experiments and a nearly full disk are marked."""
    assert directory_check(tmp_path).ok
    assert not directory_check(tmp_path / "gone").ok
    assert not directory_check(Path("/proc")).ok
    assert experiments_check(["quick"]).ok
    assert not experiments_check([]).ok


@pytest.mark.parametrize(("free", "ok"), [(LOW_SPACE, True), (LOW_SPACE - 1, False)])
def test_space(free: int, ok: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Less than a gigabyte free is marked."""
    monkeypatch.setattr(f"{DOCTOR}.shutil.disk_usage", lambda _: SimpleNamespace(free=free))
    assert space_check(tmp_path).ok is ok
