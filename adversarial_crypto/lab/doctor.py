"""What this machine offers and what it lacks: tried out where trying is cheap, not only looked up."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from adversarial_crypto import __version__
from adversarial_crypto.config import experiment_files
from adversarial_crypto.lab.machine import compiler, default_threads, execution, probe
from adversarial_crypto.lab.run import experiment_folders

# What a compiled program needs: Python's headers, OpenMP, and a temporary directory from which programs may be loaded.
TRIAL = """#include <Python.h>
#include <omp.h>
extern "C" int trial() { int sum = 0;
#pragma omp parallel for reduction(+:sum)
for (int i = 0; i < 43; i++) sum += i;
return sum; }
"""
ANSWER = sum(range(43))
TRIAL_SECONDS = 60
DRIVER = Path("/proc/driver/nvidia/version")
# A run of 20 replicas at N = 16 writes some 60 MB, with its two checkpoints; a sweep many times that.
LOW_SPACE = 10**9


class Check(NamedTuple):
    """One finding.

    Args:
        name: what was looked at, in a word or two.
        value: what was found.
        ok: false where something is missing or broken.
        advice: what to do about it, one sentence; empty where nothing needs doing.
    """

    name: str
    value: str
    ok: bool
    advice: str


def doctor() -> list[Check]:
    """Every finding, in the order in which one would ask. Never raises for what it finds; takes a second or two."""
    return list(_checks())


def _checks() -> Iterator[Check]:
    yield Check("acrypto", __version__, True, "")
    old = sys.version_info < (3, 11)
    yield _judged("python", platform.python_version(), not old, "Use Python 3.11 or later.")
    yield torch_check(torch.__version__)
    yield processor_check(execution(probe("cpu"), "")["cpu"])
    yield threads_check(default_threads(), _cores())
    yield compiler_check()
    yield cuda_check()
    yield experiments_check(sorted(experiment_files(experiment_folders())))
    yield directory_check(Path.cwd())
    yield space_check(Path.cwd())


def _judged(name: str, value: str, ok: bool, advice: str) -> Check:
    return Check(name, value, ok, "" if ok else advice)


def _cores() -> int:
    """Cores that this process may use, which a container or a batch system may have made fewer."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def torch_check(version: str) -> Check:
    """Whether this torch is one that the package declares."""
    numbers = tuple(int(part) for part in version.split("+")[0].split(".")[:2] if part.isdigit())
    advice = "Install a torch from 2.8 up to, not including, 3: pip install 'torch>=2.8,<3'."
    return _judged("torch", version, (2, 8) <= numbers < (3,), advice)


def processor_check(cpu: Mapping[str, str]) -> Check:
    """The processor, and the vector instructions that torch uses on it."""
    advice = "Unset ATEN_CPU_CAPABILITY if it is set; without vector instructions the CPU is several times slower."
    return _judged("processor", f"{cpu['model']} ({cpu['capability']})", cpu["capability"] != "DEFAULT", advice)


def threads_check(threads: int, cores: int) -> Check:
    """Threads that a run uses by default; more than there are cores only stand in each other's way."""
    advice = f"Set OMP_NUM_THREADS or --threads to {cores}: more threads than cores slow a run down many times."
    return _judged("threads", f"{threads} of {cores} cores", threads <= cores, advice)


def compiler_check() -> Check:
    """Whether a C++ compiler is there and a program it makes can be loaded and gives the right answer."""
    advice = "For compiled training, several times faster, install g++ with OpenMP and Python's headers, and unset CXX."
    found = compiler("cpu")
    if found is None:
        return Check("compiler", "none, or no Python.h; the eager engine is used", False, advice)
    trouble = _trial(found)
    return _judged("compiler", f"{found}: {trouble or 'works'}", not trouble, advice)


def _trial(compiler: str) -> str:
    """What is wrong with the compiler, in its own words; empty if nothing is."""
    with tempfile.TemporaryDirectory(prefix="acrypto-doctor-", ignore_cleanup_errors=True) as folder:
        source, program = Path(folder) / "trial.cpp", Path(folder) / "trial.so"
        source.write_text(TRIAL, encoding="utf-8")
        headers = f"-I{sysconfig.get_path('include')}"
        command = [compiler, "-shared", "-fPIC", "-fopenmp", headers, str(source), "-o", str(program)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=TRIAL_SECONDS, check=False)
            if done.returncode:
                said = [line for line in done.stderr.splitlines() if "error" in line] or done.stderr.splitlines()
                return said[0].strip() if said else f"ended with exit {done.returncode}"
            answer = ctypes.CDLL(str(program)).trial()
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
    return "" if answer == ANSWER else f"a trial program gave {answer} instead of {ANSWER}"


def cuda_check() -> Check:
    """The GPUs that torch can use. None is no fault, unless the system has one."""
    if torch.cuda.is_available():
        properties = [torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count())]
        names = [f"cuda:{i} {it.name}, {it.total_memory / 1e9:.0f} GB" for i, it in enumerate(properties)]
        return Check("cuda", "; ".join(names), True, "")
    if not DRIVER.exists():
        return Check("cuda", "none, the CPU is used", True, "")
    why = "this torch was built without CUDA" if torch.version.cuda is None else "torch cannot use it"
    return Check("cuda", f"a driver, but {why}", False, "Install a torch build for your driver; see pytorch.org.")


def experiments_check(names: Sequence[str]) -> Check:
    """Whether the experiments that belong to the package are found."""
    advice = "Install acrypto again: its experiments belong to the package."
    return _judged("experiments", ", ".join(names) or "none", "quick" in names, advice)


def directory_check(folder: Path) -> Check:
    """Whether runs/ can be made here."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return Check("directory", f"{folder} is writable", True, "")
    except OSError as error:
        advice = "Change to a directory of your own, or name one with -o."
        return Check("directory", f"{folder}: {error.strerror}", False, advice)


def space_check(folder: Path) -> Check:
    """Whether there is room for runs here."""
    free = shutil.disk_usage(folder).free
    advice = "Free some space, or name a place on another disk with -o."
    return _judged("disk space", f"{free / 1e9:.1f} GB free", free >= LOW_SPACE, advice)
