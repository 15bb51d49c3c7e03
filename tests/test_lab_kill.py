"""kill -9 at random moments, in training and in protocol alike, and the same command finishes to the same bytes."""

from __future__ import annotations

import random
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from lab_runs import contents

# Everyone passes at once (DESIGN section 6's way to reach the protocol), and checkpoints come often enough to matter.
COMMAND = """
import sys
import adversarial_crypto.lab.attempt as attempt
import adversarial_crypto.training.protocol as protocol
import adversarial_crypto.training.train as train
attempt.CHECKPOINT_SECONDS = 0.05
protocol.BEAT_EXAMPLES = train.BEAT_EXAMPLES = 64
from adversarial_crypto.cli import main
sys.argv[1:] = ["run", "quick", "--engine", "eager", "--threads", "1", "-o", sys.argv[1],
      "-s", "train.stop=steps", "-s", "train.steps=120", "-s", "train.record_every=10", "-s", "train.batch=32",
      "-s", "train.record_batch=32", "-s", "game.message_bits=4", "-s", "replicas.count=2",
      "-s", "protocol.bob_bits_max=16", "-s", "protocol.eve_error_min=0",
      "-s", "protocol.adversary_steps=120", "-s", "protocol.adversary_batch=32"]
main()
"""


def start(directory: Path) -> subprocess.Popen[str]:
    """The one command, on one directory."""
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", COMMAND, str(directory)], **pipes)  # type: ignore[call-overload, no-any-return]


def finish(directory: Path) -> None:
    """Runs the command to its end."""
    process = start(directory)
    _, talk = process.communicate(timeout=300)
    assert process.returncode == 0, talk


def kill(directory: Path, phase: str, polls: int) -> bool:
    """Starts the command and kills it some polls after a checkpoint of that phase is seen; was it alive?"""
    process = start(directory)
    seen = 0
    while process.poll() is None and seen < polls:
        saved = [re.match(r"step-(\d+)", path.name) for path in (directory / "checkpoints").glob("step-*")]
        steps = [int(name[1]) for name in saved if name]
        seen += bool(steps) and (max(steps) > 120) == (phase == "protocol")
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    alive = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return alive and process.returncode == -signal.SIGKILL


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the command leaves when nobody kills it."""
    directory = tmp_path_factory.mktemp("undisturbed") / "run"
    finish(directory)
    return contents(directory)


@pytest.mark.fault
def test_ten_kills_and_the_same_bytes(undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    """Six kills in training and four in the protocol lose nothing: the rerun's files equal an undisturbed run's."""
    dice, directory = random.Random(5), tmp_path / "run"
    kills = {"training": 0, "protocol": 0}
    for phase in ["training"] * 6 + ["protocol"] * 4:
        kills[phase] += kill(directory, phase, dice.randint(1, 4))
    assert kills["training"] >= 4
    assert kills["protocol"] >= 3
    finish(directory)
    assert contents(directory) == undisturbed
