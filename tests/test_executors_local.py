"""Local workers: which GPU they see, and what becomes of them, whatever dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import executor_works
import pytest
from executor_pools import PATIENCE, PYTHONPATH, collect, lives, processes, until, workers

from adversarial_crypto.errors import EnvironmentProblem
from adversarial_crypto.executors import EXECUTORS, Settings
from adversarial_crypto.executors.gpus import gpu_shares


class TestGpuShares:
    def test_shares_are_assigned(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Four workers with half a GPU each fill two GPUs in order, and each worker finds its own before it works."""
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        settings = Settings(workers=4, gpus=2, gpus_per_worker=0.5)
        with EXECUTORS["local"](executor_works.act, settings) as pool:
            for number in range(4):
                pool.submit(f"{number}", ("place",))
            got = collect(pool, "0", "1", "2", "3")
        assert [got[f"{number}"].result["gpu"] for number in range(4)] == ["0", "0", "1", "1"]
        assert len({receipt.result["process"] for receipt in got.values()}) == 4

    @pytest.mark.parametrize(
        ("workers", "share", "gpus", "visible", "wanted"),
        [
            (5, 0.25, 2, "", ["0", "0", "0", "0", "1"]),
            (3, 1.0, 4, "", ["0", "1", "2"]),
            (2, 2.0, 4, "", ["0,1", "2,3"]),
            (3, 1 / 3, 1, "", ["0", "0", "0"]),
            (2, 1.0, 2, "6,GPU-ab", ["6", "GPU-ab"]),
        ],
    )
    def test_where_each_goes(
        self, workers: int, share: float, gpus: int, visible: str, wanted: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Fractions share, whole numbers do not, and a list of visible GPUs is kept to."""
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        shares = gpu_shares(Settings(workers=workers, gpus_per_worker=share, gpus=gpus))
        assert [environment["CUDA_VISIBLE_DEVICES"] for environment in shares] == wanted

    def test_without_a_share_nothing_is_hidden(self) -> None:
        """Where no share is asked for, the environment is left alone."""
        assert gpu_shares(Settings(workers=2, gpus=1)) == [{}, {}]

    @pytest.mark.parametrize(("workers", "share", "gpus"), [(5, 0.25, 1), (1, 0.5, 0), (2, 0.6, 1), (1, 1.5, 4)])
    def test_no_room(self, workers: int, share: float, gpus: int) -> None:
        """More than the GPUs have room for, or half a GPU beside a whole one, is one sentence."""
        with pytest.raises(EnvironmentProblem, match=r"^[A-Z0-9].*\.$"):
            EXECUTORS["local"](executor_works.act, Settings(workers=workers, gpus_per_worker=share, gpus=gpus))


@pytest.mark.fault
class TestDeathsOfLocalWorkers:
    @pytest.mark.parametrize(
        ("item", "died"),
        [
            (("die", signal.SIGTERM), "killed by signal 15 (SIGTERM)"),
            (("die", signal.SIGSEGV), "killed by signal 11 (SIGSEGV)"),
            (("leave", 0), "its process ended with exit code 0 before the work had returned"),
            (("exit",), "SystemExit: 4"),
            (("leave", 3), "its process ended with exit code 3 before the work had returned"),
        ],
    )
    def test_ways_to_die(self, item: tuple[Any, ...], died: str) -> None:
        """However a worker ends, quietly too, there is a receipt, and the next item finds a worker."""
        with EXECUTORS["local"](executor_works.act, Settings()) as pool:
            pool.submit("a", item)
            receipt = collect(pool, "a")["a"]
            pool.submit("b", ("double", 1))
            assert collect(pool, "b")["b"].result["twice"] == 2
        assert receipt.died == died
        assert receipt.signal == (item[1] if item[0] == "die" else None)

    def test_an_idle_worker_is_killed(self) -> None:
        """A worker that is killed between two items is replaced, with the same settings."""
        with EXECUTORS["local"](executor_works.act, Settings(threads=2, gpus=1, gpus_per_worker=1.0)) as pool:
            places = []
            for key in "ab":
                pool.submit(key, ("place",))
                places.append(collect(pool, key)[key].result)
                if key == "a":
                    os.kill(places[0]["process"], signal.SIGKILL)
                    until(lambda: not Path(f"/proc/{places[0]['process']}").exists())
        assert places[0].pop("process") != places[1].pop("process")
        assert places[0] == places[1]
        assert (places[0]["gpu"], places[0]["limits"]["OMP_NUM_THREADS"], places[0]["torch"]) == ("0", "2", False)
        assert "SIG_IGN" in places[0]["interrupt"]

    def test_no_process_is_left(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """When the context has been left, every worker has ended and been reaped."""
        monkeypatch.setenv("ACRYPTO_TEST", str(tmp_path))
        with EXECUTORS["local"](executor_works.act, Settings(workers=2)) as pool:
            pool.submit("hangs", ("hang", str(tmp_path / "hangs")))
            pool.submit("b", ("double", 1))
            collect(pool, "b")
            until((tmp_path / "hangs").exists)
            during = workers(ACRYPTO_TEST=str(tmp_path))
            assert len(during) == 2
        assert not [process for process in during if Path(f"/proc/{process}").exists()]


DRIVER = """
import json, os, signal, sys, time, warnings
import executor_works
from adversarial_crypto.executors import EXECUTORS, Settings
reasons = []
signal.signal(signal.SIGINT, lambda number, frame: reasons.append("interrupt"))
with EXECUTORS["local"](executor_works.act, Settings(workers=2)) as pool:
    pool.submit("idle", ("double", 1))
    while not pool.wait(0.1):
        pass
    pool.submit("busy", ("until told", sys.argv[1]))
    pool.submit("late", ("until told", sys.argv[1] + "-late"))  # its worker is not up yet
    if sys.argv[2] == "forks":
        warnings.simplefilter("ignore")  # later Pythons warn of a fork beside threads
        if os.fork() == 0:
            time.sleep(600)
    print("submitted", flush=True)
    receipts = []
    while len(receipts) < 2:
        if reasons:
            pool.stop(reasons[0])
        receipts += pool.wait(0.1)
print(json.dumps({receipt.key: [receipt.result, receipt.died] for receipt in receipts}))
"""


@pytest.mark.fault
class TestDriver:
    @pytest.fixture
    def driver(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
        """A program with a pool, in a group of its own as a shell would start it, that has submitted its items."""
        environment = {**os.environ, "PYTHONPATH": PYTHONPATH, "ACRYPTO_TEST": str(tmp_path)}
        command = [sys.executable, "-W", "error", "-c", DRIVER, str(tmp_path / "mark"), request.param]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        process = subprocess.Popen(command, env=environment, start_new_session=True, **pipes)  # type: ignore[call-overload]
        assert process.stdout.readline() == "submitted\n"
        yield process
        for left in processes(ACRYPTO_TEST=str(tmp_path)):
            os.kill(left, signal.SIGKILL)
        process.communicate()

    @pytest.mark.parametrize("driver", ["plain", "forks"], indirect=True)
    def test_killed_with_its_workers_left(self, driver: subprocess.Popen[str], tmp_path: Path) -> None:
        """The workers of a driver that is killed -9 hear "terminate", save themselves, and end, none lingering.

        Not even where a process that the driver forked lives on, and keeps the pipes to the workers open.
        """
        until(lambda: (tmp_path / "mark").exists() and (tmp_path / "mark-late").exists())
        orphans = workers(ACRYPTO_TEST=str(tmp_path))
        assert len(orphans) == 2
        driver.send_signal(signal.SIGKILL)
        driver.wait(PATIENCE)
        until(lambda: not any(lives(orphan) for orphan in orphans))
        assert (tmp_path / "mark-saved").read_text() == "terminate"
        assert (tmp_path / "mark-late-saved").read_text() == "terminate"

    @pytest.mark.parametrize("driver", ["plain"], indirect=True)
    def test_ctrl_c_is_the_drivers_business(self, driver: subprocess.Popen[str], tmp_path: Path) -> None:
        """Ctrl-C to the whole group kills no worker, not even one that is being born; all hear what the driver says."""
        until(lambda: len(workers(ACRYPTO_TEST=str(tmp_path))) == 2)
        os.killpg(driver.pid, signal.SIGINT)
        talk, errors = driver.communicate(timeout=PATIENCE)
        assert (driver.returncode, errors) == (0, "")
        assert json.loads(talk) == {"busy": ["interrupt", None], "late": ["interrupt", None]}
