"""What attacks come to over all replicas of a target: how many each breaks, and the median of what it measures.

The intervals here, of 95 %, are over replicas, as for every claim; a verdict's own says how well one replica is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from adversarial_crypto.numerics.statistics import median_interval, wilson

Row = Mapping[str, Any]
GAP = "bits_flipped less than the paper's Eve, "  # and which larger one
BY = "bits_flipped by "


def attack_claims(verdicts: Sequence[Row]) -> list[dict[str, Any]]:
    """A row for each attack, scope, statistic and number of bits kept, in the order of the verdicts.

    Args:
        verdicts: as `AttackResult.verdicts`; the skipped and the void tell nothing and are left out.
    Returns:
        attack, scope, statistic, bits (None: float32), replicas (that were judged), broken (of them, refuted ones
        included) and its share with Wilson's interval; median of the values with its interval by order statistics,
        below six replicas their range; chance; budget. After them, for each of `strong_eves`, how many bits fewer she
        has wrong than the paper's Eve has of the same replica; nothing is counted as broken there.
    """
    told = [row for row in verdicts if row["outcome"] not in ("skipped", "void")]
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in told:
        groups.setdefault(tuple(row[name] for name in ("attack", "scope", "statistic", "bits")), []).append(row)
    return [_claim(rows) for rows in groups.values()] + _gaps(groups)


def _claim(rows: Sequence[Row]) -> dict[str, Any]:
    replicas = len({row["replica"] for row in rows})
    broken = len({row["replica"] for row in rows if row["outcome"] in ("broken", "refuted")})
    low, high = wilson(broken, replicas)
    counted = {"replicas": replicas, "broken": broken, "share": broken / replicas, "share_low": low, "share_high": high}
    return {**_head(rows[0]), **counted, **_median(row["value"] for row in rows), **_circumstances(rows[0])}


def _gaps(groups: Mapping[tuple[Any, ...], Sequence[Row]]) -> list[dict[str, Any]]:
    papers = {row["replica"]: row["value"] for row in groups.get(("fresh_eves", "one_time", "bits_flipped", None), ())}
    gaps = []
    for (attack, _, statistic, _), rows in groups.items():
        paired = [papers[row["replica"]] - row["value"] for row in rows if row["replica"] in papers]
        if attack == "strong_eves" and statistic.startswith(BY) and paired:
            head = {**_head(rows[0]), "statistic": GAP + statistic.removeprefix(BY)}
            none = dict.fromkeys(("broken", "share", "share_low", "share_high"))
            known = {"replicas": len(paired), **none, **_median(paired)}
            gaps.append({**head, **known, **_circumstances(rows[0]), "chance": 0.0})
    return gaps


def _head(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("attack", "scope", "statistic", "bits")}


def _circumstances(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("chance", "budget")}


def _median(values: Iterable[float | None]) -> dict[str, float | None]:
    known = [value for value in values if value is not None]
    names = ("median", "low", "high")
    return dict(zip(names, median_interval(known), strict=True)) if known else dict.fromkeys(names)


def markdown(target: str, claims: Iterable[Row]) -> str:
    """The rows for people, the target's name above them."""
    lines = [
        f"What attacks come to on {target}, over its replicas; 95 % intervals.",
        "",
        "| attack | measures | bits kept | broken | share of replicas | median | by chance | budget |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in claims:
        one_time = "" if row["scope"] == "one_time" else f" ({row['scope'].replace('_', ' ')})"
        broken = "" if row["broken"] is None else f"{row['broken']} of {row['replicas']}"
        share, middle = _span(row, "share", "share_low", "share_high"), _span(row, "median", "low", "high")
        chance = "" if row["chance"] is None else f"{row['chance']:.4g}"
        words = (row["attack"] + one_time, row["statistic"], row["bits"] or "float32", broken, share, middle, chance)
        lines.append("| " + " | ".join(str(word) for word in (*words, row["budget"])) + " |")
    return "\n".join(lines) + "\n"


def _span(row: Row, value: str, low: str, high: str) -> str:
    if row[value] is None:
        return ""
    return f"{row[value]:.4g}" if row[low] == row[high] else f"{row[value]:.4g} ({row[low]:.4g} to {row[high]:.4g})"
