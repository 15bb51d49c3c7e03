"""Floor 2: games. A game is data: who plays, who sees what, who wants what, and who is the adversary.

An open family: a function `game(run) -> Game` in a file, and a line in `GAMES`, by the `kind` of its configuration.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from adversarial_crypto.config import Run
from adversarial_crypto.games import asymmetric, gan, selective, symmetric
from adversarial_crypto.games.contract import Coalition, Game, Player, Players, PlayerSpec, Secrets, Transcript, Watched

GAMES: Mapping[str, Callable[[Run], Game]] = {
    "symmetric": symmetric.game,
    "asymmetric": asymmetric.game,
    "selective": selective.game,
    "gan": gan.game,
}

__all__ = ["GAMES", "Coalition", "Game", "Player", "PlayerSpec", "Players", "Secrets", "Transcript", "Watched"]
