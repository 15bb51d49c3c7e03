"""Tiny runs of the whole laboratory: two replicas, twelve steps, two fresh Eves of four steps, in a second or two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from adversarial_crypto import lab

DETERMINISTIC = ("config.toml", "metrics.csv", "protocol.csv", "players.safetensors", "snapshots.safetensors")
TINY = (
    *("game.message_bits=4", "train.steps=12", "train.batch=16", "train.record_every=4", "train.record_batch=16"),
    *("replicas.count=2", "protocol.adversaries=2", "protocol.adversary_steps=4", "protocol.adversary_batch=16"),
)
# Everyone passes at the first record, and the run goes on to its steps all the same.
EASY = ("protocol.bob_bits_max=4", "protocol.eve_error_min=0", "train.stop=steps")
NETWORK = """
from torch import tanh
from torch.nn import Module
from adversarial_crypto.numerics.layers import Linear

class Plain(Module):
    def __init__(self, in_width, out_width, init):
        super().__init__()
        self.out = Linear(in_width, out_width, init.at("out"))

    def forward(self, inputs):
        return tanh(self.out(inputs.transpose(1, 2))).transpose(1, 2)

def build(in_width, out_width, init):
    return Plain(in_width, out_width, init)
"""


def tiny(out: Path, *overrides: str, draw: bool = False, **options: Any) -> lab.RunResult:
    """The command of every test: the same run, unless told otherwise; a figure takes longer than all the rest."""
    with pytest.MonkeyPatch.context() as patch:
        if not draw:  # by name, for lab.run is the function and not the module
            for module in ("run", "execute"):
                patch.setattr(import_module(f"adversarial_crypto.lab.{module}"), "figures", lambda run_dir: [])
        return lab.run("quick", overrides=[*TINY, *overrides], out=out, **{"engine": "eager", "threads": 1, **options})


def stop_at(beat: int) -> Callable[[], str | None]:
    """Asks to stop at the given poll, counted from 1."""
    polls = iter(range(1, 10_000))
    return lambda: "interrupt" if next(polls) == beat else None


def contents(run_dir: Path, names: Sequence[str] = DETERMINISTIC) -> dict[str, bytes]:
    """The bytes that an interruption must not change."""
    return {name: (run_dir / name).read_bytes() for name in names}
