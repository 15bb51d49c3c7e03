"""Learned attackers: the one alternating loop with the attacker alone in it, and ciphertexts as data.

Of each of the R ciphers E attackers learn at once, rows r E + e of one array. Each has its own weights and data. They
learn on one occasion's words, are chosen on another's and quoted on a third's; only their own update is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from adversarial_crypto.attacks.contract import Memory
from adversarial_crypto.attacks.exact_advantage import at_once
from adversarial_crypto.ciphers import Cipher, encrypt
from adversarial_crypto.games import Coalition, Game, PlayerSpec, Secrets
from adversarial_crypto.networks import Build, Init
from adversarial_crypto.numerics.philox import Address, Occasion
from adversarial_crypto.training import Engine
from adversarial_crypto.training.layout import flatten
from adversarial_crypto.training.loop import Loop, State

ATTACKER = "attacker"
BEAT = 50  # steps between two words of progress
SAID = 2**13  # examples that are drawn at a time
AT_ONCE = 2**20  # examples of all rows that are guessed at a time, where there are more than these


@dataclass(frozen=True)
class Task:
    """What is to be learned.

    Args:
        words: (address of the rows, batch) -> name -> (rows, B, width): all that is random, of tensor operations alone.
        seen: words -> name -> (rows, B, width): "inputs" for the attacker, and the rest for the objective and whoever
            judges. Ciphers are called here, which may be anything, so this is not compiled.
        in_width, out_width: of the attacker's network.
        network: which it is.
        objective: (guess (rows, B, out), what was drawn) -> (rows, B), minimised on average.
    """

    words: Callable[[Address, int], Secrets]
    seen: Callable[[Secrets], Secrets]
    in_width: int
    out_width: int
    network: Build
    objective: Callable[[Tensor, Secrets], Tensor]


@dataclass(frozen=True)
class School:
    """How attackers learn: how many of each cipher, steps of how many examples, and a rate that falls to 0 or stays."""

    attackers: int
    steps: int
    batch: int
    rate: float
    falls: bool = True

    def words(self) -> str:
        """For a budget."""
        each = f"{self.attackers} attackers, " if self.attackers > 1 else ""
        return f"{each}{self.steps:,} steps of {self.batch} examples"


class Learner:
    """R times E attackers on their way from fresh weights."""

    def __init__(self, task: Task, school: School, seeds: Tensor, engine: Engine) -> None:
        """Draws the weights.

        Args:
            seeds: (R, 2) int64 of the replicas.
        """
        self.task, self.school, self.engine = task, school, engine
        rows = school.attackers
        self.seeds = seeds.repeat_interleave(rows, 0)
        self.numbers = (1 + torch.arange(rows, device=seeds.device)).repeat(len(seeds))
        init = Init(self.seeds.cpu(), ATTACKER, "xavier", self.numbers.cpu())
        self.layout, drawn = flatten({ATTACKER: task.network(task.in_width, task.out_width, init)})
        device = engine.device
        rates = torch.full((len(self.seeds),), school.rate, device=device)
        self.state = State.start(
            {ATTACKER: drawn.to(device)}, (ATTACKER,), self.seeds.to(device), self.numbers.to(device), rates
        )
        falls = school.steps if school.falls else None
        layouts = {ATTACKER: self.layout}
        sizes = school.batch, school.batch
        self._loop = Loop(self._game(), layouts, (ATTACKER,), *sizes, engine, Occasion.LEARNING, falls)

    def learn(self, memory: Memory, name: str) -> Iterator[float]:
        """All steps, from those that `memory` has under that name; yields the share that is done."""
        changing = self.state.changing()
        for part, tensor in memory.recall(name).items():
            changing[part].copy_(tensor)
        stepper = self._loop.stepper(self.state)
        for start in range(int(self.state.step), self.school.steps, BEAT):
            stepper(min(BEAT, self.school.steps - start))
            # Whoever has learned all needs no moments any more, two thirds of the state.
            done = start + BEAT >= self.school.steps
            kept = [part for part in changing if not (done and part.startswith(("first.", "second.")))]
            memory.offer(name, {part: changing[part] for part in kept})
            yield min(1.0, (start + BEAT) / self.school.steps)

    def answers(self, occasion: Occasion, examples: int) -> Iterator[tuple[Tensor, Secrets]]:
        """Guesses (rows, B, out) on fresh words with what was drawn, some at a time, on the CPU."""
        player = self.layout.players(self.state.weights[ATTACKER])[ATTACKER]
        for step, start in enumerate(range(0, examples, SAID)):
            address = Address(self.seeds, step, 0, occasion, self.numbers)
            words = self.task.words(address, min(SAID, examples - start))
            some = at_once(AT_ONCE, len(self.seeds))
            for parts in zip(*(word.split(some, 1) for word in words.values()), strict=True):
                drawn = self._seen(dict(zip(words, parts, strict=True)))
                with torch.no_grad():
                    guess = player(drawn["inputs"])
                yield guess.cpu(), {name: word.cpu() for name, word in drawn.items()}

    def losses(self, examples: int) -> Tensor:
        """The mean objective (R, E) on validation words, by which the best is chosen; infinite if it is not finite."""
        total = torch.zeros(len(self.seeds), dtype=torch.float64)
        for guess, drawn in self.answers(Occasion.VALIDATION, examples):
            total += self.task.objective(guess, drawn).to(torch.float64).sum(-1)
        return (total / examples).nan_to_num(torch.inf).reshape(-1, self.school.attackers)

    def multiply_adds(self) -> int:
        """Of one guess of one attacker: those of matrix products, which is all but a few per cent."""
        player = self.layout.players(self.state.weights[ATTACKER])[ATTACKER]
        inputs = torch.zeros(len(self.seeds), 1, self.task.in_width, device=self.engine.device)
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            player(inputs)
        return int(counter.get_total_flops()) // (2 * len(self.seeds))

    def _seen(self, words: Secrets) -> Secrets:
        """What is learned from, where and as the network wants it: on its device, the batch axis innermost."""
        drawn = self.task.seen(words)
        return {n: w.transpose(1, 2).contiguous().transpose(1, 2).to(self.engine.device) for n, w in drawn.items()}

    def _game(self) -> Game:
        """The game in which the attacker learns from data."""
        task, size = self.task, self.school.batch
        words = self.engine.wrap(
            lambda seeds, step, numbers: task.words(Address(seeds, step, 0, Occasion.LEARNING, numbers), size)
        )

        def objective(transcript: Mapping[str, Tensor]) -> Tensor:
            return task.objective(transcript["guess"], transcript).mean(-1)

        def draw(address: Address, batch: int) -> Secrets:
            step = torch.as_tensor(address.step, device=self.seeds.device)
            return self._seen(words(self.seeds, step, self.numbers))

        return Game(
            players={ATTACKER: PlayerSpec(task.in_width, task.out_width, ATTACKER)},
            coalitions={ATTACKER: Coalition((ATTACKER,), (), 1, objective)},
            adversary=ATTACKER,
            tested=("loss",),
            draw=draw,
            play=lambda players, secrets: {**secrets, "guess": players[ATTACKER](secrets["inputs"])},
            measured=("loss",),
            measures=lambda transcript: {"loss": task.objective(transcript["guess"], transcript)},
            passed=lambda means: means["loss"] < 0,  # there is nothing to pass
            rule="",
            robust=lambda means: False,
            robust_rule="",
            watched=(),
            given=True,
        )


def wide(cipher: Cipher, rows: int) -> Cipher:
    """The cipher as words are drawn for `rows` attackers of its replicas each."""
    chances = tuple(chance for chance in cipher.key_probabilities for _ in range(rows))
    return replace(cipher, replicas=cipher.replicas * rows, key_probability=chances)


def encrypt_rows(cipher: Cipher, words: Mapping[str, Tensor]) -> Tensor:
    """The ciphertexts of rows r E + e, (R E, B, n) by name: each replica's rows beside each other in one batch."""
    batch = words["message"].shape[1]

    folded = {name: word.reshape(cipher.replicas, -1, word.shape[-1]) for name, word in words.items()}
    return encrypt(cipher, **folded).reshape(-1, batch, cipher.width)


def best(losses: Tensor) -> list[int]:
    """The row of each replica's best attacker, from losses (R, E)."""
    return [row * losses.shape[1] + int(each.argmin()) for row, each in enumerate(losses)]
