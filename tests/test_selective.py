"""Selective protection: who sees what, the measures by hand, and that the floors are those of the game's own draws."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from small_runs import eager, small_plan, small_run
from torch import Tensor

from adversarial_crypto import config, lab
from adversarial_crypto.config import ConfigError
from adversarial_crypto.formulas.gaussian import bob_floor, public_floor
from adversarial_crypto.games import GAMES, Game
from adversarial_crypto.numerics.philox import Address
from adversarial_crypto.training import Training

R, B = 2, 4096
SEEDS = torch.tensor([[4, 0], [4, 1]])
RHO = tuple(tuple(1.0 if i == j else 0.4 for j in range(4)) for i in range(4))


def game_of(**settings: object) -> Game:
    """The game with these settings."""
    return GAMES["selective"](small_run(game={"kind": "selective", **settings}))


def drawn(game: Game, step: int = 0) -> dict[str, Tensor]:
    """A large draw of it."""
    return dict(game.draw(Address(SEEDS, step, 0), B))


def test_widths() -> None:
    """With 8 bits of key and four values 12 numbers enter Alice's front layer, as the paper says; six leave her."""
    game = game_of()
    assert {name: (spec.in_width, spec.out_width) for name, spec in game.players.items()} == {
        "alice": (12, 6),
        "bob": (14, 1),
        "eve": (6, 1),
    }


def test_values_have_the_correlations_that_were_asked_for() -> None:
    """Means 0, variance 0.19, and the correlation matrix of the configuration, within what 8,192 draws allow."""
    rows = [[1.0, 0.5, -0.2, 0.3], [0.5, 1.0, 0.1, 0.6], [-0.2, 0.1, 1.0, 0.4], [0.3, 0.6, 0.4, 1.0]]
    values = drawn(game_of(correlation=rows))["values"].reshape(-1, 4).double()
    assert values.mean(0).abs().max() < 4 * (0.19 / len(values)) ** 0.5
    torch.testing.assert_close(values.T.cov(), 0.19 * torch.tensor(rows).double(), atol=0.015, rtol=0)


def test_who_sees_what() -> None:
    """Alice sees A, B, C, a constant and the key, never D; Bob all that is sent and the key; Eve what is sent."""
    game, seen = game_of(), dict[str, Tensor]()

    def player(name: str, width: int) -> object:
        def answer(inputs: Tensor) -> Tensor:
            seen[name] = inputs
            return torch.arange(width).expand(*inputs.shape[:2], width) + inputs[..., :1]

        return answer

    secrets = drawn(game)
    transcript = game.play({"alice": player("alice", 6), "bob": player("bob", 1), "eve": player("eve", 1)}, secrets)
    assert torch.equal(seen["alice"][..., :3], secrets["values"][..., :3])
    assert not bool(seen["alice"][..., 3].any()) and torch.equal(seen["alice"][..., 4:], secrets["key"])
    sent = torch.cat([transcript["public"], transcript["ciphertext"]], -1)
    torch.testing.assert_close(seen["eve"].mean(1), torch.zeros(R, 6), atol=1e-5, rtol=0)
    torch.testing.assert_close(seen["eve"].std(1, unbiased=False), torch.ones(R, 6), atol=1e-3, rtol=0)
    together = torch.stack([seen["eve"], sent]).double()
    assert all(torch.corrcoef(together[:, 0, :, i])[0, 1] > 0.9999 for i in range(6))
    assert torch.equal(seen["bob"], torch.cat([sent, secrets["key"]], -1))


def test_moving_the_ciphertext_does_not_blind_eve() -> None:
    """What Eve sees does not change when an element is moved by 500 and made 100 times as small."""
    game = game_of()
    secrets = drawn(game)
    eve = torch.nn.Linear(6, 1)
    sent = torch.randn(R, B, 6, generator=torch.Generator().manual_seed(1))
    moved = sent * 0.01 + 500

    def answer(values: Tensor) -> Tensor:
        players = {"alice": lambda inputs: values, "eve": eve}
        return game.play(players, secrets)["eve"]

    torch.testing.assert_close(answer(sent), answer(moved), atol=0.02, rtol=0)
    assert not torch.allclose(eve(sent), eve(moved), atol=1.0)


def test_measures_by_hand() -> None:
    """Errors are of D for Bob and the public, of C for Eve; who answers 0 is exactly as good as blind."""
    game = game_of()
    secrets = drawn(game)
    c, d = (secrets["values"][..., place : place + 1] for place in (2, 3))
    found = game.measures({**secrets, "public": d + 1, "bob": d + 2, "eve": torch.zeros_like(c)})
    assert found["public_error"].allclose(torch.tensor(1.0)) and found["bob_error"].allclose(torch.tensor(4.0))
    assert torch.equal(found["eve_error"], c[..., 0] ** 2) and not bool(found["eve_gain"].any())
    knows = game.measures({**secrets, "public": d, "bob": d, "eve": c})
    assert knows["eve_gain"].mean().item() == pytest.approx(1, abs=0.05)


def test_a_known_solution_passes_and_leaks_nothing() -> None:
    """The projection off C in public and C with its sign under a key bit: Bob and D-public stand on their floors."""
    game = game_of()
    secrets = drawn(game)
    a, b, c, _ = secrets["values"].unbind(-1)
    key = secrets["key"][..., 0]
    best = 0.4 / 1.8 * (a + b + c)
    public = (best - 0.4 * c).unsqueeze(-1)
    bob = public + 0.4 * (c * key * key).unsqueeze(-1)  # what he makes of the ciphertext C times key bit
    means = {k: v.double().mean(-1) for k, v in game.measures({**secrets, "public": public, "bob": bob,
             "eve": torch.zeros_like(bob)}).items()}  # fmt: skip
    assert means["bob_error"].mean().item() == pytest.approx(bob_floor(RHO, 0.19), rel=0.03)
    assert means["public_error"].mean().item() == pytest.approx(public_floor(RHO, 0.19), rel=0.03)
    assert bool(game.passed(means).all())
    # Eve, whatever linear she tries on what is sent, knows nothing of C.
    sent = torch.stack([public[..., 0], c * key], -1).reshape(-1, 2).double()
    fit = torch.linalg.lstsq(sent, c.reshape(-1, 1).double()).solution
    left = (c.reshape(-1, 1).double() - sent @ fit).var()
    assert 1 - left / c.double().var() < 0.005


def test_alice_and_bobs_objective_weighs_what_was_asked_for() -> None:
    """w_B Bob + w_P public + w_S |cov(Eve, C)|, and the covariance counts whichever way Eve is right."""
    weights = {"bob_weight": 2.0, "public_weight": 3.0, "secrecy_weight": 5.0}
    game = game_of(**weights)
    secrets = drawn(game)
    c, d = (secrets["values"][..., place : place + 1] for place in (2, 3))
    for sign in (1, -1):
        value = game.coalitions["alice_bob"].objective({**secrets, "public": d + 1, "bob": d + 1, "eve": sign * c})
        torch.testing.assert_close(value, 2 + 3 + 5 * c[..., 0].var(-1, unbiased=False), atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("[[1, 0.9, 0.9, -0.9], [0.9, 1, 0.9, 0.9], [0.9, 0.9, 1, 0.9], [-0.9, 0.9, 0.9, 1]]", "not positive definite"),
        ("[[1, 0.4], [0.4, 1]]", "4 rows of 4 numbers"),
        ("[[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0.5], [0, 0, 0.4, 1]]", "symmetric"),
    ],
)
def test_impossible_correlations_are_refused(tmp_path: Path, rows: str, sentence: str) -> None:
    """A matrix that no four values can have is one sentence, with its place."""
    with pytest.raises(ConfigError, match=rf"-s game\.correlation=.*{sentence}"):
        config.load("experiments/quick.toml", overrides=["game.kind=selective", f"game.correlation={rows}"])


def test_what_belongs_to_other_games_is_refused() -> None:
    """A loss for bits in selective protection is told, with the games that have one."""
    with pytest.raises(ConfigError, match=r"train\.loss is of games of kind 'symmetric' and 'asymmetric'"):
        config.load("experiments/quick.toml", overrides=["game.kind=selective", "train.loss=per_bit"])


def test_small_minibatches_are_refused() -> None:
    """Eve standardises over the minibatch: of one or two examples nothing would be left."""
    for key in ("train.batch", "protocol.adversary_batch"):
        with pytest.raises(ConfigError, match=rf"'{key}' must be at least 32"):
            config.load("experiments/paper-fig4.toml", overrides=[f"{key}=31"])


def test_eve_can_be_shown_what_is_sent_as_it_is() -> None:
    """The ablation: without standardising, Eve sees the offsets."""
    game, seen = game_of(eve_sees="as_sent"), []
    sent = torch.randn(R, B, 6) + 500
    game.play({"alice": lambda inputs: sent, "eve": lambda inputs: seen.append(inputs) or inputs[..., :1]}, drawn(game))
    assert torch.equal(seen[0], sent)


def test_it_trains_and_meets_fresh_eves() -> None:
    """A short training lowers Bob's error, and the protocol quotes the fresh Eves' error and gain."""
    from adversarial_crypto.training import Protocol

    plan = small_plan(
        game={"kind": "selective"},
        train={
            "steps": 60,
            "batch": 64,
            "record_every": 30,
            "record_batch": 256,
            "learning_rate": 0.01,
            "stop": "steps",
        },
        protocol={"adversary_networks": ["own", "real_dense"], "adversary_batch": 64},
    )
    training = Training(plan, eager())
    first, *_, last = [beat.rows for beat in training.beats() if beat.rows]
    bob = [sum(row.means["bob_error"] for row in rows) for rows in (first, last)]
    assert bob[1] < bob[0]
    protocol = Protocol(plan, training)
    list(protocol.beats())
    reports = list(protocol.reports())
    assert [set(report.adversary) for report in reports] == [{"own", "real_dense"}] * 2
    assert all({"eve_error", "eve_gain"} <= set(report.adversary["own"]) for report in reports)


def test_a_linear_eve_reads_what_hides_behind_an_offset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An Alice who sends C times 0.01 beside 500 is read whole; one who sends nothing of C is not read at all."""
    from importlib import import_module

    from adversarial_crypto.lab.done import Done

    sent = import_module("adversarial_crypto.lab.sent")
    result = lab.run("paper-fig4", profile="smoke", overrides=["protocol.adversaries=0"], out=tmp_path / "run")
    done = Done({}, config.load(result.run_dir / "config.toml"), result)

    def alice(inputs: Tensor) -> Tensor:
        c, noise = inputs[..., 2:3], torch.sin(1000 * inputs[..., :1])
        told = torch.cat([500 + 0.01 * c[:1], noise[1:]])  # the first replica tells, the second does not
        return told.expand(-1, -1, 6)

    monkeypatch.setattr(sent, "trained_players", lambda *given: ({"alice": alice}, (0, 1)))
    found = sent.linear_eve(done).set_index("replica")
    assert found.loc[0, "gain"] == pytest.approx(1, abs=0.05)
    assert found.loc[1, "gain_low"] < 0.001 and abs(found.loc[1, "gain"]) < 0.005
