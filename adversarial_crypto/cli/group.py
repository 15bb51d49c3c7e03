"""The group of all commands: imports a command's file when it is asked for, and ends every command in one place."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from io import TextIOWrapper
from typing import Any

import click

from adversarial_crypto import __version__
from adversarial_crypto.cli.failures import report

HELP = """The reference laboratory for adversarial neural cryptography. For study only: it protects no data.

Alice, Bob and Eve are trained by the hundred and at once; `acrypto run` is the place to begin. The same command again
continues what was stopped. stdout carries data, stderr talk; --json gives one document.
"""


class Commands(click.Group):
    """A click group whose members are modules of this room, each with an attribute `command`.

    Args:
        names: the members, in the order of the help.
    """

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            "acrypto",
            help=HELP,
            epilog="Example: acrypto run quick",
            callback=self._help_when_bare,
            invoke_without_command=True,
            context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
        )
        self.params.append(_version_option())
        self._names = tuple(names)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._names:
            return None
        found = import_module(f"adversarial_crypto.cli.{cmd_name}").command
        assert isinstance(found, click.Command)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in self._names and not name.startswith("-") and not ctx.resilient_parsing:
            near = get_close_matches(name[:100], self._names, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(self._names)}."
            raise click.UsageError(f"Unknown command {name!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command and end the process: every failure becomes sentences on stderr and an exit code."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="replace")  # a terminal without − or ▁ shows ?, and no command fails for it
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except (Exception, KeyboardInterrupt) as error:
            code = report(error)
        sys.exit(code if isinstance(code, int) else 0)

    @staticmethod
    def _help_when_bare() -> None:
        ctx = click.get_current_context()
        if ctx.invoked_subcommand is None:
            click.echo(ctx.get_help())


def _version_option() -> click.Option:
    def show(ctx: click.Context, param: click.Parameter, value: bool) -> None:
        if value and not ctx.resilient_parsing:
            click.echo(f"acrypto {__version__}")
            ctx.exit()

    return click.Option(
        ["--version"], is_flag=True, expose_value=False, is_eager=True, callback=show, help="Show the version."
    )
