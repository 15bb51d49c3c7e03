"""What `reproduce` can reproduce: for each target its experiment, its figures, their tables and its claims.

A target is one entry of TARGETS: functions from its finished runs to the frames of each figure, and one to the findings
that answer claims. Runs are shared by identity, so targets with equal configurations cost one training.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from adversarial_crypto.config import AsymmetricGame, Run
from adversarial_crypto.lab.claims import NAN, Finding, mean, rate
from adversarial_crypto.lab.result import RunResult
from adversarial_crypto.numerics.statistics import median_interval, rate_difference

if TYPE_CHECKING:
    import pandas as pd

Frames = dict[str, "pd.DataFrame"]
Drawn = Mapping[str, Frames]  # figure -> its frames
# The paper's own budget at N = 16 (sections 2.4 and 2.5).
# Of the distance from XOR (formulas/sensitivity.py): 0 for any permuted one-time pad, about 1 far from one.
XOR = 0.1
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


@dataclass(frozen=True)
class Target:
    """One line of the paper's results.

    Args:
        experiment: its name, of experiments/.
        figures: member of FIGURES -> (runs -> its tables), each kept as a CSV beside the figure.
        findings: (runs, what was drawn) -> claim -> what was found; a claim that they cannot answer is left out.
    """

    experiment: str
    figures: Mapping[str, Callable[[Sequence[Done]], Frames]]
    findings: Callable[[Sequence[Done], Drawn], dict[str, Finding]]


def budget(run: Run, fresh: bool = True) -> str:
    """A run's budget in words; `fresh` adds that of the fresh Eves."""
    train, protocol = run.train, run.protocol
    words = f"{run.total_replicas} replicas, batch {train.batch:,}, at most {train.steps:,} steps"
    if fresh and protocol.adversaries:
        words += (
            f"; {protocol.adversaries} fresh Eve{'s' * (protocol.adversaries != 1)} of {protocol.adversary_steps:,} "
            f"steps at batch {protocol.adversary_batch:,}"
        )
    return words


def _same_budget(run: Run, batch: int, fresh: bool = True) -> bool:
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
    protocol = done.run.protocol
    reads = best["bob_bits_wrong"] <= protocol.bob_bits_max
    robust = (best["passed"] == 1) & reads & (best["bits_wrong"] >= protocol.robust_error_min)
    return best.assign(robust=robust.astype(int)).reset_index()


def _curves(figure: str, which: Callable[[Sequence[Done]], Done]) -> Callable[[Sequence[Done]], Frames]:
    """The training curves of one of the runs, and the paper's own of that figure."""

    def frames(runs: Sequence[Done]) -> Frames:
        import pandas as pd

        from adversarial_crypto.figures import digitised, training_curves

        done = which(runs)
        metrics = training_curves.table(
            done.result.metrics(),
            message_bits=done.run.game.message_bits,
            batch=done.run.train.batch,
            bob_bits_max=done.run.protocol.bob_bits_max,
            eve_error_min=done.run.protocol.eve_error_min,
        )
        theirs = [
            digitised.curve(f"{figure}_{player}").rename(columns={"value": "bits_wrong"}).assign(player=player)
            for player in ("bob", "eve")
        ]
        return {"metrics": metrics, "paper": pd.concat(theirs, ignore_index=True)}

    return frames


def _only(runs: Sequence[Done]) -> Done:
    (done,) = runs
    return done


def _trained(runs: Sequence[Done], drawn: Drawn) -> dict[str, Finding]:
    """Passing, Bob's error and that of the Eve of the training, from the run at batch 4096."""
    (done,) = runs
    run, summary = done.run, done.summary
    passed, budget_same = summary["rates"]["passed"], _same_budget(run, 4096, fresh=False)
    found = {"pass": Finding(*rate(passed["k"], passed["n"]), passed["n"], budget(run, False), budget_same)}
    if summary["passed"]:
        bob, eve = summary["measures"]["bob_bits_wrong"], summary["measures"]["eve_bits_wrong"]
        for key, measure, unit in (("exact", bob, 1), ("guessing", eve, run.game.message_bits)):
            value, low, high = (measure[name] / unit for name in ("median", "low", "high"))
            found[key] = Finding(value, low, high, summary["over_replicas"], budget(run, False), budget_same)
    return found


def _scatter(runs: Sequence[Done]) -> Frames:
    from adversarial_crypto.figures import digitised

    (done,) = runs
    run = done.run
    best = best_eves(done).rename(
        columns={f"bits_wrong{end}": f"best_bits_wrong{end}" for end in ("", "_low", "_high")}
    )
    columns = {
        **{name: best[name] for name in ("replica", "passed", "robust", "bob_bits_wrong")},
        **{f"eve_bits_wrong{end}": best[f"best_bits_wrong{end}"] for end in ("", "_low", "_high")},
    }
    settings = {
        "message_bits": run.game.message_bits,
        "batch": run.train.batch,
        "adversaries": run.protocol.adversaries * len(run.protocol.adversary_networks),
        "adversary_steps": run.protocol.adversary_steps,
        "bob_bits_max": run.protocol.bob_bits_max,
        "robust_error_min": run.protocol.robust_error_min,
    }
    return {"replicas": best[[]].assign(**columns).assign(**settings), "paper": digitised.scatter()}


def _tested(runs: Sequence[Done], drawn: Drawn) -> dict[str, Finding]:
    """Robustness and the best fresh Eves, from the run at batch 4096."""
    (done,) = runs
    robust, best = done.summary["rates"]["robust"], best_eves(done)
    words, same = budget(done.run), _same_budget(done.run, 4096)
    found = {"robust": Finding(*rate(robust["k"], robust["n"]), robust["n"], words, same)}
    wrong = best.loc[best["passed"] == 1, "bits_wrong"].tolist()
    if wrong:
        found["best Eve"] = Finding(*mean(wrong), len(wrong), words, same)
    return found


def _rates(
    label: Callable[[Done], str], paper: Callable[[Done], dict[str, tuple[float, ...]]]
) -> Callable[..., Frames]:
    """The table of pass and robust rates by setting, beside the paper's where it has them."""

    def frames(runs: Sequence[Done]) -> Frames:
        import pandas as pd

        rows = []
        for order, done in enumerate(runs):
            shared = {"order": order, "setting": label(done), "budget": budget(done.run)}
            for rule, found in done.summary["rates"].items():
                if found is not None:
                    ours = {"k": found["k"], "n": found["n"], "low": found["low"], "high": found["high"]}
                    rows.append({**shared, "rule": rule, "source": "ours", **ours, "rate": found["k"] / found["n"]})
            for rule, (value, k, n) in paper(done).items():
                _, low, high = rate(int(k), int(n)) if n == n else (NAN, NAN, NAN)
                theirs = {"k": k, "n": n, "low": low, "high": high, "rate": value}
                rows.append({**shared, "rule": rule, "source": "paper", **theirs})
        return {"rates": pd.DataFrame(rows)}

    return frames


def _paper_rates(done: Done) -> dict[str, tuple[float, ...]]:
    """What the paper says of N = 16 at this batch: rule -> (rate, k, n); k and n unknown where it gives a share."""
    if done.run.game.message_bits != 16:
        return {}
    if done.run.train.batch == 4096:
        return {"passed": (0.7, 14, 20), "robust": (0.5, 10, 20)}
    return {"robust": (1 / 3, NAN, NAN)} if done.run.train.batch == 512 else {}


def _at_512(runs: Sequence[Done], drawn: Drawn) -> dict[str, Finding]:
    for done in runs:
        robust = done.summary["rates"]["robust"]
        if done.run.train.batch == 512 and robust:
            same = _same_budget(done.run, 512)
            return {"robust at 512": Finding(*rate(robust["k"], robust["n"]), robust["n"], budget(done.run), same)}
    return {}


def _larger(runs: Sequence[Done], drawn: Drawn) -> dict[str, Finding]:
    """How much more often N = 64 passes than N = 16."""
    by_size = {done.run.game.message_bits: done for done in runs}
    if not {16, 64} <= set(by_size):
        return {}
    small, large = by_size[16], by_size[64]
    one, other = large.summary["rates"]["passed"], small.summary["rates"]["passed"]
    difference = rate_difference(one["k"], one["n"], other["k"], other["n"])
    same = all(_same_budget(each.run, 4096, fresh=False) for each in (small, large))
    return {"N = 64": Finding(*difference, one["n"], budget(large.run, False), same)}


def _none(runs: Sequence[Done], drawn: Drawn) -> dict[str, Finding]:
    """These runs answer a question of ours and no claim of the paper."""
    return {}


def _network_label(done: Done) -> str:
    run = done.run
    return f"{run.train.loss}\n{run.networks.alice}\n{run.networks.init}"


def _flips(runs: Sequence[Done]) -> Frames:
    """What single flipped bits do, over the replicas that passed, or over all where none did."""
    import pandas as pd
    import torch

    from adversarial_crypto.attacks import diffusion, settings, tables
    from adversarial_crypto.lab.trained import trained_cipher

    done = _only(runs)
    over: Literal["passed", "all"] = "passed" if done.summary["passed"] else "all"
    cipher, replicas = trained_cipher(done.result.run_dir, over)
    found = diffusion(cipher, torch.tensor([[done.run.replicas.seed, replica] for replica in replicas]))
    frames = {name: pd.DataFrame(rows) for name, rows in tables(found, replicas).items()}
    return {**frames, "settings": pd.DataFrame([{**settings(found), "over": over}])}


def _diffused(runs: Sequence[Done], drawn: Drawn) -> dict[str, Finding]:
    """How far a key bit reaches, and whether the cipher is XOR, over the replicas that passed."""
    done, frames = _only(runs), drawn["diffusion"]
    if not done.summary["passed"]:
        return {}
    words, same = budget(done.run, False), _same_budget(done.run, 4096, fresh=False)
    flips = frames["flips"]
    reach = flips[flips["word"] == "key"].groupby("replica")["moved_relative"].mean().tolist()
    other = int((frames["dependence"]["xor_gap"] > XOR).sum())
    return {
        "key bit": Finding(*median_interval(reach), len(reach), words, same),
        "not XOR": Finding(*rate(other, len(reach)), len(reach), words, same),
    }


def _plain(runs: Sequence[Done]) -> Done:
    """The run without an ablation."""
    return next(done for done in runs if done.run.game == AsymmetricGame(message_bits=done.run.game.message_bits))


def _ablation_label(done: Done) -> str:
    game = done.run.game
    assert isinstance(game, AsymmetricGame)
    if game.bob_key == "random":
        return "Bob with\na random key"
    return "as in the paper" if game.eve_sees_public_key else "Eve without\nthe public key"


def _survived(runs: Sequence[Done], drawn: Drawn) -> dict[str, Finding]:
    """How many runs survive their fresh Eves."""
    done = _plain(runs)
    robust = done.summary["rates"]["robust"]
    same = _same_budget(done.run, 4096)
    return {"asymmetric": Finding(*rate(robust["k"], robust["n"]), robust["n"], budget(done.run), same)}


TARGETS: dict[str, Target] = {
    "fig2": Target("paper-fig2", {"fig2": _curves("fig2", _only)}, _trained),
    "fig3": Target("paper-fig3", {"fig3": _scatter}, _tested),
    "batch": Target(
        "paper-batch", {"pass_rates": _rates(lambda done: f"batch {done.run.train.batch:,}", _paper_rates)}, _at_512
    ),
    "sizes": Target(
        "paper-sizes", {"pass_rates": _rates(lambda done: f"N = {done.run.game.message_bits}", _paper_rates)}, _larger
    ),
    "losses": Target("paper-losses", {"pass_rates": _rates(_network_label, lambda done: {})}, _none),
    "diffusion": Target("paper-diffusion", {"diffusion": _flips}, _diffused),
    "fig6": Target(
        "paper-fig6-ablations",
        {"fig2": _curves("fig6", _plain), "pass_rates": _rates(_ablation_label, lambda done: {})},
        _survived,
    ),
}
