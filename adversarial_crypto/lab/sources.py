"""The files that a run needs beside its configuration: read once, hashed, kept with the run, used from those bytes.

They are the user's own networks, `FILE.py:function`, and the players that a run starts from.
"""

from __future__ import annotations

import ast
import difflib
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from adversarial_crypto.config import ConfigError, Run, players, relocate, user_files
from adversarial_crypto.config.fields import split_reference
from adversarial_crypto.errors import StoreError
from adversarial_crypto.store import Run as Stored
from adversarial_crypto.store.atomic import read_bytes
from adversarial_crypto.store.checkpoints import unpack
from adversarial_crypto.store.manifest import PLAYERS, is_run

if TYPE_CHECKING:
    from adversarial_crypto.training import Start

FOLDER = "networks"  # of a run directory
START = "start/players.safetensors"  # the same
# A network is a page of code; a data set given by mistake should not be parsed for minutes.
MAX_BYTES = 1_000_000


@dataclass(frozen=True)
class Sources:
    """The files that a run's networks and first players come from, as they were when the command was given.

    Args:
        run: the run with its references as they stand in the run directory, "networks/my_net.py:build".
        digests: sha256 by path as the user gave it, which is what `config.identity` asks for.
        files: path inside the run directory -> content.
        given: the same -> path as the user gave it.
    """

    run: Run
    digests: Mapping[str, str]
    files: Mapping[str, bytes]
    given: Mapping[str, Path]

    @classmethod
    def read(cls, run: Run) -> Sources:
        """Read the files of a configuration; ConfigError names every one that cannot be read."""
        contents: dict[Path, bytes] = {}
        problems: list[str] = []
        for path in user_files(run):
            try:
                contents[path] = file_content(path)
            except OSError as error:
                reason = error.strerror or str(error)
                problems.append(f"{path} cannot be read: {reason[:1].lower()}{reason[1:]}")
        start = Path(run.train.start_from) if run.train.start_from else None
        players_file = b""
        if start:
            try:
                players_file = _players(start)
            except StoreError as error:
                problems.append(f"train.start_from: {error}")
        if problems:
            raise ConfigError(problems)
        places: dict[Path, str] = {}
        files: dict[str, bytes] = {}
        for path, content in contents.items():
            places[path] = place_of(path, content, files)
            files[places[path]] = content
        if start:
            contents[start], places[start], files[START] = players_file, START, players_file
        digests = {str(path): sha256(content).hexdigest() for path, content in contents.items()}
        return cls(relocate(run, dict(places)), digests, files, {place: path for path, place in places.items()})

    def builds(self) -> dict[str, Callable[..., Any]]:
        """Executes the files; the functions by the references of `run`.

        Raises:
            ConfigError: one sentence with file and line for each syntax error, each line that fails and each function
                that is not there.
        """
        builds: dict[str, Callable[..., Any]] = {}
        problems: list[str] = []
        for place, content in self.files.items():
            if place == START:
                continue
            names = [name for path, name in self._references() if path == place]
            try:
                module = executed(content, self.given[place])
                builds |= {f"{place}:{name}": function_of(module, name, content, self.given[place]) for name in names}
            except ConfigError as error:
                problems += error.problems
        if problems:
            raise ConfigError(problems)
        return builds

    def start(self) -> Start | None:
        """The players that everyone begins with, or None."""
        if START not in self.files:
            return None
        import torch

        from adversarial_crypto.training import Start

        content = self.files[START]
        arrays, _ = unpack(content, self.given[START])
        weights = {name: torch.from_numpy(array) for name, array in arrays.items()}
        return Start(weights, int(sha256(content).hexdigest()[:4], 16))

    def as_given(self, text: str) -> str:
        """A sentence about a file of the run directory, told of the file that the user gave."""
        for place, path in self.given.items():
            text = text.replace(f"{place}:", f"{path}:")
        return text

    def _references(self) -> Iterator[tuple[str, str]]:
        named = (*players(self.run).values(), *self.run.protocol.adversary_networks)
        for network in dict.fromkeys(named):
            if reference := split_reference(network):
                yield reference


def _players(path: Path) -> bytes:
    """The players of a finished run, from its directory, checked, or from a copy of its file."""
    run = path if path.is_dir() else path.parent
    recorded = path.is_dir() or (path.name == PLAYERS and is_run(run) and Stored.read(run).complete)
    content = Stored.read(run).read_bytes(PLAYERS) if recorded else read_bytes(path)
    unpack(content, path)
    return content


def file_content(path: Path) -> bytes:
    """The bytes of a file of code; OSError where it is none or too large."""
    if path.exists() and not path.is_file():
        raise OSError("not a regular file")
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise OSError(f"larger than {MAX_BYTES // 10**6} MB, so it is no file of code")
    return content


def place_of(path: Path, content: bytes, taken: Mapping[str, bytes]) -> str:
    """networks/NAME.py, or NAME-2.py where another file of that name is there with another content."""
    number, place = 1, f"{FOLDER}/{path.name}"
    while taken.get(place, content) != content:
        number += 1
        place = f"{FOLDER}/{path.stem}-{number}.py"
    return place


def executed(content: bytes, path: Path) -> ModuleType:
    """The file as a module, executed from the bytes that were hashed, whatever has happened to the file since."""
    # By content: two versions of a file in one process are two modules. The compiler looks modules up by name.
    name = f"acrypto_network_{sha256(content).hexdigest()[:16]}"
    module = ModuleType(name)
    module.__file__ = str(path)
    try:
        code = compile(content, str(path), "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        raise ConfigError(_where_syntax(path, error)) from error
    sys.modules[name] = module
    try:
        exec(code, module.__dict__)
    except (Exception, SystemExit) as error:  # a user's own code may raise anything
        del sys.modules[name]
        hint = "; the file stands alone" if isinstance(error, ImportError) else ""
        raise ConfigError(f"{_where_raised(path, error)}: {type(error).__name__}: {error}{hint}") from error
    return module


def _where_syntax(path: Path, error: SyntaxError | ValueError) -> str:
    line = getattr(error, "lineno", None)
    place = f"{path}:{line}" if line else str(path)
    return f"{place}: not valid Python: {getattr(error, 'msg', None) or error}"


def _where_raised(path: Path, error: BaseException) -> str:
    """The file with the last line of its own that was being executed."""
    line, trace = 0, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"{path}:{line}" if line else str(path)


def function_of(module: ModuleType, name: str, content: bytes, path: Path) -> Callable[..., Any]:
    """A function of an executed file by its name; ConfigError says what is there instead."""
    found = getattr(module, name, None)
    if callable(found):
        return found  # type: ignore[no-any-return]
    lines = {node.name: node.lineno for node in ast.parse(content).body if isinstance(node, ast.FunctionDef)}
    near = difflib.get_close_matches(name, lines, n=1)
    if near:
        hint = f"; did you mean '{near[0]}' (line {lines[near[0]]})?"
    elif lines:
        hint = "; there is " + ", ".join(f"'{each}' (line {line})" for each, line in lines.items())
    else:
        hint = "; it defines no function"
    raise ConfigError(f"{path}: no function '{name}'{hint}")
