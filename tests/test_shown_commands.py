"""Every command that README, the documents or a help text shows is typed here, where what it speaks of exists."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import click
import pytest
from cli_runs import ROOT, call

from adversarial_crypto.cli import COMMANDS, acrypto
from adversarial_crypto.lab.reproduce import PROFILES
from adversarial_crypto.lab.targets import TARGETS

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
HISTORY = ("log.md", "decisions.md")  # they tell of commands as these were
NAMES = "|".join(COMMANDS)

# What a text writes for something of the reader's, and what it is here.
MEANT = {
    "RUN": "runs/quick",
    "SWEEP": "sweeps/keys",
    "shards/ID": "shards/*",
    "TARGET": "fig2",
    "/shared": "shared",
    "$SLURM_ARRAY_TASK_ID": "1",
}
# Appended to a line, whose later options win, unless it is small as it stands.
TINY = (
    "--profile smoke -s train.steps=2 -s train.batch=32 -s train.record_batch=32 -s protocol.adversary_steps=2 "
    "-s protocol.adversary_batch=32"
)
SMALL = {
    "run": TINY,
    "sweep": f"{TINY} --executor inline",
    "reproduce": "--profile smoke",
    "attack": "--tier smoke",
    "calibrate": "--tier smoke",
}
ONE_ATTACK = {"attack": "--attack key_use", "calibrate": "--attack ind_cpa"}  # where a line asks for all of a tier
ONE_REPLICA = "--replica 0"  # of an attacked run, where a line does not choose
# What takes minutes even so, and where it is done in full; here such a line is read as the command reads it.
ELSEWHERE = {
    "bench": "test_bench.py",
    "attack .*--attack strong_eves": "test_attacks_learned.py",
    "export .*http": "test_lab_mlflow.py",
    rf"reproduce .*\b({'|'.join({*TARGETS, 'all'} - {'fig2', 'fig3', 'diffusion'})})\b": "test_reproduce.py",
}
NOT_HERE = ("ray", "cuda")  # a sweep's line that needs one of these is planned, with --dry-run


def commands(text: str) -> list[str]:
    """The commands of a text: those in backticks whole, all others to the end of their line, `;`, `&&` or a comment."""
    text = re.sub(r"```python\n.*?```", "", text, flags=re.DOTALL).replace("\\\n", " ")
    quoted = rf"`(acrypto (?:{NAMES})\b[^`]*)`"
    found = re.findall(quoted, text)
    found += re.findall(rf"(acrypto (?:{NAMES})\b.*?)(?: *(?:#|;|&&).*)?$", re.sub(quoted, "", text), re.MULTILINE)
    return [" ".join(each.split()) for each in found]


def shown() -> dict[str, str]:
    """Command -> the first text that shows it."""
    texts = {page.name: page.read_text(encoding="utf-8") for page in PAGES if page.name not in HISTORY}
    texts |= {f"{name} --help": call(name, "--help").stdout.partition("\n")[2] for name in COMMANDS}  # less the usage
    found: dict[str, str] = {}
    for name, text in texts.items():
        for command in commands(text):
            found.setdefault(command, name)
    return found


SHOWN = shown()


def words_of(line: str) -> tuple[list[str], str]:
    """The words of a line after `acrypto`, and the file that is read as its input."""
    for name, meant in MEANT.items():
        line = re.sub(rf"(?<![\w$]){re.escape(name)}\b", meant, line)
    line, _, given = line.partition(" > ")[0].partition(" < ")
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)  # unquoted parentheses are words, as in a shell
    lexer.whitespace_split = True
    words = list(lexer)[1:]
    return [str(min(Path().glob(word))) if "/*" in word else word for word in words], given


def small(words: list[str]) -> list[str]:
    """The same line at a size for tests."""
    name, *rest = words
    if "--dry-run" in rest or ("smoke" in rest and name != "sweep"):
        return words
    if name == "sweep" and any(word in rest for word in NOT_HERE):
        return [*words, "--dry-run"]
    there = bool(rest) and Path(rest[0]).is_dir()
    if there and name in ("run", "sweep"):  # it knows its sizes
        return words
    one = [] if "--attack" in rest else ONE_ATTACK.get(name, "").split()
    alone = ONE_REPLICA.split() if there and name == "attack" and "--replica" not in rest else []
    return [*words, *SMALL.get(name, "").split(), *one, *alone]


def read(words: list[str]) -> None:
    """The command takes the words, and what `reproduce` is told to do is there to be done."""
    command = acrypto.get_command(click.Context(acrypto), words[0])
    assert command
    options = command.make_context(words[0], words[1:]).params
    if words[0] == "reproduce":
        assert set(options["targets"]) <= {*TARGETS, "all"} and options["profile"] in PROFILES


def is_a_name(words: list[str]) -> bool:
    """Whether a sentence only names a command, which wants more words to be one."""
    command = acrypto.get_command(click.Context(acrypto), words[0])
    assert command
    return len(words) == 1 and any(parameter.required for parameter in command.params)


@pytest.fixture(autouse=True)
def _unpainted(monkeypatch: pytest.MonkeyPatch) -> None:
    """No picture is painted, which takes longer than all the rest; tests of figures do."""
    monkeypatch.setattr("adversarial_crypto.figures.render", lambda figure: {"png": b"", "pdf": b""})


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the texts speak of: a run, sweeps, a target, results, the files that they show, and a text."""
    folder = tmp_path_factory.mktemp("desk")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr("adversarial_crypto.figures.render", lambda figure: {"png": b"", "pdf": b""})
        easy = ["-s", "protocol.bob_bits_max=16", "-s", "protocol.eve_error_min=0"]
        (swept,) = [words_of(line)[0] for line in SHOWN if line.endswith("-o sweeps/keys")]
        for words in (["run", "quick", "-o", "runs/quick", *easy], swept, ["reproduce", "fig2", "--profile", "smoke"]):
            assert call(*small(words)).exit_code == 0
    for place in ("sweeps/one", "sweeps/two", "host1/keys", "host2/keys", "host3/keys"):
        shutil.copytree(folder / "sweeps" / "keys", folder / place)
    shutil.copytree(ROOT / "results", folder / "results")
    (folder / "runs" / "paper-standard").symlink_to("../results/paper")
    for name, (page, kind, number) in FILES.items():
        code = re.findall(rf"```{kind}\n(.*?)```", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.DOTALL)
        (folder / name).write_text(code[number], encoding="utf-8")
    (folder / "text").write_text("some words", encoding="utf-8")
    return folder


# File -> the page that shows it, as which of its blocks of that kind.
FILES = {
    "my_net.py": ("networks.md", "python", 0),
    "my_cipher.py": ("security.md", "python", 0),
    "my_attack.py": ("security.md", "python", 1),
    "my_experiment.toml": ("extend.md", "toml", 0),
    "keys.toml": ("sweep.md", "toml", 0),
}


def extras(line: str) -> tuple[pytest.MarkDecorator, ...]:
    """What a line needs that may not be installed."""
    return (pytest.mark.mlflow,) if "mlflow" in line else ()


@pytest.mark.parametrize(
    "line", [pytest.param(line, id=f"{page}: {line}", marks=extras(line)) for line, page in SHOWN.items()]
)
def test_what_is_shown_works(line: str, desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command ends with exit code 0 and says something, in a folder of its own with what the texts speak of."""
    here = shutil.copytree(desk, tmp_path / "desk", symlinks=True, ignore=shutil.ignore_patterns("results"))
    (here / "results").symlink_to(desk / "results")
    monkeypatch.chdir(here)
    words, given = words_of(line)
    if is_a_name(words):
        return
    if any(re.match(pattern, " ".join(words)) for pattern in ELSEWHERE):
        read(words)
        return
    if given == "cipher.json":  # what the line before it has written
        Path(given).write_bytes(call("encrypt", *words[1:], given=b"some words").stdout_bytes)
    result = call(*small(words), given=Path(given).read_bytes() if given else b"some words")
    assert result.exit_code == 0, result.output
    assert result.stdout or words[0] == "verify"


def test_every_text_is_read() -> None:
    """The pages that tell how to do something show commands, and so does the help of every command."""
    pages = ("README", "start", "reproduce", "sweep", "attack", "security", "cluster")
    assert {f"{page}.md" for page in pages} <= set(SHOWN.values())
    assert all(any(re.match(rf"acrypto {name}\b", line) for line in SHOWN) for name in COMMANDS)
    assert all((ROOT / "tests" / name).exists() for name in ELSEWHERE.values())
