"""A finished run of a target, and what its budget was beside the paper's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adversarial_crypto.config import AsymmetricGame, Run
from adversarial_crypto.lab.result import RunResult

if TYPE_CHECKING:
    import pandas as pd

Frames = dict[str, "pd.DataFrame"]
Drawn = Mapping[str, Frames]  # figure -> its frames
# The paper's own budget at N = 16 (sections 2.4 and 2.5).
PAPER = {"replicas": 20, "steps": 150_000, "adversaries": 5, "adversary_steps": 250_000, "adversary_batch": 4096}


@dataclass(frozen=True)
class Done:
    """A finished run of a target: its point of the grid, its configuration and its result."""

    settings: Mapping[str, Any]
    run: Run
    result: RunResult

    @property
    def summary(self) -> dict[str, Any]:
        """summary.json."""
        return self.result.summary


def budget(run: Run, fresh: bool = True) -> str:
    """A run's budget in words; `fresh` adds that of the fresh Eves."""
    train, protocol = run.train, run.protocol
    words = f"{run.total_replicas} replicas, batch {train.batch:,}, at most {train.steps:,} steps"
    if fresh and protocol.adversaries:
        count, networks = protocol.adversaries * len(protocol.adversary_networks), protocol.adversary_networks
        kinds = "" if networks == ("own",) else f" ({', '.join(networks)})"
        words += (
            f"; {count} fresh Eve{'s' * (count != 1)}{kinds} of {protocol.adversary_steps:,} steps at batch "
            f"{protocol.adversary_batch:,}"
        )
    return words


def same_budget(run: Run, batch: int, fresh: bool = True) -> bool:
    """Whether a run had at least the paper's budget for a claim at this batch."""
    protocol = run.protocol
    trained = run.train.steps >= PAPER["steps"] and run.train.batch == batch
    tested = (
        protocol.adversaries >= PAPER["adversaries"]
        and protocol.adversary_steps >= PAPER["adversary_steps"]
        and protocol.adversary_batch >= PAPER["adversary_batch"]
    )
    return run.total_replicas >= PAPER["replicas"] and trained and (tested or not fresh)


def best_eves(done: Done) -> pd.DataFrame:
    """The row of protocol.csv of each replica's best fresh Eve, over all networks, chosen on validation."""
    table = done.result.protocol()
    best = table[table["best"] == 1].sort_values("validation_bits_wrong").groupby("replica").first()
    reads = best["bob_bits_wrong"] <= done.run.limit("bob_bits_max")
    robust = (best["passed"] == 1) & reads & (best["bits_wrong"] >= done.run.limit("robust_error_min"))
    return best.assign(robust=robust.astype(int)).reset_index()


def best_readers(fresh: pd.DataFrame) -> pd.DataFrame:
    """A row a replica of selective protection, by its number: the kept players' measures, and the best Eve's gain.

    Args:
        fresh: protocol.csv and the rows of `sent.linear_eve`. Of the trained Eves the best on validation counts, over
            all networks, and the linear one where she is better.
    """
    chosen = fresh[fresh["best"] == 1]
    trained = chosen[chosen["network"] != "linear"].sort_values("validation_error").groupby("replica").first()
    linear = chosen[chosen["network"] == "linear"].set_index("replica").reindex(trained.index)
    gains = ["gain", "gain_low", "gain_high"]
    better = linear["gain"] > trained["gain"]
    return trained.assign(**{name: trained[name].mask(better, linear[name]) for name in gains})


def only(runs: Sequence[Done]) -> Done:
    """The one run of a target without a grid."""
    (done,) = runs
    return done


def plain(runs: Sequence[Done]) -> Done:
    """The run without an ablation."""
    whole = (done for done in runs if done.run.game == AsymmetricGame(message_bits=done.run.message_bits))
    return next(done for done in whole if done.run.train.start_from is None)


def further(runs: Sequence[Done]) -> Done:
    """The run that went on from another one's players."""
    return next(done for done in runs if done.run.train.start_from is not None)
