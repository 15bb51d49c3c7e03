"""What lab.run refuses: each with its own error, and before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from lab_runs import TINY, tiny

from adversarial_crypto import lab
from adversarial_crypto.config import ConfigError
from adversarial_crypto.errors import EnvironmentProblem, StoreError


def test_typos_write_nothing(tmp_path: Path) -> None:
    """What is wrong with configuration, networks, device or engine is told before anything is written."""
    for overrides, options, error in (
        (["networks.alice=mix_transfrom"], {}, ConfigError),
        (["train.batch=abc"], {}, ConfigError),
        (["networks.alice=./nowhere.py:build"], {}, ConfigError),
        ([], {"device": "gpu"}, ConfigError),
        ([], {"device": "cuda:99"}, EnvironmentProblem),
        ([], {"engine": "fast"}, ConfigError),
        ([], {"threads": 0}, ConfigError),
    ):
        with pytest.raises(error):
            tiny(tmp_path / "run", *overrides, **options)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="not to a finished Run"):
        lab.run(lab.load("quick", TINY), overrides=["train.batch=8"], out=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_damaged_run_is_not_loaded(tmp_path: Path) -> None:
    """A flipped bit in a run directory's config or tables is told by file name; nothing goes on from it."""
    run_dir = tiny(tmp_path / "run").run_dir
    for name in ("config.toml", "protocol.csv", "metrics.csv"):
        good = (run_dir / name).read_bytes()
        (run_dir / name).write_bytes(good[:-3] + bytes([good[-3] ^ 1]) + good[-2:])
        with pytest.raises(StoreError, match=name):
            lab.run(run_dir)
        (run_dir / name).write_bytes(good)
    assert lab.run(run_dir).already_complete
