"""Neural controls: players of the paper's kind that were trained for something else than secrecy, or for nothing."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import torch
from torch import Tensor

from adversarial_crypto.ciphers import Cipher, from_players
from adversarial_crypto.config import ConfigError
from adversarial_crypto.formulas.measures import bits_wrong
from adversarial_crypto.games import Coalition, Game, Secrets, Transcript
from adversarial_crypto.lab.run import load
from adversarial_crypto.numerics.philox import Address
from adversarial_crypto.training import Engine, Machine, prepare
from adversarial_crypto.training.loop import Loop, State

# Name -> what it is: Alice on her initial weights; trained with Bob and without an Eve; the same with a key of all -1.
CONTROLS = {
    "untrained": "Alice and Bob of the paper's kind on their initial weights",
    "no_eve": "Alice and Bob trained without Eve",
    "no_key": "Alice and Bob trained without Eve, the key all zeros",
}
REPLICAS, STEPS, BATCH, RATE = 2, 2_000, 512, 0.002


def neural_cipher(name: str, message_bits: int) -> tuple[Cipher, dict[str, Any]]:
    """A neural control, and all that decides its ciphertexts.

    Raises:
        ConfigError: no such control.
    """
    if name not in CONTROLS:
        raise ConfigError(f"no neural control is named {name[:100]!r}; there are {', '.join(CONTROLS)}")
    what = {"neural": name, "message_bits": message_bits, "replicas": REPLICAS, "steps": STEPS, "batch": BATCH}
    return _cipher(name, message_bits), what


@cache
def _cipher(name: str, message_bits: int) -> Cipher:
    """The players of both replicas, trained eagerly on one thread: the same on every machine of one kind."""
    sizes = [f"game.message_bits={message_bits}", f"game.key_bits={message_bits}", f"replicas.count={REPLICAS}"]
    plan = prepare(load("quick", sizes))
    chunk = plan.chunks[0]
    layout, weights = plan.coalition("alice_bob", chunk.seeds)
    if name != "untrained":
        threads = torch.get_num_threads()
        engine = Engine("eager", Machine(threads=1))
        game = _game(plan.game, without_key=name == "no_key")
        loop = Loop(game, {"alice_bob": layout}, ("alice_bob",), BATCH, BATCH, engine)
        nobody = torch.zeros_like(chunk.seeds[:, 0])
        rates = torch.full((REPLICAS,), RATE)
        state = State.start({"alice_bob": weights}, ("alice_bob",), chunk.seeds, nobody, rates)
        loop.stepper(state)(STEPS)
        weights = state.weights["alice_bob"]
        torch.set_num_threads(threads)
    return from_players(layout.settled(weights), message_bits, message_bits, REPLICAS)


def _game(game: Game, without_key: bool) -> Game:
    """The symmetric game with Bob's error alone, and perhaps a key that says nothing."""

    def objective(transcript: Transcript) -> Tensor:
        return bits_wrong(transcript["bob"], transcript["message"]).mean(-1)

    def draw(address: Address, batch: int) -> Secrets:
        drawn = dict(game.draw(address, batch))
        return {**drawn, "key": -torch.ones_like(drawn["key"])} if without_key else drawn

    return replace(
        game,
        coalitions={"alice_bob": Coalition(("alice", "bob"), (), 1, objective)},
        adversary=None,
        draw=draw,
        measured=("bob_bits_wrong",),
        measures=lambda transcript: {"bob_bits_wrong": bits_wrong(transcript["bob"], transcript["message"])},
    )
