"""The machine a run is computed on: which devices there are, how many threads, and whether programs can be compiled."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adversarial_crypto.config import ConfigError
from adversarial_crypto.errors import EnvironmentProblem

if TYPE_CHECKING:
    from adversarial_crypto.training import Machine

# The compiler's algebra remembers a thousand results unless told otherwise before it is first imported; without a limit
# it takes a fifth less of the compiler's time and no more memory (docs/log.md).
os.environ.setdefault("SYMPY_CACHE_SIZE", "none")

MAX_THREADS = 1024
_DEVICE = re.compile(r"auto|cpu|cuda(?::(\d{1,3}))?")


def probe(device: str = "auto", threads: int | None = None, tf32: bool = False) -> Machine:
    """The machine as the training may know it.

    Args:
        device: "cpu", "cuda", "cuda:i", or "auto": CUDA where there is any, else the CPU.
        threads: of the CPU; None: OMP_NUM_THREADS, or as many as this process may use.
        tf32: whether matrix products on CUDA may round their inputs to 10 bits.
    Raises:
        ConfigError: no such kind of device, or a number of threads that cannot be meant.
        EnvironmentProblem: that device is not there.
    """
    check_device(device)
    if threads is not None and not 1 <= threads <= MAX_THREADS:
        raise ConfigError(f"threads must be between 1 and {MAX_THREADS}, not {threads}.")
    from adversarial_crypto.training import Machine

    place = _place(device)
    found = compiler(place)
    return Machine(place, threads or default_threads(), found is not None, tf32)


def check_device(device: str) -> None:
    """ConfigError unless this is a way to name a device."""
    if not _DEVICE.fullmatch(device):
        raise ConfigError(f"unknown device '{device}'; there are 'auto', 'cpu', 'cuda' and 'cuda:i'")


def full_name(device: str) -> str:
    """A device by the name under which it is recorded: the first one of CUDA is "cuda:0"."""
    return "cuda:0" if device == "cuda" else device


def default_threads() -> int:
    """OMP_NUM_THREADS where it is set, else the processors that this process may use."""
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    if asked.isdecimal() and 1 <= int(asked) <= MAX_THREADS:
        return int(asked)
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(usable, _quota() or usable, MAX_THREADS))


def count_gpus() -> int:
    """GPUs that this process may use, counted without torch: CUDA_VISIBLE_DEVICES, else NVIDIA's devices."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return len([name for name in visible.split(",") if name.strip() not in ("", "-1")])
    devices = Path("/dev")
    return sum(path.name.removeprefix("nvidia").isdecimal() for path in devices.glob("nvidia*"))


def compiler(device: str) -> str | None:
    """What compiles programs for a device, by name or path; None where something for it is missing.

    On the CPU a C++ compiler (CXX, g++, clang++), on CUDA triton and a C compiler; both include Python's own headers.
    """
    if not (Path(sysconfig.get_path("include")) / "Python.h").exists():
        return None
    if device == "cpu":
        names = [os.environ["CXX"]] if os.environ.get("CXX") else ["g++", "clang++"]
        return next((name for name in names if shutil.which(name)), None)
    names = [os.environ.get("CC") or "gcc", "clang"]
    return "triton" if find_spec("triton") and any(shutil.which(name) for name in names) else None


def use_compiler(device: str) -> None:
    """Tell torch of a compiler that it would not look for itself: it knows g++ alone."""
    found = compiler(device)
    if device == "cpu" and found and not shutil.which("g++"):
        os.environ["CXX"] = found


def execution(machine: Machine, engine: str) -> dict[str, Any]:
    """How a run is computed: the record that is kept with it. Equal records give equal bits (DESIGN section 5)."""
    import torch

    record = {"device": machine.device, "engine": engine, "threads": machine.threads, "tf32": machine.tf32}
    cpu = {"capability": torch.backends.cpu.get_cpu_capability(), "model": _cpu_model()}
    gpu = {} if machine.device == "cpu" else {"gpu": torch.cuda.get_device_name(machine.device)}
    return {**record, "torch": str(torch.__version__), "cpu": cpu, **gpu}


def facts() -> dict[str, Any]:
    """What else manifest.json says of where a run began: versions, platform, command line."""
    import numpy
    import torch

    from adversarial_crypto import __version__

    versions = {"acrypto": __version__, "python": platform.python_version(), "numpy": numpy.__version__}
    build = {"version": str(torch.__version__), "cuda": torch.version.cuda, "git": torch.version.git_version}
    here = {"platform": platform.platform(), "argv": list(sys.argv), "git": _git()}
    return {"versions": versions, "torch": build, **here}


def _place(device: str) -> str:
    if device == "cpu":
        return "cpu"
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device == "auto":
        return "cuda:0" if count else "cpu"
    index = int(full_name(device).partition(":")[2])
    if not count:
        raise EnvironmentProblem(f"There is no CUDA device here, so not '{device}'; use --device cpu.")
    if index >= count:
        raise EnvironmentProblem(f"There is no device '{device}'; the last one is 'cuda:{count - 1}'.")
    return f"cuda:{index}"


def _quota() -> int | None:
    """Processors that a container may use at a time (Linux control groups), None without a limit."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return None if quota == "max" else -(-int(quota) // int(period))
    except (OSError, ValueError):
        return None


def _git() -> dict[str, Any] | None:
    """The commit of the checkout that this package is in, and whether files of it were changed; None outside of one."""
    checkout = Path(__file__).parent.parent.parent
    if not (checkout / ".git").exists():
        return None
    try:
        commands = (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
        commit, changes = (
            subprocess.run(
                ["git", "-C", str(checkout), *c], capture_output=True, text=True, timeout=10, check=True
            ).stdout
            for c in commands
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return {"commit": commit.strip(), "changed": bool(changes.strip())}


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or platform.machine())
