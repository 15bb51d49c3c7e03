"""`acrypto completion`: the script that teaches a shell to complete acrypto's commands and options."""

from __future__ import annotations

import os
from pathlib import Path

import click

from adversarial_crypto.cli.output import common_options, document, example, say
from adversarial_crypto.errors import EnvironmentProblem

SHELLS = ("bash", "zsh", "fish")
WHERE = {
    "bash": "acrypto completion bash > ~/.local/share/bash-completion/completions/acrypto",
    "zsh": "acrypto completion zsh > ~/.zfunc/_acrypto   (a directory of $fpath)",
    "fish": "acrypto completion fish > ~/.config/fish/completions/acrypto.fish",
}


@click.command("completion", short_help="Print a shell's completion script.", epilog=example("acrypto completion bash"))
@click.argument("shell", type=click.Choice(SHELLS), required=False)
@common_options
def command(shell: str | None, as_json: bool, quiet: bool) -> None:
    """Print the completion script for a shell (by default yours)."""
    from click.shell_completion import get_completion_class

    if shell is None:
        shell = Path(os.environ.get("SHELL", "")).name
        if shell not in SHELLS:
            raise click.UsageError(f"Name the shell: {', '.join(SHELLS)}.", click.get_current_context())
    made_by = get_completion_class(shell)
    assert made_by is not None
    try:
        # Not .source(): for bash it starts a bash to ask for its version, which says nothing about the user's.
        completion = made_by(click.get_current_context().find_root().command, {}, "acrypto", "_ACRYPTO_COMPLETE")
        script = completion.source_template % completion.source_vars()
    except (RuntimeError, OSError) as error:
        raise EnvironmentProblem(f"No completion script for {shell} can be made: {error}.") from error
    if as_json:
        document("completion", {"shell": shell, "script": script})
        return
    click.echo(script)
    say(f"Keep it with: {WHERE[shell]}", quiet)
