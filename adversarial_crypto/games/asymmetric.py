"""The asymmetric game of appendix A: a key generator makes a public key, which Alice, Bob and Eve receive."""

from __future__ import annotations

from adversarial_crypto import config
from adversarial_crypto.config import AsymmetricGame, Run
from adversarial_crypto.games.contract import Game, Players, PlayerSpec, Secrets, Transcript
from adversarial_crypto.games.message import message_game
from adversarial_crypto.numerics.layers import beside
from adversarial_crypto.numerics.philox import Address, Stream, bits


def game(run: Run) -> Game:
    """The asymmetric game at the sizes, losses, schedule, thresholds and ablations of a configuration.

    The public key is as wide as the secret key, real-valued in (-1, 1). Alice sees message and public key, Bob
    ciphertext and secret key, Eve ciphertext and public key.
    """
    settings, networks = run.game, config.players(run)
    assert isinstance(settings, AsymmetricGame)
    message_bits, key_bits = settings.message_bits, settings.key_bits
    widths = {Stream.MESSAGE: message_bits, Stream.KEY: key_bits}
    if settings.bob_key == "random":
        widths[Stream.OTHER_KEY] = key_bits

    def draw(address: Address, batch: int) -> Secrets:
        drawn = bits(address, widths, batch)
        bobs = Stream.OTHER_KEY if settings.bob_key == "random" else Stream.KEY
        return {"message": drawn[Stream.MESSAGE], "secret_key": drawn[Stream.KEY], "bobs_key": drawn[bobs]}

    def play(players: Players, secrets: Secrets) -> Transcript:
        public_key = players["key_generator"](secrets["secret_key"])  # (R, B, K)
        ciphertext = players["alice"](beside(secrets["message"], public_key))  # (R, B, N)
        transcript = {**secrets, "public_key": public_key, "ciphertext": ciphertext}
        if "bob" in players:
            transcript["bob"] = players["bob"](beside(ciphertext, secrets["bobs_key"]))
        if "eve" in players:
            seen = beside(ciphertext, public_key) if settings.eve_sees_public_key else ciphertext
            transcript["eve"] = players["eve"](seen)
        return transcript

    eve_width = message_bits + (key_bits if settings.eve_sees_public_key else 0)
    players = {
        "key_generator": PlayerSpec(key_bits, key_bits, networks["key_generator"]),
        "alice": PlayerSpec(message_bits + key_bits, message_bits, networks["alice"]),
        "bob": PlayerSpec(message_bits + key_bits, message_bits, networks["bob"]),
        "eve": PlayerSpec(eve_width, message_bits, networks["eve"]),
    }
    return message_game(run, players, draw, play)
