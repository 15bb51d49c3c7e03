"""The documents: what they show is executed, what they command is accepted, what they quote is said."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from cli_runs import call, copy

from adversarial_crypto import lab
from adversarial_crypto.config import SymmetricGame
from adversarial_crypto.errors import AcryptoError, ConfigError
from adversarial_crypto.figures import render
from adversarial_crypto.lab.sources import Sources
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
START = re.findall(r"^    acrypto (.+)$", (ROOT / "docs" / "start.md").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("line", START)
def test_the_first_five_minutes(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line of the first text ends well where a run of that name is there; a long training is only planned."""
    monkeypatch.chdir(tmp_path)
    copy(tmp_path)
    words, _, given = line.partition(" > ")[0].partition(" < ")
    text = b"some words"
    if given == "cipher.json":
        text = call("encrypt", *words.split()[1:], given=text).stdout_bytes
    dry = ["--dry-run"] if line == "run quick" else []
    result = call(*shlex.split(words), *dry, given=text)
    assert result.exit_code == 0, result.output


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


def test_every_file_that_is_named_is_there() -> None:
    """docs/, tests/ and package files that README and the documents point to exist."""
    texts = [(ROOT / "README.md"), *(ROOT / "docs").glob("*.md")]
    for text in texts:
        if text.name in ("log.md", "decisions.md"):  # they speak of what is gone
            continue
        named = re.findall(r"\b((?:docs|tests|experiments)/[\w.-]+\.\w+)", text.read_text(encoding="utf-8"))
        assert [name for name in named if not (ROOT / name).exists()] == [], text.name
