"""store: atomic writes, sealed JSON, committed directories, safetensors, the lease."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from adversarial_crypto.errors import EnvironmentProblem, StoreError
from adversarial_crypto.store import atomic, checkpoints, commit_figure, read_figure
from adversarial_crypto.store import lease as leases
from adversarial_crypto.store.sums import SUMS, commit_directory, faults, read_sums

ARRAYS = {"alice": np.arange(6, dtype=np.float32).reshape(2, 3), "passed": np.array([True, False]), "step": np.array(7)}


def flips(data: bytes) -> list[bytes]:
    """Every copy of a file with one flipped bit."""
    return [data[:i] + bytes([data[i] ^ 1 << bit]) + data[i + 1 :] for i in range(len(data)) for bit in range(8)]


def test_interrupted_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that is interrupted before the rename leaves the old content and no temporary file."""
    path = tmp_path / "file"
    atomic.atomic_write(path, b"old")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        atomic.atomic_write(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_os_errors_become_sentences(tmp_path: Path) -> None:
    """A place that cannot be written is an environment problem that names the file, exit code 3."""
    with pytest.raises(EnvironmentProblem, match=r"Cannot write .*nowhere/file: No such file") as caught:
        atomic.atomic_write(tmp_path / "nowhere" / "file", b"")
    assert caught.value.exit_code == 3


def test_seal_sees_every_flipped_bit() -> None:
    """No flipped bit in a sealed document goes unseen, not even one that a JSON parser reads as the same value."""
    document = {"rate": 1e-05, "name": "é", "list": [1, None, True]}
    data = atomic.seal(document)
    assert atomic.unseal(data) == document
    assert b"1e-05" in data and json.loads(data.replace(b"1e-05", b"1E-05"))["rate"] == 1e-05
    assert [wrong for wrong in flips(data) if atomic.unseal(wrong) is not None] == []
    assert [cut for cut in range(len(data)) if atomic.unseal(data[:cut]) is not None] == []


def test_sums_see_every_flipped_bit(tmp_path: Path) -> None:
    """A flipped bit anywhere in SHA256SUMS is blamed on SHA256SUMS, not on the file that it lists."""
    commit_directory(tmp_path / "figure", {"a.csv": b"1,2\n"})
    sums = tmp_path / "figure" / SUMS
    for wrong in flips(sums.read_bytes()):
        sums.write_bytes(wrong)
        assert [file.name for file, _ in faults(tmp_path / "figure")] == [SUMS]


def test_sums_are_read_by_sha256sum(tmp_path: Path) -> None:
    """Anyone can check a committed directory with `sha256sum -c`."""
    commit_directory(tmp_path / "figure", {"a.csv": b"1,2\n"})
    command = ["sha256sum", "--strict", "-c", SUMS]
    done = subprocess.run(command, cwd=tmp_path / "figure", capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "a.csv: OK\n")


def test_figure_is_replaced_whole_and_checked(tmp_path: Path) -> None:
    """A figure committed again replaces the old one whole, and a damaged one is not read."""
    commit_figure(tmp_path, "training", {"training.csv": b"old", "training.pdf": b"old"})
    place = commit_figure(tmp_path, "training", {"training.csv": b"new"})
    assert read_figure(tmp_path, "training") == {"training.csv": b"new"}
    assert sorted(os.listdir(place)) == [SUMS, "training.csv"] and os.listdir(tmp_path / "figures") == ["training"]
    (place / "training.csv").write_bytes(b"nev")
    with pytest.raises(StoreError, match=r"training\.csv is damaged"):
        read_figure(tmp_path, "training")


@pytest.mark.parametrize("name", ["", "../up", ".hidden", "a/b", "a\nb"])
def test_figure_names_are_plain(tmp_path: Path, name: str) -> None:
    """A name that would leave its directory or hide in it is refused."""
    with pytest.raises(ValueError, match="plain"):
        commit_figure(tmp_path, "training", {name: b""})


def test_safetensors_bytes_are_a_function_of_the_content() -> None:
    """Equal arrays and documents give equal bytes, whatever their order, memory layout and process."""
    code = (
        "import numpy as np; from adversarial_crypto.store import checkpoints as c;"
        "a = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3));"
        "d = {'step': np.array(7), 'passed': np.array([True, False]), 'alice': a};"
        "print(c.sha256(c.pack(d, {'b': 1, 'a': [2.5, None]})))"
    )
    here = checkpoints.sha256(checkpoints.pack(ARRAYS, {"a": [2.5, None], "b": 1}))
    seeds = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(2)]
    assert {done.stdout.strip() for done in seeds} == {here}


def test_safetensors_round_trip(tmp_path: Path) -> None:
    """Arrays come back with value, type and shape (scalars too), writable, beside their document."""
    digest = checkpoints.save_arrays(tmp_path / "players.safetensors", {**ARRAYS, "t": ARRAYS["alice"].T}, {"x": 1})
    arrays, meta = checkpoints.load_arrays(tmp_path / "players.safetensors", digest)
    assert meta == {"x": 1} and all(array.flags.writeable for array in arrays.values())
    assert {name: (array.dtype, array.shape, array.tolist()) for name, array in arrays.items()} == {
        name: (array.dtype, array.shape, array.tolist()) for name, array in {**ARRAYS, "t": ARRAYS["alice"].T}.items()
    }


def test_store_imports_no_torch() -> None:
    """Importing the store and packing arrays leaves torch unimported."""
    code = (
        "import sys, numpy as np; from adversarial_crypto.store import checkpoints as c;"
        "c.unpack(c.pack({'a': np.zeros(1)}, {}), None); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def write_lease(directory: Path, **changes: object) -> None:
    """The lease of this very process under another token, changed."""
    pid = os.getpid()
    document = {"host": leases.socket.gethostname(), "pid": pid, "started": leases._started(pid), "token": "other"}
    atomic.write_sealed(directory / leases.LEASE, {**document, **changes})


def test_lease_is_exclusive_and_given_back(tmp_path: Path) -> None:
    """While one writer lives a second is refused with its process named; afterwards nothing of the lease is left."""
    with leases.Lease(tmp_path):
        with pytest.raises(StoreError, match=f"in use by process {os.getpid()} on "):
            leases.Lease(tmp_path).acquire()
        assert os.listdir(tmp_path) == [leases.LEASE]
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("changes", "age", "held"),
    [
        ({}, 0, True),
        ({}, 3600, True),  # stopped for an hour, but alive on this machine
        ({"started": "1"}, 0, False),  # the number was given to another process
        ({"pid": 2**22 + 1}, 0, False),  # above the kernel's largest process number
        ({"host": "elsewhere"}, 0, True),
        ({"host": "elsewhere"}, 61, False),
    ],
)
def test_lease_of_the_dead_is_taken_over(tmp_path: Path, changes: dict[str, object], age: float, held: bool) -> None:
    """On this machine the process table decides who lives, elsewhere 60 seconds without a heartbeat."""
    write_lease(tmp_path, **changes)
    os.utime(tmp_path / leases.LEASE, (time.time() - age,) * 2)
    if held:
        with pytest.raises(StoreError, match="in use by"):
            leases.Lease(tmp_path).acquire()
    else:
        with leases.Lease(tmp_path) as lease:
            lease.check()


def test_a_process_that_waits_to_be_reaped_is_dead() -> None:
    """A killed writer counts as dead before its parent has asked for its exit status."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert leases._started(child.pid) not in (None, leases.UNKNOWN)
    child.kill()
    deadline = time.time() + 10
    while leases._started(child.pid) is not None and time.time() < deadline:
        time.sleep(0.01)
    assert leases._started(child.pid) is None and child.returncode is None
    child.communicate()


def test_lease_beats_until_it_is_lost(tmp_path: Path) -> None:
    """The heartbeat touches the lease; once another process took it over, it is known lost and left alone."""
    lease = leases.Lease(tmp_path, beat=0.01)
    lease.acquire()
    os.utime(lease.path, (0, 0))
    deadline = time.time() + 10
    while lease.path.stat().st_mtime == 0 and time.time() < deadline:
        time.sleep(0.01)
    assert time.time() - lease.path.stat().st_mtime < 10
    write_lease(tmp_path)
    with pytest.raises(StoreError, match="taken over"):
        lease.check()
    lease.release()
    assert lease.path.exists() and lease._thread not in threading.enumerate()


def test_removal_does_not_follow_links(tmp_path: Path) -> None:
    """Deleting a link, or a directory that holds one, leaves what it points to."""
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.tex").write_text("x")
    (tmp_path / "folder").mkdir()
    for link in (tmp_path / "link", tmp_path / "folder" / "link"):
        link.symlink_to(precious)
    atomic.remove(tmp_path / "link")
    atomic.remove(tmp_path / "folder")
    assert os.listdir(tmp_path) == ["precious"] and os.listdir(precious) == ["thesis.tex"]


def test_read_sums_of_nothing(tmp_path: Path) -> None:
    """A committed directory that lost its list is refused with the list named."""
    with pytest.raises(StoreError, match="SHA256SUMS is missing"):
        read_sums(tmp_path)
