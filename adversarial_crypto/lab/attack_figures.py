"""The figures of an attacked target: its findings beside those on the controls, as tables that the figures draw."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adversarial_crypto.errors import StoreError
from adversarial_crypto.lab.attack_result import AttackResult
from adversarial_crypto.lab.controlled import Cell
from adversarial_crypto.store import commit_figure, read_figure

if TYPE_CHECKING:
    from adversarial_crypto.attacks import Outcome, Verdict
    from adversarial_crypto.figures import Frames

Row = Mapping[str, Any]
FLOAT32 = 32  # bits, where a table wants a number
# Controls that a figure shows beside the target; the board shows all.
SHOWN = ("one_time_pad", "one_bit_key", "random_permutation")
MEASURES = {"key_search": "messages_found", "exact_advantage": "advantage"}


def attack_figures(result: AttackResult) -> list[Path]:
    """Draw all figures that the attacks have numbers for, anew where their tables have changed.

    Returns:
        The files under figures/NAME/ of the result's directory: NAME.png, .pdf and the tables.
    """
    from adversarial_crypto.figures import FIGURES, render

    written = []
    for name, frames_of in FRAMES.items():
        frames = frames_of(result)
        if any(table.empty for table in frames.values()):
            continue
        tables = {f"{name}.{frame}.csv": table.to_csv(index=False).encode() for frame, table in frames.items()}
        files = _drawn(result.directory, name)
        if {file: content for file, content in files.items() if file.endswith(".csv")} != tables:
            pictures = {f"{name}.{kind}": content for kind, content in render(FIGURES[name](frames)).items()}
            files = {**pictures, **tables}
            commit_figure(result.directory, name, files)
        written += [result.directory / "figures" / name / file for file in sorted(files)]
    return written


def _drawn(directory: Path, name: str) -> dict[str, bytes]:
    """The files of a figure that is there and whole."""
    try:
        return read_figure(directory, name)
    except StoreError:
        return {}


def board(result: AttackResult) -> Frames:
    """Every attack and scope of its findings by replica, and by control with what is expected of it."""
    rows = []
    for attack, verdicts in _by_attack(result).items():
        for scope in dict.fromkeys(verdict["scope"] for verdict in verdicts):
            head = {"attack": attack, "scope": scope}
            for number in result.replicas:
                found = [v["outcome"] for v in verdicts if v["replica"] == number and v["scope"] == scope]
                target = {"column": result.target, "role": "target", "replica": number}
                rows.append({**head, **target, "outcome": _strongest(found), "expected": ""})
            for cell in result.controls[attack]:
                found = [v.outcome for v in _of(cell) if v.scope == scope]
                if not found:
                    continue
                control = {"column": cell.label, "role": "control", "replica": 0}
                outcome: str = _strongest(found)
                # What is expected of a control is said of the attack's own scope.
                own = scope == result.scopes[attack]
                expected = "" if not own or cell.right else cell.expected[0]
                rows.append({**head, **control, "outcome": outcome, "expected": expected or (outcome if own else "")})
    said = {"overall": result.overall, "sentence": result.sentence}
    return {"cells": _frame(rows), "settings": _frame([{"target": result.target, "tier": result.tier, **said}])}


def precision(result: AttackResult) -> Frames:
    """By bits kept an element: messages found, the exact advantage, and Bob's bits."""
    rows: list[Row] = []
    for attack, statistic in MEASURES.items():
        verdicts = [v for v in _by_attack(result).get(attack, ()) if v["statistic"] == statistic]
        rows += [_point(result.target, "target", v["replica"], statistic, v) for v in verdicts]
        for cell in _shown(result, attack):
            found = [v for v in _of(cell) if v.statistic == statistic]
            rows += [_point(cell.label, "control", 0, statistic, vars(v)) for v in found]
    for head, row in _rows(result, "key_use", "bob"):
        values = {"value": row["bits_flipped"], "low": row["low"], "high": row["high"]}
        rows.append({**head, "bits": row["bits"], "measure": "bob_bits_flipped", **values})
    # Without any search or enumeration there is nothing to set beside Bob.
    told = any(row["measure"] != "bob_bits_flipped" for row in rows)
    return {"points": _frame(rows if told else []), "settings": _settings(result, *MEASURES)}


def ladder(result: AttackResult) -> Frames:
    """Bits flipped by attackers from the paper's Eve up, and of biased pads beside the exact optimum."""
    rows: list[Row] = []
    doses: list[Row] = []
    for attack in ("fresh_eves", "strong_eves"):
        rows += [{**row, "replica": head["replica"]} for head, row in _rows(result, attack, "ladder", ())]
        for cell in result.controls.get(attack, ()):
            if cell.label.startswith("biased_pad"):
                q = float(cell.label.partition("(")[2].rstrip(")"))
                found = [row for row in cell.result.tables.get("ladder", ()) if row["replica"] == cell.replica]
                doses += [{**row, "q": q, "exact": result.sizes["message_bits"] * min(q, 1 - q)} for row in found]
    return {
        "attackers": _frame(rows),
        "doses": _frame(doses),
        "settings": _settings(result, "fresh_eves", "strong_eves"),
    }


def reuse(result: AttackResult) -> Frames:
    """Bits flipped of a new message by the pairs known under the same key."""
    points = [{**row, **head} for head, row in _rows(result, "key_reuse", "reuse")]
    return {"points": _frame(points), "settings": _settings(result, "key_reuse")}


def avalanche(result: AttackResult) -> Frames:
    """How often each sign flips with each bit of message and key."""
    flips = [{**row, **head} for head, row in _rows(result, "structure", "avalanche")]
    settings = _settings(result, "structure").assign(messages=[row["messages"] for row in flips[:1]] or [0])
    return {"flips": _frame(flips), "settings": settings}


FRAMES: Mapping[str, Callable[[AttackResult], Frames]] = {
    "board": board,
    "precision": precision,
    "ladder": ladder,
    "reuse": reuse,
    "avalanche": avalanche,
}


def _by_attack(result: AttackResult) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for verdict in result.verdicts:
        found.setdefault(verdict["attack"], []).append(verdict)
    return found


def _of(cell: Cell) -> Sequence[Verdict]:
    return [verdict for verdict in cell.result.verdicts if verdict.replica == cell.replica]


def _strongest(outcomes: Sequence[Outcome]) -> Outcome:
    from adversarial_crypto.attacks.settling import STRENGTH

    return min(outcomes, key=STRENGTH.index, default="skipped")


def _shown(result: AttackResult, attack: str) -> list[Cell]:
    """The controls beside the target, but for one that is the target itself."""
    return [cell for cell in result.controls.get(attack, ()) if cell.label in SHOWN and cell.label != result.target]


def _point(cipher: str, role: str, replica: int, measure: str, found: Row) -> Row:
    values = {name: found[name] for name in ("value", "low", "high")}
    bits = found["bits"] or FLOAT32
    return {"cipher": cipher, "role": role, "replica": replica, "bits": bits, "measure": measure, **values}


def _rows(
    result: AttackResult, attack: str, table: str, controls: Sequence[str] = SHOWN
) -> Iterator[tuple[dict[str, Any], Row]]:
    """The rows of an attack's table, of the target and of shown controls, each with the cipher that it is about."""
    for row in result.tables.get(attack, {}).get(table, ()):
        number = result.replicas[int(row["replica"])]
        yield {"cipher": result.target, "role": "target", "replica": number}, row
    for cell in _shown(result, attack):
        for row in cell.result.tables.get(table, ()) if cell.label in controls else ():
            if row["replica"] == cell.replica:
                yield {"cipher": cell.label, "role": "control", "replica": 0}, row


def _settings(result: AttackResult, *attacks: str) -> Any:
    """What a figure says of the target and of what was spent on it in each attack's own scope."""
    spent = {
        verdict["attack"]: verdict["budget"]
        for verdict in reversed(result.verdicts)
        if verdict["budget"] and verdict["scope"] == result.scopes[verdict["attack"]]
    }
    budget = "; ".join(dict.fromkeys(spent[name] for name in attacks if name in spent))
    return _frame([{"target": result.target, **result.sizes, "budget": budget}])


def _frame(rows: Sequence[Row]) -> Any:
    import pandas as pd

    return pd.DataFrame(rows)
