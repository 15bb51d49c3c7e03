"""Work for the tests of executors: small, without torch, and importable by name in a fresh process."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from adversarial_crypto.errors import StoreError

LIMITS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
LIMITS_AT_IMPORT = {name: os.environ.get(name) for name in LIMITS}  # as a numerical library would have found them
Stop = Callable[[], str | None]


class Particular(Exception):
    """An exception that cannot be received: its __init__ does not take what it is unpickled with."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__(f"{first} and {second}")


def act(item: tuple[Any, ...], stop: Stop) -> Any:
    """The work of all tests: item[0] names what is done with the rest."""
    name, *rest = item
    return ACTIONS[name](*rest, stop=stop)


def _double(number: int, stop: Stop) -> dict[str, int]:
    return {"twice": 2 * number, "process": os.getpid()}


def _fail(number: int, stop: Stop) -> None:
    if number == 1:
        raise ValueError("one is too few")
    if number == 2:
        raise Particular(2, 3)
    raise StoreError("The shelf is full; clear it.")


def _die(number: int, stop: Stop) -> None:
    os.kill(os.getpid(), number)


def _leave(code: int, stop: Stop) -> None:
    os._exit(code)


def _exit(stop: Stop) -> None:
    raise SystemExit(4)


def _unsendable(stop: Stop) -> Any:
    return lambda: None


def _place(stop: Stop) -> dict[str, Any]:
    return {
        "limits": LIMITS_AT_IMPORT,
        "gpu": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "torch": "torch" in sys.modules,
        "interrupt": repr(signal.getsignal(signal.SIGINT)),
        "process": os.getpid(),
    }


def _hang(mark: str, stop: Stop) -> None:
    """Begins and never returns; nobody asks it."""
    Path(mark).write_text(str(os.getpid()))
    while True:
        time.sleep(0.05)


def _until_told(mark: str, stop: Stop) -> str:
    """Begins, goes on until it is told to stop, saves itself, and returns the reason."""
    Path(mark).write_text(str(os.getpid()))
    while (reason := stop()) is None:
        time.sleep(0.02)
    Path(f"{mark}-saved").write_text(reason)
    return reason


def _until(mark: str, signal_file: str, stop: Stop) -> str:
    """Begins, says on which Ray node, and goes on until a file is there."""
    import ray

    Path(mark).write_text(ray.get_runtime_context().get_node_id())
    while not Path(signal_file).exists():
        time.sleep(0.05)
    return Path(mark).read_text()


ACTIONS: dict[str, Callable[..., Any]] = {
    "double": _double,
    "fail": _fail,
    "die": _die,
    "leave": _leave,
    "exit": _exit,
    "unsendable": _unsendable,
    "place": _place,
    "hang": _hang,
    "until told": _until_told,
    "until": _until,
}


def probe(argument: int) -> tuple[int, int]:
    """What is asked everywhere."""
    return argument + 1, os.getpid()


def refuse(argument: str) -> None:
    """An answer that is an error for the user."""
    raise StoreError(argument)
