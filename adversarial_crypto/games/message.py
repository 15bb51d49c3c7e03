"""What the games about a message of bits have in common: who is on which side, what each wants, and the measures."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor

from adversarial_crypto.config import MessageGame, Run
from adversarial_crypto.formulas.losses import ALICE_BOB_LOSSES, eve_loss
from adversarial_crypto.formulas.measures import bits_flipped, bits_wrong
from adversarial_crypto.games.contract import Coalition, Game, Players, PlayerSpec, Secrets, Transcript, Watched
from adversarial_crypto.numerics.philox import Address

MEASURED = ("bob_bits_wrong", "bob_bits_flipped", "eve_bits_wrong", "eve_bits_flipped")


def measures(transcript: Transcript) -> dict[str, Tensor]:
    """Bits wrong and flipped of Bob and Eve, (R, B) each, in the order of `MEASURED`."""
    message, bob, eve = transcript["message"], transcript["bob"], transcript["eve"]
    return {
        "bob_bits_wrong": bits_wrong(bob, message),
        "bob_bits_flipped": bits_flipped(bob, message),
        "eve_bits_wrong": bits_wrong(eve, message),
        "eve_bits_flipped": bits_flipped(eve, message),
    }


def message_game(
    run: Run,
    players: Mapping[str, PlayerSpec],
    draw: Callable[[Address, int], Secrets],
    play: Callable[[Players, Secrets], Transcript],
) -> Game:
    """A game in which Eve reads a message that all the others want to keep from her.

    Args:
        players: eve among them; everybody else is on Alice and Bob's side.
        draw, play: as the contract has them; the transcript holds message, bob and eve, (R, B, N) each.
    """
    assert isinstance(run.game, MessageGame)
    bits, turns = run.game.message_bits, run.turns
    alice_bob = ALICE_BOB_LOSSES[run.train.loss or "per_bit"]
    bob_max, eve_min, robust_min = (run.limit(name) for name in ("bob_bits_max", "eve_error_min", "robust_error_min"))

    def alice_bob_objective(transcript: Transcript) -> Tensor:
        message = transcript["message"]
        bob, eve = (bits_wrong(transcript[player], message) for player in ("bob", "eve"))
        return alice_bob(bob, eve, bits)

    def eve_objective(transcript: Transcript) -> Tensor:
        return eve_loss(bits_wrong(transcript["eve"], transcript["message"]))

    def passed(means: Mapping[str, Tensor]) -> Tensor:
        bob, eve = means["bob_bits_wrong"], means["eve_bits_wrong"]
        return (bob <= bob_max) & (eve >= eve_min)

    def robust(means: Mapping[str, float]) -> bool:
        return means["bob_bits_wrong"] <= bob_max and means["fresh_eve_bits_wrong"] >= robust_min

    side = tuple(name for name in players if name != "eve")
    needed = tuple(name for name in side if name != "bob")
    return Game(
        players=players,
        coalitions={
            "alice_bob": Coalition(side, ("eve",), turns["alice_bob"], alice_bob_objective),
            "eve": Coalition(("eve",), needed, turns["eve"], eve_objective),
        },
        adversary="eve",
        tested=("eve_bits_wrong", "eve_bits_flipped"),
        draw=draw,
        play=play,
        measured=MEASURED,
        measures=measures,
        passed=passed,
        rule=f"Bob at most {bob_max:g} and Eve at least {eve_min:g} of {bits} bits wrong",
        robust=robust,
        robust_rule=f"Bob within his limit and that Eve at least {robust_min:g} bits wrong",
        watched=(
            Watched("Bob", "bob_bits_wrong", f"bits wrong of {bits}", bits / 2),
            Watched("Eve", "eve_bits_wrong", f"bits wrong of {bits}", bits / 2),
        ),
        plateau="in the paper's Figure 2 (N = 16, batch 4096) Bob leaves it after 7,000 steps",
    )
