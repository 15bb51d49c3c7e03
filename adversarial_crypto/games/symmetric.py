"""The symmetric game of section 2: Alice and Bob share a key, Eve sees the ciphertext alone."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from adversarial_crypto.config import Run
from adversarial_crypto.formulas.losses import ALICE_BOB_LOSSES, eve_loss
from adversarial_crypto.formulas.measures import bits_flipped, bits_wrong
from adversarial_crypto.games.contract import Coalition, Game, Players, PlayerSpec, Secrets, Transcript
from adversarial_crypto.numerics.philox import Address, Stream, bits

MEASURED = ("bob_bits_wrong", "bob_bits_flipped", "eve_bits_wrong", "eve_bits_flipped")


def beside(*parts: Tensor) -> Tensor:
    """Words side by side, (R, B, a) and (R, B, b) -> (R, B, a + b), with the batch axis left innermost in memory."""
    return torch.cat([part.transpose(1, 2) for part in parts], 1).transpose(1, 2)


def play(players: Players, secrets: Secrets) -> Transcript:
    """One exchange. Alice sees message and key, Bob ciphertext and key, Eve the ciphertext.

    Args:
        players: any of alice, bob, eve; Alice always.
        secrets: message (R, B, N), key (R, B, K).
    Returns:
        message, key, ciphertext (R, B, N) and, of who plays, bob and eve: their estimates (R, B, N).
    """
    message, key = secrets["message"], secrets["key"]
    ciphertext = players["alice"](beside(message, key))
    transcript = {"message": message, "key": key, "ciphertext": ciphertext}
    if "bob" in players:
        transcript["bob"] = players["bob"](beside(ciphertext, key))
    if "eve" in players:
        transcript["eve"] = players["eve"](ciphertext)
    return transcript


def measures(transcript: Transcript) -> dict[str, Tensor]:
    """Bits wrong and flipped of Bob and Eve, (R, B) each, in the order of `MEASURED`."""
    message, bob, eve = transcript["message"], transcript["bob"], transcript["eve"]
    return {
        "bob_bits_wrong": bits_wrong(bob, message),
        "bob_bits_flipped": bits_flipped(bob, message),
        "eve_bits_wrong": bits_wrong(eve, message),
        "eve_bits_flipped": bits_flipped(eve, message),
    }


def game(run: Run) -> Game:
    """The symmetric game at the sizes, losses, schedule and thresholds of a configuration."""
    message_bits, key_bits = run.game.message_bits, run.game.key_bits
    networks, protocol, updates = run.networks, run.protocol, run.train.updates
    alice_bob = ALICE_BOB_LOSSES[run.train.loss]

    def draw(address: Address, batch: int) -> Secrets:
        drawn = bits(address, {Stream.MESSAGE: message_bits, Stream.KEY: key_bits}, batch)
        return {"message": drawn[Stream.MESSAGE], "key": drawn[Stream.KEY]}

    def alice_bob_objective(transcript: Transcript) -> Tensor:
        message = transcript["message"]
        return alice_bob(bits_wrong(transcript["bob"], message), bits_wrong(transcript["eve"], message), message_bits)

    def eve_objective(transcript: Transcript) -> Tensor:
        return eve_loss(bits_wrong(transcript["eve"], transcript["message"]))

    def passed(means: Mapping[str, Tensor]) -> Tensor:
        bob, eve = means["bob_bits_wrong"], means["eve_bits_wrong"]
        return (bob <= protocol.bob_bits_max) & (eve >= protocol.eve_error_min)

    return Game(
        players={
            "alice": PlayerSpec(message_bits + key_bits, message_bits, networks.alice),
            "bob": PlayerSpec(message_bits + key_bits, message_bits, networks.bob),
            "eve": PlayerSpec(message_bits, message_bits, networks.eve),
        },
        coalitions={
            "alice_bob": Coalition(("alice", "bob"), ("eve",), updates.alice_bob, alice_bob_objective),
            "eve": Coalition(("eve",), ("alice",), updates.eve, eve_objective),
        },
        adversary="eve",
        draw=draw,
        play=play,
        measured=MEASURED,
        measures=measures,
        passed=passed,
    )
