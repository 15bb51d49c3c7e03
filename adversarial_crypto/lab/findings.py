"""What finished runs answer to the paper's claims: value, interval, and under which budget."""

from __future__ import annotations

from collections.abc import Sequence

from adversarial_crypto.config import SelectiveGame
from adversarial_crypto.lab.claims import Finding, mean, rate
from adversarial_crypto.lab.done import Done, Drawn, best_eves, best_readers, budget, further, only, plain, same_budget
from adversarial_crypto.numerics.statistics import median_interval, rate_difference

# Of the distance from XOR (formulas/sensitivity.py): 0 for any permuted one-time pad, about 1 far from one.
XOR = 0.1
SELECTIVE_STEPS = 500_000  # of figure 4


def trained(runs: Sequence[Done], drawn: Drawn) -> dict[str, Finding]:
    """Passing, and the hard errors of Bob and of the best fresh Eve, from the run at batch 4096."""
    done = only(runs)
    run, summary = done.run, done.summary
    passed, budget_same = summary["rates"]["passed"], same_budget(run, 4096, fresh=False)
    found = {"pass": Finding(*rate(passed["k"], passed["n"]), passed["n"], budget(run, False), budget_same)}
    bob, eve = (summary["measures"][name] for name in ("bob_bits_flipped", "fresh_eve_bits_flipped"))
    answers = (
        ("exact", bob, 1, budget(run, False), budget_same),
        ("guessing", eve, run.message_bits, budget(run), same_budget(run, 4096)),
    )
    for key, measure, unit, words, same in answers:
        if summary["passed"] and measure:
            value, low, high = (measure[name] / unit for name in ("median", "low", "high"))
            found[key] = Finding(value, low, high, summary["over_replicas"], words, same)
    return found


def tested(runs: Sequence[Done], drawn: Drawn) -> dict[str, Finding]:
    """Robustness and the best fresh Eves, from the run at batch 4096."""
    done = only(runs)
    robust, best = done.summary["rates"]["robust"], best_eves(done)
    words, same = budget(done.run), same_budget(done.run, 4096)
    found = {"robust": Finding(*rate(robust["k"], robust["n"]), robust["n"], words, same)}
    wrong = best.loc[best["passed"] == 1, "bits_wrong"].tolist()
    if wrong:
        found["best Eve"] = Finding(*mean(wrong), len(wrong), words, same)
    return found


def robust_at_512(runs: Sequence[Done], drawn: Drawn) -> dict[str, Finding]:
    """Robustness at batch 512, where the paper says a third."""
    for done in runs:
        robust = done.summary["rates"]["robust"]
        if done.run.train.batch == 512 and robust:
            same = same_budget(done.run, 512)
            return {"robust at 512": Finding(*rate(robust["k"], robust["n"]), robust["n"], budget(done.run), same)}
    return {}


def larger_messages(runs: Sequence[Done], drawn: Drawn) -> dict[str, Finding]:
    """How much more often N = 64 passes than N = 16."""
    by_size = {done.run.message_bits: done for done in runs}
    if not {16, 64} <= set(by_size):
        return {}
    small, large = by_size[16], by_size[64]
    one, other = large.summary["rates"]["passed"], small.summary["rates"]["passed"]
    difference = rate_difference(one["k"], one["n"], other["k"], other["n"])
    same = all(same_budget(each.run, 4096, fresh=False) for each in (small, large))
    return {"N = 64": Finding(*difference, one["n"], budget(large.run, False), same)}


def none(runs: Sequence[Done], drawn: Drawn) -> dict[str, Finding]:
    """These runs answer a question of ours and no claim of the paper."""
    return {}


def diffused(runs: Sequence[Done], drawn: Drawn) -> dict[str, Finding]:
    """How far a key bit reaches, and whether the cipher is XOR, over the replicas that passed."""
    done, frames = only(runs), drawn["diffusion"]
    if not done.summary["passed"]:
        return {}
    words, same = budget(done.run, False), same_budget(done.run, 4096, fresh=False)
    flips = frames["flips"]
    reach = flips[flips["word"] == "key"].groupby("replica")["moved_relative"].mean().tolist()
    other = int((frames["dependence"]["xor_gap"] > XOR).sum())
    return {
        "key bit": Finding(*median_interval(reach), len(reach), words, same),
        "not XOR": Finding(*rate(other, len(reach)), len(reach), words, same),
    }


def protected(runs: Sequence[Done], drawn: Drawn) -> dict[str, Finding]:
    """What Bob, the public and the best Eve know, medians over all replicas: those that passed do so by these numbers.

    Eve's is her squared error less that of a blind one, the number of figure 4: of the best fresh Eve, chosen on
    validation over all networks, or of the linear one where she is better.
    """
    done = only(runs)
    game, n = done.run.game, done.run.total_replicas
    assert isinstance(game, SelectiveGame)
    if not done.summary["passed"]:
        return {}
    words, same = budget(done.run), done.run.train.steps >= SELECTIVE_STEPS
    best, found = best_readers(drawn["fig4"]["fresh"]), {}
    for key, name in (("selective Bob", "bob_error"), ("selective public", "public_error")):
        found[key] = Finding(*median_interval(best[name].tolist()), n, words, same)
    eve = median_interval((-game.variance * best["gain"]).tolist())
    found["selective Eve"] = Finding(*eve, n, f"{words}, and a linear Eve", same)
    return found


def survived(runs: Sequence[Done], drawn: Drawn) -> dict[str, Finding]:
    """How many runs survive their fresh Eves."""
    done = plain(runs)
    robust = done.summary["rates"]["robust"]
    same = same_budget(done.run, 4096)
    found = {"asymmetric": Finding(*rate(robust["k"], robust["n"]), robust["n"], budget(done.run), same)}
    before, after = (set(best.loc[best["robust"] == 1, "replica"]) for best in map(best_eves, (done, further(runs))))
    if before:
        words = f"{budget(done.run)}; then {further(runs).run.train.steps:,} steps more, and fresh Eves again"
        found["trained on"] = Finding(*rate(len(before & after), len(before)), len(before), words, same)
    return found
