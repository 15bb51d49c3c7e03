"""Generative adversarial training on the line: the loop's known answer (PAPER section 7).

A generator turns noise into numbers, a discriminator says of a number how likely it is to be data. Against fixed
densities the best discriminator is p_data / (p_data + p_g), exactly; against the best generator it is one half.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from adversarial_crypto import config
from adversarial_crypto.config import GanGame, Run
from adversarial_crypto.formulas.measures import energy_terms
from adversarial_crypto.formulas.mixtures import best_discriminator, grid, sample, seen
from adversarial_crypto.games.contract import Coalition, Game, Players, PlayerSpec, Secrets, Transcript, Watched
from adversarial_crypto.numerics.philox import Address, Stream, normals, uniforms

GRID = 256  # points on which the discriminator is held against the exact one
MEASURED = ("discriminator_loss", "discriminator_gap")
DISTANCE = "generator_distance"  # of a trained generator
STEP = 0.01  # over which a slope is taken
BLIND_LOSS = 0.6931471805599453  # log 2, of a discriminator that always says one half

WATCHED = (
    Watched("gap", MEASURED[1], "in largest distance from the exact discriminator", 0.5, 4, guessed=False),
    Watched("loss", MEASURED[0], "nats", BLIND_LOSS, 4),
    Watched("generator", DISTANCE, "in energy distance from the data", 0.5, 4, guessed=False),
)


def game(run: Run) -> Game:
    """The game with the densities, schedule and threshold of a configuration."""
    settings, networks, turns = run.game, config.players(run), run.turns
    assert isinstance(settings, GanGame)
    trained, gap_max = settings.generator == "trained", run.limit("density_gap_max")
    distance_max = run.limit("energy_distance_max")
    penalty = settings.gradient_penalty
    generated = settings.data if trained else settings.generated  # what the exact discriminator stands against

    def play(players: Players, secrets: Secrets) -> Transcript:
        """Real and generated numbers (R, B, 1), and the discriminator's logits of them and on the grid (R, GRID, 1)."""
        real, noise = secrets["real"], secrets["noise"]
        false = players["generator"](noise) if trained else noise
        transcript = {**secrets, "generated": false}
        if "discriminator" in players:
            judge = players["discriminator"]
            points = grid([settings.data, generated], GRID, real.device).reshape(1, GRID, 1)
            transcript |= {"real_logit": judge(real), "generated_logit": judge(false)}
            transcript["grid_logit"] = judge(points.expand(len(real), -1, -1))
            if trained:
                transcript["real_slope"] = (judge(real + STEP) - judge(real - STEP)) / (2 * STEP)
        return transcript

    def measures(transcript: Transcript) -> dict[str, Tensor]:
        logit = transcript["grid_logit"][..., 0]  # (R, GRID)
        points = grid([settings.data, generated], GRID, logit.device)
        off = (torch.sigmoid(logit) - best_discriminator(settings.data, generated, points)).abs()
        gap = torch.where(seen(settings.data, generated, points), off, 0.0).amax(-1, keepdim=True)
        # The gap is one number of the replica, not a mean over examples: every example carries it.
        loss = _loss(transcript)
        found = dict(zip(MEASURED, (loss, gap.expand_as(loss)), strict=True))
        if trained:
            found[DISTANCE] = energy_terms(transcript["real"][..., 0], transcript["generated"][..., 0])
        return found

    def discriminator_objective(transcript: Transcript) -> Tensor:
        loss = _loss(transcript).mean(-1)
        return loss + penalty * (transcript["real_slope"] ** 2).mean((-2, -1)) / 2 if trained else loss

    def passed(means: Mapping[str, Tensor]) -> Tensor:
        # An untrained discriminator says one half everywhere too, so the generator's numbers are looked at themselves.
        like = means[DISTANCE] <= distance_max if trained else torch.ones_like(means[MEASURED[1]], dtype=torch.bool)
        return (means["discriminator_gap"] <= gap_max) & like

    like_data = f", and numbers within {distance_max:g} of the data in energy distance" if trained else ""
    seats = {"discriminator": PlayerSpec(1, 1, networks["discriminator"])}
    coalitions = {
        "discriminator": Coalition(
            ("discriminator",),
            ("generator",) if trained else (),
            turns["discriminator"],
            discriminator_objective,
            # A fresh discriminator looks as closely as she can.
            fresh_objective=(lambda transcript: _loss(transcript).mean(-1)) if trained else None,
        )
    }
    if trained:
        seats = {"generator": PlayerSpec(1, 1, networks["generator"]), **seats}
        fooled = Coalition(("generator",), ("discriminator",), turns["generator"], _generator_objective)
        coalitions = {"generator": fooled, **coalitions}
    return Game(
        players=seats,
        coalitions=coalitions,
        adversary="discriminator",
        tested=MEASURED,
        draw=_draw(settings, trained),
        play=play,
        measured=(*MEASURED, DISTANCE) if trained else MEASURED,
        measures=measures,
        passed=passed,
        rule=f"a discriminator nowhere more than {gap_max:g} from the exact one{like_data}",
        robust=lambda means: means["fresh_discriminator_gap"] <= gap_max,
        robust_rule=f"that discriminator nowhere more than {gap_max:g} from the exact one",
        watched=WATCHED if trained else WATCHED[:2],
    )


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
