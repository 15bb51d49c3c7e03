"""The documents: what they show is executed, what they command is accepted, what they quote is said."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from cli_runs import call

from adversarial_crypto import lab
from adversarial_crypto.cli.axes import axes_of
from adversarial_crypto.cli.sweep import command as sweep_command
from adversarial_crypto.config import SymmetricGame, expand
from adversarial_crypto.errors import AcryptoError, ConfigError
from adversarial_crypto.figures import render
from adversarial_crypto.lab import claims
from adversarial_crypto.lab.sources import Sources
from adversarial_crypto.lab.targets import TARGETS
from adversarial_crypto.networks import Build, Init
from adversarial_crypto.training import Engine, Machine, Training, prepare

ROOT = Path(__file__).parent.parent
NETWORKS = (ROOT / "docs" / "networks.md").read_text(encoding="utf-8")
BLOCK = re.search(r"```python\n(.*?)```", NETWORKS, re.DOTALL)
CODE = BLOCK.group(1) if BLOCK else ""
COMMANDS = re.findall(r"^    acrypto run (.+)$", NETWORKS, re.MULTILINE)
TINY = ["train.batch=16", "train.record_batch=64", "replicas.count=2", "protocol.adversary_batch=16"]


@pytest.fixture
def my_net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with the text's file in it."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "my_net.py"
    path.write_text(CODE, encoding="utf-8")
    return path


def built() -> Build:
    """The text's `build`, executed as the text has it."""
    namespace: dict[str, object] = {}
    exec(compile(CODE, "my_net.py", "exec"), namespace)
    return namespace["build"]  # type: ignore[return-value]


def sources(command: str) -> Sources:
    """What a documented command means, at tiny sizes."""
    experiment, *words = shlex.split(command)
    assert words[::2] == ["-s"] * len(words[::2])
    return Sources.read(lab.load(experiment, overrides=[*words[1::2], *TINY]))


def test_there_are_commands() -> None:
    """The text on networks shows three commands and a file; an empty sweep would pass unseen."""
    assert len(COMMANDS) == 3
    assert "def build(in_width, out_width, init):" in CODE


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_train(command: str, my_net: Path) -> None:
    """Each command finds the file, and the network in its seat learns: a step moves its weights, all finite."""
    files = sources(command)
    plan = prepare(files.run, files.builds())
    assert any(reference.endswith("my_net.py:build") for reference in plan.builds)
    training = Training(plan, Engine("eager", Machine(threads=torch.get_num_threads())))
    before = training.players()
    training.loop.stepper(training.states[0])(1)
    after = training.players()
    for coalition, weights in after.items():
        assert bool(torch.isfinite(weights).all())
        assert not torch.equal(weights, before[coalition])


def test_replicas_and_examples_stay_apart() -> None:
    """A replica of the text's network gives the same alone, and an example the same whatever stands beside it."""
    build, seeds = built(), torch.tensor([[7, 0], [7, 1], [7, 2]])
    inputs = 2 * torch.rand(3, 8, 32, generator=torch.Generator().manual_seed(0)) - 1
    with torch.no_grad():
        outputs = build(32, 16, Init(seeds, "alice", "xavier"))(inputs)
        for replica in range(3):
            alone = build(32, 16, Init(seeds[replica : replica + 1], "alice", "xavier"))
            torch.testing.assert_close(alone(inputs[replica : replica + 1])[0], outputs[replica])
        others = inputs.clone()
        others[:, 4:] = 0.5
        torch.testing.assert_close(build(32, 16, Init(seeds, "alice", "xavier"))(others)[:, :4], outputs[:, :4])
    assert outputs.shape == (3, 8, 16)
    assert not torch.allclose(outputs[0], outputs[1])


def test_a_broken_network_is_told_as_quoted(my_net: Path) -> None:
    """Without the last transpose the network is refused with the very sentence that the text quotes."""
    my_net.write_text(
        CODE.replace("self.shortcut(inputs)).transpose(1, 2)", "self.shortcut(inputs))"), encoding="utf-8"
    )
    files = sources(COMMANDS[0])
    with pytest.raises(ConfigError) as refusal:
        prepare(files.run, files.builds())
    told = files.as_given(str(refusal.value))
    quoted = re.findall(r"^    (networks\.alice: .+)$", NETWORKS, re.MULTILINE)
    assert quoted == [told]


def test_the_file_is_part_of_the_identity(my_net: Path) -> None:
    """Another content is another digest, which is what the run's identity is made of."""
    before = sources(COMMANDS[0]).digests
    my_net.write_text(CODE.replace("64", "65"), encoding="utf-8")
    after = sources(COMMANDS[0]).digests
    assert before.keys() == after.keys()
    assert set(before.values()).isdisjoint(after.values())


EXTEND = (ROOT / "docs" / "extend.md").read_text(encoding="utf-8")
REPRODUCE, SWEEP, BOARD = (
    (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8") for page in ("reproduce", "sweep", "attack")
)


def test_the_experiment_is_one(tmp_path: Path) -> None:
    """The page of TOML in the text on extending is read as it stands, and means what is said around it."""
    (page,) = re.findall(r"```toml\n(.*?)```", EXTEND, re.DOTALL)
    (tmp_path / "my_experiment.toml").write_text(page, encoding="utf-8")
    run = lab.load(tmp_path / "my_experiment.toml")
    assert isinstance(run.game, SymmetricGame)
    assert (run.name, run.game.key_bits, run.message_bits, run.replicas.count) == ("short-keys", 8, 16, 16)
    assert run.train == lab.load("quick").train


def test_the_figure_is_drawn() -> None:
    """The text's figure draws its table twice to the same bytes, and refuses another table with a sentence."""
    (code,) = re.findall(r"```python\n(.*?)```", EXTEND, re.DOTALL)
    namespace: dict[str, Any] = {}
    exec(compile(code, "gap.py", "exec"), namespace)
    table = pd.DataFrame({"replica": [0, 1], "bob_bits_wrong": [0.01, 8.0], "eve_bits_wrong": [7.4, 8.0]})
    drawn = [render(namespace["draw"]({"replicas": table})) for _ in range(2)]
    assert drawn[0] == drawn[1] and set(drawn[0]) == {"png", "pdf"}
    with pytest.raises(AcryptoError, match="needs a column eve_bits_wrong"):
        namespace["draw"]({"replicas": table.drop(columns="eve_bits_wrong")})


def test_the_targets_are_those_of_reproduce() -> None:
    """The text's table has every target in order, with the figures it draws and the runs that it has at `standard`."""
    rows = re.findall(r"^\| (\w+) \| [^|]+ \| ([\w, ]+) \| (\d+)[^|]* \|$", REPRODUCE, re.MULTILINE)
    assert [(name, tuple(figures.split(", ")), int(runs)) for name, figures, runs in rows] == [
        (name, tuple(target.figures), len(points) + (target.further is not None))
        for name, target in TARGETS.items()
        if (points := expand(target.experiment, profile="standard", experiments=lab.experiment_folders()))
    ]
    assert all(name in " ".join(call("reproduce", "--help").stdout.split()) for name in (*TARGETS, "or all"))


def test_the_words_of_a_verdict_are_all_explained() -> None:
    """Whatever a claim comes to stands in the text's table, and nothing else."""
    table = REPRODUCE.partition("| verdict |")[2].partition("\n\n")[0]
    explained = {word for words in re.findall(r"^\| ([^|]+) \| ", table, re.MULTILINE) for word in words.split(", ")}
    claim = claims.Claim("", "", "", 0.5, 0.4, 0.6, more_is_better=True)
    found = [
        claims.Finding(low + 0.05, low, low + 0.1, 20, "", same) for low in (0.1, 0.5, 0.8) for same in (True, False)
    ]
    assert explained == {claims.verdict(claim, each) for each in (*found, None)}


def test_a_figure_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text's lines give the committed picture, byte for byte."""
    monkeypatch.chdir(ROOT)
    (code,) = re.findall(r"```python\n(.*?)```", REPRODUCE, re.DOTALL)
    namespace: dict[str, Any] = {}
    exec(compile(code, "again.py", "exec"), namespace)
    assert namespace["files"]["pdf"] == (ROOT / "results" / "paper" / "weights" / "trade_off.pdf").read_bytes()


def test_the_grid_is_the_same_both_ways() -> None:
    """The text's page of TOML has the grid of its command line."""
    (page,) = re.findall(r"```toml\n(.*?)```", SWEEP, re.DOTALL)
    (line,) = re.findall(r"^    acrypto sweep (.* --zip .*)$", SWEEP, re.MULTILINE)
    given = sweep_command.make_context("sweep", shlex.split(line)).params
    assert axes_of(given["grid"], given["zipped"]) == tomllib.loads(page)["grid"]


def test_the_board_is_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text on attacking shows what its command prints, up to where the results are."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("adversarial_crypto.figures.render", lambda figure: {"png": b"", "pdf": b""})
    (board,) = re.findall(r"```\n(.*?)```", BOARD, re.DOTALL)
    (line,) = re.findall(r"^    acrypto (.*)\n\nprints this board", BOARD, re.MULTILINE)
    assert call(*line.split()).stdout.startswith(board)


def test_every_file_that_is_named_is_there() -> None:
    """docs/, tests/ and package files that README and the documents point to exist."""
    texts = [(ROOT / "README.md"), *(ROOT / "docs").glob("*.md")]
    for text in texts:
        if text.name in ("log.md", "decisions.md"):  # they speak of what is gone
            continue
        named = re.findall(r"\b((?:docs|tests|experiments)/[\w.-]+\.\w+)", text.read_text(encoding="utf-8"))
        assert [name for name in named if not (ROOT / name).exists()] == [], text.name
