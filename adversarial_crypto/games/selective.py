"""Selective protection (section 3): Alice publishes a value that tells of D and hides C, and sends Bob the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

from adversarial_crypto import config
from adversarial_crypto.config import Run, SelectiveGame
from adversarial_crypto.formulas.gaussian import C, D, bob_floor, cholesky, public_floor
from adversarial_crypto.formulas.measures import covariance, squared_error, standardised
from adversarial_crypto.games.contract import Coalition, Game, Players, PlayerSpec, Secrets, Transcript, Watched
from adversarial_crypto.numerics.layers import beside
from adversarial_crypto.numerics.philox import Address, Stream, bits, normals

MEASURED = ("bob_error", "public_error", "eve_error", "eve_gain")


def play(players: Players, secrets: Secrets, standardise: bool = True) -> Transcript:
    """One exchange. Alice sees A, B, C and the key; Bob the key and all that she sends; Eve what is public.

    Eve sees it standardised, as anybody may who has watched for a while. Else Alice and Bob move the ciphertext's mean
    by hundreds, Eve's sigmoids saturate, and what looks like secrecy is read by a linear regression (docs/log.md). A
    few messages far from all others still hide the rest from her, but not from the linear Eve of `reproduce fig4`.

    Args:
        players: any of alice, bob, eve; Alice always.
        secrets: values (R, B, 4), key (R, B, K).
    Returns:
        values, key, public (R, B, 1), ciphertext (R, B, 5), and of who plays bob, an estimate of D, and eve, one of C,
        (R, B, 1) each. Where the paper counts four values for Alice, the fourth is a constant 0 and never D.
    """
    values, key = secrets["values"], secrets["key"]
    known = beside(values[..., :3], torch.zeros_like(values[..., :1]))
    sent = players["alice"](beside(known, key))  # (R, B, 6)
    public, ciphertext = sent[..., :1], sent[..., 1:]
    transcript = {"values": values, "key": key, "public": public, "ciphertext": ciphertext}
    if "bob" in players:
        transcript["bob"] = players["bob"](beside(sent, key))
    if "eve" in players:
        transcript["eve"] = players["eve"](standardised(sent) if standardise else sent)
    return transcript


def game(run: Run) -> Game:
    """Selective protection with the correlations, weights, schedule and thresholds of a configuration."""
    settings, networks, turns = run.game, config.players(run), run.turns
    assert isinstance(settings, SelectiveGame)
    bob_max = run.limit("floor_ratio_max") * bob_floor(settings.correlation, settings.variance)
    public_max = run.limit("floor_ratio_max") * public_floor(settings.correlation, settings.variance)
    gain_max = run.limit("eve_gain_max")

    def objective(transcript: Transcript) -> Tensor:
        errors = _error(transcript, "bob"), _error(transcript, "public")
        told = covariance(transcript["eve"][..., 0], transcript["values"][..., C]).abs()
        useful = settings.bob_weight * errors[0].mean(-1) + settings.public_weight * errors[1].mean(-1)
        return useful + settings.secrecy_weight * told

    def measures(transcript: Transcript) -> dict[str, Tensor]:
        bob, public, eve = (_error(transcript, who) for who in ("bob", "public", "eve"))
        # Blind Eve knows the distribution of C alone, and so answers its mean, 0.
        blind = squared_error(torch.zeros_like(transcript["eve"]), _column(transcript, C))
        return dict(zip(MEASURED, (bob, public, eve, (blind - eve) / settings.variance), strict=True))

    def within(means: Mapping[str, Any], eve: str) -> Any:
        tells = (means["bob_error"] <= bob_max) & (means["public_error"] <= public_max)
        return tells & (means[eve] <= gain_max)

    sent = 1 + settings.ciphertext_width
    limits = f"squared errors at most {bob_max:.4g} (Bob's of D) and {public_max:.4g} (D-public)"
    return Game(
        players={
            "alice": PlayerSpec(4 + settings.key_bits, sent, networks["alice"]),
            "bob": PlayerSpec(sent + settings.key_bits, 1, networks["bob"]),
            "eve": PlayerSpec(sent, 1, networks["eve"]),
        },
        coalitions={
            "alice_bob": Coalition(("alice", "bob"), ("eve",), turns["alice_bob"], objective),
            "eve": Coalition(("eve",), ("alice",), turns["eve"], lambda t: _error(t, "eve").mean(-1)),
        },
        adversary="eve",
        tested=("eve_error", "eve_gain"),
        draw=_draw(settings),
        play=partial(play, standardise=settings.eve_sees == "standardised"),
        measured=MEASURED,
        measures=measures,
        passed=partial(within, eve="eve_gain"),
        rule=f"{limits}, and an Eve at most {100 * gain_max:g} % better than blind at C",
        robust=partial(within, eve="fresh_eve_gain"),
        robust_rule=f"the errors within their limits, and that Eve at most {100 * gain_max:g} % better than blind",
        watched=(
            Watched("Bob", "bob_error", "in squared error of D", settings.variance, 4),
            Watched("D-public", "public_error", "in squared error of D", settings.variance, 4),
            Watched("Eve", "eve_error", "in squared error of C", settings.variance, 4),
        ),
    )


def _error(transcript: Transcript, who: str) -> Tensor:
    """The squared error (R, B) of one estimate: Bob's and the public one of D, Eve's of C."""
    return squared_error(transcript[who], _column(transcript, C if who == "eve" else D))


def _column(transcript: Transcript, place: int) -> Tensor:
    return transcript["values"][..., place : place + 1]


def _draw(settings: SelectiveGame) -> Callable[[Address, int], Secrets]:
    deviation = settings.variance**0.5
    mixing = [[deviation * float(entry) for entry in row] for row in cholesky(settings.correlation)]

    def draw(address: Address, batch: int) -> Secrets:
        independent = normals(address, Stream.VALUES, 4 * batch).reshape(-1, 4, batch).unbind(1)
        values = [sum(weight * independent[j] for j, weight in enumerate(row[: i + 1])) for i, row in enumerate(mixing)]
        key = bits(address, {Stream.KEY: settings.key_bits}, batch)[Stream.KEY]
        return {"values": torch.stack(values, 1).transpose(1, 2), "key": key}

    return draw
