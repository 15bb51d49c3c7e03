"""`acrypto list`: what there is to name on the command line, and the runs made so far."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from adversarial_crypto.cli.output import common_options, document, example, say, table
from adversarial_crypto.cli.place import RUNS

Rows = list[dict[str, Any]]


@click.command(
    "list", short_help="List what has a name, and the runs.", epilog=example("acrypto list", "acrypto list experiments")
)
@click.argument("kind", required=False)
@common_options
def command(kind: str | None, as_json: bool, quiet: bool) -> None:
    """List networks, games, ciphers, attacks, figures, experiments or runs (in ./runs); all unless one is named."""
    if kind is not None and kind not in KINDS:
        from difflib import get_close_matches

        near = get_close_matches(kind[:100], KINDS, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(KINDS)}."
        raise click.UsageError(f"Nothing to list by the name of {kind!r}; {hint}", click.get_current_context())
    chosen = [kind] if kind else list(KINDS)
    found = {each: KINDS[each]() for each in chosen}
    if as_json:
        document("list", found)
        return
    for number, (name, rows) in enumerate(found.items()):
        if not rows:
            say(f"No {name} here yet; `acrypto run quick` makes one." if name == "runs" else f"No {name}.", quiet)
        if len(chosen) > 1:
            click.echo(("\n" if number else "") + name)
        if rows:
            text = table(tuple(rows[0]), [[str(cell) for cell in row.values()] for row in rows])
            click.echo("\n".join(f"  {line}" for line in text.splitlines()) if len(chosen) > 1 else text)


def _family(members: Mapping[str, Callable[..., object]]) -> Rows:
    """Name and first line of each member's docstring, or of its module's where it has none."""
    rows = []
    for name, member in members.items():
        module = inspect.getmodule(member)
        text = inspect.getdoc(member) or (inspect.getdoc(module) if module else None) or ""
        rows.append({"name": name, "about": text.partition("\n")[0]})
    return rows


def _networks() -> Rows:
    from adversarial_crypto.networks import NETWORKS

    return _family(NETWORKS)


def _games() -> Rows:
    from adversarial_crypto.games import GAMES

    return _family(GAMES)


def _ciphers() -> Rows:
    from adversarial_crypto.ciphers import KNOWN

    return [
        {"name": f"known:{name}" + (f"({member.value:g})" if member.parameter else ""), "about": member.about}
        for name, member in KNOWN.items()
    ]


def _attacks() -> Rows:
    from adversarial_crypto.attacks import ATTACKS

    return [
        {"name": name, "tier": member.tier, "scope": member.scope, "about": member.question}
        for name, member in ATTACKS.items()
    ]


def _figures() -> Rows:
    from adversarial_crypto.figures import FIGURES

    return _family(FIGURES)


def _experiments() -> Rows:
    from adversarial_crypto import lab
    from adversarial_crypto.config import experiment_files
    from adversarial_crypto.config.files import read_toml

    files = experiment_files(lab.experiment_folders())
    return [{"name": name, "about": str(read_toml(path).data.get("question", ""))} for name, path in files.items()]


def _runs() -> Rows:
    from adversarial_crypto import store

    return [_run(path) for path in store.runs(RUNS)] if RUNS.is_dir() else []


def _run(path: Path) -> dict[str, Any]:
    """One run in a line; a damaged one is listed as such and does not hide the others."""
    from adversarial_crypto.cli.result import unfinished
    from adversarial_crypto.errors import AcryptoError
    from adversarial_crypto.store import Run

    try:
        run = Run.read(path)
        state = {**run.summary(), "state": "complete"} if run.complete else unfinished(run)
    except AcryptoError:
        return {"run_dir": str(path), "id": "", "state": "damaged", "passed": "", "replicas": ""}
    # id is one of the lab's words: the ten digits that the directory's name ends with.
    return {"run_dir": str(path), **{key: state[key] for key in ("id", "state", "passed", "replicas")}}


KINDS: dict[str, Callable[[], Rows]] = {
    "networks": _networks,
    "games": _games,
    "ciphers": _ciphers,
    "attacks": _attacks,
    "figures": _figures,
    "experiments": _experiments,
    "runs": _runs,
}
