"""Small tables for every figure of the room, made up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
import pandas as pd
from attack_frames import ATTACK_EXAMPLES

from adversarial_crypto.figures import Frames, digitised, training_curves
from adversarial_crypto.lab.sweep_frames import frames_for

SETTINGS = {"message_bits": 16, "batch": 512, "bob_bits_max": 0.05, "eve_error_min": 7.3}


def metrics(replicas: int = 5, records: int = 6) -> pd.DataFrame:
    """A metrics.csv in which replica r has Bob at (8 + r/10)·(1 - record/last) and passes at the last record."""
    rows = [
        (
            200 * record,
            r,
            (8 + r / 10) * (1 - record / (records - 1)),
            7 + r / 5 + record / 50,
            int(record == records - 1),
        )
        for record in range(records)
        for r in range(replicas)
    ]
    table = pd.DataFrame(rows, columns=["step", "replica", "bob_bits_wrong", "eve_bits_wrong", "passed"])
    return table.assign(bob_bits_flipped=table.bob_bits_wrong, eve_bits_flipped=table.eve_bits_wrong, diverged=0)


def curves_of(table: pd.DataFrame) -> Frames:
    """The frames of the training curves of a metrics.csv."""
    return {"metrics": training_curves.table(table, **SETTINGS)}


def fig2(bits: int = 16) -> dict[str, pd.DataFrame]:
    """Five replicas of six records, and the paper's curves."""
    theirs = [
        digitised.curve(f"fig2_{p}").rename(columns={"value": "bits_wrong"}).assign(player=p) for p in ("bob", "eve")
    ]
    return {
        "metrics": training_curves.table(metrics(), **{**SETTINGS, "message_bits": bits}),
        "paper": pd.concat(theirs),
    }


def fig3() -> dict[str, pd.DataFrame]:
    """One robust replica, one that passed only, and one on the plateau."""
    rows = {
        "passed": [1, 1, 0],
        "robust": [1, 0, 0],
        "bob_bits_wrong": [0.01, 0.04, 8.0],
        "eve_bits_wrong": [6.5, 5.0, 7.0],
    }
    table = pd.DataFrame({"replica": range(3), **rows})
    table = table.assign(eve_bits_wrong_low=table.eve_bits_wrong - 0.1, eve_bits_wrong_high=table.eve_bits_wrong + 0.2)
    table = table.assign(
        message_bits=16, batch=512, adversaries=5, adversary_steps=100, bob_bits_max=0.05, robust_error_min=6
    )
    return {"replicas": table, "paper": digitised.scatter()}


def pass_rates() -> dict[str, pd.DataFrame]:
    """Two settings; the paper has a share without a count at the second."""
    rows = [
        (0, "batch 256", "passed", "ours", 3, 8, 0.14, 0.69, 0.375, "8 replicas"),
        (1, "batch 512", "passed", "ours", 6, 8, 0.41, 0.93, 0.75, "8 replicas"),
        (1, "batch 512", "robust", "ours", 2, 8, 0.07, 0.59, 0.25, "8 replicas"),
        (1, "batch 512", "robust", "paper", np.nan, np.nan, np.nan, np.nan, 1 / 3, ""),
    ]
    columns = ["order", "setting", "rule", "source", "k", "n", "low", "high", "rate", "budget"]
    return {"rates": pd.DataFrame(rows, columns=columns)}


def diffusion(over: str = "passed") -> dict[str, pd.DataFrame]:
    """Two replicas in which a key bit moves 4 and 6 elements and a message bit none."""
    heads = [(replica, word) for replica in (3, 7) for word in ("key", "message")]
    reach = {(3, "key"): 4.0, (7, "key"): 6.0, (3, "message"): 0.0, (7, "message"): 0.0}
    moved = [(r, w, amount, reach[r, w] * (2 - amount)) for r, w in heads for amount in (0.0, 1.0, 2.0)]
    flips = [(r, w, bit, reach[r, w] + bit) for r, w in heads for bit in range(4)]
    numbers = {"key_dependence": 0.9, "message_dependence": 0.1, "xor_gap": 2.0, "spread": 0.2}
    settings = {"message_bits": 16, "key_bits": 16, "amount": 0.25, "messages": 64, "over": over}
    return {
        "moved": pd.DataFrame(moved, columns=["replica", "word", "amount", "moved_relative"]),
        "flips": pd.DataFrame(flips, columns=["replica", "word", "bit", "moved_relative"]),
        "dependence": pd.DataFrame([{"replica": r, **numbers} for r in (3, 7)]),
        "settings": pd.DataFrame([settings]),
    }


def fig4() -> dict[str, pd.DataFrame]:
    """Three replicas of selective protection that go from guessing to the floors."""
    rows = [
        (500 * record, r, 0.19 - 0.01 * record + r / 1000, 0.19 - 0.004 * record, 0.1 / (1 + record), 0, 0)
        for record in range(6)
        for r in range(3)
    ]
    columns = ["step", "replica", "bob_error", "public_error", "eve_gain", "passed", "diverged"]
    theirs = [
        digitised.curve(f"fig4_{name}").rename(columns={"value": "error"}).assign(who=who)
        for name, who in (("bobD", "bob"), ("public", "public"), ("eveC", "eve"))
    ]
    return {
        "metrics": pd.DataFrame(rows, columns=columns),
        "settings": pd.DataFrame([{"bob_floor": 0.1393, "public_floor": 0.1697, "variance": 0.19, "batch": 512}]),
        "paper": pd.concat(theirs),
    }


def trade_off() -> dict[str, pd.DataFrame]:
    """Three weights with two replicas each: the more weight, the worse Bob and the blinder Eve."""
    rows = [
        (w, r, 1 + w / 100, 1.01, 0.5 / w, 0.45 / w, 0.55 / w, int(w < 50 and r == 0))
        for w in (1.0, 10.0, 100.0)
        for r in range(2)
    ]
    columns = ["weight", "replica", "bob_ratio", "public_ratio", "gain", "gain_low", "gain_high", "passed"]
    settings = {"ratio_max": 1.05, "gain_max": 0.02, "budget": "2 replicas"}
    return {"replicas": pd.DataFrame(rows, columns=columns), "settings": pd.DataFrame([settings])}


def gan() -> dict[str, pd.DataFrame]:
    """A fixed setting with a curved answer and a trained one with one half, two replicas each."""
    x = np.linspace(-3, 3, 31)
    real, false = np.exp(-((x - 1) ** 2)), np.exp(-((x + 1) ** 2))
    fixed = {"data": real, "generated": false, "exact": real / (real + false)}
    trained = {"data": real, "generated": real, "exact": np.full(31, 0.5)}
    settings = {"fixed": fixed, "trained": trained}
    points = [
        pd.DataFrame({"setting": n, "x": x, **t, "seen": (abs(x) < 2.5).astype(int)}) for n, t in settings.items()
    ]
    replicas = [
        pd.DataFrame({"setting": n, "replica": r, "passed": r, "x": x, "judged": t["exact"] + 0.01 * r})
        for n, t in settings.items()
        for r in range(2)
    ]
    return {"points": pd.concat(points), "replicas": pd.concat(replicas)}


def watched() -> dict[str, pd.DataFrame]:
    """Two measures of five replicas."""
    rows = [("bob_bits_wrong", "Bob", "bits wrong", 8.0), ("eve_bits_wrong", "Eve", "bits wrong", 8.0)]
    return {"metrics": metrics(), "watched": pd.DataFrame(rows, columns=["measure", "label", "unit", "guess"])}


def sweep(sizes: Sequence[int], keys: Sequence[int], replicas: int = 3) -> pd.DataFrame:
    """A sweep's results.csv of two networks of fresh Eves: K = 2 never passes, replica 0 diverges at K = 4.

    Replica r passes at step 1000 (r + 1) with Bob at r % of N; Eve's own network has min(N, K)/2 bits wrong, less r %
    of N, and the dense one 1 % of N more than that.
    """
    rows = []
    for point, (n, k) in enumerate(product(sizes, keys)):
        for r, network in product(range(replicas), ("own", "dense")):
            gone = k == 4 and r == 0
            passed = int(k != 2 and not gone)
            eve = min(n, k) / 2 - n * r / 100
            rows.append(
                {
                    **{"shard": f"shard{point}", "point": point, "game.message_bits": n, "game.key_bits": k},
                    **{"replica": r, "network": network, "passed": passed, "diverged": int(gone)},
                    "passed_step": 1000 * (r + 1) if passed else np.nan,
                    "robust": int(passed and k >= n),
                    "bits_wrong": np.nan if gone else eve + n * (network == "dense") / 100,
                    "bob_bits_wrong": np.nan if gone else n * (r / 100 if passed else 0.4),
                    "eve_bits_wrong": np.nan if gone else n / 2,
                }
            )
    return pd.DataFrame(rows)


def of_sweep(name: str) -> Frames:
    """The frames of a sweep's figure; the last of six planned points is not computed."""
    results = sweep((8, 16), (2, 4, 16))
    if name == "axis_rates":
        return frames_for(results[results["game.message_bits"] == 8], ["game.key_bits"], [], 8, "3 replicas")[name]
    keys = ["game.message_bits", "game.key_bits"]
    plan = results[keys].drop_duplicates()
    return frames_for(results[results["point"] < 5], keys, [], 8, "3 replicas", plan)[name]


EXAMPLES: dict[str, Callable[[], Frames]] = {
    "training_curves": lambda: curves_of(metrics()),
    "fig2": fig2,
    "fig3": fig3,
    "fig4": fig4,
    "trade_off": trade_off,
    "fig6": fig2,
    "gan": gan,
    "watched": watched,
    "pass_rates": pass_rates,
    "diffusion": diffusion,
    "key_map": lambda: of_sweep("key_map"),
    "key_slices": lambda: of_sweep("key_slices"),
    "axis_rates": lambda: of_sweep("axis_rates"),
    **ATTACK_EXAMPLES,
}
