"""What the discriminators of a finished GAN say, point by point, beside the exact answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from adversarial_crypto.config import GanGame
from adversarial_crypto.formulas.mixtures import best_discriminator, density, grid, seen
from adversarial_crypto.formulas.pushed import cells, nodes, shares_of_map
from adversarial_crypto.lab.done import Done
from adversarial_crypto.lab.trained import trained_players

if TYPE_CHECKING:
    import pandas as pd

POINTS = 256


def judged(runs: Sequence[Done]) -> dict[str, pd.DataFrame]:
    """The frames of the figure `gan`.

    points: setting, x, data, generated, exact, seen: densities at each point, for trained generators their mean over
    the replicas that passed, or all, and where a discriminator can be held to anything.
    replicas: setting, replica, passed, x, judged.
    """
    import pandas as pd

    parts = [_of(done) for done in runs]
    return {
        "points": pd.concat([points for points, _ in parts], ignore_index=True),
        "replicas": pd.concat([replicas for _, replicas in parts], ignore_index=True),
    }


@torch.no_grad()
def _of(done: Done) -> tuple[pd.DataFrame, pd.DataFrame]:
    import pandas as pd

    game = done.run.game
    assert isinstance(game, GanGame)
    trained = game.generator == "trained"
    target = game.at_the_end
    points = grid([game.data, target], POINTS)
    exactly = points.double()  # what is written to a table must read back as it was
    players, numbers = trained_players(done.result.run_dir, "discriminator", "all")
    said = torch.sigmoid(players["discriminator"](points.reshape(1, -1, 1).expand(len(numbers), -1, -1)))[
        ..., 0
    ].double()
    generated = _generated(done, points) if trained else density(target, exactly)
    protocol = done.result.protocol()
    passed = protocol.groupby("replica")["passed"].max()
    table = pd.DataFrame(
        {
            "setting": game.generator,
            "x": exactly.numpy(),
            "data": density(game.data, exactly).numpy(),
            "generated": generated.numpy(),
            "exact": best_discriminator(game.data, target, exactly).numpy(),
            "seen": seen(game.data, target, exactly).int().numpy(),
        }
    )
    rows = [
        pd.DataFrame(
            {"setting": game.generator, "replica": number, "passed": int(passed[number]), "x": table["x"], "judged": d}
        )
        for number, d in zip(numbers, said.numpy(), strict=True)
    ]
    return table, pd.concat(rows, ignore_index=True)


def _generated(done: Done, points: torch.Tensor) -> torch.Tensor:
    """The density of what the generators give, over the replicas that passed or else all, by the share in each cell."""
    players, numbers = trained_players(done.result.run_dir, "generator", "passed" if done.summary["passed"] else "all")
    given = players["generator"](nodes().reshape(1, -1, 1).expand(len(numbers), -1, -1))[..., 0]
    edges = cells(points).double()
    return shares_of_map(given, edges).mean(0) / edges.diff()
