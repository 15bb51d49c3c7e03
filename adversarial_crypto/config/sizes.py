"""What a run would take, estimated before anything is built, so that an absurd size is refused and not tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adversarial_crypto.config.schema import Run

# 64 GB in each of three respects: a large workstation. Beyond it a run is a typing error or belongs in a grid.
BOUND = 64 * 10**9
MAX_REPLICAS = 65_536
# One network keeps, per example and input bit, about 15 float32: of 2N inputs come 2N + 4N + 4N + 4N + N activations
# and 12N stacked windows. Training holds three networks at once, and gradients in flight: 4 x 16.
FORWARD_FLOATS = 16
TRAINING_FLOATS = 64
# Weights, gradient, two moments of Adam, and the snapshot of the replica that passed.
STATE_COPIES = 5
ROW_BYTES = 60


@dataclass(frozen=True)
class KeyProblem:
    """One sentence on settings that do not go together or are too large together, and their keys."""

    keys: tuple[str, ...]
    sentence: str


def working_set_bytes(run: Run) -> int:
    """Bytes of activations while one chunk of replicas is trained or measured: an estimate, good to a factor of two."""
    per_float = 4 * run.game.widths[0]
    replicas = min(run.total_replicas, run.replicas.chunk)
    fresh = min(run.total_replicas * run.protocol.adversaries, run.replicas.chunk)
    training = max(replicas * run.train.batch, fresh * run.protocol.adversary_batch)
    measuring = max(replicas, fresh) * run.train.record_batch
    return per_float * max(training * TRAINING_FLOATS, measuring * FORWARD_FLOATS)


def state_bytes(run: Run) -> int:
    """Bytes of weights and optimiser state of all players and fresh adversaries: first layers of width 2N dominate."""
    inputs, outputs = run.game.widths
    player, adversary = inputs * 2 * outputs, outputs * 2 * outputs
    fresh = run.protocol.adversaries * len(run.protocol.adversary_networks)
    return run.total_replicas * (2 * player + (1 + fresh) * adversary) * 4 * STATE_COPIES


def record_bytes(run: Run) -> int:
    """Bytes of metrics.csv, one row a replica at each record."""
    return (run.train.steps // run.train.record_every + 1) * run.total_replicas * ROW_BYTES


def size_problems(run: Run) -> list[KeyProblem]:
    """Every bound that the run exceeds."""
    if run.total_replicas > MAX_REPLICAS:
        sentence = (
            f"the varied values times replicas.count make {run.total_replicas:,} replicas; {MAX_REPLICAS:,} is the "
            "most, so lower replicas.count or split replicas.vary into several runs"
        )
        return [KeyProblem(("replicas.count", "replicas.vary"), sentence)]
    working = ("train.batch", "train.record_batch", "protocol.adversary_batch", "replicas.chunk")
    state = ("replicas.count", "replicas.vary", "protocol.adversaries", "protocol.adversary_networks")
    bits = ("game.message_bits", "game.key_bits", "game.ciphertext_width")
    estimates = (
        ("one chunk of replicas", working_set_bytes(run), (*working, *bits), "the batches or replicas.chunk"),
        ("the weights of all players", state_bytes(run), (*state, *bits), "replicas.count or protocol.adversaries"),
        ("metrics.csv", record_bytes(run), ("train.steps", "train.record_every", "replicas.count", "replicas.vary"),
         "train.steps or raise train.record_every"),
    )  # fmt: skip
    return [
        KeyProblem(keys, f"{what} would need about {in_words(size)}; {in_words(BOUND)} is the most, so lower {remedy}")
        for what, size, keys, remedy in estimates
        if size > BOUND
    ]


def in_words(size: int) -> str:
    """A number of bytes as people say it: 3 TB, 64 GB."""
    for unit, scale in (("PB", 10**15), ("TB", 10**12), ("GB", 10**9)):
        if size >= scale:
            return f"{size / scale:,.3g} {unit}" if size < 1000 * scale else f"{size // scale:,} {unit}"
    return f"{size / 10**6:,.3g} MB"
