"""Trained players, alone or as a cipher: from the files of a complete run, each checked against its sha256."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Literal

import torch

from adversarial_crypto import config
from adversarial_crypto.ciphers import Cipher, from_players
from adversarial_crypto.config import ConfigError, SymmetricGame
from adversarial_crypto.games import Player
from adversarial_crypto.lab.sources import Sources
from adversarial_crypto.store import Run as Stored
from adversarial_crypto.training import prepare

Choice = Literal["passed", "all"] | Sequence[int]


def trained_cipher(run_dir: Path | str, replicas: Choice = "passed") -> tuple[Cipher, tuple[int, ...]]:
    """Alice and Bob as they were kept, on the CPU.

    Args:
        run_dir: a complete run of the symmetric game. A user's networks are executed from the run's own copy.
        replicas: those that passed, all, or these numbers in this order.
    Returns:
        The cipher, its R the number of chosen replicas, and their numbers in the run.
    Raises:
        StoreError: not a run directory, a damaged file, or the run is not complete.
        ConfigError: no replica passed, one that is not there, a game without such a cipher, or a network of the
            user's that can no longer be built.
    """
    game = config.load(Stored.read(Path(run_dir)).path / "config.toml").game
    if not isinstance(game, SymmetricGame):
        raise ConfigError(f"{run_dir} is a run of the {game.kind} game; a cipher is made of the symmetric game's.")
    players, chosen = trained_players(run_dir, "alice_bob", replicas)
    return from_players(players, game.message_bits, game.key_bits, len(chosen)), chosen


def trained_players(
    run_dir: Path | str, coalition: str, replicas: Choice = "passed", fresh: str | None = None
) -> tuple[dict[str, Player], tuple[int, ...]]:
    """The players of a coalition as they were kept, on the CPU: name -> (R, B, in) -> (R, B, out), and R's numbers.

    Arguments and errors as `trained_cipher`, of any game.

    Args:
        fresh: instead of those that trained with the others the best fresh adversary of each replica with this network,
            as `fresh_networks` names it.
    """
    stored = Stored.read(Path(run_dir))
    arrays, _ = stored.players()
    sources = Sources.read(config.load(stored.path / "config.toml"))
    plan = prepare(sources.run, sources.builds())
    chosen = _chosen(stored, replicas, plan.run.total_replicas)
    seeds = torch.tensor([[plan.run.replicas.seed, replica] for replica in chosen])
    layout, _ = plan.coalition(coalition, seeds, network=fresh or "own")
    named = f"adversary.{fresh}." if fresh else ""
    tensors = {n.removeprefix(named): torch.from_numpy(array) for n, array in arrays.items() if n.startswith(named)}
    return layout.settled(layout.flat(tensors, torch.tensor(chosen))), chosen


def fresh_networks(run_dir: Path | str) -> tuple[str, ...]:
    """The networks whose best fresh adversaries a complete run kept: "own", or as the configuration names others."""
    protocol = config.load(Stored.read(Path(run_dir)).path / "config.toml").protocol
    return protocol.adversary_networks if protocol.adversaries else ()


def _chosen(stored: Stored, replicas: Choice, total: int) -> tuple[int, ...]:
    """The numbers of the replicas that are meant."""
    there = f"there are 0 to {total - 1}" if total > 1 else "there is 0"
    if replicas == "all":
        return tuple(range(total))
    if replicas == "passed":
        rows = csv.DictReader(StringIO(stored.read_bytes("protocol.csv").decode(), newline=""))
        passed = tuple(sorted({int(row["replica"]) for row in rows if row["passed"] == "1"}))
        if not passed:
            raise ConfigError(
                f"No replica of {stored.path} passed; choose one by its number, as with --replica 0 ({there})."
            )
        return passed
    if isinstance(replicas, str):
        raise ConfigError(f"unknown choice of replicas '{replicas}'; there are 'passed' and 'all', or their numbers")
    if not replicas:
        raise ConfigError(f"No replica of {stored.path} was chosen; {there}.")
    if absent := [replica for replica in replicas if not 0 <= replica < total]:
        raise ConfigError(f"{stored.path} has no replica {absent[0]}; {there}.")
    return tuple(replicas)
