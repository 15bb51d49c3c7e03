"""The command line: one file a command, imported when it is asked for; the only room that prints.

stdout carries data, stderr talk. No logic lives here: a command reads its options, calls one function of a lower
floor and shows what comes back. A command is added in one file, `name.py` with a `command`, and a line in COMMANDS.
"""

from adversarial_crypto.cli.group import Commands

# In the order of the help.
COMMANDS = (
    "run",
    "sweep",
    "status",
    "merge",
    "reproduce",
    "attack",
    "calibrate",
    "encrypt",
    "decrypt",
    "show",
    "list",
    "verify",
    "figures",
    "report",
    "export",
    "bench",
    "doctor",
    "completion",
)

acrypto = Commands(COMMANDS)


def main() -> None:
    """The console script `acrypto`; ends the process with the exit code of DESIGN's table."""
    acrypto(prog_name="acrypto")


__all__ = ["COMMANDS", "acrypto", "main"]
