"""The trained players of a run for the page's playground: their layers, and the weights of as many replicas as fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adversarial_crypto import config
from adversarial_crypto.config import Run, SymmetricGame
from adversarial_crypto.report.forms import FORMS, Arrays, layers, weights

ROOM = 400_000  # characters of all weights: the page stays small enough to be sent about
REPLAY_ROOM = 1_000_000  # the same of the snapshots
SEARCHABLE = 20  # key bits: a million keys take a browser some twenty seconds


def playground(
    run: Run, arrays: Arrays, protocol: Sequence[Mapping[str, str]], snapshots: Arrays | None = None
) -> dict[str, Any] | str:
    """What playground.js takes, or a sentence that says why this run has none.

    Args:
        arrays: of players.safetensors, name -> (R, ...).
        protocol: the rows of protocol.csv.
        snapshots: of snapshots.safetensors, "step" (S,) and name -> (S, r, ...) of the first replicas.
    """
    if not isinstance(run.game, SymmetricGame):
        return f"The {run.game.kind} game has no cipher to play with."
    networks = config.players(run)
    seats = {name: (networks[name], name) for name in ("alice", "bob", "eve")}
    if run.protocol.adversaries:
        seats |= {_fresh(n): (networks["eve"] if n == "own" else n, f"adversary.{n}.eve")
                  for n in run.protocol.adversary_networks}  # fmt: skip
    strange = sorted({network for network, _ in seats.values()} - set(FORMS))
    if strange:
        return f"The page cannot compute {', '.join(strange)}, only {', '.join(FORMS)}."
    chosen: list[dict[str, Any]] = []
    room = ROOM
    for replica in _by_bob(protocol):
        row = replica["row"]
        mine = {player: weights(network, prefix, arrays, row) for player, (network, prefix) in seats.items()}
        room -= sum(map(len, mine.values()))
        if chosen and room < 0:
            break
        chosen.append({**replica, "weights": mine})
    return {
        "message_bits": run.game.message_bits,
        "key_bits": run.game.key_bits,
        "searchable": run.game.key_bits <= SEARCHABLE,
        "layers": {player: layers(network, prefix, arrays) for player, (network, prefix) in seats.items()},
        "replicas": chosen,
        "of": len(_by_bob(protocol)),
        "replay": _replay(networks, snapshots, chosen) if snapshots else None,
    }


def _replay(
    networks: Mapping[str, str], snapshots: Arrays, replicas: Sequence[Mapping[str, Any]]
) -> dict[str, Any] | None:
    """The training of the first of these replicas that has snapshots, as many of them as fit."""
    rows = min(array.shape[1] for name, array in snapshots.items() if name != "step")
    index = next((i for i, replica in enumerate(replicas) if replica["row"] < rows), None)
    if index is None:
        return None
    row, count = replicas[index]["row"], len(snapshots["step"])
    shots = [
        {name: weights(networks[name], name, _at(snapshots, shot), row) for name in ("alice", "bob", "eve")}
        for shot in range(count)
    ]
    fit = REPLAY_ROOM // sum(map(len, shots[0].values()))
    if fit < 2 or count < 2:
        return None
    places = [round(i * (count - 1) / (min(fit, count) - 1)) for i in range(min(fit, count))]
    steps = [int(snapshots["step"][place]) for place in places]
    return {"replica": index, "steps": steps, "weights": [shots[place] for place in places]}


def _at(snapshots: Arrays, shot: int) -> Arrays:
    return {name: array[shot] for name, array in snapshots.items() if name != "step"}


def _fresh(network: str) -> str:
    return "a fresh Eve" if network == "own" else f"a fresh Eve ({network})"


def _by_bob(protocol: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """The replicas, those that passed first, and of these the one with the best Bob."""
    found: dict[int, dict[str, Any]] = {}
    for row in protocol:
        if row["bob_bits_flipped"]:
            number, passed = int(row["replica"]), row["passed"] == "1"
            found[number] = {"number": number, "passed": passed, "bob_bits_flipped": float(row["bob_bits_flipped"])}
    first = min((int(row["replica"]) for row in protocol), default=0)
    ordered = sorted(found.values(), key=lambda each: (not each["passed"], each["bob_bits_flipped"]))
    return [{**each, "row": each["number"] - first} for each in ordered]
