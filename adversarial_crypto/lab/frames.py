"""The tables of the targets' figures, made of finished runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from adversarial_crypto.config import AsymmetricGame, SelectiveGame
from adversarial_crypto.lab.claims import NAN, rate
from adversarial_crypto.lab.done import Done, Frames, best_eves, best_readers, budget, only
from adversarial_crypto.lab.figures import selective_curves, training_curves

if TYPE_CHECKING:
    import pandas as pd


def curves(figure: str, which: Callable[[Sequence[Done]], Done]) -> Callable[[Sequence[Done]], Frames]:
    """The training curves of one of the runs, and the paper's own of that figure."""

    def frames(runs: Sequence[Done]) -> Frames:
        import pandas as pd

        from adversarial_crypto.figures import digitised

        done = which(runs)
        metrics = training_curves(done.run, done.result.metrics())["metrics"]
        theirs = [
            digitised.curve(f"{figure}_{player}").rename(columns={"value": "bits_wrong"}).assign(player=player)
            for player in ("bob", "eve")
        ]
        return {"metrics": metrics, "paper": pd.concat(theirs, ignore_index=True)}

    return frames


def selective(runs: Sequence[Done]) -> Frames:
    """Selective protection by step, and what the fresh Eves and the best linear one make of it."""
    done = only(runs)
    return {**selective_curves(done.run, done.result.metrics()), "fresh": _fresh(done)}


def trade_off(runs: Sequence[Done]) -> Frames:
    """Selective protection by the weight of secrecy: a row a replica, its errors by their floors and its best Eve."""
    import pandas as pd

    from adversarial_crypto.formulas.gaussian import bob_floor, public_floor

    floors = {"bob": bob_floor, "public": public_floor}
    rows = []
    for done in runs:
        game = done.run.game
        assert isinstance(game, SelectiveGame)
        best = best_readers(_fresh(done)).reset_index()
        exact = {who: floor(game.correlation, game.variance) for who, floor in floors.items()}
        ratios = {f"{who}_ratio": best[f"{who}_error"] / error for who, error in exact.items()}
        gains = {name: best[name] for name in ("gain", "gain_low", "gain_high")}
        rows.append(
            best[["replica"]].assign(weight=game.secrecy_weight, **ratios, **gains, passed=best["passed"].astype(int))
        )
    run = runs[0].run
    limits = {"ratio_max": run.limit("floor_ratio_max"), "gain_max": run.limit("eve_gain_max")}
    settings = pd.DataFrame([{**limits, "budget": budget(run).replace("; ", "\n")}])
    return {"replicas": pd.concat(rows, ignore_index=True), "settings": settings}


def _fresh(done: Done) -> pd.DataFrame:
    """What the fresh Eves and the best linear one make of each replica."""
    import pandas as pd

    from adversarial_crypto.lab.sent import linear_eve  # here: it needs torch

    return pd.concat([done.result.protocol(), linear_eve(done)], ignore_index=True)


def discriminators(runs: Sequence[Done]) -> Frames:
    """What discriminators say, beside the exact answer."""
    from adversarial_crypto.lab.judged import judged  # here: it needs torch

    return judged(runs)


def scatter(runs: Sequence[Done]) -> Frames:
    """A row a replica with its best fresh Eve, and the paper's points."""
    from adversarial_crypto.figures import digitised

    done = only(runs)
    run = done.run
    best = best_eves(done).rename(
        columns={f"bits_wrong{end}": f"best_bits_wrong{end}" for end in ("", "_low", "_high")}
    )
    columns = {
        **{name: best[name] for name in ("replica", "passed", "robust", "bob_bits_wrong")},
        **{f"eve_bits_wrong{end}": best[f"best_bits_wrong{end}"] for end in ("", "_low", "_high")},
    }
    settings = {
        "message_bits": run.message_bits,
        "batch": run.train.batch,
        "adversaries": run.protocol.adversaries * len(run.protocol.adversary_networks),
        "adversary_steps": run.protocol.adversary_steps,
        "bob_bits_max": run.limit("bob_bits_max"),
        "robust_error_min": run.limit("robust_error_min"),
    }
    return {"replicas": best[[]].assign(**columns).assign(**settings), "paper": digitised.scatter()}


def rates(label: Callable[[Done], str], paper: Callable[[Done], dict[str, tuple[float, ...]]]) -> Callable[..., Frames]:
    """The table of pass and robust rates by setting, beside the paper's where it has them."""

    def frames(runs: Sequence[Done]) -> Frames:
        import pandas as pd

        rows = []
        for order, done in enumerate(runs):
            shared = {"order": order, "setting": label(done), "budget": budget(done.run)}
            for rule, found in done.summary["rates"].items():
                if found is not None:
                    ours = {"k": found["k"], "n": found["n"], "low": found["low"], "high": found["high"]}
                    rows.append({**shared, "rule": rule, "source": "ours", **ours, "rate": found["k"] / found["n"]})
            for rule, (value, k, n) in paper(done).items():
                _, low, high = rate(int(k), int(n)) if n == n else (NAN, NAN, NAN)
                theirs = {"k": k, "n": n, "low": low, "high": high, "rate": value}
                rows.append({**shared, "rule": rule, "source": "paper", **theirs})
        return {"rates": pd.DataFrame(rows)}

    return frames


def paper_rates(done: Done) -> dict[str, tuple[float, ...]]:
    """What the paper says of N = 16 at this batch: rule -> (rate, k, n); k and n unknown where it gives a share."""
    if done.run.message_bits != 16:
        return {}
    if done.run.train.batch == 4096:
        return {"passed": (0.7, 14, 20), "robust": (0.5, 10, 20)}
    return {"robust": (1 / 3, NAN, NAN)} if done.run.train.batch == 512 else {}


def network_label(done: Done) -> str:
    """Loss, network and initial weights, a line each."""
    run = done.run
    return f"{run.train.loss}\n{run.networks.alice}\n{run.networks.init}"


def flips(runs: Sequence[Done]) -> Frames:
    """What single flipped bits do, over the replicas that passed, or over all where none did."""
    import pandas as pd
    import torch

    from adversarial_crypto.attacks import diffusion, settings, tables
    from adversarial_crypto.lab.trained import trained_cipher

    done = only(runs)
    over: Literal["passed", "all"] = "passed" if done.summary["passed"] else "all"
    cipher, replicas = trained_cipher(done.result.run_dir, over)
    found = diffusion(cipher, torch.tensor([[done.run.replicas.seed, replica] for replica in replicas]))
    frames = {name: pd.DataFrame(rows) for name, rows in tables(found, replicas).items()}
    return {**frames, "settings": pd.DataFrame([{**settings(found), "over": over}])}


def ablation_label(done: Done) -> str:
    """What was taken away in the asymmetric game, or added."""
    game = done.run.game
    assert isinstance(game, AsymmetricGame)
    if done.run.train.start_from:
        return f"trained on for\n{done.run.train.steps:,} steps"
    if game.bob_key == "random":
        return "Bob with\na random key"
    return "as in the paper" if game.eve_sees_public_key else "Eve without\nthe public key"
