"""`acrypto run --dry-run`: what the command would do, down to names and widths, and the resolved configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from adversarial_crypto.cli.output import document, plural, say


def show(
    experiment: str,
    settings: Sequence[str],
    profile: str | None,
    execution: Mapping[str, Any],
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    """Print the resolved config on stdout and the plan on stderr; nothing is written.

    Raises:
        ConfigError, EnvironmentProblem: what the command itself would refuse before its first step.
    """
    from adversarial_crypto import config, lab
    from adversarial_crypto.lab.sources import Sources
    from adversarial_crypto.training import choose_engine, prepare

    run = lab.load(experiment, overrides=settings, profile=profile)
    sources = Sources.read(run)
    identity = config.short_id(config.identity(run, sources.digests))
    try:
        prepare(sources.run, sources.builds(), sources.start())
    except config.ConfigError as error:  # the file that the user gave, not the copy it would become
        raise config.ConfigError([sources.as_given(problem) for problem in error.problems]) from error
    machine = lab.probe(execution["device"], execution["threads"], execution["tf32"])
    engine, reason = choose_engine(execution["engine"], run, machine)
    itself = not lab.is_experiment(experiment) and (Path(experiment) / "config.toml").is_file()
    run_dir = execution["out"] or (Path(experiment) if itself else Path("runs") / f"{run.name}-{identity}")
    if as_json:
        plan = {"run_dir": run_dir, "experiment": run.name, "id": identity, "replicas": run.total_replicas}
        plan |= {"engine": engine, "reason": reason, "device": machine.device, "threads": machine.threads}
        document("run", {"dry_run": True, **plan, "state": _state(run_dir), "config": run.model_dump(mode="json")})
        return
    eves = run.protocol.adversaries * len(run.protocol.adversary_networks)
    say(f"Would train {plural(run.total_replicas, 'replica')} for up to {plural(run.train.steps, 'step')},", quiet)
    say(f"then {plural(eves, 'fresh Eve')} each for {plural(run.protocol.adversary_steps, 'step')},", quiet)
    say(f"{engine} on {machine.device} with {plural(machine.threads, 'thread')} ({reason}),", quiet)
    say(f"in {run_dir} ({_state(run_dir)}). Nothing was written; the resolved configuration:\n", quiet)
    click.echo(config.dumps(run), nl=False)


def _state(run_dir: Path) -> str:
    if (run_dir / "summary.json").exists():
        return "complete"
    return "begun" if (run_dir / "manifest.json").exists() else "new"
