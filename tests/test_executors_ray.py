"""Ray: a cluster of one's own and one that is joined, its tokens, and what is said where it is missing or refuses."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import executor_works
import pytest
from executor_pools import PATIENCE, PYTHONPATH, lives, processes, until

from adversarial_crypto.errors import EnvironmentProblem
from adversarial_crypto.executors import EXECUTORS, Settings

JOIN = """
import executor_works
from executor_pools import collect
import sys
from adversarial_crypto.executors import EXECUTORS, Settings
try:
    with EXECUTORS["ray"](executor_works.act, Settings(address=sys.argv[1])) as pool:
        pool.submit("guest", ("double", 21))
        print(collect(pool, "guest")["guest"].result["twice"])
except Exception as error:
    print(type(error).__name__, error)
"""

OWN = """
import json, os, signal, subprocess, sys
import executor_works
from executor_pools import collect, lives, processes, until
from adversarial_crypto.executors import EXECUTORS, Settings

def handler(number, frame): pass

signal.signal(signal.SIGTERM, handler)
with EXECUTORS["ray"](executor_works.act, Settings(workers=2, threads=2)) as pool:
    pool.submit("place", ("place",))
    place = collect(pool, "place")["place"].result
    pool.submit("dies", ("die", signal.SIGKILL))
    died = collect(pool, "dies")["dies"].died
    pool.submit("hangs", ("hang", sys.argv[1]))
    until(lambda: os.path.exists(sys.argv[1]) and os.path.getsize(sys.argv[1]))
    import ray
    guest = [sys.executable, "-W", "error", "-c", sys.argv[2], ray.get_runtime_context().gcs_address]
    guest = subprocess.run(guest, env={**os.environ, "RAY_AUTH_MODE": "token"}, capture_output=True, text=True)
    during = len(processes(ACRYPTO_TEST=os.environ["ACRYPTO_TEST"]))
print(json.dumps({
    "place": place, "died": died, "guest": guest.stdout, "during": during, "connected": ray.is_initialized(),
    "sigterm kept": signal.getsignal(signal.SIGTERM) is handler, "statistics": os.environ["RAY_USAGE_STATS_ENABLED"],
}))
"""


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    """For a program that uses Ray: a home of its own, for Ray's token, and a mark on all that it starts."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    return {**plain, "PYTHONPATH": PYTHONPATH, "HOME": str(tmp_path), "ACRYPTO_TEST": str(tmp_path), **more}


@pytest.mark.ray
@pytest.mark.fault
def test_a_cluster_of_ones_own(tmp_path: Path) -> None:
    """It is started with a token, joined by another program, talks on no stdout of ours, and leaves nothing behind."""
    command = [sys.executable, "-W", "error", "-c", OWN, str(tmp_path / "mark"), JOIN]
    run = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, timeout=PATIENCE)
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)  # one document and nothing else: Ray likes to say there that a worker died
    assert told["place"]["limits"] == dict.fromkeys(executor_works.LIMITS, "2")
    assert told["died"] == "WorkerCrashedError: The worker died unexpectedly while executing this task"
    assert told["guest"] == "42\n"
    assert told["during"] > 3
    assert (told["connected"], told["sigterm kept"], told["statistics"]) == (False, True, "0")
    assert (tmp_path / ".ray" / "auth_token").stat().st_size > 0
    until(lambda: not lives(told["place"]["process"]) and not lives(int((tmp_path / "mark").read_text())))
    until(lambda: not processes(ACRYPTO_TEST=str(tmp_path)))


@pytest.mark.ray
def test_a_cluster_that_wants_a_token(tmp_path: Path) -> None:
    """Without the token there is one sentence that says where it belongs."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        address = f"127.0.0.1:{door.getsockname()[1]}"
        command = [sys.executable, "-W", "error", "-c", JOIN, address]
        wanted = environment(tmp_path, RAY_AUTH_MODE="token")
        run = subprocess.run(command, env=wanted, capture_output=True, text=True, timeout=PATIENCE)
    assert run.stdout.startswith(f"EnvironmentProblem The Ray cluster at {address} refuses (Token authentication is")
    assert run.stdout.endswith("RAY_AUTH_TOKEN or ~/.ray/auth_token).\n")
    assert run.stdout.count("\n") == 1


@pytest.mark.ray
def test_nobody_answers() -> None:
    """An address where nothing listens is named at once, instead of Ray's minutes of trying."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        address = f"127.0.0.1:{door.getsockname()[1]}"
    with pytest.raises(EnvironmentProblem, match=f"^Nobody answers at {address} "):
        EXECUTORS["ray"](executor_works.act, Settings(address=address)).__enter__()


def test_ray_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, the sentence says how to install it."""
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(EnvironmentProblem, match=r"needs Ray; install it with pip install 'acrypto\[ray\]'\.$"):
        EXECUTORS["ray"](executor_works.act, Settings())


@pytest.mark.parametrize(("version", "fits"), [("2.54.1", False), ("1.99.0", False), ("2.55.0", True), ("3.0.0", True)])
def test_ray_is_too_old(version: str, fits: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Versions before 2.55 are refused with the version that was found."""
    monkeypatch.setitem(sys.modules, "ray", ModuleType("ray"))
    monkeypatch.setattr(sys.modules["ray"], "__version__", version, raising=False)
    if fits:
        assert EXECUTORS["ray"](executor_works.act, Settings(workers=3)).slots == 3
        return
    with pytest.raises(EnvironmentProblem, match=rf"2\.55 or later and finds {version};"):
        EXECUTORS["ray"](executor_works.act, Settings())
