"""What an attack had learned when it was stopped or killed is not learned again, and the findings are the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from adversarial_crypto import lab
from adversarial_crypto.attacks import Attack, Budget, Progress, Said, Verdict, distinguisher, learning
from adversarial_crypto.attacks.learning import Learner, School
from adversarial_crypto.ciphers import Cipher
from adversarial_crypto.lab import battery, learned
from adversarial_crypto.lab.attacked import known_target
from adversarial_crypto.lab.events import Note
from adversarial_crypto.lab.learned import Learned
from adversarial_crypto.store.atomic import read_sealed

STEPS = 20  # of each of the two networks, in beats of 5


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(distinguisher, "SCHOOLS", {"smoke": School(distinguisher.ROWS, STEPS, 32, 0.001)})
    monkeypatch.setattr(learning, "BEAT", 5)
    monkeypatch.setattr(distinguisher, "VALIDATED", 64)
    monkeypatch.setattr(distinguisher, "TESTED", 256)


@pytest.fixture
def beats(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float]]:
    """Each beat that attackers learned, by their network's name, with the share that was done after it."""
    counted: list[tuple[str, float]] = []
    learn = Learner.learn

    def counting(self: Learner, memory: object, name: str) -> Iterator[float]:
        for share in learn(self, memory, name):  # type: ignore[arg-type]
            counted.append((name, share))
            yield share

    monkeypatch.setattr(Learner, "learn", counting)
    return counted


def asked(
    place: Path, told: list[object] | None = None, stop: Callable[[], str | None] = lambda: None
) -> dict[str, object]:
    """The distinguishers on a cipher of 4 bits: what they found, less the time it took."""
    found = battery.Battery.on("smoke", 0, "cpu", "eager", 1, (told if told is not None else []).append, stop)
    found.result("distinguisher", distinguisher.ATTACK, known_target("one_bit_key", 4), place)
    return {key: value for key, value in read_sealed(place / "distinguisher.json").items() if key != "seconds"}


def files(place: Path) -> list[Path]:
    """What is kept of what was learned."""
    return list(place.glob("distinguisher-*.learned"))


class Cut(BaseException):
    """As if the process were gone."""


def after(beats: list[tuple[str, float]], count: int, cut: bool = False) -> Callable[[], str | None]:
    """Stops, or dies, once so many beats have been learned."""

    def stop() -> str | None:
        if len(beats) < count:
            return None
        if cut:
            raise Cut
        return "terminate"

    return stop


@pytest.mark.parametrize("count", [1, 3, 4, 6])
def test_a_stop_costs_nothing(beats: list[tuple[str, float]], tmp_path: Path, count: int) -> None:
    """Stopped in the first network, at its end or in the second, all of their steps are made once."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    expected, all_beats = asked(whole), list(beats)
    assert len(all_beats) == 8 and not files(whole)
    beats.clear()
    with pytest.raises(lab.Stopped):
        asked(parts, stop=after(beats, count))
    assert len(files(parts)) == 1 and not (parts / "distinguisher.json").exists()
    assert asked(parts) == expected
    assert beats == all_beats and not files(parts)


@pytest.mark.fault
def test_a_kill_costs_what_was_not_saved(
    beats: list[tuple[str, float]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a chance to save itself it goes on from what was saved, and finds the same."""
    expected = asked(tmp_path / "whole")
    beats.clear()
    monkeypatch.setattr(learned, "SAVE_SECONDS", 0.0)
    with pytest.raises(Cut):
        asked(tmp_path / "parts", stop=after(beats, 6, cut=True))
    assert len(files(tmp_path / "parts")) == 1
    assert asked(tmp_path / "parts") == expected and len(beats) == 8


def test_a_damaged_file_is_told_and_passed_over(beats: list[tuple[str, float]], tmp_path: Path) -> None:
    """One flipped bit: a note names the file, everything is learned again, and the findings are the same."""
    expected = asked(tmp_path / "whole")
    beats.clear()
    with pytest.raises(lab.Stopped):
        asked(tmp_path / "parts", stop=after(beats, 3))
    (path,) = files(tmp_path / "parts")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    told: list[object] = []
    assert asked(tmp_path / "parts", told) == expected
    assert len(beats) == 3 + 8 and not files(tmp_path / "parts")
    (note,) = [event.text for event in told if isinstance(event, Note)]
    assert note.startswith(f"{path} is damaged") and note.endswith("What distinguisher had learned is learned again.")


def test_what_was_learned_for_something_else_is_passed_over(tmp_path: Path) -> None:
    """Another question starts from nothing, in silence; so does a name under which nothing was left."""
    told: list[object] = []
    first = Learned(tmp_path, "mine", {"seed": 0}, told.append)
    first.offer("a", {"weights": torch.ones(3)})
    first.save()
    same, other = (Learned(tmp_path, "mine", {"seed": seed}, told.append) for seed in (0, 1))
    assert same.recall("a")["weights"].tolist() == [1, 1, 1] and not same.recall("b")
    assert not other.recall("a") and not Learned(tmp_path, "min", {"seed": 0}, told.append).recall("a")
    assert not told


def test_an_attack_of_ones_own_remembers(tmp_path: Path) -> None:
    """Whatever tensors an attack offers come back to it; seconds before a stop count."""

    def run(cipher: Cipher, budget: Budget, seeds: Tensor) -> Iterator[Said]:
        done = int(budget.memory.recall("rounds").get("done", torch.tensor(0)))
        for count in range(done + 1, 4):
            begun.append(count)
            budget.memory.offer("rounds", {"done": torch.tensor(count)})
            yield Progress(count / 3, "counting")
        yield Verdict("mine", "one_time", 0, None, "not_broken", "bits_flipped", float(done))

    begun: list[int] = []
    attack = Attack("Does it remember?", "one_time", "smoke", run, ())
    how = "smoke", 0, "cpu", "eager", 1, lambda event: None
    stopping = battery.Battery.on(*how, lambda: "terminate" if begun[-1:] == [2] else None)
    with pytest.raises(lab.Stopped):
        stopping.result("mine", attack, known_target("identity", 4), tmp_path)
    result = battery.Battery.on(*how, lambda: None).result("mine", attack, known_target("identity", 4), tmp_path)
    assert begun == [1, 2, 3] and result.verdicts[0].value == 2.0
