"""What the best linear Eve makes of what is sent in selective protection: exact, where a trained one may be fooled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from adversarial_crypto.config import SelectiveGame
from adversarial_crypto.formulas.gaussian import C
from adversarial_crypto.games import GAMES
from adversarial_crypto.lab.done import Done
from adversarial_crypto.lab.tables import interval
from adversarial_crypto.lab.trained import trained_players
from adversarial_crypto.numerics.philox import Address, Occasion

if TYPE_CHECKING:
    import pandas as pd

TUPLES = 2**16  # half to fit on, half to quote on


@torch.no_grad()
def linear_eve(done: Done) -> pd.DataFrame:
    """A row a replica in the columns of protocol.csv that figure 4 takes: replica, network ("linear"), best, gain.

    The estimate of C with the least squared error on one half of fresh draws, quoted on the other half with its 95 %
    interval, in the unit of `eve_gain`: the share by which it is better than blind.
    """
    import pandas as pd

    run = done.run
    assert isinstance(run.game, SelectiveGame)
    players, numbers = trained_players(done.result.run_dir, "alice_bob", "all")
    game = GAMES["selective"](run)
    seeds = torch.tensor([[run.replicas.seed, number] for number in numbers])
    transcript = game.play({"alice": players["alice"]}, game.draw(Address(seeds, 0, 0, Occasion.ATTACK), TUPLES))
    sent = torch.cat([transcript["public"], transcript["ciphertext"]], -1).double()
    sent = sent - sent.mean(1, keepdim=True)  # a constant beside it, and no digits lost to large means
    secret = transcript["values"][..., C].double()
    half, rows = TUPLES // 2, []
    for row, number in enumerate(numbers):
        fit = torch.linalg.lstsq(sent[row, :half], secret[row, :half].unsqueeze(-1), driver="gelsd").solution
        left = secret[row, half:] - (sent[row, half:] @ fit)[:, 0]
        better = (secret[row, half:] ** 2 - left**2) / run.game.variance
        gain, low, high = interval(better.mean().item(), better.std().item() / half**0.5)
        rows.append(
            {"replica": number, "network": "linear", "best": 1} | {"gain": gain, "gain_low": low, "gain_high": high}
        )
    return pd.DataFrame(rows, columns=["replica", "network", "best", "gain", "gain_low", "gain_high"])
