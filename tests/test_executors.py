"""Executors: what every one of them promises."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import executor_works
import pytest
from executor_pools import PYTHONPATH, collect, lives, until

from adversarial_crypto.errors import EnvironmentProblem
from adversarial_crypto.executors import EXECUTORS, Pool, Receipt, Settings

Make = Callable[..., Pool]

# ray.cancel carries no reason of ours; the others hear the driver's own.
HEARD = {"inline": "time limit", "local": "time limit", "ray": "terminate"}
ALL = [pytest.param(name, marks=pytest.mark.ray) if name == "ray" else name for name in EXECUTORS]
APART = [name for name in ALL if name != "inline"]  # workers that are processes of their own


@pytest.fixture
def make(request: pytest.FixtureRequest) -> Make:
    """A pool by name; all of Ray's share the cluster of this module."""

    def build(name: str, **settings: Any) -> Pool:
        if name == "ray":
            request.getfixturevalue("cluster")
        return EXECUTORS[name](executor_works.act, Settings(**settings))

    return build


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two Ray nodes of one processor each, and a connection to them that no pool may close."""
    before = signal.getsignal(signal.SIGTERM)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("PYTHONPATH", PYTHONPATH)
        import ray
        from ray.cluster_utils import Cluster

        nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        nodes.add_node(num_cpus=1)
        ray.init(address=nodes.address, log_to_driver=False, logging_level="ERROR")
        yield nodes
        assert ray.is_initialized()
        ray.shutdown()
        nodes.shutdown()
    signal.signal(signal.SIGTERM, before)  # ray.init took it


@pytest.mark.parametrize("name", ALL)
class TestEveryExecutor:
    def test_results_by_key(self, name: str, make: Make) -> None:
        """Each item's result comes with its key, slots are used again, and an idle pool has nothing to hand out."""
        with make(name, workers=2) as pool:
            assert pool.wait(0.01) == []
            got: dict[str, Receipt] = {}
            for start in range(0, 4, pool.slots):
                keys = [f"item {number}" for number in range(start, start + pool.slots)]
                for number, key in enumerate(keys, start):
                    pool.submit(key, ("double", number))
                got |= collect(pool, *keys)
            assert pool.wait(0.01) == []
        assert {key: receipt.result["twice"] for key, receipt in got.items()} == {f"item {n}": 2 * n for n in range(4)}
        assert {(receipt.died, receipt.trace, receipt.signal) for receipt in got.values()} == {(None, None, None)}
        processes = {receipt.result["process"] for receipt in got.values()}
        assert (processes == {os.getpid()}) if name == "inline" else (os.getpid() not in processes)

    def test_what_is_raised_comes_back_in_words(self, name: str, make: Make) -> None:
        """Any exception becomes a sentence and a traceback, even one that cannot be unpickled; ours is the sentence."""
        got = {}
        with make(name) as pool:
            for number in (1, 2, 3):
                pool.submit(f"{number}", ("fail", number))
                got |= collect(pool, f"{number}")
        sentences = ["ValueError: one is too few", "Particular: 2 and 3", "The shelf is full; clear it."]
        assert [receipt.died for receipt in got.values()] == sentences
        assert all("in _fail" in str(receipt.trace) and receipt.result is None for receipt in got.values())

    def test_stop_asks_and_the_work_saves_itself(self, name: str, make: Make, tmp_path: Path) -> None:
        """Work that is told to stop hears a reason, saves itself, and its result still comes."""
        with make(name, workers=2) as pool:
            keys = ["a", "b"][: pool.slots]
            for key in keys:
                pool.submit(key, ("until told", str(tmp_path / key)))
            if name != "inline":
                until(lambda: all((tmp_path / key).exists() for key in keys))
            pool.stop("time limit")
            got = collect(pool, *keys)
        assert {receipt.result for receipt in got.values()} == {HEARD[name]}
        assert [(tmp_path / f"{key}-saved").read_text() for key in keys] == [HEARD[name]] * len(keys)

    def test_no_more_items_than_slots(self, name: str, make: Make) -> None:
        """An item beyond the slots, or one whose key is under way, is the caller's mistake and never begun."""
        with make(name, workers=2) as pool:
            keys = [f"{number}" for number in range(pool.slots)]
            for key in keys:
                pool.submit(key, ("double", 1))
            with pytest.raises(ValueError, match="slots are taken"):
                pool.submit("one more", ("double", 1))
            with pytest.raises(ValueError, match="under way already"):
                pool.submit("0", ("double", 1))
            collect(pool, *keys)

    def test_everywhere(self, name: str, make: Make) -> None:
        """The function is called once on each machine, and what it raises is raised here as it is."""
        with make(name) as pool:
            answers = pool.everywhere(executor_works.probe, 41)
            assert [answer for answer, _ in answers] == [42] * (2 if name == "ray" else 1)
            with pytest.raises(executor_works.StoreError) as raised:
                pool.everywhere(executor_works.refuse, "No shelf.")
        assert str(raised.value) == "No shelf."
        assert type(raised.value) is executor_works.StoreError

    def test_threads_are_set_before_the_work_is_imported(self, name: str, make: Make) -> None:
        """The work's module, when it is imported, finds the limits of threads; inline leaves this process alone."""
        with make(name, threads=1 if name == "ray" else 3) as pool:
            pool.submit("a", ("place",))
            place = collect(pool, "a")["a"].result
        own = executor_works.LIMITS_AT_IMPORT
        wanted = own if name == "inline" else dict.fromkeys(own, "1" if name == "ray" else "3")
        assert place["limits"] == wanted
        assert place["gpu"] == os.environ.get("CUDA_VISIBLE_DEVICES")


@pytest.mark.parametrize("name", APART)
class TestWorkersApart:
    @pytest.mark.fault
    def test_a_killed_worker_fails_its_own_item_only(self, name: str, make: Make, tmp_path: Path) -> None:
        """The neighbour of an item whose worker is killed -9 goes on, and the slot works again."""
        with make(name, workers=2) as pool:
            pool.submit("neighbour", ("until told", str(tmp_path / "neighbour")))
            until((tmp_path / "neighbour").exists)
            pool.submit("victim", ("die", signal.SIGKILL))
            victim = collect(pool, "victim")["victim"]
            pool.submit("again", ("double", 4))
            assert collect(pool, "again")["again"].result["twice"] == 8
            assert not (tmp_path / "neighbour-saved").exists()
            pool.stop("interrupt")
            assert collect(pool, "neighbour")["neighbour"].died is None
        assert (victim.result, victim.trace) == (None, None)
        if name == "ray":
            assert victim.died == "WorkerCrashedError: The worker died unexpectedly while executing this task"
        else:
            assert (victim.died, victim.signal) == ("killed by signal 9 (SIGKILL)", 9)
            assert victim.peak_bytes is not None
            assert victim.peak_bytes > 2**20

    @pytest.mark.fault
    def test_a_hanging_worker_is_killed(self, name: str, make: Make, tmp_path: Path) -> None:
        """A kill ends the worker that hangs, says so, and leaves the neighbour and the slot in order."""
        with make(name, workers=2) as pool:
            pool.submit("neighbour", ("until told", str(tmp_path / "neighbour")))
            pool.submit("hangs", ("hang", str(tmp_path / "hangs")))
            until(lambda: (tmp_path / "neighbour").exists() and (tmp_path / "hangs").exists())
            process = int((tmp_path / "hangs").read_text())
            assert lives(process)
            pool.kill("nobody")
            pool.kill("hangs")
            receipt = collect(pool, "hangs")["hangs"]
            until(lambda: not lives(process))
            assert receipt.died == "stopped by its driver"
            pool.submit("again", ("double", 4))
            assert collect(pool, "again")["again"].result["twice"] == 8
            pool.stop("interrupt")
            assert collect(pool, "neighbour")["neighbour"].died is None

    def test_what_cannot_be_sent(self, name: str, make: Make) -> None:
        """A result that cannot be sent is a receipt with a traceback; an item that cannot is refused at once."""
        with make(name) as pool:
            with pytest.raises((AttributeError, TypeError)):
                pool.submit("a", ("double", lambda: None))
            pool.submit("a", ("unsendable",))
            receipt = collect(pool, "a")["a"]
        assert "pickle" in str(receipt.died)
        assert "attempt.py" in str(receipt.trace)

    @pytest.mark.fault
    def test_leaving_the_pool_waits_for_no_item(self, name: str, make: Make, tmp_path: Path) -> None:
        """An exception in the driver leaves the pool with an item that never returns; its process is gone."""
        with pytest.raises(ZeroDivisionError), make(name) as pool:
            pool.submit("hangs", ("hang", str(tmp_path / "hangs")))
            until((tmp_path / "hangs").exists)
            process = int((tmp_path / "hangs").read_text())
            assert lives(process)
            raise ZeroDivisionError
        until(lambda: not lives(process))


class TestInline:
    def test_settings_stop_is_asked_in_the_middle(self, tmp_path: Path) -> None:
        """Without Pool.stop, inline work hears what settings.stop says while it works."""
        answers = iter([None, None, "time limit"])
        with EXECUTORS["inline"](executor_works.act, Settings(workers=5, stop=lambda: next(answers))) as pool:
            assert pool.slots == 1
            pool.submit("a", ("until told", str(tmp_path / "a")))
            assert pool.wait(0.0) == [Receipt("a", result="time limit")]

    def test_ctrl_c_goes_through(self) -> None:
        """KeyboardInterrupt is no failure of the item."""

        def interrupted(item: Any, stop: Any) -> None:
            raise KeyboardInterrupt

        with EXECUTORS["inline"](interrupted, Settings()) as pool, pytest.raises(KeyboardInterrupt):
            pool.submit("a", None)
            pool.wait(0.0)

    def test_kill_before_it_is_worked_on(self) -> None:
        """An item that is killed before wait is never begun, and its receipt says so."""
        with EXECUTORS["inline"](executor_works.act, Settings()) as pool:
            pool.submit("a", ("die", signal.SIGKILL))
            pool.kill("a")
            assert pool.wait(0.0) == [Receipt("a", died="stopped by its driver")]


@pytest.mark.ray
class TestCluster:
    @pytest.mark.fault
    def test_a_removed_node(self, make: Make, cluster: Any, tmp_path: Path) -> None:
        """The item of a node that is gone gets a receipt, can be submitted again, and the other node feels nothing."""
        (node,) = cluster.worker_nodes
        with make("ray", workers=2) as pool:
            marks = {key: tmp_path / key for key in "ab"}
            for key, mark in marks.items():
                pool.submit(key, ("until", str(mark), str(tmp_path / "go on")))
            until(lambda: all(mark.exists() and mark.read_text() for mark in marks.values()))
            where = {mark.read_text(): key for key, mark in marks.items()}
            lost = where.pop(node.node_id)
            ((head, left),) = where.items()
            cluster.remove_node(node, allow_graceful=False)
            try:
                receipt = collect(pool, lost)[lost]
                (tmp_path / "go on").touch()
                assert collect(pool, left)[left] == Receipt(left, result=head)
                pool.submit(lost, ("until", str(marks[lost]), str(tmp_path / "go on")))
                assert collect(pool, lost)[lost] == Receipt(lost, result=head)
            finally:
                cluster.add_node(num_cpus=1)
        assert receipt == Receipt(lost, died=receipt.died)
        assert re.match(r"(NodeDied|WorkerCrashed|ObjectLost)Error: [^\n]+$", str(receipt.died))

    def test_no_machine_is_large_enough(self, make: Make, cluster: Any) -> None:
        """Work for which no machine has room would wait for ever; it is refused in one sentence instead."""
        for settings in ({"threads": 2}, {"gpus_per_worker": 0.5}):
            with pytest.raises(EnvironmentProblem, match=r"^No machine of the Ray cluster has .*\.$"):
                make("ray", **settings).__enter__()


def test_importing_the_room_is_light() -> None:
    """The room imports neither torch nor ray nor pebble, so that commands which need no workers do not pay for them."""
    code = "import adversarial_crypto.executors, sys; print(*sorted({'torch', 'ray', 'pebble'} & set(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": PYTHONPATH}
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert run.stdout == "\n"
