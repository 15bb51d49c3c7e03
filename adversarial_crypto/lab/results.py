"""results.csv: every replica of every committed shard in the plan's order; derived, the same bytes whoever asks."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from adversarial_crypto import config
from adversarial_crypto.config import ConfigError, MessageGame, Run
from adversarial_crypto.lab.plan import grid_keys
from adversarial_crypto.store import Run as Stored
from adversarial_crypto.store import atomic_write
from adversarial_crypto.store.ledger import DERIVED, Ledger, shard_hash

RESULTS = DERIVED[0]
# Of protocol.csv, what belongs to one adversary among several.
_SCAFFOLD = ("adversary", "best")

Row = dict[str, str]


def results(places: Mapping[str, Path], ledger: Ledger) -> str:
    """The table as text: a row a replica and network of fresh adversaries, or one a replica where there are none.

    Columns: shard, point, the grid's keys, the varied key, replica (its number under the seed), network, passed,
    passed_step, robust (games about a message; empty without fresh adversaries), diverged, then those of protocol.csv:
    the best adversary's test and the kept players' measures.

    Args:
        places: committed shard -> its run directory; shards that are not there have no rows.
        ledger: whose plan says which shards there are, and in which order.
    """
    keys = grid_keys(ledger.plan)
    rows: list[Row] = []
    for shard, planned in ledger.plan.items():
        if shard in places:
            point = {key: _word(json.loads(planned[key])) for key in keys}
            for row in _of(Stored.read(places[shard])):
                rows.append({"shard": shard, "point": planned["point"], **point, **row})
    columns = list(dict.fromkeys(column for row in rows for column in row)) or ["shard", "point", *keys, "replica"]
    text = StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def write_results(ledger: Ledger) -> Path:
    """results.csv of a sweep, from what is committed; its path."""
    path = ledger.path / RESULTS
    atomic_write(path, results({shard: ledger.shard(shard) for shard in ledger.committed()}, ledger).encode())
    return path


def merge(directories: list[Path], out: Path) -> tuple[int, int, list[str]]:
    """One table over the parts of a sweep that were computed in several directories.

    Returns:
        How many shards there are, how many the plan has, and a sentence for each that two directories have with other
        bytes by the same machine and engine: the first one counts.
    Raises:
        ConfigError: the directories hold different sweeps.
        StoreError: one is no sweep, or a shard is damaged.
    """
    ledgers = [Ledger.open(path) for path in directories]
    for ledger in ledgers[1:]:
        if ledger.plan != ledgers[0].plan:
            raise ConfigError(f"{ledger.path} holds another sweep than {ledgers[0].path}; their plan.csv differ.")
    places: dict[str, Path] = {}
    problems = []
    for ledger in ledgers:
        for shard in sorted(ledger.committed()):
            place = ledger.shard(shard)
            first = places.setdefault(shard, place)
            if first != place and (sentence := _disagreement(Stored.read(first), Stored.read(place))):
                problems.append(sentence)
    atomic_write(out, results(places, ledgers[0]).encode())
    return len(places), len(ledgers[0].plan), problems


def _disagreement(first: Stored, second: Stored) -> str | None:
    if shard_hash(first) == shard_hash(second) or first.execution != second.execution:
        return None
    return f"{second.path} has other bytes than {first.path}, by the same machine and engine; the first one counts."


def _of(stored: Stored) -> Iterator[Row]:
    """The rows of one shard."""
    stored.summary()  # a run that is not complete is refused
    run = config.load(stored.path / "config.toml")
    protocol = list(csv.DictReader(StringIO(stored.read_bytes("protocol.csv").decode(), newline="")))
    diverged = _diverged(stored.read_metrics(), run.total_replicas)
    robust = _robust(run, protocol)
    for row in protocol:
        if row["best"] == "0":
            continue
        number = int(row["replica"])
        kept = {name: value for name, value in row.items() if name not in ("replica", *_SCAFFOLD)}
        kept = {name: value for name, value in kept.items() if not name.startswith("validation_")}
        first = {name: kept.pop(name) for name in ("network", "passed", "passed_step")}
        yield {
            **_varied(run, number),
            "replica": str(run.replicas.first + number),
            **first,
            **({} if robust is None else {"robust": robust.get(number, "")}),
            "diverged": diverged.get(number, ""),
            **kept,
        }


def _varied(run: Run, number: int) -> Row:
    """The value of the varied key that a replica has."""
    return {key: _word(values[number // run.replicas.count]) for key, values in run.replicas.vary.items()}


def _diverged(metrics: str, replicas: int) -> dict[int, str]:
    """Replica -> "1" or "0", at its last record."""
    lines = metrics.splitlines()
    last = csv.DictReader([lines[0], *lines[1:][-replicas:]])
    return {int(row["replica"]): row["diverged"] for row in last}


def _robust(run: Run, protocol: list[Row]) -> dict[int, str] | None:
    """Replica -> whether it passed and withstands the best fresh adversary; None in a game without such a rule."""
    if not isinstance(run.game, MessageGame):
        return None
    best: dict[int, Row] = {}
    for row in protocol:
        number = int(row["replica"])
        if row["best"] == "1" and (number not in best or _validation(row) < _validation(best[number])):
            best[number] = row
    reads, least = run.limit("bob_bits_max"), run.limit("robust_error_min")
    return {
        number: str(
            int(row["passed"] == "1" and float(row["bob_bits_wrong"]) <= reads and float(row["bits_wrong"]) >= least)
        )
        for number, row in best.items()
    }


def _validation(row: Row) -> float:
    return float(row["validation_bits_wrong"])


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
