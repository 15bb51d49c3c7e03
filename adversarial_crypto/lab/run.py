"""A run from its name to its figure: what a command means, whether it is done already, and else one attempt at it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from adversarial_crypto import config
from adversarial_crypto.config import ConfigError, Run
from adversarial_crypto.lab.events import Event, Finished
from adversarial_crypto.lab.figures import CURVES, figures
from adversarial_crypto.lab.machine import check_device, full_name
from adversarial_crypto.lab.meant import Meant
from adversarial_crypto.lab.result import RunResult
from adversarial_crypto.lab.sources import Sources
from adversarial_crypto.lab.trackers import tracked
from adversarial_crypto.store import Run as Stored

PACKAGE = Path(__file__).parent.parent
RUNS = Path("runs")
ENGINES = ("auto", "eager", "compiled")


def run(
    experiment: Run | str | Path = "quick",
    *,
    overrides: Sequence[str] = (),
    profile: str | None = None,
    out: Path | str | None = None,
    device: str = "auto",
    engine: str = "auto",
    threads: int | None = None,
    tf32: bool = False,
    fresh: bool = False,
    draw: bool = True,
    track: Sequence[str] = (),
    progress: Callable[[Event], None] | None = None,
    stop: Callable[[], str | None] | None = None,
) -> RunResult:
    """Train, check with fresh adversaries, commit, draw. The same call again continues, or finds it complete.

    Args:
        experiment: an experiment's name, a .toml file, a run directory, or a configuration.
        overrides: `KEY=VALUE` each, such as "train.batch=512"; later ones win.
        profile: "smoke", "standard" or "full", where the experiment has it.
        out: the run directory itself; None: the one that was given, else runs/NAME-ID.
        device, engine: "auto", "cpu", "cuda" or "cuda:i"; "auto", "eager" or "compiled".
        threads, tf32: of the CPU, None for all it may use; let CUDA round the inputs of matrix products to 10 bits.
            These four are recorded at the first start and reused; a different one that is named later is refused.
        fresh: move an existing run of that place aside first.
        draw: the figure too, and snapshots to watch the training again; without it the run is tables and players alone.
        track: "tensorboard": event files in the run's directory while it trains; a tracker that fails is left alone.
        progress: called with each event (lab/events.py).
        stop: asked at every beat, a second or two apart; None to go on, or a reason ("interrupt", "time limit", ...).
    Returns:
        The complete run. Nobody having passed is a result too; its verdict says so.
    Raises:
        ConfigError: the configuration, a network of the user's or the place is wrong; nothing has been written.
        Stopped: `stop` gave a reason; all work is saved.
        StoreError: a damaged file, or another process is writing there.
        EnvironmentProblem: no such device, no compiler, no memory, or the disk is full.
    """
    tell = tracked(progress or silent, track)
    check_device(device)
    if engine not in ENGINES:
        raise ConfigError(f"unknown engine '{engine}'; there are 'auto', 'eager' and 'compiled'")
    settings = {"device": full_name(device), "engine": engine, "threads": threads, "tf32": tf32}
    meant = _meant(experiment, overrides, profile, out, settings, fresh)
    result = _complete(meant, draw)
    if result is None:
        # Here and not above: a run that is complete says so without waiting for torch.
        from adversarial_crypto.lab.execute import execute

        result = execute(meant, device, engine, threads, tf32, draw, tell, stop or never)
    tell(Finished(result))
    return result


def load(experiment: str | Path = "quick", overrides: Sequence[str] = (), profile: str | None = None) -> Run:
    """The configuration that `run` would run: an experiment's name, a .toml file, or a run directory.

    Raises:
        ConfigError: every problem at once, each with its place.
        StoreError: a run directory with a damaged file.
    """
    source: str | Path = experiment
    if not is_experiment(experiment):
        directory = _run_directory(experiment)
        # A directory that is no run is refused as a path, which says more than an unknown name.
        source = (
            directory / "config.toml" if directory else Path(experiment) if Path(experiment).is_dir() else experiment
        )
    return config.load(source, overrides=overrides, profile=profile, experiments=experiment_folders())


def experiment_folders() -> tuple[Path, ...]:
    """Where experiments are found by name: inside the installed package, or beside it in a checkout."""
    checkout = PACKAGE.parent
    folders = [PACKAGE / "experiments"]
    if (checkout / "pyproject.toml").is_file():
        folders.append(checkout / "experiments")
    return tuple(folder for folder in folders if folder.is_dir())


def is_experiment(source: str | Path) -> bool:
    """Whether it is an experiment's name, which means the experiment even where a directory is called that."""
    return isinstance(source, str) and source in config.experiment_files(experiment_folders())


def _meant(
    experiment: Run | str | Path,
    overrides: Sequence[str],
    profile: str | None,
    out: Path | str | None,
    settings: dict[str, Any],
    fresh: bool,
) -> Meant:
    if isinstance(experiment, Run):
        if overrides or profile:
            raise ConfigError("overrides and profile belong to an experiment's name or file, not to a finished Run")
        run, directory = experiment, None
    else:
        run = load(experiment, overrides, profile)
        directory = None if is_experiment(experiment) else _run_directory(experiment)
    sources = Sources.read(run)
    identity = config.identity(run, sources.digests)
    path = Path(out) if out else directory or RUNS / f"{run.name}-{config.short_id(identity)}"
    asked = {key: value for key, value in settings.items() if value not in ("auto", None, False)}
    return Meant(sources, identity, path, asked, fresh)


def _run_directory(experiment: str | Path) -> Path | None:
    """The run directory that is meant, its files checked; None when it is not one."""
    path = Path(experiment)
    if not (path / "config.toml").is_file():
        return None
    return Stored.read(path).path


def _complete(meant: Meant, draw: bool) -> RunResult | None:
    """The run where it is complete already, with its figure if that was cut short."""
    if meant.fresh or not (meant.path / "summary.json").exists():
        return None
    with meant.open({}, {}) as directory:
        summary = directory.summary()
    if draw and not (meant.path / "figures" / CURVES[meant.run.game.kind][0]).is_dir():
        figures(meant.path)
    return RunResult(meant.path, summary, already_complete=True)


def silent(event: Event) -> None:
    """For those who do not listen."""


def never() -> None:
    """For those who do not stop."""
