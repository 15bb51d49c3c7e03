"""Help, versions, suggestions, examples and completion: what a user meets before any training."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from cli_runs import ROOT, call, document

import adversarial_crypto
from adversarial_crypto.cli import COMMANDS, acrypto

HEAVY = ("torch", "rich", "pydantic", "numpy", "pandas", "matplotlib", "scipy", "safetensors")
EXAMPLE = re.compile(r"^ +acrypto (.+)$", re.MULTILINE)


def help_of(command: str) -> str:
    """The help text of a command."""
    result = call(command, "--help")
    assert result.exit_code == 0
    return result.stdout


def examples() -> list[tuple[str, str]]:
    """(command, line) of every example in a help text."""
    return [(command, line) for command in COMMANDS for line in EXAMPLE.findall(help_of(command))]


def test_help_imports_nothing_heavy() -> None:
    """--help of acrypto and of every command imports none of the libraries that take longer than the answer may."""
    program = (
        "import sys, json\nfrom adversarial_crypto.cli import COMMANDS, acrypto\n"
        "for line in ([], *([name] for name in COMMANDS)):\n"
        "    try: acrypto([*line, '--help'], prog_name='acrypto')\n"
        "    except SystemExit as end: assert end.code == 0, line\n"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    assert [name for name in json.loads(done.stderr) if name in HEAVY] == []


def test_help_lists_every_command_with_its_sentence() -> None:
    """The help names each command with a sentence that is not cut off, and the bare command says the same."""
    text = call("--help").stdout
    for name in COMMANDS:
        assert re.search(rf"^  {name} +\S.*[^.]\.$", text, re.MULTILINE), name
    assert call().stdout == text


def test_every_command_has_json_and_quiet() -> None:
    """--json and --quiet are options of every command."""
    assert [name for name in COMMANDS if not {"--json", "--quiet"} <= set(re.findall(r"--\w+", help_of(name)))] == []


def test_every_command_has_an_example() -> None:
    """Each command's help shows at least one line to copy, of that command; tests/test_shown_commands.py types them."""
    found = examples()
    assert {command for command, _ in found} == set(COMMANDS)
    assert [line for command, line in found if line.split()[0] != command] == []


def test_version() -> None:
    """--version prints the name and the version, on stdout."""
    assert call("--version").stdout == f"acrypto {adversarial_crypto.__version__}\n"


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["rnu"], "Unknown command 'rnu'; did you mean 'run'? See `acrypto --help`."),
        (["qqqq"], f"Unknown command 'qqqq'; there are {', '.join(COMMANDS)}. See `acrypto --help`."),
        (["list", "netwroks"], "Nothing to list by the name of 'netwroks'; did you mean 'networks'? See `acrypto list"),
        (
            ["run", "--time-limit", "soon"],
            "Invalid value for '--time-limit': 'soon' is no length of time; give seconds",
        ),
        (["run", "--time-limit", "0"], "Invalid value for '--time-limit': '0' must be more than nothing"),
        (["run", "--replicas", "0"], "Invalid value for '--replicas': 0 is not in the range"),
        (["bench", "--batch", "5,x"], "Invalid value for '--batch': '5,x' is no list of sizes"),
        (["show"], "Missing argument 'DIR'. See `acrypto show --help`."),
    ],
)
def test_usage_errors_are_one_sentence(args: list[str], sentence: str) -> None:
    """A slip in the usage gives exit code 2 and one line that names it, with a suggestion where one is near."""
    result = call(*args)
    assert result.exit_code == 2
    assert result.stderr.startswith(sentence)
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_unknown_option_is_suggested() -> None:
    """A mistyped option is refused with the one that is near."""
    result = call("run", "--replica", "2")
    assert result.exit_code == 2
    assert "--replica'" in result.stderr or "--replica " in result.stderr
    assert "--replicas" in result.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The script for each shell asks acrypto itself, alone on stdout, and $SHELL names the default."""
    monkeypatch.setenv("SHELL", f"/usr/bin/{shell}")
    result = call("completion")
    assert "_ACRYPTO_COMPLETE" in result.stdout
    assert result.stdout == call("completion", shell).stdout
    found = document(call("completion", shell, "--json"))
    assert found["schema"] == "acrypto.completion/1"
    assert found["script"].strip() == result.stdout.strip()


def test_completion_without_a_known_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where $SHELL is none of the three, the shell must be named: exit code 2."""
    monkeypatch.setenv("SHELL", "/bin/nosh")
    result = call("completion")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "bash, zsh, fish" in result.stderr


def test_completion_completes_commands(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What the bash script asks for is answered: the commands that begin with the letters typed."""
    for name, value in (("_ACRYPTO_COMPLETE", "bash_complete"), ("COMP_WORDS", "acrypto ve"), ("COMP_CWORD", "1")):
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        acrypto([], prog_name="acrypto")
    assert capsys.readouterr().out == "plain,verify\n"
