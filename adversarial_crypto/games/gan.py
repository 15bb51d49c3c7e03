"""Generative adversarial training on the line: the loop's known answer (PAPER section 7).

A generator turns noise into numbers, a discriminator says of a number how likely it is to be data. Against fixed
densities the best discriminator is p_data / (p_data + p_g), exactly; against the best generator it is one half.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from adversarial_crypto import config
from adversarial_crypto.config import GanGame, Run
from adversarial_crypto.formulas.mixtures import best_discriminator, grid, sample, seen
from adversarial_crypto.formulas.pushed import best_against_map, nodes
from adversarial_crypto.games.contract import Coalition, Game, Players, PlayerSpec, Secrets, Transcript, Watched
from adversarial_crypto.numerics.philox import Address, Stream, normals, uniforms

GRID = 256  # points on which the discriminator is held against the exact one
MEASURED = ("discriminator_loss", "discriminator_gap")
GENERATOR_GAP = "generator_gap"  # of a trained generator
STEP = 0.01  # over which a slope is taken
BLIND_LOSS = 0.6931471805599453  # log 2, of a discriminator that always says one half

WATCHED = (
    Watched("gap", MEASURED[1], "in largest distance from the exact discriminator", 0.5, 4, guessed=False),
    Watched("loss", MEASURED[0], "nats", BLIND_LOSS, 4),
    Watched(
        "generator", GENERATOR_GAP, "in the exact discriminator's largest distance from one half", 0.5, 4, guessed=False
    ),
)


def game(run: Run) -> Game:
    """The game with the densities, schedule and threshold of a configuration."""
    settings, networks = run.game, config.players(run)
    assert isinstance(settings, GanGame)
    trained, gap_max = settings.generator == "trained", run.limit("density_gap_max")
    generator_max = run.limit("generator_gap_max")

    def passed(means: Mapping[str, Tensor]) -> Tensor:
        near = means["discriminator_gap"] <= gap_max
        # An untrained discriminator says one half everywhere too, so the generator's density is looked at itself.
        return near & (means[GENERATOR_GAP] <= generator_max) if trained else near

    players = ("generator", "discriminator") if trained else ("discriminator",)
    like_data = f", and a generator that leaves the exact one within {generator_max:g} of one half" if trained else ""
    return Game(
        players={name: PlayerSpec(1, 1, networks[name]) for name in players},
        coalitions=_coalitions(settings, run.turns),
        adversary="discriminator",
        tested=MEASURED,
        draw=_draw(settings, trained),
        play=partial(play, settings),
        measured=(*MEASURED, GENERATOR_GAP) if trained else MEASURED,
        measures=partial(measures, settings),
        passed=passed,
        rule=f"a discriminator nowhere more than {gap_max:g} from the exact one{like_data}",
        robust=lambda means: means["fresh_discriminator_gap"] <= gap_max,
        robust_rule=f"that discriminator nowhere more than {gap_max:g} from the exact one",
        watched=WATCHED if trained else WATCHED[:2],
    )


def play(settings: GanGame, players: Players, secrets: Secrets) -> Transcript:
    """Real and generated numbers (R, B, 1), and the discriminator's logits of them and on the grid (R, GRID, 1)."""
    real, noise = secrets["real"], secrets["noise"]
    trained = settings.generator == "trained"
    false = players["generator"](noise) if trained else noise
    transcript = {**secrets, "generated": false}
    if "discriminator" in players:
        judge = players["discriminator"]
        points = grid([settings.data, settings.at_the_end], GRID, real.device).reshape(1, GRID, 1)
        transcript |= {"real_logit": judge(real), "generated_logit": judge(false)}
        transcript["grid_logit"] = judge(points.expand(len(real), -1, -1))
        if trained:
            transcript["real_slope"] = (judge(real + STEP) - judge(real - STEP)) / (2 * STEP)
    if trained:
        at = nodes(real.device).reshape(1, -1, 1)
        transcript["generated_nodes"] = players["generator"](at.expand(len(real), -1, -1))
    return transcript


def measures(settings: GanGame, transcript: Transcript) -> dict[str, Tensor]:
    """Loss and gap of the discriminator and, of a trained generator, the exact discriminator's gap, (R, B) each.

    A gap is one number of the replica, not a mean over examples: every example carries it.
    """
    logit, densities = transcript["grid_logit"][..., 0], (settings.data, settings.at_the_end)  # (R, GRID)
    points = grid(densities, GRID, logit.device)
    off = (torch.sigmoid(logit) - best_discriminator(*densities, points)).abs()
    gap = torch.where(seen(*densities, points), off, 0.0).amax(-1, keepdim=True)
    loss = _loss(transcript)
    found = dict(zip(MEASURED, (loss, gap.expand_as(loss)), strict=True))
    if settings.generator == "trained":
        exact, there = best_against_map(settings.data, points, transcript["generated_nodes"][..., 0])
        off = torch.where(there, (exact - 0.5).abs(), 0.0).amax(-1, keepdim=True)
        found[GENERATOR_GAP] = off.to(loss.dtype).expand_as(loss)
    return found


def _coalitions(settings: GanGame, turns: Mapping[str, int]) -> dict[str, Coalition]:
    """The generator, where it is trained, before the discriminator."""

    def plainly(transcript: Transcript) -> Tensor:
        return _loss(transcript).mean(-1)

    def penalised(transcript: Transcript) -> Tensor:
        slope = (transcript["real_slope"] ** 2).mean((-2, -1))
        return plainly(transcript) + settings.gradient_penalty * slope / 2

    name = "discriminator"
    if settings.generator == "fixed":
        return {name: Coalition((name,), (), turns[name], plainly)}
    return {
        "generator": Coalition(("generator",), (name,), turns["generator"], _generator_objective),
        # A fresh discriminator looks as closely as she can.
        name: Coalition((name,), ("generator",), turns[name], penalised, fresh_objective=plainly),
    }


def _loss(transcript: Transcript) -> Tensor:
    """-(log D(real) + log(1 - D(generated))) / 2 of each example, (R, B) nats (Goodfellow and others 2014)."""
    return (F.softplus(-transcript["real_logit"]) + F.softplus(transcript["generated_logit"]))[..., 0] / 2


def _generator_objective(transcript: Transcript) -> Tensor:
    """-log D(generated), (R,): the gradient that does not vanish where the discriminator is sure (the same paper)."""
    return F.softplus(-transcript["generated_logit"])[..., 0].mean(-1)


def _draw(settings: GanGame, trained: bool) -> Callable[[Address, int], Secrets]:
    def draw(address: Address, batch: int) -> Secrets:
        drawn = normals(address, Stream.VALUES, 2 * batch).reshape(-1, 2, batch)
        chosen = uniforms(address, Stream.CHOICE, 2 * batch).reshape(-1, 2, batch)
        real = sample(settings.data, drawn[:, 0], chosen[:, 0])
        noise = drawn[:, 1] if trained else sample(settings.generated, drawn[:, 1], chosen[:, 1])
        return {"real": real.unsqueeze(-1), "noise": noise.unsqueeze(-1)}

    return draw
