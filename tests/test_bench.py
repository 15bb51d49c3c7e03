"""The benchmark: its arithmetic, its fairness, its memory and its document. Speeds themselves are not tested."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from adversarial_crypto.errors import AcryptoError, ConfigError, EnvironmentProblem
from adversarial_crypto.lab import contestant as contestants
from adversarial_crypto.lab.arithmetic import flops_per_example, product_rate
from adversarial_crypto.lab.bench import POINTS, bench
from adversarial_crypto.lab.contestant import Contestant, Point, Slice, peak_memory
from adversarial_crypto.lab.yardstick import Yardstick
from adversarial_crypto.training import Machine

# By name, because `lab` exports functions that are called like their modules.
BENCH, ARITHMETIC = "adversarial_crypto.lab.bench", "adversarial_crypto.lab.arithmetic"
COLUMNS = {
    "engine",
    "device",
    "message_bits",
    "replicas",
    "batch",
    "replica_steps_per_second",
    "ratio",
    "matmul_fraction",
    "compile_seconds",
    "peak_mb",
}
BALLAST_MB = 400


@pytest.fixture(scope="module")
def document() -> Iterator[dict[str, Any]]:
    """A real benchmark in the small: two R, turns of 20 ms, while this process holds 400 MB."""
    ballast = torch.ones(BALLAST_MB * 10**6 // 4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{BENCH}.TURN_SECONDS", 0.02)
        patch.setitem(__import__(ARITHMETIC, fromlist=["PRODUCT_SIDE"]).PRODUCT_SIDE, "cpu", 128)
        sizes = {"message_bits": (4,), "batch": (8,), "replicas": (1, 2, 2)}
        yield bench(**sizes, engines=("eager", "yardstick"), repeats=2, device="cpu", threads=1)
    del ballast


def test_flops_by_hand() -> None:
    """At N = K = 16 an example costs 47,104 operations a step, counted layer by layer."""
    transform = 32 * (4 * 1 * 2) + 16 * (2 * 2 * 4) + 16 * (1 * 4 * 4) + 16 * (1 * 4 * 1)
    alice = bob = 32 * 32 + transform
    eve = 16 * 32 + transform
    assert (transform, alice, eve) == (832, 1856, 1344)
    forward, weights, inputs = alice + bob + eve, alice + bob, transform + bob + eve
    eve_twice = 2 * ((alice + eve) + eve + transform)
    assert flops_per_example(16, 16) == 2 * (forward + weights + inputs + eve_twice) == 47_104
    assert flops_per_example(16, 16) == pytest.approx(47e3, rel=0.01)


@pytest.mark.parametrize("message_bits", [4, 16, 64])
def test_flops_against_torchs_own_count(message_bits: int) -> None:
    """Torch counts the same for the ordinary way, but for Eve's weight gradients, which it forms once to drop them."""
    yardstick = Yardstick(message_bits, 8, 0.001, seed=0)
    with FlopCounterMode(display=False) as counter:
        yardstick.step()
    dropped = 2 * (2 * message_bits**2 + 52 * message_bits)
    assert counter.get_total_flops() / 8 == flops_per_example(message_bits, message_bits) + dropped


def test_flops_of_a_key_bit() -> None:
    """A key bit more is one column more in Alice's layer, met 4 times, and in Bob's, met 3 times."""
    assert flops_per_example(16, 17) - flops_per_example(16, 16) == 2 * 32 * (4 + 3)


def test_product_rate_is_a_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """The matrix product's rate is 2 n^3 over the shortest of three times."""
    ticks = iter([0.0, 0.5, 1.0, 1.25, 2.0, 4.0])
    monkeypatch.setattr(f"{ARITHMETIC}.time.perf_counter", lambda: next(ticks))
    monkeypatch.setattr(f"{ARITHMETIC}.PRODUCT_SIDE", {"cpu": 4})
    assert product_rate(torch.device("cpu")) == 2 * 4**3 / 0.25


def test_document(document: dict[str, Any]) -> None:
    """The document is JSON of schema acrypto.bench/1: a row an engine and point, one yardstick row an (N, B)."""
    assert json.loads(json.dumps(document)) == document
    assert document["schema"] == "acrypto.bench/1"
    assert all(set(row) == COLUMNS for row in document["rows"])
    sizes = [(row["engine"], row["message_bits"], row["batch"], row["replicas"]) for row in document["rows"]]
    assert sizes == [("eager", 4, 8, 1), ("eager", 4, 8, 2), ("yardstick", 4, 8, 1)]
    assert all(row["device"] == "cpu" and row["compile_seconds"] is None for row in document["rows"])
    assert document["machine"]["threads"] == 1


def test_ratio_and_fraction_are_quotients(document: dict[str, Any]) -> None:
    """The ratio is the row's speed over the yardstick's, matmul_fraction its operations over the product's rate."""
    *_, yardstick = document["rows"]
    assert yardstick["ratio"] == 1
    for row in document["rows"]:
        speed = row["replica_steps_per_second"]
        assert speed > 0
        assert row["ratio"] == pytest.approx(speed / yardstick["replica_steps_per_second"])
        operations = flops_per_example(4, 4) * 8 * speed
        assert row["matmul_fraction"] == pytest.approx(operations / 1e9 / document["machine"]["matmul_gflops"])


def test_memory_is_the_engines_own(document: dict[str, Any]) -> None:
    """peak_mb is of a process of its own: far from what this one holds, and no less than torch itself takes."""
    own = peak_memory(torch.device("cpu")) / 1e6
    for row in document["rows"]:
        assert 80 < row["peak_mb"] < own - BALLAST_MB / 2


def test_peak_memory_keeps_the_peak() -> None:
    """A tensor of 100 MB raises the peak by about so much, and the peak stays when it is gone."""
    # Filled before measuring, so that the peak is the present size and not an earlier test's.
    held = [torch.ones(25 * 10**6)]
    while (before := peak_memory(torch.device("cpu"))) > _resident() + 20e6:
        held.append(torch.ones(25 * 10**6))
    more = torch.ones(25 * 10**6)
    after = peak_memory(torch.device("cpu"))
    assert 70e6 < after - before < 130e6
    del more, held
    assert peak_memory(torch.device("cpu")) > after - 1e6  # the kernel counts to some pages


def _resident() -> float:
    with open("/proc/self/status") as status:
        return next(1024.0 * int(line.split()[1]) for line in status if "VmRSS" in line)


class Scripted:
    """A contestant that takes no time: its n-th turn makes so many steps in a second."""

    steps: ClassVar = {"eager": (10, 1000, 20), "compiled": (90, 50, 80), "yardstick": (1, 2, 40)}
    turns: ClassVar[list[tuple[str, int]]] = []
    waited: ClassVar[float] = 0.0

    def __init__(self, engine: str, point: Point, machine: Machine) -> None:
        self.engine, self.point, self.machine, self.slices = engine, point, machine, []
        self.compile_seconds = 30.0 if engine == "compiled" else None

    def __enter__(self) -> Scripted:
        return self

    def __exit__(self, *_: object) -> None:
        self.turns.append((self.engine, -1))

    def wait(self) -> None:
        """Always ready."""

    def warm_up(self, seconds: float) -> None:
        assert seconds > 0

    def take_turn(self, seconds: float) -> None:
        self.turns.append((self.engine, self.point.replicas))
        turn, waited = len(self.slices), self.waited if self.engine == "yardstick" else 0.0
        self.slices.append(Slice(self.steps[self.engine][turn], 1.0, 100.0 + turn, waited))


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> type[Scripted]:
    """The benchmark with scripted contestants, on a machine with a compiler whose product runs at 1 GFLOP/s."""
    Scripted.turns.clear()
    monkeypatch.setattr(f"{BENCH}.Contestant", Scripted)
    monkeypatch.setattr(f"{BENCH}.probe", lambda *_: Machine("cpu", torch.get_num_threads(), compiler=True))
    monkeypatch.setattr(f"{BENCH}.product_rate", lambda _: 1e9)
    return Scripted


def test_turns_are_interleaved(scripted: type[Scripted]) -> None:
    """Within an (N, B) all engines at all R take turns, round by round, and the yardstick with them once."""
    bench(batch=(8,), replicas=(1, 3), repeats=3)
    one_round = [("eager", 1), ("compiled", 1), ("eager", 3), ("compiled", 3), ("yardstick", 1)]
    assert [turn for turn in scripted.turns if turn[1] > 0] == one_round * 3


def test_medians_are_told(scripted: type[Scripted]) -> None:
    """Speeds are medians over the rounds, times R; one disturbed round changes nothing, and the peak is the highest."""
    rows = {(r["engine"], r["replicas"]): r for r in bench(batch=(8,), replicas=(1, 3), repeats=3)["rows"]}
    speeds = {key: row["replica_steps_per_second"] for key, row in rows.items()}
    assert speeds == {
        ("eager", 1): 20,
        ("compiled", 1): 80,
        ("eager", 3): 60,
        ("compiled", 3): 240,
        ("yardstick", 1): 2,
    }
    assert [rows[key]["ratio"] for key in speeds] == [10, 40, 30, 120, 1]
    assert rows["compiled", 1]["matmul_fraction"] == pytest.approx(47_104 * 8 * 80 / 1e9)
    assert {row["peak_mb"] for row in rows.values()} == {102.0}
    assert [rows[key]["compile_seconds"] for key in speeds] == [None, 30, None, 30, None]


@pytest.mark.parametrize(("waited", "warned"), [(0.02, False), (0.4, True)])
def test_a_disturbed_machine_is_told(
    waited: float, warned: bool, scripted: type[Scripted], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where other programs kept one contestant's threads waiting, the document says how long and a warning comes."""
    monkeypatch.setattr(scripted, "waited", waited)
    told: list[str] = []
    found = bench(batch=(8,), repeats=3, progress=told.append)
    assert found["machine"]["waited"] == waited
    assert any("do not quote" in text for text in told) is warned


def test_without_sizes_the_acceptance_points(scripted: type[Scripted]) -> None:
    """With no sizes given: the paper's size, the small batch at R = 1, 16 and 256, and the long message."""
    rows = bench(engines=("compiled",), repeats=1)["rows"]
    points = [(row["message_bits"], row["batch"], row["replicas"]) for row in rows]
    assert set(points) == {(16, 4096, 1), (16, 512, 1), (16, 512, 16), (64, 512, 1), (16, 512, 256)}
    assert len(points) == len(POINTS) == 5
    assert {row["ratio"] for row in rows} == {None}


def test_no_compiler(scripted: type[Scripted], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a compiler the compiled engine is left out, or refused with one sentence when it was asked for."""
    monkeypatch.setattr(f"{BENCH}.probe", lambda *_: Machine("cpu", torch.get_num_threads(), compiler=False))
    assert [row["engine"] for row in bench(batch=(8,), repeats=1)["rows"]] == ["eager", "yardstick"]
    scripted.turns.clear()
    with pytest.raises(EnvironmentProblem, match="compiler"):
        bench(batch=(8,), engines=("yardstick", "compiled"))
    assert scripted.turns == []


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"engines": ("fast",)}, "'fast'.*eager, compiled, yardstick"),
        ({"repeats": 0}, "repeats must be at least 1"),
        ({"message_bits": (16, 0)}, "message_bits"),
        ({"message_bits": (10**11,)}, "message_bits"),
        ({"batch": (2**21,)}, "batch"),
        ({"replicas": (0,)}, "replicas.count"),
        ({"message_bits": (1024,), "batch": (2**20,)}, "GB|TB"),
    ],
)
def test_impossible_requests(scripted: type[Scripted], asked: dict[str, Any], words: str) -> None:
    """An unknown engine and sizes that no run may have are refused in a sentence before anything is timed."""
    with pytest.raises(ConfigError, match=words):
        bench(**asked)
    assert scripted.turns == []


def test_a_contestant_that_dies() -> None:
    """A process that is killed, as for want of memory, is told in a sentence and leaves nothing behind."""
    with Contestant("yardstick", Point(4, 8, 1), Machine()) as contestant:
        contestant.wait()
        contestant._process.kill()
        with pytest.raises(EnvironmentProblem, match=r"yardstick.*exit -9.*memory"):
            contestant.warm_up(0.01)
    assert contestant._process.poll() == -9
    assert not contestants.Path(contestant._cache.name).exists()


def test_a_contestant_that_fails() -> None:
    """What goes wrong inside a contestant's process reaches the caller as an error of ours, and the process leaves."""
    with Contestant("eager", Point(0, 8, 1), Machine()) as contestant:
        contestant.wait()
        with pytest.raises(AcryptoError, match="message_bits"):
            contestant.warm_up(0.01)
    assert contestant._process.poll() is not None
