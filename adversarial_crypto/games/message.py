"""What the games about a message of bits have in common: who is on which side, what each wants, and the measures."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor

from adversarial_crypto.config import Run
from adversarial_crypto.formulas.losses import ALICE_BOB_LOSSES, eve_loss
from adversarial_crypto.formulas.measures import bits_flipped, bits_wrong
from adversarial_crypto.games.contract import Coalition, Game, Players, PlayerSpec, Secrets, Transcript
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
    protocol, updates = run.protocol, run.train.updates
    alice_bob = ALICE_BOB_LOSSES[run.train.loss]

    def alice_bob_objective(transcript: Transcript) -> Tensor:
        message = transcript["message"]
        bob, eve = (bits_wrong(transcript[player], message) for player in ("bob", "eve"))
        return alice_bob(bob, eve, run.game.message_bits)

    def eve_objective(transcript: Transcript) -> Tensor:
        return eve_loss(bits_wrong(transcript["eve"], transcript["message"]))

    def passed(means: Mapping[str, Tensor]) -> Tensor:
        bob, eve = means["bob_bits_wrong"], means["eve_bits_wrong"]
        return (bob <= protocol.bob_bits_max) & (eve >= protocol.eve_error_min)

    side = tuple(name for name in players if name != "eve")
    needed = tuple(name for name in side if name != "bob")
    return Game(
        players=players,
        coalitions={
            "alice_bob": Coalition(side, ("eve",), updates.alice_bob, alice_bob_objective),
            "eve": Coalition(("eve",), needed, updates.eve, eve_objective),
        },
        adversary="eve",
        draw=draw,
        play=play,
        measured=MEASURED,
        measures=measures,
        passed=passed,
    )
