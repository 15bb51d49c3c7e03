"""Errors meant for the user: each message is a complete sentence with place and suggestion, each class an exit code."""

from __future__ import annotations

from collections.abc import Sequence


class AcryptoError(Exception):
    """Something failed; the message says what, in words for the user. Exit code 1."""

    exit_code = 1


class ConfigError(AcryptoError):
    """The configuration or the usage is wrong; carries every problem at once. Exit code 2."""

    exit_code = 2

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class StoreError(AcryptoError):
    """A file is corrupted, inconsistent or in use. Exit code 1."""


class EnvironmentProblem(AcryptoError):
    """The machine lacks something: a device, an extra, disk space. Exit code 3."""

    exit_code = 3
