"""The ledger alone: a shard is committed once, whoever comes second; nothing outside its directory is touched."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from sweep_runs import GRID, hashes, swept, tiny

from adversarial_crypto.errors import ConfigError, StoreError
from adversarial_crypto.lab.plan import planned
from adversarial_crypto.store import Run, repair, verify
from adversarial_crypto.store.atomic import read_sealed, write_sealed
from adversarial_crypto.store.lease import Lease
from adversarial_crypto.store.ledger import PLAN, SWEEP, Ledger, shard_hash
from adversarial_crypto.store.sums import SUMS

ONE = '[grid]\n"game.key_bits" = [2]\n'


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete sweep of two shards, to be copied."""
    folder = tmp_path_factory.mktemp("complete")
    swept(tiny(folder, '[grid]\n"game.key_bits" = [2, 4]\n'), folder / "sweep")
    return folder / "sweep"


@pytest.fixture
def sweep(complete: Path, tmp_path: Path) -> Ledger:
    """A copy of it."""
    shutil.copytree(complete, tmp_path / "sweep")
    return Ledger.open(tmp_path / "sweep")


def second(ledger: Ledger, shard: str) -> Path:
    """A second complete run of a shard, among its attempts."""
    work = ledger.path / "attempts" / shard / "7"
    shutil.copytree(ledger.shard(shard), work)
    return work


def reseal(run: Path, name: str, **changes: object) -> None:
    """Another manifest or summary, with everything that vouches for it."""
    document = {**read_sealed(run / name), **changes}
    write_sealed(run / name, document)
    if name == "manifest.json":
        files = read_sealed(run / "summary.json")["files"]
        from adversarial_crypto.store.atomic import sha256_file

        reseal(run, "summary.json", files={**files, name: sha256_file(run / name)})


def with_other_rows(run: Path) -> None:
    """A run whose protocol.csv differs, and is vouched for."""
    from adversarial_crypto.store.atomic import sha256_file

    path = run / "protocol.csv"
    path.write_text(path.read_text().replace("own", "owl"))
    reseal(run, "summary.json", files={**read_sealed(run / "summary.json")["files"], path.name: sha256_file(path)})


def test_a_second_equal_run_is_dropped(sweep: Ledger) -> None:
    """The same bytes twice are one shard, and nothing is left of the second."""
    shard = next(iter(sweep.plan))
    before = hashes(sweep.path)
    assert sweep.commit(shard, second(sweep, shard)) == "equal"
    assert hashes(sweep.path) == before and not (sweep.path / "attempts" / shard).exists()


def test_a_second_different_run_is_put_in_quarantine(sweep: Ledger) -> None:
    """Other bytes by the same machine and engine: the first stays, the second is kept apart and named."""
    shard = next(iter(sweep.plan))
    before, work = hashes(sweep.path), second(sweep, shard)
    with_other_rows(work)
    other = shard_hash(Run.read(work))
    assert sweep.commit(shard, work) == "different"
    assert hashes(sweep.path) == before
    (place,) = sweep.quarantined()
    assert place.name == f"{shard}-1" and shard_hash(Run.read(place)) == other != before[shard]


def test_another_machine_may_have_other_bytes(sweep: Ledger) -> None:
    """Where the execution records differ the first stays and a note is made of both records."""
    shard = next(iter(sweep.plan))
    before, work = hashes(sweep.path), second(sweep, shard)
    with_other_rows(work)
    reseal(work, "manifest.json", execution={**Run.read(work).execution, "cpu": {"model": "another"}})
    assert sweep.commit(shard, work) == "other machine"
    assert hashes(sweep.path) == before and not sweep.quarantined()
    note = json.loads((sweep.path / "attempts" / shard / "noted-1.json").read_text())
    assert note["second"]["cpu"] == {"model": "another"} and note["hashes"][0] != note["hashes"][1]


def test_only_the_shard_itself_is_committed(sweep: Ledger) -> None:
    """A run of another shard, one that is not complete and one that is damaged do not get a shard's name."""
    first, other = sweep.plan
    with pytest.raises(StoreError, match="not the complete run of shard"):
        sweep.commit(first, second(sweep, other))
    work = second(sweep, first)
    (work / "summary.json").unlink()
    with pytest.raises(StoreError, match="not the complete run of shard"):
        sweep.commit(first, work)
    with pytest.raises(StoreError, match=r"no shard '\.\./x'"):
        sweep.shard("../x")


def test_work_is_adopted_unless_somebody_is_at_it(sweep: Ledger) -> None:
    """The newest attempt nobody works on, else none while somebody does; a torn one is passed over."""
    shard = next(iter(sweep.plan))
    shutil.rmtree(sweep.shard(shard))
    first = sweep.adopt(shard)
    assert first == sweep.path / "attempts" / shard / "1" and sweep.adopt(shard) == first
    first.mkdir()
    with Lease(first):
        assert sweep.adopt(shard) is None
    assert sweep.adopt(shard) == first
    (first / "manifest.json").write_text('{"schema": "acrypto.manifest/1", "torn')
    assert sweep.adopt(shard) == first.with_name("2")


def test_another_sweep_is_refused(sweep: Ledger, tmp_path: Path) -> None:
    """A directory holds one sweep; what is not ours is not written into; the same sweep is opened."""
    files = planned(tiny(tmp_path, '[grid]\n"game.key_bits" = [2, 4]\n')).files
    assert Ledger.create(sweep.path, files).plan == sweep.plan
    with pytest.raises(ConfigError, match="holds another sweep"):
        Ledger.create(sweep.path, planned(tiny(tmp_path, ONE)).files)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("years of work")
    with pytest.raises(ConfigError, match="not a sweep of acrypto"):
        Ledger.create(tmp_path / "full", files)
    assert os.listdir(tmp_path / "full") == ["thesis.tex"]


@pytest.mark.parametrize("at", ["shards", "attempts", "quarantine", "shards/ID", "attempts/ID", "attempts/ID/1"])
def test_links_are_refused(sweep: Ledger, tmp_path: Path, at: str) -> None:
    """A link where a folder of the sweep should be is refused, and what it points to is left alone."""
    shard = next(iter(sweep.plan))
    outside = tmp_path / "outside"
    work = second(sweep, shard)
    work.rename(work.with_name("2"))
    place = sweep.path / at.replace("ID", shard)
    if place.exists():
        place.rename(outside)
    else:
        outside.mkdir()
    place.symlink_to(outside, target_is_directory=True)
    before = sorted(outside.rglob("*"))

    def use() -> None:
        ledger = Ledger.open(sweep.path)
        ledger.committed()
        ledger.begun()
        ledger.adopt(shard)

    with pytest.raises(StoreError, match="is a link"):
        use()
    assert sorted(outside.rglob("*")) == before


def test_a_plan_with_other_names_is_refused(sweep: Ledger) -> None:
    """A shard's name that would lead out of the directory is refused, also where the sums were made to fit."""
    from adversarial_crypto.store.atomic import sha256_file
    from adversarial_crypto.store.sums import render_sums

    path = sweep.path / PLAN
    path.write_text(path.read_text().replace(next(iter(sweep.plan)), "../../../x", 1))
    with pytest.raises(StoreError, match=r"plan\.csv is damaged"):
        Ledger.open(sweep.path)
    names = (PLAN, SWEEP)
    (sweep.path / SUMS).write_bytes(render_sums({name: str(sha256_file(sweep.path / name)) for name in names}))
    with pytest.raises(StoreError, match="ten hexadecimal digits"):
        Ledger.open(sweep.path)


@pytest.mark.fault
def test_every_flipped_bit_is_named_and_repaired(sweep: Ledger, tmp_path: Path) -> None:
    """A flipped bit in any file of a shard, or of the sweep itself, is named; set aside, it alone is made anew."""
    source = tiny(tmp_path, '[grid]\n"game.key_bits" = [2, 4]\n')
    before = hashes(sweep.path)
    shard = next(iter(sweep.plan))
    assert verify(sweep.path) == []
    inside = [f"shards/{shard}/{name}" for name in ("metrics.csv", "players.safetensors", "config.toml")]
    for name in (*inside, SWEEP, PLAN, SUMS):
        path = sweep.path / name
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 4
        path.write_bytes(bytes(content))
        assert name in [problem.file for problem in verify(sweep.path)]
        repair(sweep.path)
        _, told = swept(source, sweep.path)
        assert [each.shard for each in told] == ([shard] if name in inside else [])
        assert verify(sweep.path) == []
        assert {s: shard_hash(Run.read(sweep.shard(s))) for s in sweep.committed()} == before


def test_a_foreign_run_among_the_shards_is_named(sweep: Ledger) -> None:
    """A run under a name that the plan does not have, and one under another's name, are problems."""
    first, other = sweep.plan
    shutil.copytree(sweep.shard(first), sweep.path / "shards" / "0123456789")
    shutil.rmtree(sweep.shard(other))
    shutil.copytree(sweep.shard(first), sweep.shard(other))
    assert {problem.file for problem in verify(sweep.path)} == {"shards/0123456789", f"shards/{other}"}


def test_the_grid_of_the_helpers_has_four_shards(tmp_path: Path) -> None:
    """What the other tests of sweeps count on."""
    assert len(Ledger.create(tmp_path / "sweep", planned(tiny(tmp_path, GRID)).files).plan) == 4
