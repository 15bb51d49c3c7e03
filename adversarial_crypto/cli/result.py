"""How a run is shown, complete or not: the same words after `run` and from `show`."""

from __future__ import annotations

import csv
import math
import statistics
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adversarial_crypto.cli.output import interval, number, plural, table

if TYPE_CHECKING:
    from adversarial_crypto.store import Run

INTERVAL_FROM = 6
RATES = {"passed": "replicas that passed", "robust": "replicas robust to fresh adversaries"}


def as_document(run_dir: Path, summary: dict[str, Any]) -> dict[str, Any]:
    """The JSON content of a complete run: its summary, and where it is."""
    content = {key: value for key, value in summary.items() if key not in ("schema", "files")}
    return {"run_dir": str(run_dir), **content}


def show_complete(run_dir: Path, summary: dict[str, Any]) -> None:
    """Print the verdict, the table of measures and rates, and where the figure is."""
    click.echo(f"{summary['experiment']} ({str(summary['id'])[:10]}): {summary['verdict']}\n")
    rows = []
    # Fewer values have no 95 % interval of their median (numerics/statistics.py): what is recorded is their range.
    kind = "" if summary["over_replicas"] >= INTERVAL_FROM else " (range)"
    for name, each in summary["measures"].items():
        value = ("–", "–") if each is None else (number(each["median"]), interval(each["low"], each["high"]) + kind)
        rows.append((name.replace("_", " "), *value))
    for name, rate in summary["rates"].items():
        if rate is not None:
            share, span = f"{rate['k']} of {rate['n']}", f"{percent(rate['low'])} to {percent(rate['high'])}"
            rows.append((RATES.get(name, name), share, span))
    over = "those that passed" if summary["over"] == "passed" else "those that did not diverge"
    click.echo(table((f"median over {over}", "value", "95 % interval"), rows))
    speed = number(summary["replica_steps_per_second"])
    click.echo(
        f"\n{plural(summary['replicas'], 'replica')}, {plural(summary['steps'], 'step')}, {speed} replica-steps/s, "
        f"{summary['engine']} on {summary['device']}"
    )
    for picture in sorted(run_dir.glob("figures/*/*.png")):
        click.echo(f"figure: {picture}")


def percent(share: float | None) -> str:
    """A share as a whole percentage."""
    return "–" if share is None or not math.isfinite(share) else f"{100 * share:.0f} %"


def next_command(run_dir: Path, summary: dict[str, Any]) -> str:
    """The command to try after this run, as it can be copied."""
    from adversarial_crypto import config

    if summary["passed"] == 0:
        return f"acrypto run {run_dir / 'config.toml'} -s train.steps={2 * max(int(summary['steps']), 1)}"
    if config.load(run_dir / "config.toml").game.kind == "symmetric":
        return f"acrypto attack {run_dir}"  # whether what they made hides anything, which passing does not tell
    return f"acrypto run {run_dir / 'config.toml'} -s replicas.seed=1"


def unfinished(run: Run) -> dict[str, Any]:
    """What is known of a run that is not complete: who works on it, and its newest saved record."""
    from adversarial_crypto import config
    from adversarial_crypto.store.lease import holder

    settings = config.load(run.path / "config.toml")
    who = holder(run.path)
    rows = list(csv.DictReader(StringIO(run.read_metrics())))
    last = [row for row in rows if row["step"] == rows[-1]["step"]]
    alive = [row for row in last if row["diverged"] == "0"]
    names = [name for name in alive[0] if name not in ("step", "replica", "passed", "diverged")] if alive else []
    measures = {name: statistics.median(float(row[name]) for row in alive) for name in names}
    return {
        "run_dir": str(run.path),
        "experiment": settings.name,
        "id": config.short_id(run.identity),
        "state": "running" if who else "stopped",
        "by": who,
        "replicas": settings.total_replicas,
        "step": int(last[0]["step"]) if last else 0,
        "steps": settings.train.steps,
        "passed": sum(row["passed"] == "1" for row in last),
        "diverged": sum(row["diverged"] == "1" for row in last),
        "measures": measures,
        "engine": run.execution.get("engine"),
        "device": run.execution.get("device"),
    }


def show_unfinished(state: dict[str, Any]) -> None:
    """Print the state of a run that is not complete."""
    now = f"running ({state['by']})" if state["by"] else "stopped; the same command continues it"
    click.echo(f"{state['experiment']} ({state['id']}): not complete, {now}\n")
    rows = [("training step saved", f"{state['step']:,} of at most {state['steps']:,}")]
    rows.append(("replicas passed", f"{state['passed']} of {state['replicas']}"))
    rows.append(("replicas diverged", f"{state['diverged']}"))
    rows += [(f"{name.replace('_', ' ')} (median)", number(value)) for name, value in state["measures"].items()]
    click.echo(table(("what", "value"), rows))
