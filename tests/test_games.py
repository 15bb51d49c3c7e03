"""Every game keeps the contract of the loop, and in the symmetric game each sees what the paper lets him see."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from small_runs import small_run
from torch import Tensor

from adversarial_crypto.config import Run
from adversarial_crypto.games import GAMES, Game
from adversarial_crypto.networks import NETWORKS, Init
from adversarial_crypto.numerics.philox import Address, Occasion

R, B = 3, 8
SEEDS = torch.tensor([[4, 0], [4, 1], [4, 2]])
# kind -> a configuration whose message and key differ in size; a new game adds its line
RUNS: Mapping[str, Run] = {
    "symmetric": small_run(game={"message_bits": 4, "key_bits": 3}),
    "asymmetric": small_run(game={"kind": "asymmetric", "message_bits": 4, "key_bits": 3}),
    "selective": small_run(game={"kind": "selective", "key_bits": 3}),
    "gan": small_run(game={"kind": "gan"}),
}
FAMILY = sorted(GAMES)


def game_of(kind: str) -> Game:
    """A member of the family."""
    return GAMES[kind](RUNS[kind])


def players_of(game: Game) -> dict[str, torch.nn.Module]:
    """Its players on their own networks."""
    return {
        name: NETWORKS[spec.network](spec.in_width, spec.out_width, Init(SEEDS, name, "xavier"))
        for name, spec in game.players.items()
    }


def secrets_of(game: Game, step: int = 0) -> dict[str, Tensor]:
    """A draw of the game."""
    return dict(game.draw(Address(SEEDS, step, 0), B))


@pytest.mark.parametrize("kind", FAMILY)
def test_coalitions_share_out_the_players(kind: str) -> None:
    """Each player belongs to exactly one coalition, none plays with itself, and the adversary is one of them."""
    game = game_of(kind)
    owned = [player for coalition in game.coalitions.values() for player in coalition.players]
    assert sorted(owned) == sorted(game.players)
    for coalition in game.coalitions.values():
        assert coalition.players and coalition.updates >= 1
        assert set(coalition.plays_with) <= set(game.players) - set(coalition.players)
    assert game.adversary is None or game.adversary in game.coalitions
    assert all(spec.network in NETWORKS for spec in game.players.values())


@pytest.mark.parametrize("kind", FAMILY)
def test_draws_depend_on_their_address_alone(kind: str) -> None:
    """Secrets are (R, B, width) numbers of their address: the same again, others at another step or occasion."""
    game = game_of(kind)
    first, again, other = secrets_of(game), secrets_of(game), secrets_of(game, 1)
    held_out = game.draw(Address(SEEDS, 0, 0, Occasion.RECORD), B)
    for name, tensor in first.items():
        assert tensor.shape[:2] == (R, B)
        assert torch.equal(tensor, again[name])
        assert not torch.equal(tensor, other[name]) and not torch.equal(tensor, held_out[name])


@pytest.mark.parametrize("kind", FAMILY)
def test_measures_are_those_announced(kind: str) -> None:
    """`measures` gives (R, B) numbers under the names of `measured`, in their order; `passed` judges their means."""
    game = game_of(kind)
    measures = game.measures(game.play(players_of(game), secrets_of(game)))
    assert tuple(measures) == game.measured
    assert all(value.shape == (R, B) and bool(value.isfinite().all()) for value in measures.values())
    verdict = game.passed({name: value.double().mean(-1) for name, value in measures.items()})
    assert verdict.shape == (R,) and verdict.dtype == torch.bool
    unknown = game.passed({name: torch.full((R,), math.nan, dtype=torch.float64) for name in game.measured})
    assert not bool(unknown.any()), "what was not measured has not passed"


@pytest.mark.parametrize("kind", FAMILY)
def test_objectives_need_only_whom_they_name(kind: str) -> None:
    """Each coalition's objective is (R,), finite, from a table with its own and its named players alone."""
    game = game_of(kind)
    everyone, secrets = players_of(game), secrets_of(game)
    for coalition in game.coalitions.values():
        present = {name: everyone[name] for name in (*coalition.players, *coalition.plays_with)}
        transcript = game.play(present, secrets)
        assert set(secrets) <= set(transcript)
        value = coalition.objective(transcript)
        assert value.shape == (R,) and bool(value.isfinite().all())
        torch.testing.assert_close(value, coalition.objective(game.play(everyone, secrets)))
        for replica in range(R):  # and every player of the coalition has something to gain
            value = coalition.objective(game.play(present, secrets))
            for name in coalition.players:
                reached = torch.autograd.grad(value[replica], list(everyone[name].parameters()), retain_graph=True)
                assert all([bool(row.any()) for row in g] == [r == replica for r in range(R)] for g in reached)


def test_symmetric_widths_and_bits() -> None:
    """Message and key have their own sizes and are -1 or +1; the ciphertext is as wide as the message."""
    game = game_of("symmetric")
    assert {n: (s.in_width, s.out_width) for n, s in game.players.items()} == {
        "alice": (7, 4),
        "bob": (7, 4),
        "eve": (4, 4),
    }
    secrets = secrets_of(game)
    assert secrets["message"].shape == (R, B, 4) and secrets["key"].shape == (R, B, 3)
    assert all(set(tensor.unique().tolist()) == {-1.0, 1.0} for tensor in secrets.values())
    transcript = game.play(players_of(game), secrets)
    assert {name: tensor.shape[-1] for name, tensor in transcript.items()} == {
        "message": 4,
        "key": 3,
        "ciphertext": 4,
        "bob": 4,
        "eve": 4,
    }


def test_symmetric_who_sees_what() -> None:
    """Alice receives message and key, Bob ciphertext and key, Eve the ciphertext and nothing else."""
    game, given = game_of("symmetric"), {}
    secrets = secrets_of(game)

    def seat(name: str, output: Tensor):
        def player(inputs: Tensor) -> Tensor:
            given[name] = inputs
            return output

        return player

    ciphertext = torch.rand(R, B, 4)
    game.play({name: seat(name, ciphertext) for name in ("alice", "bob", "eve")}, secrets)
    assert torch.equal(given["alice"], torch.cat([secrets["message"], secrets["key"]], -1))
    assert torch.equal(given["bob"], torch.cat([ciphertext, secrets["key"]], -1))
    assert torch.equal(given["eve"], ciphertext)


def test_symmetric_eve_knows_no_key() -> None:
    """Given the ciphertext, Eve's estimate does not depend on message or key, while Bob's does on the key."""
    game = game_of("symmetric")
    players, secrets = players_of(game), secrets_of(game)
    ciphertext = game.play(players, secrets)["ciphertext"].detach()
    fixed = {**players, "alice": lambda _: ciphertext}
    key = secrets["key"].clone().requires_grad_()
    one = game.play(fixed, {**secrets, "key": key})
    other = game.play(fixed, {"message": -secrets["message"], "key": -secrets["key"]})
    assert torch.equal(one["eve"], other["eve"])
    assert not torch.equal(one["bob"], other["bob"])
    assert torch.autograd.grad(one["eve"].sum(), key, allow_unused=True) == (None,)


def test_who_does_not_play_produces_nothing() -> None:
    """A player who is not at the table leaves no estimate behind and changes nobody else's."""
    game = game_of("symmetric")
    players, secrets = players_of(game), secrets_of(game)
    everyone = game.play(players, secrets)
    without = game.play({name: players[name] for name in ("alice", "eve")}, secrets)
    assert set(everyone) - set(without) == {"bob"}
    assert torch.equal(everyone["eve"], without["eve"])


@pytest.mark.parametrize(
    ("bob", "eve", "expected"),
    [(0.05, 7.3, True), (0.0, 8.0, True), (0.0501, 7.3, False), (0.05, 7.2999, False), (8.0, 8.0, False)],
)
def test_symmetric_passes_at_the_papers_thresholds(bob: float, eve: float, expected: bool) -> None:
    """At N = 16 a replica passes with Bob at most 0.05 and Eve at least 7.3 bits wrong, both included."""
    game = GAMES["symmetric"](small_run(game={"message_bits": 16}))
    means = {"bob_bits_wrong": torch.tensor([bob], dtype=torch.float64)}
    means["eve_bits_wrong"] = torch.tensor([eve], dtype=torch.float64)
    assert game.passed(means).tolist() == [expected]


def test_symmetric_schedule_and_losses_come_from_the_configuration() -> None:
    """Updates, loss and networks of a configuration reach the game's coalitions and seats."""
    run = small_run(train={"loss": "maximise_eve", "updates": {"alice_bob": 3, "eve": 5}}, networks={"eve": "dense"})
    game = GAMES["symmetric"](run)
    assert [c.updates for c in game.coalitions.values()] == [3, 5]
    assert game.players["eve"].network == "dense" and game.players["bob"].network == "mix_transform"
    message = torch.ones(1, 2, 4)
    transcript = {"message": message, "bob": message, "eve": -message}
    assert game.coalitions["alice_bob"].objective(transcript).tolist() == [-1.0]
    default = GAMES["symmetric"](small_run()).coalitions["alice_bob"]
    assert default.objective(transcript).tolist() == [1.0]
    assert game.coalitions["eve"].objective(transcript).tolist() == [4.0]


def asymmetric_seen(**game: Any) -> tuple[dict[str, Tensor], dict[str, Tensor], Tensor, Tensor]:
    """What each player of the asymmetric game is given, the secrets, the public key and the ciphertext."""
    settings = {"kind": "asymmetric", "message_bits": 4, "key_bits": 3, **game}
    rules, given = GAMES["asymmetric"](small_run(game=settings)), {}
    secrets = secrets_of(rules)
    public_key, ciphertext = torch.rand(R, B, 3), torch.rand(R, B, 4)

    def seat(name: str, output: Tensor) -> Callable[[Tensor], Tensor]:
        def player(inputs: Tensor) -> Tensor:
            given[name] = inputs
            return output

        return player

    outputs = {"key_generator": public_key, "alice": ciphertext, "bob": ciphertext, "eve": ciphertext}
    rules.play({name: seat(name, output) for name, output in outputs.items()}, secrets)
    assert {name: spec.in_width for name, spec in rules.players.items()} == {n: g.shape[-1] for n, g in given.items()}
    return given, secrets, public_key, ciphertext


def test_asymmetric_who_sees_what() -> None:
    """The generator sees the secret key; Alice and Eve see the public key, Bob the secret one, and Eve no secret."""
    given, secrets, public_key, ciphertext = asymmetric_seen()
    assert torch.equal(given["key_generator"], secrets["secret_key"])
    assert torch.equal(given["alice"], torch.cat([secrets["message"], public_key], -1))
    assert torch.equal(given["bob"], torch.cat([ciphertext, secrets["secret_key"]], -1))
    assert torch.equal(given["eve"], torch.cat([ciphertext, public_key], -1))


def test_eve_without_the_public_key_is_an_ablation_by_name() -> None:
    """Eve receives the public key unless the configuration takes it from her; then she sees the ciphertext alone."""
    given, _, _, ciphertext = asymmetric_seen(eve_sees_public_key=False)
    assert torch.equal(given["eve"], ciphertext)


def test_a_bob_with_a_random_key_has_one_of_its_own() -> None:
    """In that ablation Bob's key is fair bits that neither the public key nor anything else depends on."""
    given, secrets, _, ciphertext = asymmetric_seen(bob_key="random")
    bobs = given["bob"][..., 4:]
    assert torch.equal(given["bob"][..., :4], ciphertext) and set(bobs.unique().tolist()) == {-1.0, 1.0}
    assert not torch.equal(bobs, secrets["secret_key"])
    assert torch.equal(asymmetric_seen()[1]["secret_key"], secrets["secret_key"]), "the other secrets stay the same"


def test_the_key_generator_learns_with_alice_and_bob() -> None:
    """The generator belongs to Alice and Bob's coalition and is frozen in Eve's, who needs its output."""
    game = game_of("asymmetric")
    assert game.coalitions["alice_bob"].players == ("key_generator", "alice", "bob")
    assert game.coalitions["eve"].players == ("eve",)
    assert set(game.coalitions["eve"].plays_with) == {"key_generator", "alice"}
