"""A user's own network: taken where it keeps the contract, refused before any training in one sentence where not."""

from __future__ import annotations

import pytest
import torch
from small_runs import finish, small_plan, small_run, start, with_objective
from torch import Tensor, nn

from adversarial_crypto.errors import ConfigError
from adversarial_crypto.networks import NETWORKS, Build, Init
from adversarial_crypto.numerics.layers import Linear
from adversarial_crypto.training import prepare

MINE = "my_net.py:build"


class Own(nn.Module):
    """A layer of one's own; `spoil` does something to its outputs."""

    def __init__(self, in_width: int, out_width: int, init: Init, spoil=lambda outputs: outputs) -> None:
        super().__init__()
        self.only = Linear(in_width, out_width, init.at("only"))
        self.spoil = spoil

    def forward(self, x: Tensor) -> Tensor:
        return self.spoil(torch.tanh(self.only(x.transpose(1, 2))).transpose(1, 2))


class Fixed(Own):
    """It has a parameter of fixed leading size, whatever R is."""

    def __init__(self, in_width: int, out_width: int, init: Init, size: int) -> None:
        super().__init__(in_width, out_width, init)
        self.gain = nn.Parameter(torch.ones(size, 1, 1))
        self.spoil = lambda outputs: outputs * self.gain.mean()


class Ordinary(nn.Module):
    """The slip of everyone who copies from elsewhere: nn.Linear, one set of weights for all replicas."""

    def __init__(self, in_width: int, out_width: int) -> None:
        super().__init__()
        self.only = nn.Linear(in_width, out_width)

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.only(x))


class Empty(nn.Module):
    """Nothing to train."""

    def forward(self, x: Tensor) -> Tensor:
        return x[..., :4]


def failing(in_width: int, out_width: int, init: Init) -> nn.Module:
    """It raises while it is built."""
    raise RuntimeError("no such layer")


def problems_of(build: Build, seat: str = "alice") -> tuple[str, ...]:
    """What `prepare` says about a network at a seat."""
    with pytest.raises(ConfigError) as refused:
        prepare(small_run(networks={seat: MINE}), {MINE: build})
    return refused.value.problems


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda i, o, n: Own(i, o + 1, n), "must map (R, B, 8) to (R, B, 4); for (2, 5, 8) it gave (2, 5, 5)"),
        (lambda i, o, n: Own(i, o, n, lambda y: y.transpose(1, 2)), "must map (R, B, 8) to (R, B, 4)"),
        (lambda i, o, n: Own(i, o, n, lambda y: (y, y)), "it gave tuple"),
        (lambda i, o, n: Own(i, o, n, lambda y: y.mean(0, keepdim=True)), "it gave (1, 5, 4)"),
        (lambda i, o, n: Own(i, o, n, lambda y: y / 0), "not finite"),
        (lambda i, o, n: lambda x: x, "must return a torch.nn.Module, not function"),
        (lambda i, o, n: None, "must return a torch.nn.Module, not NoneType"),
        (lambda i, o, n: Empty(), "has no parameters to train"),
        (lambda i, o, n: Ordinary(i, o), "'only.weight' that does not lead with the replica axis"),
        (lambda i, o, n: Fixed(i, o, n, 1), "'gain' that does not lead with the replica axis"),
        (failing, "RuntimeError: no such layer"),
        (lambda i, o, n: Own(i + 1, o, n), "failed on a trial input"),
        (lambda i, o, n: Own(i, o, n, lambda y: y.nonsense), "AttributeError"),
        (lambda i: Own, "TypeError"),
    ],
)
def test_a_broken_network_is_one_sentence(build: Build, words: str) -> None:
    """Wrong widths, no module, no parameters, no replica axis, an exception: each is one problem with its key."""
    problems = problems_of(build)
    assert len(problems) == 1
    assert problems[0].startswith(f"networks.alice: network '{MINE}' ") and words in problems[0]
    assert "\n" not in problems[0] and "Traceback" not in problems[0]


def test_a_leading_axis_that_equals_the_trials_by_chance_is_refused() -> None:
    """A parameter of fixed leading size is found out whatever that size is: the trial's R must not pass it by luck."""
    for size in range(1, 9):
        assert "does not lead with the replica axis" in problems_of(lambda i, o, n, s=size: Fixed(i, o, n, s))[0]


def test_an_exceptions_line_is_named() -> None:
    """A network that raises says at which line of the user's file."""
    line = failing.__code__.co_firstlineno + 2
    assert f"(line {line})" in problems_of(failing)[0]


def test_every_problem_at_once() -> None:
    """Each seat with a problem has its line, the adversaries of the protocol too, and typos get a suggestion."""
    run = small_run(
        networks={"alice": "mix_transfrom", "bob": MINE, "eve": "nothing_like_it"},
        protocol={"adversary_networks": ("own", "dens", MINE)},
    )
    with pytest.raises(ConfigError) as refused:
        prepare(run, {MINE: lambda *_: Empty()})
    alice, bob, eve, dens, mine = refused.value.problems
    assert alice == "networks.alice: no network is named 'mix_transfrom'; did you mean 'mix_transform'?"
    assert bob.startswith("networks.bob: ") and bob.endswith("has no parameters to train")
    assert all(name in eve for name in NETWORKS)
    assert dens.endswith("did you mean 'dense'?") and "protocol.adversary_networks" in dens
    assert mine.startswith("protocol.adversary_networks") and mine.endswith("has no parameters to train")
    assert str(refused.value) == "\n".join(refused.value.problems)


@pytest.mark.parametrize("seat", ["alice", "bob", "eve"])
def test_a_networks_problem_names_its_seat(seat: str) -> None:
    """The key of the message is the seat's, and Eve's network is tried on the ciphertext's width alone."""
    assert problems_of(lambda *_: Empty(), seat)[0].startswith(f"networks.{seat}: ")
    widths: list[tuple[int, int]] = []

    def build(in_width: int, out_width: int, init: Init) -> nn.Module:
        widths.append((in_width, out_width))
        return Own(in_width, out_width, init)

    prepare(small_run(game={"message_bits": 4, "key_bits": 3}, networks={seat: MINE}), {MINE: build})
    assert set(widths) == {(4, 4) if seat == "eve" else (7, 4)}


def test_a_good_network_plays_and_learns() -> None:
    """A user's Alice and Bob train like any other: Bob, who may read the plaintext, comes to read it."""
    settings = {"batch": 32, "steps": 60, "record_every": 60, "learning_rate": 0.05, "record_batch": 256}
    plan = small_plan({MINE: Own}, networks={"alice": MINE, "bob": MINE}, train=settings)
    wrong = lambda transcript: (transcript["bob"] - transcript["message"]).abs().mean((1, 2))  # noqa: E731
    training = start(with_objective(plan, "alice_bob", wrong))
    records = [beat.rows for beat in training.beats() if beat.rows]
    before, after = ([row.means["bob_bits_wrong"] for row in rows] for rows in records)
    assert min(before) > 1 and max(after) < 0.5


def test_preparing_trains_nothing_and_draws_nothing() -> None:
    """A plan is made without a step and without the global generator; the same run gives the same plan."""
    state = torch.random.get_rng_state()
    first, second = (small_plan(replicas={"count": 5, "chunk": 2}) for _ in range(2))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert [(c.start, c.stop) for c in first.chunks] == [(0, 2), (2, 4), (4, 5)]
    for one, other in zip(first.chunks, second.chunks, strict=True):
        assert torch.equal(one.seeds, other.seeds) and torch.equal(one.rates, other.rates)
    assert finish(start(first)).step == first.run.train.steps
