"""The commands from end to end: stdout carries data, stderr talk, and the JSON documents keep their fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cli_runs import PLAIN, call, complete, copy, document, start, tiny

from adversarial_crypto import store
from adversarial_crypto.cli.result import next_command
from adversarial_crypto.networks import NETWORKS

FIELDS = {
    *("run_dir", "experiment", "id", "replicas", "passed", "robust", "diverged", "steps", "seconds"),
    *("replica_steps_per_second", "engine", "device", "measures", "rates", "verdict"),
}
MEASURES = {"bob_bits_wrong", "eve_bits_wrong", "fresh_eve_bits_wrong"}


def flip(path: Path) -> None:
    """Flip one bit in the middle of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_run_ends_with_the_verdict(tmp_path: Path) -> None:
    """A run ends with its verdict, the table with intervals, the figure's path on stdout, and the next command."""
    result = call("run", tiny(tmp_path), "-o", tmp_path / "run", *PLAIN)
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert result.exit_code == 0
    assert summary["verdict"] in result.stdout
    [fresh] = [line for line in result.stdout.splitlines() if line.startswith("fresh eve bits wrong")]
    assert fresh.endswith(" (range)")  # two replicas have no 95 % interval, and the table does not pretend one
    assert "95 % interval" in result.stdout
    assert "replicas that passed" in result.stdout
    figure = tmp_path / "run" / "figures" / "training_curves" / "training_curves.png"
    assert f"figure: {figure}\n" in result.stdout
    assert figure.exists()
    assert f"\nNext: acrypto attack {tmp_path / 'run'}\n" in result.stderr
    assert "training: step " in result.stderr
    assert "training: step " not in result.stdout


def test_the_next_command_is_one_that_can_be_typed(tmp_path: Path) -> None:
    """Where nobody passed it trains for longer; where what passed is no cipher of one key, with another seed."""
    summary = json.loads((complete() / "summary.json").read_text())
    assert next_command(complete(), summary) == f"acrypto attack {complete()}"
    longer = next_command(complete(), {**summary, "passed": 0})
    assert longer == f"acrypto run {complete() / 'config.toml'} -s train.steps=12"
    (tmp_path / "config.toml").write_text('name = "asymmetric"\n[game]\nkind = "asymmetric"\n')
    assert next_command(tmp_path, summary) == f"acrypto run {tmp_path / 'config.toml'} -s replicas.seed=1"


def test_the_same_line_again(tmp_path: Path) -> None:
    """A complete run says so on stderr, shows the same on stdout, changes no file and exits 0; --json too."""
    run = copy(tmp_path)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    result = call("run", tiny(tmp_path), "-o", run, *PLAIN)
    assert result.exit_code == 0
    assert f"{run} is already complete" in result.stderr
    assert result.stdout == call("show", run).stdout
    assert document(call("run", run, "--json", "--quiet")) | {"run_dir": ""} == document(
        call("run", complete(), "--json")
    ) | {"run_dir": ""}
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_run_json(tmp_path: Path) -> None:
    """--json prints one document with the promised fields, and --quiet leaves stderr empty."""
    result = call("run", tiny(tmp_path), "-o", tmp_path / "run", "--replicas", "3", "--json", "--quiet", *PLAIN)
    found = document(result)
    assert found["schema"] == "acrypto.run/1"
    assert set(found) >= FIELDS
    assert set(found["measures"]) >= MEASURES
    assert all(set(each) == {"median", "low", "high"} for each in found["measures"].values())
    assert (found["replicas"], found["engine"], found["device"]) == (3, "eager", "cpu")
    assert found["run_dir"] == str(tmp_path / "run")
    assert result.stderr == ""


def test_options_reach_the_laboratory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each option arrives as what it means; --replicas and --seed win over -s."""
    from adversarial_crypto import lab

    seen: dict[str, Any] = {}

    def fake(experiment: str, **options: Any) -> lab.RunResult:
        seen.update(options, experiment=experiment, reason=options["stop"]())
        return lab.RunResult(complete(), store.Run.read(complete()).summary())

    monkeypatch.setattr(lab, "run", fake)
    line = "run paper-n16 -s train.batch=8 -s replicas.seed=9 --replicas 5 --seed 3 --profile full --device cuda:1"
    line += f" --engine compiled --threads 2 --tf32 --track tensorboard --time-limit 1.5h --fresh -o {tmp_path / 'x'}"
    assert call(*line.split()).exit_code == 0
    assert seen.pop("progress") and seen.pop("stop")
    assert seen == {
        "experiment": "paper-n16",
        "overrides": ["train.batch=8", "replicas.seed=9", "replicas.count=5", "replicas.seed=3"],
        "profile": "full", "device": "cuda:1", "engine": "compiled", "threads": 2, "tf32": True, "fresh": True,
        "out": tmp_path / "x", "reason": None, "track": ("tensorboard",),
    }  # fmt: skip


def test_default_is_quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`acrypto run` alone means `quick`, in runs/quick-ID."""
    monkeypatch.chdir(tmp_path)
    found = document(call("run", "--dry-run", "--json"))
    assert found["experiment"] == "quick"
    assert found["run_dir"] == f"runs/quick-{found['id']}"


def test_dry_run_writes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """--dry-run prints the resolved config, which can be run as it is, says what would be done, and writes nothing."""
    monkeypatch.chdir(tmp_path)
    path = tiny(tmp_path)
    result = call("run", path, "-s", "train.batch=32", "--dry-run", *PLAIN)
    assert result.exit_code == 0
    assert list(tmp_path.iterdir()) == [path]
    assert "2 replicas for up to 6 steps" in result.stderr
    (tmp_path / "resolved.toml").write_text(result.stdout)
    again = call("run", "resolved.toml", "--dry-run", *PLAIN)
    assert again.stdout == result.stdout
    assert "batch = 32" in result.stdout


def test_dry_run_refuses_what_the_run_would(tmp_path: Path) -> None:
    """--dry-run finds an unknown network as the run itself does, before any step: exit code 2."""
    result = call("run", tiny(tmp_path), "-s", "networks.alice=mix_transfrom", "--dry-run")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "did you mean 'mix_transform'?" in result.stderr


def test_other_settings_are_refused(tmp_path: Path) -> None:
    """Other settings in an existing directory are refused with the difference, exit code 2; --fresh moves it aside."""
    run = copy(tmp_path)
    result = call("run", tiny(tmp_path, steps="8"), "-o", run, *PLAIN)
    assert result.exit_code == 2
    assert "train.steps = 6 there, 8 here" in result.stderr
    assert call("run", tiny(tmp_path, steps="8"), "-o", run, "--fresh", *PLAIN).exit_code == 0
    assert (tmp_path / "runs" / "quick.old-1" / "summary.json").exists()


def test_nobody_passed(tmp_path: Path) -> None:
    """Where nobody passed the run still ends well: exit code 0, a verdict that says so, more steps to try next."""
    result = call("run", tiny(tmp_path, bob_bits_max="0"), "-o", tmp_path / "run", *PLAIN)
    assert result.exit_code == 0
    assert "0 of 2 replicas passed" in result.stdout
    assert "-s train.steps=12" in result.stderr


def test_time_limit(tmp_path: Path) -> None:
    """--time-limit stops resumably: exit code 75; `show` tells how far it is; the same line without it finishes."""
    line = ("run", tiny(tmp_path, steps="5000"), "-o", tmp_path / "run", *PLAIN, "-s", "train.record_every=5")
    result = call(*line, "--time-limit", "0.01")
    assert (result.exit_code, result.stdout) == (75, "")
    assert "run the same command again to continue" in result.stderr
    state = document(call("show", tmp_path / "run", "--json"))
    assert state["state"] == "stopped"
    assert state["step"] < state["steps"] == 5000
    assert state["schema"] == "acrypto.show/1"
    text = call("show", tmp_path / "run")
    assert "not complete" in text.stdout
    assert f"Continue: acrypto run {tmp_path / 'run'}" in text.stderr


def test_show_json_is_the_run() -> None:
    """`show --json` has the fields of `run --json`, under its own schema."""
    shown, ran = document(call("show", complete(), "--json")), document(call("run", complete(), "--json"))
    assert (shown.pop("schema"), shown.pop("state")) == ("acrypto.show/1", "complete")
    assert ran.pop("schema") == "acrypto.run/1"
    assert shown == ran


@pytest.mark.parametrize("command", ["show", "figures", "run"])
def test_damaged_files_are_not_shown(command: str, tmp_path: Path) -> None:
    """A run with a flipped bit is named as damaged by every command that would load it, and nothing is shown of it."""
    run = copy(tmp_path)
    flip(run / "metrics.csv")
    result = call(command, run)
    assert (result.exit_code, result.stdout) == (1, "")
    assert str(run / "metrics.csv") in result.stderr


def test_verify_names_every_broken_file(tmp_path: Path) -> None:
    """Each broken file is named on stdout with exit code 1; --repair sets the run aside; then there is none left."""
    run = copy(tmp_path)
    assert call("verify", run).exit_code == 0
    for name in ("players.safetensors", "figures/training_curves/training_curves.pdf"):
        flip(run / name)
    result = call("verify", run)
    assert result.exit_code == 1
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == [
        "players.safetensors",
        "figures/training_curves/training_curves.pdf",
    ]
    found = document(call("verify", run, "--json"))
    assert (found["schema"], found["intact"], len(found["problems"])) == ("acrypto.verify/1", False, 2)
    repaired = call("verify", run, "--repair")
    assert repaired.exit_code == 0
    assert "players.safetensors" in repaired.stdout
    assert not run.exists()
    assert len(list((tmp_path / "runs").iterdir())) == 1


def test_list_names_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`list` names the members of each family with a sentence, and the runs of ./runs with their state."""
    monkeypatch.chdir(tmp_path)
    run = copy(tmp_path)
    found = document(call("list", "--json"))
    assert found.pop("schema") == "acrypto.list/1"
    assert set(found) == {"networks", "games", "ciphers", "attacks", "figures", "experiments", "runs"}
    assert {row["name"] for row in found["networks"]} == set(NETWORKS)
    assert {row["name"] for row in found["experiments"]} >= {"quick", "paper-n16", "paper-n32", "paper-n64"}
    for family in ("networks", "games", "ciphers", "attacks", "figures", "experiments"):
        assert [row["name"] for row in found[family] if not row["about"].strip()] == []
    [row] = found["runs"]
    assert (row["run_dir"], row["state"], row["replicas"]) == ("runs/quick", "complete", 2)
    flip(run / "metrics.csv")
    assert document(call("list", "runs", "--json"))["runs"][0]["state"] == "damaged"
    assert "mix_transform" in call("list", "networks").stdout


def test_list_without_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are no runs yet `list runs` prints nothing and says how to make one."""
    monkeypatch.chdir(tmp_path)
    result = call("list", "runs")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "acrypto run quick" in result.stderr


def test_figures_names_its_files(tmp_path: Path) -> None:
    """`figures` draws anew and names each file, a line each; the JSON lists the same."""
    run = copy(tmp_path)
    names = call("figures", run).stdout.splitlines()
    assert [Path(name).suffix for name in names] == [".csv", ".pdf", ".png"]
    assert all(Path(name).is_file() for name in names)
    found = document(call("figures", run, "--json"))
    assert (found["schema"], found["files"]) == ("acrypto.figures/1", names)


def test_doctor_tells_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """`doctor` marks what is missing and says what to do about it; it is no failure."""
    from adversarial_crypto.lab import doctor

    checks = [doctor.Check("torch", "2.13", True, ""), doctor.Check("compiler", "none", False, "Install g++.")]
    monkeypatch.setattr(doctor, "doctor", lambda: checks)
    result = call("doctor")
    assert result.exit_code == 0
    assert [line.split() for line in result.stdout.splitlines()[1:]] == [["torch", "2.13"], ["compiler", "none", "(!)"]]
    assert result.stderr == "compiler: Install g++.\n"
    found = document(call("doctor", "--json"))
    assert (found["schema"], found["ok"]) == ("acrypto.doctor/1", False)
    assert found["checks"][1] == {"name": "compiler", "value": "none", "ok": False, "advice": "Install g++."}


def test_bench_shows_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """`bench` hands its sizes on, tells its progress on stderr, and prints a row an engine, or the document itself."""
    from adversarial_crypto.lab import bench

    seen: dict[str, Any] = {}
    row = {
        "engine": "compiled", "device": "cpu", "message_bits": 16, "replicas": 16, "batch": 512,
        "replica_steps_per_second": 1234.5, "ratio": 15.25, "matmul_fraction": 0.205,
        "compile_seconds": 44.0, "peak_mb": 900.0,
    }  # fmt: skip
    other = row | {"engine": "eager", "ratio": None, "compile_seconds": None}

    def fake(**options: Any) -> dict[str, Any]:
        options.pop("progress")("round 1")
        seen.update(options)
        return {"schema": "acrypto.bench/1", "rows": [row, other]}

    monkeypatch.setattr(bench, "bench", fake)
    result = call("bench", "--message-bits", "16,64", "--batch", "512", "--engine", "eager,compiled")
    assert seen == {"message_bits": (16, 64), "batch": (512,), "replicas": (), "engines": ("eager", "compiled")}
    assert result.stderr == "round 1\n"
    cells = result.stdout.splitlines()[1].split()
    assert cells == ["compiled", "cpu", "16", "16", "512", "1,234", "15.25", "20.5", "%", "44.00", "900"]
    assert document(call("bench", "--json", "--quiet"))["rows"] == [row, other]


def test_module_is_the_command(tmp_path: Path) -> None:
    """`python -m adversarial_crypto` is `acrypto`, by name too."""
    with start(["list", "netwroks"], tmp_path) as process:
        said = process.communicate()[1]
    assert process.returncode == 2
    assert "See `acrypto list --help`." in said
