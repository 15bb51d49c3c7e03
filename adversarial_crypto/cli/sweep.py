"""`acrypto sweep`: every point of a grid, by as many workers as there are; the same line again continues."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adversarial_crypto.cli.axes import axes_of, parse_share
from adversarial_crypto.cli.output import common_options, document, duration, example, plural, say
from adversarial_crypto.cli.stopping import Stopping, parse_duration

if TYPE_CHECKING:
    from adversarial_crypto.lab import SweepResult

EPILOG = example("acrypto sweep quick --profile smoke --grid game.key_bits=4,8,16")
FAILED = 1


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """What is swept, then who works on it, then what to do about failures."""
    options = (
        click.option("-s", "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="A setting at every point."),
        click.option("--grid", multiple=True, metavar="KEY=V,V...", help="An axis, instead of the file's own grid."),
        click.option("--zip", "zipped", multiple=True, metavar="KEY=V,V...", help="The same; all --zip move together."),
        click.option("--replicas", type=click.IntRange(1), help="Replicas at each point."),
        click.option("--seed", type=click.IntRange(0), help="Their seed."),
        click.option("--profile", metavar="smoke|standard|full", help="The experiment's profile."),
        click.option("--executor", default="local", metavar="inline|local|ray", help="Who works [local]."),
        click.option("--workers", type=int, help="Shards at a time [one a processor, or as GPUs have room]."),
        click.option("--gpus-per-worker", type=float, default=0.0, metavar="SHARE", help="Share of a GPU [0]."),
        click.option("--ray-address", metavar="ADDRESS", help="A Ray cluster that runs; else one is started here."),
        click.option("--shard", "share", callback=parse_share, metavar="K/N", help="Only the K-th of every N shards."),
        click.option("--device", default="auto", metavar="auto|cpu|cuda[:i]", help="Where to compute."),
        click.option("--engine", default="auto", metavar="auto|eager|compiled", help="How to compute."),
        click.option("--threads", type=int, default=1, help="Threads of each worker [1]."),
        click.option("--tf32", is_flag=True, help="On CUDA: faster matrix products, inputs rounded to 10 bits."),
        click.option("--max-attempts", type=int, default=3, help="Failures after which a shard is given up [3]."),
        click.option("--retry-failed", is_flag=True, help="Forget earlier failures."),
        click.option("--keep-going/--fail-fast", default=True, help="Go on when a shard is given up, or stop."),
        click.option("--time-limit", callback=parse_duration, metavar="TIME", help="Stop resumably after 90m, or 2h."),
        click.option("--dry-run", is_flag=True, help="Say how many shards, how long and how large; write nothing."),
        click.option("-o", "--out", type=click.Path(path_type=Path), metavar="DIR", help="Where [sweeps/NAME]."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command("sweep", short_help="Run every point of a grid, on one machine or many.", epilog=EPILOG)
@click.argument("source", metavar="EXPERIMENT|SWEEP_DIR")
@_options
@common_options
def command(
    source: str,
    overrides: tuple[str, ...],
    grid: tuple[str, ...],
    zipped: tuple[str, ...],
    replicas: int | None,
    seed: int | None,
    time_limit: float | None,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    **settings: Any,
) -> None:
    """Train every point of an experiment's grid, commit each once, and draw the map of what came out.

    The same line again continues a sweep that was stopped or killed, and says so of one that is complete; several may
    work on one directory. Ctrl-C stops at checkpoints (exit code 130), SIGTERM and --time-limit too (75).
    """
    from adversarial_crypto import lab

    given = (("replicas.count", replicas), ("replicas.seed", seed))
    what: dict[str, Any] = {
        "overrides": [*overrides, *(f"{key}={value}" for key, value in given if value is not None)],
        "grid": axes_of(grid, zipped),
        **{name: settings.pop(name) for name in ("profile", "share", "out")},
    }
    if dry_run:
        _plan(lab.sweep_plan(source, **what), settings["workers"] or 1, as_json, quiet)
        return
    from adversarial_crypto.cli.progress import talker

    talk = talker(quiet)
    with Stopping(time_limit, talk.tell) as stopping, talk:
        result = lab.sweep(source, progress=talk, stop=stopping, **what, **settings)
    _show(result, as_json, quiet)


def _plan(plan: Any, workers: int, as_json: bool, quiet: bool) -> None:
    left = plan.shards - plan.committed
    if as_json:
        document("sweep", {"dry_run": True, **vars(plan), "left": left})
        return
    say(f"{plural(plan.points, 'point')}, {plural(plan.replicas, 'replica')} in all.", quiet)
    guess = "guessed from another machine's pace; at most" if plan.guessed else "at most, by the shards that are done"
    click.echo(f"{plan.shards:,} shards, {plan.committed:,} done, {left:,} to do")
    click.echo(f"{duration(plan.seconds / workers)} with {plural(workers, 'worker')} ({guess})")
    click.echo(f"{plan.bytes / 1e6:,.1f} MB in {plan.directory} at most")
    say("Nothing was written.", quiet)


def _show(result: SweepResult, as_json: bool, quiet: bool) -> None:
    complete = result.committed == result.shards
    if as_json:
        keys = ("directory", "shards", "committed", "failed", "quarantined", "results", "figures")
        document("sweep", {**{key: getattr(result, key) for key in keys}, "complete": complete})
    else:
        if result.already_complete:
            say(f"{result.directory} is already complete.", quiet)
        click.echo(f"{result.committed:,} of {result.shards:,} shards: {result.results}")
        for path in result.figures:
            click.echo(str(path))
    if result.failed or result.quarantined:
        for shard in result.quarantined:
            say(f"Shard {shard} has a second run with other bytes; see {result.directory / 'quarantine'}.")
        if result.failed:
            names = f"`acrypto status {result.directory} --failed` names them"
            say(f"{plural(len(result.failed), 'shard')} failed; {names}.")
        raise click.exceptions.Exit(FAILED)
    if not quiet and not as_json:
        say(f"\nNext: acrypto figures {result.directory}")
