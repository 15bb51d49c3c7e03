"""`acrypto run`: train, check with fresh adversaries, draw; the same line again continues or says that it is done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adversarial_crypto.cli.output import common_options, document, example, say
from adversarial_crypto.cli.place import named
from adversarial_crypto.cli.stopping import Stopping, parse_duration

if TYPE_CHECKING:
    from adversarial_crypto.lab import RunResult

EPILOG = example(
    "acrypto run quick --profile smoke",
    "acrypto run quick --profile smoke --seed 1 -s train.batch=32 --dry-run",
)


@click.command("run", short_help="Train, check and draw an experiment.", epilog=EPILOG)
@click.argument("experiment", default="quick", metavar="[EXPERIMENT|FILE.toml|RUN_DIR]")
@click.option("-s", "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Another setting, as in the file.")
@click.option("--replicas", type=click.IntRange(1, 65_536), help="Replicas, as replicas.count.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Seed, as replicas.seed.")
@click.option("--profile", metavar="smoke|standard|full", help="The sizes that the experiment has under this name.")
@click.option("--device", default="auto", metavar="auto|cpu|cuda[:i]", help="Where to compute.")
@click.option("--engine", default="auto", type=click.Choice(["auto", "eager", "compiled"]), help="How to compute.")
@click.option("--threads", type=click.IntRange(1, 1024), help="Threads of the CPU.")
@click.option("--tf32", is_flag=True, help="On CUDA: faster matrix products, inputs rounded to 10 bits.")
@click.option(
    "--time-limit", callback=parse_duration, metavar="TIME", help="Stop resumably after seconds, or 90m, or 2h."
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, print the resolved config, write nothing.")
@click.option("-o", "--out", type=click.Path(path_type=Path), metavar="DIR", help="The run directory [runs/NAME-ID].")
@click.option("--track", multiple=True, metavar="tensorboard", help="Follow the training there too [nobody].")
@click.option("--fresh", is_flag=True, help="Move an existing run aside and start over.")
@common_options
def command(
    experiment: str,
    overrides: tuple[str, ...],
    replicas: int | None,
    seed: int | None,
    profile: str | None,
    dry_run: bool,
    time_limit: float | None,
    as_json: bool,
    quiet: bool,
    **execution: Any,
) -> None:
    """Train replicas of an experiment, check them with fresh adversaries and draw the curves.

    The same line again continues a run that was stopped, and says so of one that is complete. Ctrl-C stops at a
    checkpoint (exit code 130), SIGTERM and --time-limit too (75).
    """
    experiment = named(experiment)
    given = (("replicas.count", replicas), ("replicas.seed", seed))
    settings = [*overrides, *(f"{key}={value}" for key, value in given if value is not None)]
    if dry_run:
        from adversarial_crypto.cli import plan

        plan.show(experiment, settings, profile, execution, as_json=as_json, quiet=quiet)
        return
    result = _work(experiment, settings, profile, time_limit, execution, quiet)
    _show(result, as_json, quiet)


def _work(
    experiment: str,
    settings: list[str],
    profile: str | None,
    time_limit: float | None,
    execution: dict[str, Any],
    quiet: bool,
) -> RunResult:
    """Call the laboratory, with a display and the ways to stop it."""
    from adversarial_crypto import lab
    from adversarial_crypto.cli.progress import talker
    from adversarial_crypto.errors import AcryptoError

    talk = talker(quiet)
    with Stopping(time_limit, talk.tell) as stopping, talk:
        try:
            return lab.run(experiment, overrides=settings, profile=profile, progress=talk, stop=stopping, **execution)
        except Exception as error:
            # A terminal sends Ctrl-C to compilers at work as well, and then their failure is what comes up here.
            foreseen = isinstance(error, AcryptoError) and not type(error.__cause__).__module__.startswith("torch.")
            if stopping.asked != "interrupt" or foreseen:
                raise
            raise KeyboardInterrupt from error


def _show(result: RunResult, as_json: bool, quiet: bool) -> None:
    from adversarial_crypto.cli import result as shown

    if result.already_complete:
        say(f"{result.run_dir} is already complete; --fresh would start over.", quiet)
    if as_json:
        document("run", shown.as_document(result.run_dir, result.summary))
        return
    shown.show_complete(result.run_dir, result.summary)
    say(f"\nNext: {shown.next_command(result.run_dir, result.summary)}", quiet)
