"""What a sweep's results.csv says of each point of the grid: rates, errors and Eve's advantage, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from adversarial_crypto.formulas.advantage import advantage
from adversarial_crypto.lab.claims import NAN, rate
from adversarial_crypto.numerics.statistics import median_interval

if TYPE_CHECKING:
    import pandas as pd

MESSAGE, KEY = "game.message_bits", "game.key_bits"
# A seed is no setting: what it brings are further replicas of the same point.
SEED = "replicas.seed"
IDENTITY = ("shard", "point", SEED, "replica")
NETWORKS = ("own", "dense")
SHARES = ("bob", "training_eve", *NETWORKS, "best", "advantage")
ENDS = ("", "_low", "_high")
NEEDED = ("replica", "network", "passed", "passed_step", "robust", "diverged", "bits_wrong", "bob_bits_wrong",
          "eve_bits_wrong")  # fmt: skip


def points(results: pd.DataFrame, keys: Sequence[str], message_bits: int) -> pd.DataFrame:
    """One row for each combination of the keys' values that is in the results.

    Args:
        keys: columns of the results, at least one.
        message_bits: N, where `game.message_bits` is no column.
    Returns:
        The keys; of all n replicas the counts `diverged`, `passed` and `robust` (NaN without fresh Eves), and
        `passed_rate` and `robust_rate`, each with Wilson's `_low` and `_high`. Medians, each with `_low` and `_high`
        (below 6 replicas the range; NaN of none): `step`, at which replicas passed; the SHARES, errors in continuous
        bits wrong of N, over all that did not diverge, and over those that passed as `bob_passed`, `bob_passed_low` and
        so on, since what Eve has of a cipher that Bob cannot read means little. `leak_bound`: max(0, N - K) bits, what
        the ciphertext tells at least where Bob reads without error (Shannon); NaN where K is no column.
    """
    import pandas as pd

    rows = []
    for point, group in replicas(results, keys, message_bits).groupby(list(keys), dropna=False):
        row: dict[str, Any] = dict(zip(keys, point, strict=True))
        rows.append({**row, **_rates(group), **_medians(group), "leak_bound": group["leak_bound"].iloc[0]})
    return pd.DataFrame(rows)


def replicas(results: pd.DataFrame, keys: Sequence[str], message_bits: int) -> pd.DataFrame:
    """One row a replica: the keys, `replica`, `passed`, `passed_step`, `robust`, `diverged`, SHARES and `leak_bound`.

    `best` is the least error over all networks of fresh Eves, also over those without a column here, by the test
    itself: a choice in Eve's favour, of as much as test draws of a million messages scatter.
    """
    bits = results[MESSAGE] if MESSAGE in results.columns else message_bits
    errors = {name: results["bits_wrong"].where(results["network"] == name) for name in NETWORKS}
    leak = (bits - results[KEY]).clip(lower=0) if KEY in results.columns else NAN
    identity = list(dict.fromkeys([*keys, *(name for name in IDENTITY if name in results.columns)]))
    grouped = results.assign(message_bits=bits, leak_bound=leak, **errors).groupby(identity, dropna=False)
    each = grouped.first()  # of each column the first number that is there
    wrong = {"bob": each["bob_bits_wrong"], "training_eve": each["eve_bits_wrong"]}
    wrong |= {name: each[name] for name in NETWORKS} | {"best": grouped["bits_wrong"].min()}
    shares = {name: values / each["message_bits"] for name, values in wrong.items()}
    each = each.assign(**shares, advantage=advantage(wrong["best"], each["message_bits"])).reset_index()
    return each[[*keys, "replica", "passed", "passed_step", "robust", "diverged", *SHARES, "leak_bound"]]


def _rates(group: pd.DataFrame) -> dict[str, float]:
    """Counts and shares of all replicas; one without fresh Eves beside some that met them is not robust."""
    n = len(group)
    row: dict[str, float] = {"n": n, "diverged": int(group["diverged"].sum())}
    for rule in ("passed", "robust"):
        known = bool(group[rule].notna().any())
        count = int(group[rule].sum())
        ends = rate(count, n) if known else (NAN, NAN, NAN)
        row |= {rule: count if known else NAN}
        row |= {f"{rule}_rate{end}": value for end, value in zip(ENDS, ends, strict=True)}
    return row


def _medians(group: pd.DataFrame) -> dict[str, float]:
    passed = group[group["passed"] == 1]
    measures = {"step": passed["passed_step"]}
    measures |= {name: group.loc[group["diverged"] != 1, name] for name in SHARES}
    measures |= {f"{name}_passed": passed[name] for name in SHARES}
    return {f"{name}{end}": value for name, values in measures.items() for end, value in _median(values).items()}


def _median(values: pd.Series[float]) -> dict[str, float]:
    """End -> value, of the finite ones."""
    finite = values[values.abs() < float("inf")].tolist()
    return dict(zip(ENDS, median_interval(finite) if finite else (NAN, NAN, NAN), strict=True))
