"""A user's network in a file of its own: read once, part of the identity, kept with the run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from lab_runs import NETWORK, TINY, contents, tiny

from adversarial_crypto import config, lab
from adversarial_crypto.config import ConfigError
from adversarial_crypto.lab.sources import Sources


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """my_net.py in the working directory."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "my_net.py"
    path.write_text(NETWORK)
    return path


def test_network_from_a_file(net: Path) -> None:
    """./my_net.py:build trains like a built-in network; its run directory holds the file and runs again anywhere."""
    first = tiny(
        Path("run"), "networks.alice=./my_net.py:build", 'protocol.adversary_networks=["own","./my_net.py:build"]'
    )
    assert 'alice = "networks/my_net.py:build"' in (first.run_dir / "config.toml").read_text()
    assert (first.run_dir / "networks" / "my_net.py").read_text() == NETWORK
    assert set(first.protocol()["network"]) == {"own", "networks/my_net.py:build"}
    net.unlink()
    assert lab.run(first.run_dir).already_complete
    shutil.copytree(first.run_dir, "elsewhere")
    again = lab.run(Path("elsewhere/config.toml"), out=Path("again"), engine="eager", threads=1)
    assert again.summary["id"] == first.summary["id"]
    assert contents(again.run_dir) == contents(first.run_dir)


def test_changing_the_file_changes_the_identity(net: Path) -> None:
    """Another content is another run: refused in the old directory, named by file, and given another identity."""
    tiny(Path("run"), "networks.alice=./my_net.py:build", "protocol.adversaries=0")
    run = lab.load("quick", [*TINY, "networks.alice=./my_net.py:build"])
    before = config.identity(run, Sources.read(run).digests)
    net.write_text(NETWORK + "\n# another\n")
    assert config.identity(run, Sources.read(run).digests) != before
    with pytest.raises(ConfigError, match=r"networks/my_net.py has another content"):
        tiny(Path("run"), "networks.alice=./my_net.py:build", "protocol.adversaries=0")


def test_files_of_one_name(tmp_path: Path) -> None:
    """Two files of one name are both kept; one content found twice is one file."""
    contents = {"a": NETWORK, "b": NETWORK + "\n# b\n", "c": NETWORK}
    for folder, text in contents.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "net.py").write_text(text)
    players = zip(("alice", "bob", "eve"), contents, strict=True)
    run = lab.load("quick", [f"networks.{player}={tmp_path / folder}/net.py:build" for player, folder in players])
    sources = Sources.read(run)
    assert sources.files == {"networks/net.py": NETWORK.encode(), "networks/net-2.py": contents["b"].encode()}
    assert sources.run.networks.alice == sources.run.networks.eve == "networks/net.py:build"
    assert sources.run.networks.bob == "networks/net-2.py:build"
    assert set(sources.builds()) == {"networks/net.py:build", "networks/net-2.py:build"}


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("def build(:\n", r"^my_net\.py:1: not valid Python: "),
        ("x = 1\n\0", r"^my_net\.py.*: not valid Python: "),
        ("\nx = 1 / 0\n", r"^my_net\.py:2: ZeroDivisionError: division by zero$"),
        ("import nowhere_at_all\n", r"^my_net\.py:1: ModuleNotFoundError: .*; the file stands alone$"),
        ("raise SystemExit(3)\n", r"^my_net\.py:1: SystemExit: 3$"),
        ("\n\ndef built(a, b, c): ...\n", r"^my_net\.py: no function 'build'; did you mean 'built' \(line 3\)\?$"),
        ("def other(a, b, c): ...\n", r"^my_net\.py: no function 'build'; there is 'other' \(line 1\)$"),
        ("build = 3\n", r"^my_net\.py: no function 'build'; it defines no function$"),
        ("def build(a, b, c):\n    return 3\n", r"'my_net\.py:build' must return a torch\.nn\.Module"),
    ],
)
def test_broken_files(net: Path, source: str, sentence: str) -> None:
    """What is wrong with a user's file is one sentence with file and line, told before anything is written."""
    net.write_text(source)
    with pytest.raises(ConfigError, match=sentence) as error:
        tiny(Path("run"), "networks.alice=./my_net.py:build")
    assert len(error.value.problems) == 1
    assert not Path("run").exists()


def test_unreadable_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing files, directories and what is far too large are all named at once."""
    monkeypatch.chdir(tmp_path)
    Path("folder.py").mkdir()
    Path("large.py").write_bytes(b"#" * 2_000_000)
    networks = (("alice", "missing"), ("bob", "folder"), ("eve", "large"))
    with pytest.raises(ConfigError) as error:
        tiny(Path("run"), *(f"networks.{player}={name}.py:build" for player, name in networks))
    problems = "\n".join(error.value.problems)
    assert "missing.py cannot be read: no such file or directory" in problems
    assert "folder.py cannot be read: not a regular file" in problems
    assert "large.py cannot be read: larger than 1 MB" in problems
