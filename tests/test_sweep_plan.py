"""What a sweep is before it begins: sweep.toml says all, plan.csv follows from it, blocks are the same replicas."""

from __future__ import annotations

import csv
import sys
import tomllib
from hashlib import sha256
from io import StringIO
from pathlib import Path

import pytest
import torch
from small_runs import eager, small_run
from sweep_runs import tiny

from adversarial_crypto import config
from adversarial_crypto.config import ConfigError, blocks
from adversarial_crypto.lab.plan import planned, shard_run
from adversarial_crypto.lab.sweep_plan import open_ledger, sweep_plan
from adversarial_crypto.store.ledger import PLAN, SWEEP, Ledger
from adversarial_crypto.training import Training, prepare

NET = "from adversarial_crypto.networks.dense import build\n"


def rows_of(files: dict[str, bytes]) -> list[dict[str, str]]:
    """plan.csv as dictionaries."""
    return list(csv.DictReader(StringIO(files[PLAN].decode())))


def test_sweep_toml_gives_the_same_points_again(tmp_path: Path) -> None:
    """What is settled from file, profile and overrides expands to the same runs, and its plan is the same bytes."""
    text = '[grid]\n"train.batch,train.steps" = [[8, 3], [16, 3]]\n"game.key_bits" = [2, 4]\n'
    text += '[profile.smoke]\n"train.steps" = 2\n'
    source = tiny(tmp_path, text)
    for settings in ((), ("train.steps=5",), ("game.key_bits=3", "replicas.seed=7")):
        for profile in (None, "smoke"):
            found = planned(source, settings, profile)
            again = tmp_path / "again" / "other.toml"
            again.parent.mkdir(exist_ok=True)
            again.write_bytes(found.files[SWEEP])
            assert planned(again).files == found.files
            before = config.expand(source, overrides=settings, profile=profile)
            assert [p.run for p in config.expand(again)] == [p.run for p in before]


def test_a_settled_key_leaves_the_axis(tmp_path: Path) -> None:
    """A value for all takes a key off its axis; values that are then equal are one point."""
    data = config.settle(
        tiny(tmp_path, '[grid]\n"train.batch,train.steps" = [[8, 3], [16, 3]]\n'), overrides=["train.batch=8"]
    )
    assert data["grid"] == {"train.steps": [3]} and data["train"]["batch"] == 8


def test_every_row_is_its_run(tmp_path: Path) -> None:
    """From sweep.toml and a row comes the run whose identity the row has; ids are its first ten digits."""
    source = tiny(tmp_path, '[grid]\n"game.key_bits" = [2, 4]\n"networks.eve" = ["dense", "mix_transform"]\n')
    found = planned(source, ["replicas.count=5", "replicas.block=2"])
    ledger = Ledger.create(tmp_path / "sweep", found.files)
    assert len(ledger.plan) == 4 * 3
    for shard, row in ledger.plan.items():
        run = shard_run(ledger.path, row)
        assert config.identity(run, {}) == row["identity"] and shard == row["identity"][:10]
        assert (run.game.key_bits, run.networks.eve) == (int(row["game.key_bits"]), row["networks.eve"].strip('"'))  # type: ignore[union-attr]
    counts = [(row["first"], row["replicas"]) for row in rows_of(dict(found.files))]
    assert counts == [("0", "2"), ("2", "2"), ("4", "1")] * 4


def test_a_user_network_is_kept_with_the_sweep(tmp_path: Path) -> None:
    """FILE.py of settings and axes alike is copied, found from the sweep's folder, and enters by its content."""
    (tmp_path / "a").mkdir()
    (tmp_path / "net.py").write_text(NET)
    (tmp_path / "a/net.py").write_text(NET + "# another\n")
    text = '[grid]\n"networks.eve" = ["dense", "net.py:build", "a/net.py:build"]\n'
    found = planned(tiny(tmp_path, text), ["networks.alice=" + str(tmp_path / "net.py") + ":build"])
    assert sorted(found.files) == ["networks/net-2.py", "networks/net.py", PLAN, SWEEP]
    data = tomllib.loads(found.files[SWEEP].decode())
    assert data["networks"]["alice"] == "networks/net.py:build"
    assert data["grid"]["networks.eve"] == ["dense", "networks/net.py:build", "networks/net-2.py:build"]
    ledger = Ledger.create(tmp_path / "sweep", found.files)
    (tmp_path / "net.py").unlink()
    for row in ledger.plan.values():
        run = shard_run(ledger.path, row)
        digests = {str(path): sha256(path.read_bytes()).hexdigest() for path in config.user_files(run)}
        assert config.identity(run, digests) == row["identity"]


def test_a_shard_that_sweep_toml_no_longer_gives_is_refused(tmp_path: Path) -> None:
    """A row whose identity is another run's, as after a change of defaults, is not computed."""
    ledger = Ledger.create(tmp_path / "sweep", planned(tiny(tmp_path)).files)
    first, second, *_ = ledger.plan.values()
    assert shard_run(ledger.path, first)
    with pytest.raises(ConfigError, match="another version of acrypto planned this sweep"):
        shard_run(ledger.path, {**first, "identity": second["identity"]})


def test_a_sweep_that_is_there_is_not_planned_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same file, settings and place give the ledger that is there; another setting is refused by name."""
    source = tiny(tmp_path)
    there = open_ledger(source, ["train.steps=5"], None, None, tmp_path / "sweep")
    with pytest.raises(ConfigError, match=r"holds another sweep \(plan.csv, sweep.toml differ\)"):
        open_ledger(source, ["train.steps=6"], None, None, tmp_path / "sweep")
    with pytest.raises(ConfigError, match=r"holds another sweep \(plan.csv, sweep.toml differ\)"):
        sweep_plan(source, overrides=["train.steps=6"], out=tmp_path / "sweep")
    monkeypatch.setattr(sys.modules[open_ledger.__module__], "planned", None)
    assert open_ledger(source, ["train.steps=5"], None, None, tmp_path / "sweep").plan == there.plan


@pytest.mark.parametrize(
    ("count", "most", "rates", "cut"),
    [
        (5, 2, (), [(0, 2, 1), (2, 2, 1), (4, 1, 1)]),
        (4, 8, (), [(0, 4, 1)]),
        (2, 4, (0.1, 0.2, 0.3), [(0, 2, 2), (4, 2, 1)]),
        (3, 2, (0.1, 0.2), [(0, 2, 1), (2, 1, 1), (3, 2, 1), (5, 1, 1)]),
        (1, 1, (0.1, 0.2), [(0, 1, 1), (1, 1, 1)]),
    ],
)
def test_blocks_are_the_replicas_of_the_whole(
    count: int, most: int, rates: tuple[float, ...], cut: list[tuple[int, int, int]]
) -> None:
    """Every replica is in one block, in order, with the number and learning rate of the whole."""
    vary = {"vary": {"train.learning_rate": rates}} if rates else {}
    whole = small_run(replicas={"count": count, "block": most, **vary})
    parts = blocks(whole)
    values = [len(part.replicas.vary.get("train.learning_rate", (0,))) for part in parts]
    assert [(p.replicas.first, p.replicas.count, n) for p, n in zip(parts, values, strict=True)] == cut
    assert all(part.total_replicas <= max(most, 1) for part in parts)

    def replicas(run: config.Run) -> list[tuple[list[int], float]]:
        chunks = prepare(run).chunks
        return [
            (seed, rate)
            for chunk in chunks
            for seed, rate in zip(chunk.seeds.tolist(), chunk.rates.tolist(), strict=True)
        ][: run.total_replicas]

    assert [each for part in parts for each in replicas(part)] == replicas(whole)


def test_a_replica_trains_in_its_block_as_in_the_whole() -> None:
    """The weights after some steps are those of the same replica in the whole array."""
    whole = small_run(replicas={"count": 3, "block": 2}, networks={"alice": "dense", "bob": "dense", "eve": "dense"})

    def trained(run: config.Run) -> torch.Tensor:
        training = Training(prepare(run), eager())
        for _ in training.beats():
            pass
        return training.players()["alice_bob"]

    parts = torch.cat([trained(part) for part in blocks(whole)])
    torch.testing.assert_close(parts, trained(whole), rtol=1e-4, atol=1e-6)
    assert not torch.allclose(parts[2], parts[0])


def test_twins_and_broken_points_are_refused(tmp_path: Path) -> None:
    """Two points of one run, and a point that cannot be, are refused before anything is written."""
    with pytest.raises(ConfigError, match="are the same run"):
        planned(tiny(tmp_path, '[grid]\n"name" = ["a", "b"]\n'))
    with pytest.raises(ConfigError, match=r"net\.py cannot be read"):
        planned(tiny(tmp_path, '[grid]\n"networks.eve" = ["dense", "net.py:build"]\n'))
    with pytest.raises(ConfigError, match=r"game\.key_bits"):
        planned(tiny(tmp_path, '[grid]\n"game.key_bits" = [2, -1]\n'))
    with pytest.raises(ConfigError, match=r"a point of its grid has 'game\.key_bits'"):
        config.at(tiny(tmp_path, '[grid]\n"game.key_bits" = [2]\n'), {})


def test_ten_thousand_shards_are_told_apart(tmp_path: Path) -> None:
    """The largest grid has a plan with as many shards, and its directory is opened from the plan alone."""
    values = list(range(1, 101))
    text = f'[grid]\n"replicas.seed" = {values}\n"train.steps" = {values}\n'
    ledger = Ledger.create(tmp_path / "sweep", planned(tiny(tmp_path, text)).files)
    assert len(ledger.plan) == 10_000
    with pytest.raises(ConfigError, match="10,000 is the most"):
        planned(tiny(tmp_path, text.replace("100]", "100, 101]", 1)))
