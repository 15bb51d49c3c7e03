"""The symmetric game of section 2: Alice and Bob share a key, Eve sees the ciphertext alone."""

from __future__ import annotations

from adversarial_crypto import config
from adversarial_crypto.config import Run, SymmetricGame
from adversarial_crypto.games.contract import Game, Players, PlayerSpec, Secrets, Transcript
from adversarial_crypto.games.message import message_game
from adversarial_crypto.numerics.layers import beside
from adversarial_crypto.numerics.philox import Address, Stream, bits


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


def game(run: Run) -> Game:
    """The symmetric game at the sizes, losses, schedule and thresholds of a configuration."""
    assert isinstance(run.game, SymmetricGame)
    message_bits, key_bits, networks = run.game.message_bits, run.game.key_bits, config.players(run)

    def draw(address: Address, batch: int) -> Secrets:
        drawn = bits(address, {Stream.MESSAGE: message_bits, Stream.KEY: key_bits}, batch)
        return {"message": drawn[Stream.MESSAGE], "key": drawn[Stream.KEY]}

    players = {
        "alice": PlayerSpec(message_bits + key_bits, message_bits, networks["alice"]),
        "bob": PlayerSpec(message_bits + key_bits, message_bits, networks["bob"]),
        "eve": PlayerSpec(message_bits, message_bits, networks["eve"]),
    }
    return message_game(run, players, draw, play)
