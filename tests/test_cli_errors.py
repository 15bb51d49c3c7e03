"""Whatever goes wrong becomes sentences on stderr and an exit code; nothing is written and no traceback is shown."""

from __future__ import annotations

import errno
import json
import re
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from cli_runs import call, start, tiny

from adversarial_crypto.cli import failures
from adversarial_crypto.errors import AcryptoError, ConfigError, EnvironmentProblem, StoreError

NESTED = "x = " + "[" * 400 + "]" * 400
BROKEN: dict[str, tuple[str | bytes, str]] = {
    "wrong type": ('[train]\nbatch = "many"', "exp.toml:2: train.batch must be a whole number"),
    "float for a count": ("[replicas]\ncount = 2.5", "exp.toml:2: replicas.count must be a whole number"),
    "bool for a number": ("[train]\nlearning_rate = true", "exp.toml:2: train.learning_rate must be a number"),
    "unknown key": (
        "[train]\nbatch_sise = 4",
        "exp.toml:2: unknown key 'train.batch_sise'; did you mean 'train.batch'?",
    ),
    "unknown table": ("[trian]\nsteps = 1", "exp.toml:1: unknown key 'trian'; did you mean 'train'?"),
    "negative size": ("[train]\nbatch = -4", "exp.toml:2: train.batch must be at least 1, not -4"),
    "nan rate": ("[train]\nlearning_rate = nan", "exp.toml:2: train.learning_rate must be a finite number, not nan"),
    "infinite rate": ("[train]\nlearning_rate = inf", "exp.toml:2: train.learning_rate must be a finite number"),
    "no key": ("[game]\nkey_bits = 0", "exp.toml:2: game.key_bits must be at least 1, not 0"),
    "unknown game": ('[game]\nkind = "asym"', "exp.toml:2: game.kind must be 'symmetric'"),
    "unknown loss": ('[train]\nloss = "perbit"', "exp.toml:2: train.loss must be"),
    "unknown network": ('[networks]\nalice = "mix_transfrom"', "did you mean 'mix_transform'?"),
    "missing network file": ('[networks]\nbob = "gone.py:build"', "gone.py cannot be read: no such file"),
    "absurd message": ("[game]\nmessage_bits = 100_000_000_000", "exp.toml:2: game.message_bits must be at most 1,024"),
    "absurd replicas": ("[replicas]\ncount = 1_000_000_000", "exp.toml:2: replicas.count must be at most 65,536"),
    "absurd memory": ("[train]\nbatch = 1_048_576\n[replicas]\nchunk = 4096\ncount = 4096", "would need about"),
    "odd toml": ("[train\nsteps = 1", "exp.toml:1: not valid TOML"),
    "same key twice": ("[train]\nsteps = 1\nsteps = 2", "not valid TOML"),
    "nested toml": (NESTED, "nested"),
    "not utf-8": (b'name = "caf\xe9"', "exp.toml:1: the file is not UTF-8 text; save it as UTF-8"),
    "binary": (bytes(range(256)), "exp.toml"),
    "circle": ('extends = "exp.toml"', "extends goes in a circle: exp.toml -> exp.toml"),
    "extends nothing": ('extends = "quik"', "exp.toml:1: extends: unknown experiment 'quik'; did you mean 'quick'?"),
}


def refused(folder: Path, *args: str | Path) -> str:
    """Stderr of a command that must be refused: exit code 2, nothing on stdout, nothing written, no traceback."""
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    result = call("run", *args, "--json")
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    return result.stderr


@pytest.mark.parametrize("case", BROKEN)
def test_broken_configs(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken config gives exit code 2 and one clear line with its place, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    text, sentence = BROKEN[case]
    Path("exp.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    said = refused(tmp_path, "exp.toml")
    assert sentence in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["folder.toml"], "folder.toml is a directory"),
        (["gone.toml"], "gone.toml does not exist"),
        (["quik"], "unknown experiment 'quik'; did you mean 'quick'?"),
        (["quick", "-s", "train.batch"], "-s train.batch"),
        (["quick", "-s", "train.bach=4"], "-s train.bach=4: unknown key 'train.bach'; did you mean 'train.batch'?"),
        (["quick", "--profile", "smok"], "unknown profile 'smok'; did you mean 'smoke'?"),
        (["quick", "--device", "tpu"], "unknown device 'tpu'"),
        (["quick", "-o", "file"], "file is not a directory"),
        (["quick", "-o", "folder.toml/.."], "is not empty and not a run of acrypto"),
    ],
)
def test_broken_commands(args: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that names something impossible is refused like a broken config."""
    monkeypatch.chdir(tmp_path)
    Path("folder.toml").mkdir()
    Path("file").write_text("mine")
    assert sentence in refused(tmp_path, *args)


def test_all_problems_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every problem of a config and of -s is told in one go, a line each."""
    monkeypatch.chdir(tmp_path)
    Path("exp.toml").write_text("[train]\nbatch = 0\n[game]\nkey_bits = 0\n")
    lines = refused(tmp_path, "exp.toml", "-s", "train.steps=none").splitlines()
    assert [line.split(":")[0] for line in lines] == ["exp.toml", "exp.toml", "-s train.steps=none"]


@pytest.mark.parametrize("args", [["show"], ["verify"], ["figures"]])
def test_no_run_there(args: list[str], tmp_path: Path) -> None:
    """Commands that look at a run say in one sentence that there is none: exit code 1."""
    result = call(*args, tmp_path / "nothing")
    assert (result.exit_code, result.stdout) == (1, "")
    assert str(tmp_path / "nothing") in result.stderr
    assert "Traceback" not in result.stderr


def disk_full(number: int) -> OSError:
    """An error of the system that means a full disk."""
    return OSError(number, "as the system says it", "runs/x/metrics.csv")


class OutOfMemoryError(RuntimeError):
    """Named as torch's own."""


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ConfigError(["a.toml:1: wrong", "a.toml:2: worse"]), 2, "a.toml:1: wrong\na.toml:2: worse\n"),
        (StoreError("x is damaged."), 1, "x is damaged.\n"),
        (AcryptoError("It failed."), 1, "It failed.\n"),
        (EnvironmentProblem("There is no CUDA device."), 3, "There is no CUDA device.\n"),
        (KeyboardInterrupt(), 130, "Interrupted; "),
        (click.Abort(), 130, "Interrupted; "),
        (
            disk_full(errno.ENOSPC),
            3,
            "The disk is full at runs/x/metrics.csv; free some space and run the same command",
        ),
        (disk_full(errno.EFBIG), 3, "The disk is full"),
        (MemoryError(), 3, "There is not enough memory"),
        (OutOfMemoryError("CUDA"), 3, "There is not enough memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), 3, "There is not enough memory"),
        (
            ZeroDivisionError("division by zero"),
            1,
            "acrypto failed in a way nobody foresaw (ZeroDivisionError: division",
        ),
        (PermissionError(errno.EACCES, "Permission denied", "x"), 1, "acrypto failed in a way nobody foresaw"),
    ],
)
def test_exit_codes(
    error: BaseException, code: int, words: str, capsys: pytest.CaptureFixture[str], monkeypatch: Any, tmp_path: Path
) -> None:
    """Each kind of failure has its exit code and its sentence, whatever command it comes from."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert failures.report(error) == code
    captured = capsys.readouterr()
    assert captured.err.startswith(words)
    assert captured.out == ""


def test_traceback_goes_into_the_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A bug shows one sentence with exit code 1; the traceback is in the file that the sentence names."""
    from adversarial_crypto import lab

    def buggy(*args: Any, **kwargs: Any) -> None:
        raise LookupError("no such\nthing")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(lab, "run", buggy)
    result = call("run", "quick", "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    said = re.fullmatch(
        r"acrypto failed in a way .* \(LookupError: no such thing\); the log is (.+), .*\.\n", result.stderr
    )
    assert said
    log = Path(said[1]).read_text()
    assert "Traceback (most recent call last)" in log
    assert "buggy" in log


def test_no_log_on_a_full_disk(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where even the log cannot be written, the sentence says so instead of failing."""
    monkeypatch.setattr("tempfile.tempdir", "/nowhere/at/all")
    assert failures.report(ZeroDivisionError()) == 1
    assert "no log could be written" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_full_stdout(tmp_path: Path) -> None:
    """A stdout that cannot take the data is a full disk: exit code 3, a sentence, no traceback."""
    with open("/dev/full", "w") as full, start(["completion", "zsh"], tmp_path, stdout=full) as process:
        said = process.communicate()[1]
    assert process.returncode == 3
    assert said.startswith("The disk is full")
    assert "Traceback" not in said


def test_missing_device(tmp_path: Path) -> None:
    """A device that is not there is a lack of the environment: exit code 3 before anything is written."""
    result = call("run", tiny(tmp_path), "--device", "cuda:99", "-o", tmp_path / "run")
    assert result.exit_code == 3
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_json_has_no_nan(capsys: pytest.CaptureFixture[str]) -> None:
    """A number that JSON does not know is null in the document, so that every parser reads it."""
    from adversarial_crypto.cli.output import document

    document("show", {"a": float("nan"), "b": (1.5, float("inf")), "c": Path("x")})
    assert json.loads(capsys.readouterr().out) == {"schema": "acrypto.show/1", "a": None, "b": [1.5, None], "c": "x"}
