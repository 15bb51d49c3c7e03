"""From a configuration to a plan: names resolved, networks built once for a trial, widths checked, chunks laid out."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from adversarial_crypto.config import ConfigError, Run
from adversarial_crypto.games import GAMES, Game
from adversarial_crypto.networks import NETWORKS, Build, Init
from adversarial_crypto.training.layout import Layout, flatten


@dataclass(frozen=True)
class Chunk:
    """The replicas that are computed together.

    Args:
        start, stop: the replicas [start, stop) of the run; rows past them are padding, computed and dropped.
        seeds: (chunk, 2) int64, rates: (chunk,).
    """

    start: int
    stop: int
    seeds: Tensor
    rates: Tensor


@dataclass(frozen=True)
class Start:
    """Players to begin with.

    Args:
        weights: "alice.mix.weight" -> (R, ...).
        number: in [0, 2^16), of what they are: who trains on from other players meets other data.
    """

    weights: Mapping[str, Tensor]
    number: int


@dataclass(frozen=True)
class Plan:
    """All that is decided before the first step.

    Args:
        builds: network reference -> build function, of everything the configuration names.
        chunks: equal in size, so that one compiled program serves them all.
        start: what everyone begins with; None: freshly drawn weights.
    """

    run: Run
    game: Game
    builds: Mapping[str, Build]
    chunks: tuple[Chunk, ...]
    start: Start | None = None

    @property
    def chunk_size(self) -> int:
        """Rows of every chunk."""
        return len(self.chunks[0].seeds)

    def initial(self, name: str, chunk: Chunk) -> tuple[Layout, Tensor]:
        """What a coalition of these replicas begins with, as `coalition` gives it."""
        layout, drawn = self.coalition(name, chunk.seeds)
        if self.start is None:
            return layout, drawn
        rows = torch.arange(chunk.start, chunk.start + len(chunk.seeds)).clamp(max=self.run.total_replicas - 1)
        return layout, layout.flat(self.start.weights, self.run.replicas.first + rows)

    def coalition(
        self, name: str, seeds: Tensor, adversary: Tensor | int = 0, network: str = "own"
    ) -> tuple[Layout, Tensor]:
        """Freshly drawn weights of a coalition: its layout and (R, P), on the CPU.

        Args:
            network: "own" for the networks of the configuration, or the one to use for each of its players instead.
        """
        modules = {}
        for player in self.game.coalitions[name].players:
            spec = self.game.players[player]
            build = self.builds[spec.network if network == "own" else network]
            init = Init(seeds, player, self.run.networks.init, adversary)
            modules[player] = build(spec.in_width, spec.out_width, init)
        return flatten(modules)


def prepare(run: Run, builds: Mapping[str, Build] | None = None, start: Start | None = None) -> Plan:
    """Resolves and checks everything before any training.

    Args:
        builds: the user's own networks, by the reference that names them in the configuration.
        start: what to begin with.
    Raises:
        ConfigError: an unknown network, or one that breaks the contract of `networks.Build`, all such at once; or
            weights to begin with that are not those of this run's players.
    """
    game = GAMES[run.game.kind](run)
    known = {**NETWORKS, **(builds or {})}
    seats: dict[str, tuple[str, tuple[str, ...]]] = {
        f"networks.{name}": (spec.network, (name,)) for name, spec in game.players.items()
    }
    if game.adversary is not None:
        adversaries = game.coalitions[game.adversary].players
        named = [network for network in run.protocol.adversary_networks if network != "own"]
        seats |= {f"protocol.adversary_networks[{i}]": (network, adversaries) for i, network in enumerate(named)}
    problems, resolved = [], {}
    for key, (network, players) in seats.items():
        if network not in known:
            problems.append(f"{key}: no network is named {network!r}{_suggestion(network, known)}")
            continue
        resolved[network] = known[network]
        specs = [(player, game.players[player]) for player in players]
        found = (_contract_problem(known[network], p, s.in_width, s.out_width, run.networks.init) for p, s in specs)
        problems += [f"{key}: network {network!r} {problem}" for problem in found if problem]
    if problems:
        raise ConfigError(problems)
    plan = Plan(run, game, resolved, _chunks(run), start)
    if start is not None and (problem := _start_problem(plan, start.weights)):
        raise ConfigError([f"train.start_from: {problem}"])
    return plan


def _start_problem(plan: Plan, start: Mapping[str, Tensor]) -> str | None:
    """Why a run cannot begin with these weights."""
    replicas = plan.run.replicas.first + plan.run.total_replicas
    for name in plan.game.coalitions:
        layout, _ = plan.coalition(name, plan.chunks[0].seeds[:1])
        for player, slots in layout.slots.items():
            for parameter, shape, *_ in slots:
                found = start.get(f"{player}.{parameter}")
                if found is None:
                    return f"its players are others than this run's; it has no {player}.{parameter}"
                if tuple(found.shape[1:]) != shape:
                    return f"its {player}.{parameter} is {tuple(found.shape[1:])}, and this run's is {shape}"
                if len(found) < replicas:
                    return f"it has {len(found)} replicas and this run needs {replicas}"
    return None


def _suggestion(network: str, known: Mapping[str, Build]) -> str:
    close = difflib.get_close_matches(network, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(sorted(known))}"


def _contract_problem(build: Build, player: str, in_width: int, out_width: int, scheme: str) -> str | None:
    """What is wrong with a network on trials of 2 and of 3 replicas, or None."""
    trials = (_trial_problem(build, player, in_width, out_width, scheme, replicas) for replicas in (2, 3))
    return next((problem for problem in trials if problem), None)


def _trial_problem(build: Build, player: str, in_width: int, out_width: int, scheme: str, replicas: int) -> str | None:
    seeds = torch.stack([torch.zeros(replicas, dtype=torch.int64), torch.arange(replicas)], -1)
    init = Init(seeds, player, scheme)
    expected = replicas, 5, out_width
    try:
        module = build(in_width, out_width, init)
        if not isinstance(module, nn.Module):
            return f"must return a torch.nn.Module, not {type(module).__name__}"
        if next(module.parameters(), None) is None:
            return "has no parameters to train"
        if next(module.buffers(), None) is not None:
            return "has buffers; whatever a replica owns must be a parameter, for only those are kept apart and saved"
        for name, weight in module.named_parameters():
            if weight.shape[:1] != (replicas,):
                return f"has a parameter {name!r} that does not lead with the replica axis"
        with torch.no_grad():
            outputs = module(torch.ones(replicas, 5, in_width))
    except Exception as error:  # a user's own code may raise anything; the trial run is there to catch it
        line = inspect.trace()[-1].lineno
        return f"failed on a trial input (line {line}): {type(error).__name__}: {error}"
    if not isinstance(outputs, Tensor) or outputs.shape != expected:
        shape = tuple(outputs.shape) if isinstance(outputs, Tensor) else type(outputs).__name__
        return f"must map (R, B, {in_width}) to (R, B, {out_width}); for {(replicas, 5, in_width)} it gave {shape}"
    if not bool(torch.isfinite(outputs).all()):
        return "gives values that are not finite on its initial weights"
    return None


def _chunks(run: Run) -> tuple[Chunk, ...]:
    """The fewest chunks of at most `replicas.chunk`, equal in size: 20 replicas at most 16 at a time are 10 and 10."""
    total = run.total_replicas
    count = -(-total // run.replicas.chunk)
    size = -(-total // count)
    rates = run.learning_rates()
    chunks = []
    for start in range(0, total, size):
        replicas = torch.arange(start, start + size)
        seeds = torch.stack([torch.full_like(replicas, run.replicas.seed), run.replicas.first + replicas], -1)
        chosen = [rates[min(replica, total - 1)] for replica in range(start, start + size)]
        chunks.append(Chunk(start, min(start + size, total), seeds, torch.tensor(chosen)))
    return tuple(chunks)
