"""The wheel: installed into a folder of its own, with the repository out of sight, it does what the checkout does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli_runs import copy

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's content; what it depends on is this environment's."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, ROOT], check=True)
    (wheel,) = folder.glob("acrypto-*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", folder / "site", wheel], check=True)
    return folder / "site"


def run(installed: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`acrypto` from the wheel, in a folder that is no checkout."""
    environment = {**os.environ, "PYTHONPATH": str(installed), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "adversarial_crypto", *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)
    assert done.returncode == 0, done.stderr
    return done


def test_it_is_the_wheel_that_is_imported(installed: Path, tmp_path: Path) -> None:
    """The package comes from the wheel's folder, not from the checkout."""
    program = "import adversarial_crypto as a; print(a.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    assert Path(done.stdout.strip()).is_relative_to(installed)


def test_everything_that_is_no_python_is_in_it(installed: Path) -> None:
    """Experiments, the paper's curves, the fused layers and the report's page; nothing of tests or results."""
    package = installed / "adversarial_crypto"
    for file in (
        "py.typed",
        "numerics/fused.cpp",
        *(f"report/{name}" for name in ("page.html", "page.css", "page.js")),
    ):
        assert (package / file).is_file(), file
    assert {path.name for path in (package / "experiments").iterdir()} == {
        path.name for path in (ROOT / "experiments").iterdir()
    }
    inside = {path.relative_to(ROOT).as_posix() for path in (ROOT / "adversarial_crypto").rglob("*") if path.is_file()}
    missing = [name for name in inside if "__pycache__" not in name and not (installed / name).exists()]
    assert missing == []
    assert not (installed / "tests").exists() and not (installed / "results").exists()


def test_it_runs(installed: Path, tmp_path: Path) -> None:
    """An experiment by name, its verdict, its report, and the list of what there is."""
    listed = json.loads(run(installed, tmp_path, "list", "experiments", "--json").stdout)
    assert {"quick", "paper-n16"} <= {each["name"] for each in listed["experiments"]}
    words = ("--engine", "eager", "--threads", "1", "-o", "runs/mine", "--json")
    told = json.loads(run(installed, tmp_path, "run", "quick", "--profile", "smoke", *words).stdout)
    assert told["replicas"] == 2
    copy(tmp_path)
    run(installed, tmp_path, "report", "runs/quick", "-o", "report.html")
    assert "data-play" in (tmp_path / "report.html").read_text(encoding="utf-8")
