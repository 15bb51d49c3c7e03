"""Sweeps to their end: the same bytes whoever works and in whichever order; status, shares, merging."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from cli_runs import call, document
from sweep_runs import hashes, swept, tiny

from adversarial_crypto import lab
from adversarial_crypto.cli.axes import axes_of
from adversarial_crypto.config import ConfigError
from adversarial_crypto.errors import StoreError
from adversarial_crypto.lab import Stopped
from adversarial_crypto.lab.sweep_plan import meant
from adversarial_crypto.store.ledger import Ledger


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sweep of GRID, one shard after the other in one process."""
    folder = tmp_path_factory.mktemp("serial")
    result, told = swept(tiny(folder), folder / "sweep")
    assert [each.became for each in told] == ["committed"] * 4 and result.committed == result.shards == 4
    return folder / "sweep"


def seldom(argument: tuple[str, str]) -> bool:
    """A machine that does not see the directory."""
    return False


def same(directory: Path, serial: Path) -> None:
    """All shards of the plan, each once, with the serial run's hashes and its table."""
    assert hashes(directory) == hashes(serial)
    assert (directory / "results.csv").read_bytes() == (serial / "results.csv").read_bytes()


@pytest.mark.parametrize("workers", [1, 2])
def test_local_workers_make_the_same(serial: Path, tmp_path: Path, workers: int) -> None:
    """Spawned processes commit the same shards as one process."""
    result, told = swept(tiny(tmp_path), tmp_path / "sweep", executor="local", workers=workers)
    assert not result.failed and {each.became for each in told} == {"committed"}
    same(tmp_path / "sweep", serial)


@pytest.mark.ray
def test_ray_makes_the_same(serial: Path, tmp_path: Path) -> None:
    """So do Ray's workers on two processors."""
    result, _ = swept(tiny(tmp_path), tmp_path / "sweep", executor="ray", workers=2)
    assert not result.failed
    same(tmp_path / "sweep", serial)


def test_machines_that_see_nothing_send_what_they_made(
    serial: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the directory is not shared a shard's files come by value, and are the same shard."""
    monkeypatch.setattr("adversarial_crypto.lab.crew._sees", seldom)
    result, told = swept(tiny(tmp_path), tmp_path / "sweep", executor="local", workers=1)
    assert not result.failed and {each.became for each in told} == {"committed"}
    same(tmp_path / "sweep", serial)


def test_shares_in_any_order_make_the_same(serial: Path, tmp_path: Path) -> None:
    """3/3, then 1/3, then 2/3 in one directory: another order, the same sweep; and each share did its own alone."""
    source, out = tiny(tmp_path), tmp_path / "sweep"
    plan = list(Ledger.open(serial).plan)
    for k in (3, 1, 2):
        result, told = swept(source, out, share=(k, 3))
        assert [each.shard for each in told] == plan[k - 1 :: 3] and result.shards == len(plan[k - 1 :: 3])
    same(out, serial)


def test_shares_in_several_directories_are_merged(serial: Path, tmp_path: Path) -> None:
    """Three directories with a third each give one table; two of them one that lacks a share and says so."""
    places = [tmp_path / str(k) for k in (1, 2, 3)]
    for k, place in enumerate(places, 1):
        swept(tiny(tmp_path), place, share=(k, 3))
    assert lab.merge(places, tmp_path / "all.csv") == (4, 4, [])
    assert (tmp_path / "all.csv").read_bytes() == (serial / "results.csv").read_bytes()
    assert lab.merge(places[:2], tmp_path / "two.csv")[:2] == (3, 4)
    assert lab.merge([serial, *places], tmp_path / "again.csv") == (4, 4, [])
    swept(tiny(tmp_path, '[grid]\n"game.key_bits" = [2]\n'), tmp_path / "other")
    with pytest.raises(ConfigError, match="another sweep"):
        lab.merge([serial, tmp_path / "other"], tmp_path / "none.csv")
    assert not (tmp_path / "none.csv").exists()


def test_a_merge_names_shards_that_disagree(serial: Path, tmp_path: Path) -> None:
    """Other bytes by the same machine and engine in two directories: named, the first one counts, exit code 1."""
    from test_sweep_ledger import with_other_rows

    shutil.copytree(serial, tmp_path / "sweep")
    shard = next(iter(Ledger.open(serial).plan))
    with_other_rows(tmp_path / "sweep" / "shards" / shard)
    done = call("merge", str(serial), str(tmp_path / "sweep"), "-o", str(tmp_path / "all.csv"), "--json")
    assert done.exit_code == 1 and shard in done.stderr
    assert document(done)["committed"] == 4 and len(document(done)["problems"]) == 1
    assert (tmp_path / "all.csv").read_bytes() == (serial / "results.csv").read_bytes()


def test_the_table_is_what_the_shards_say(serial: Path) -> None:
    """A row a replica and network, with the grid's values, the best adversary's test and the rule's answer."""
    rows = list(csv.DictReader(StringIO((serial / "results.csv").read_text())))
    ledger = Ledger.open(serial)
    assert [(r["game.key_bits"], r["train.learning_rate"], r["replica"]) for r in rows] == [
        (key, rate, replica) for key in ("2", "4") for rate in ("0.001", "0.01") for replica in ("0", "1")
    ]
    for row in rows:
        protocol = csv.DictReader(StringIO((ledger.shard(row["shard"]) / "protocol.csv").read_text()))
        (own,) = (r for r in protocol if r["replica"] == row["replica"] and r["best"] == "1")
        assert {name: row[name] for name in own if name in row} == {name: own[name] for name in own if name in row}
        assert (row["robust"], row["diverged"], row["passed"]) == ("0", "0", "0")
        assert np.isfinite(float(row["bits_wrong"]))


def test_blocks_number_their_replicas_under_the_seed(tmp_path: Path) -> None:
    """A point cut into blocks has its replicas' numbers and learning rates in the table, in order."""
    text = '[replicas.vary]\n"train.learning_rate" = [0.001, 0.01]\n'
    swept(tiny(tmp_path, text), tmp_path / "sweep", overrides=["replicas.count=3", "replicas.block=2"])
    rows = list(csv.DictReader(StringIO((tmp_path / "sweep" / "results.csv").read_text())))
    found = [(row["replica"], row["train.learning_rate"]) for row in rows]
    assert found == [(str(i), "0.001" if i < 3 else "0.01") for i in range(6)]
    assert len(Ledger.open(tmp_path / "sweep").plan) == 4


def test_a_stopped_sweep_goes_on(serial: Path, tmp_path: Path) -> None:
    """Stopped in the middle of a shard everything is kept; a table of what is done is there; the same call goes on."""
    source, out = tiny(tmp_path), tmp_path / "sweep"
    asked = 0

    def stop() -> str | None:
        nonlocal asked
        asked += 1
        return "time limit" if asked > 12 else None

    with pytest.raises(Stopped, match="of 4 shards") as stopped:
        swept(source, out, stop=stop)
    assert stopped.value.exit_code == 75
    assert len(Ledger.open(out).committed()) < 4 and (out / "results.csv").exists()
    result, told = swept(source, out)
    assert result.committed == 4 and len(told) == 4 - int(stopped.value.done.split()[0])
    same(out, serial)
    again, told = swept(out, out=None)  # type: ignore[arg-type]
    assert again.already_complete and not told


def test_status_and_dry_run(serial: Path, tmp_path: Path) -> None:
    """A sweep half done says so, from another process, without torch; a dry run writes nothing."""
    source, out = tiny(tmp_path), tmp_path / "sweep"
    found = document(call("sweep", source, "-o", out, "--dry-run", "--json"))
    assert (found["shards"], found["committed"], found["replicas"], found["guessed"]) == (4, 0, 8, True)
    assert found["bytes"] > 0 and not out.exists()
    swept(source, out, share=(1, 2))
    found = document(call("status", out, "--json"))
    assert (found["shards"], found["committed"], found["running"], found["begun"]) == (4, 2, 0, [])
    assert found["seconds_left"] > 0
    assert "2 of 4 shards committed" in call("status", out).stdout
    dry = document(call("sweep", source, "-o", out, "--dry-run", "--json"))
    assert (dry["left"], dry["guessed"]) == (2, False)
    with pytest.raises(StoreError, match="is not a sweep"):
        lab.status(tmp_path)


def test_an_experiments_name_means_the_experiment(
    serial: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same line continues a sweep also where -o put it into a directory of the experiment's name."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(serial, "quick")
    line = ("sweep", "quick", "--grid", "game.key_bits=4,8", "--dry-run", "--json")
    assert document(call(*line))["directory"] == "sweeps/quick"
    assert "holds another sweep" in call(*line, "-o", "quick").stderr
    assert document(call("sweep", "./quick", "--dry-run", "--json"))["committed"] == 4


def test_ten_thousand_shards_cost_little(tmp_path: Path) -> None:
    """The driver's and the status' memory stays small with the largest plan, and both import no torch."""
    values = list(range(1, 101))
    source = tiny(tmp_path, f'[grid]\n"replicas.seed" = {values}\n"train.steps" = {values}\n')
    out = tmp_path / "sweep"
    from adversarial_crypto.lab.plan import planned

    Ledger.create(out, planned(source).files)
    program = (
        "import sys\nfrom pathlib import Path\nfrom adversarial_crypto import lab\n"
        f"found = lab.status({str(out)!r})\nassert found.shards == 10_000\n"
        f"plan = lab.sweep_plan({str(out)!r})\nassert plan.shards == 10_000 and plan.guessed\n"
        # Not ru_maxrss, which begins with the size of the process that started this one.
        "peak = next(l for l in Path('/proc/self/status').read_text().splitlines() if l.startswith('VmHWM'))\n"
        "print('torch' in sys.modules, peak.split()[1])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    torch, kilobytes = done.stdout.split()
    assert torch == "False" and int(kilobytes) < 300_000


def test_the_driver_imports_no_torch(tmp_path: Path) -> None:
    """A whole sweep by local workers, with its table and figures, leaves the driver without torch."""
    source = tiny(tmp_path, '[grid]\n"game.key_bits" = [2, 4]\n')
    program = (
        "import sys\nfrom adversarial_crypto import lab\n"
        f"result = lab.sweep({str(source)!r}, out={str(tmp_path / 'sweep')!r}, workers=1)\n"
        "print(result.committed, len(result.figures), 'torch' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2", "1", "False"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["tiny.toml", "--grid", "game.key_bits"], "is no axis; give KEY=V,V"),
        (["tiny.toml", "--grid", "game.key_bit=2"], "did you mean 'game.key_bits'?"),
        (["tiny.toml", "--zip", "game.key_bits=2,4"], "--zip moves two or more keys"),
        (["tiny.toml", "--zip", "game.key_bits=2,4", "--zip", "train.batch=3"], "equally many values"),
        (["tiny.toml", "--shard", "4/3"], "is no share; give K/N"),
        (["tiny.toml", "--executor", "slurm"], "unknown executor 'slurm'; there are inline, local, ray"),
        (["tiny.toml", "--workers", "0"], "workers must be between 1 and"),
        (["tiny.toml", "--ray-address", "auto"], "ray_address is for the executor 'ray'"),
        (["tiny.toml", "--max-attempts", "0"], "max_attempts must be at least 1"),
        (["tiny.toml", "--device", "tpu"], "unknown device 'tpu'"),
        (["nothing.toml"], "nothing.toml"),
    ],
)
def test_bad_options_are_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], sentence: str
) -> None:
    """Exit code 2, one sentence, and nothing written."""
    tiny(tmp_path)
    monkeypatch.chdir(tmp_path)
    done = call("sweep", *arguments)
    assert done.exit_code == 2 and sentence in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "sweeps").exists()


def test_axes_of_the_command_line_are_those_of_a_file(tmp_path: Path) -> None:
    """--grid and --zip make the plan that [grid] makes."""
    axes = axes_of(["networks.eve=dense,mix_transform"], ["game.key_bits=2,4", "train.steps=3,5"])
    text = '[grid]\n"networks.eve" = ["dense", "mix_transform"]\n"game.key_bits,train.steps" = [[2, 3], [4, 5]]\n'
    in_file = meant(tiny(tmp_path / "file", text), (), None, None, None)
    by_option = meant(tiny(tmp_path / "option", ""), (), axes, None, None)
    assert by_option == in_file and len(by_option[1]["plan.csv"].splitlines()) == 5
