"""The house of floors: who may import whom, and who may touch the world, read from the sources by ast."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = "adversarial_crypto"
ROOT = Path(__file__).parent.parent / PACKAGE
FLOORS = {
    "errors": -1,  # the messages for the user, and the version: everyone may name them
    "numerics": 0,
    "config": 0,
    "formulas": 1,
    "networks": 2,
    "games": 2,
    "ciphers": 2,
    "training": 3,
    "attacks": 4,
    "store": 5,
    "executors": 5,
    "figures": 5,
    "report": 6,
    "lab": 6,
    "cli": 7,
    "__main__": 8,
}
NEVER_TORCH = {"config", "figures", "report"}
TORCH_FREE_IMPORT = NEVER_TORCH | {"errors", "store", "cli", "__main__"}
WORLD_MODULES = {"time", "subprocess", "tempfile", "shutil", "logging"}
WORLD_NAMES = {("os", "environ"), ("os", "getenv"), ("sys", "argv"), ("sys", "stdout"), ("sys", "stderr")}
WORLD_CALLS = {"print", "input", "open"}
FILE_METHODS = {"open", "read_text", "read_bytes", "write_text", "write_bytes"}
CLOCK_METHODS = {"now", "today", "utcnow"}  # datetime itself is only a type: TOML has dates
FILES_ALLOWED = {f"{PACKAGE}.config.files"}


def sources() -> dict[str, str]:
    """Every module of the package, dotted name -> source; a room's own file is `room.__init__`."""
    return {
        ".".join((PACKAGE, *path.relative_to(ROOT).with_suffix("").parts)): path.read_text(encoding="utf-8")
        for path in sorted(ROOT.rglob("*.py"))
    }


def room(module: str) -> str:
    """The second part of a dotted name; the package itself carries only its version and counts as `errors`."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] != "__init__" else "errors"


def is_typing_block(node: ast.AST) -> bool:
    """`if TYPE_CHECKING:` is not executed at import time."""
    return isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def walk(tree: ast.AST, at_import: bool) -> Iterator[ast.AST]:
    """All nodes, or only those that are executed when the module is imported (no function bodies, no typing blocks)."""
    for node in ast.iter_child_nodes(tree):
        if at_import and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if at_import and is_typing_block(node):
            yield from (inner for other in node.orelse for inner in (other, *walk(other, at_import)))  # type: ignore[attr-defined]
            continue
        yield node
        yield from walk(node, at_import)


def imports(module: str, source: str, at_import: bool = False) -> set[str]:
    """Dotted names that a module imports; `from a import b` gives both a and a.b, relative ones are resolved."""
    found = set()
    for node in walk(ast.parse(source), at_import):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            home = module.split(".")[: -node.level] if node.level else []
            origin = ".".join([*home, *([node.module] if node.module else [])])
            found |= {origin} | {f"{origin}.{alias.name}" for alias in node.names}
    return found


def climbs(module: str, source: str) -> list[str]:
    """Imports that go sideways or upwards."""
    here, problems = room(module), []
    if here not in FLOORS:
        return [f"{module}: {here} is no room of the table"]
    for name in sorted(imports(module, source)):
        there = room(name)
        if name.split(".")[0] != PACKAGE or there == here:
            continue
        if name.count(".") == 1 and there not in FLOORS and there.startswith("__"):
            continue  # `from adversarial_crypto import __version__`
        if there not in FLOORS:
            problems.append(f"{module} imports {name}, which is no room of the table")
        elif FLOORS[there] >= FLOORS[here]:
            problems.append(f"{module} (floor {FLOORS[here]}) imports {name} (floor {FLOORS[there]})")
    return problems


def names_torch(names: set[str]) -> bool:
    """Whether one of the names is torch or goes through it (safetensors.torch imports it)."""
    return any(name.split(".")[0] == "torch" or name == "safetensors.torch" for name in names)


def path_to_torch(start: str, modules: dict[str, str]) -> list[str] | None:
    """The chain of imports, executed when `start` is imported, that ends at torch; None when there is none."""
    trail: dict[str, str | None] = {start: None}
    queue = [start]
    while queue:
        module = queue.pop()
        names = imports(module, modules[module], at_import=True)
        if names_torch(names):
            chain, step = ["torch"], module
            while step is not None:
                chain.append(step)
                step = trail[step]  # type: ignore[assignment]
            return chain[::-1]
        parents = {f"{name.rsplit('.', cut)[0]}" for name in names for cut in range(1, name.count(".") + 1)}
        for name in names | parents:
            for candidate in (name, f"{name}.__init__"):
                if candidate in modules and candidate not in trail:
                    trail[candidate] = module
                    queue.append(candidate)
    return None


def touches_world(module: str, source: str) -> list[str]:
    """Clock, environment, arguments, printing and files in a module of the floors 0 to 4."""
    problems = [f"imports {name}" for name in imports(module, source) if name.split(".")[0] in WORLD_MODULES]
    problems += [f"imports {'.'.join(pair)}" for pair in WORLD_NAMES if ".".join(pair) in imports(module, source)]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and (ast.unparse(node.value), node.attr) in WORLD_NAMES:
            problems.append(f"uses {ast.unparse(node)}")
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in WORLD_CALLS:
            problems.append(f"calls {node.func.id}()")
        if isinstance(node.func, ast.Attribute) and node.func.attr in FILE_METHODS | CLOCK_METHODS:
            problems.append(f"calls {ast.unparse(node.func)}()")
    if module in FILES_ALLOWED:
        files = ("open()", *(f".{method}()" for method in FILE_METHODS))
        problems = [problem for problem in problems if not problem.endswith(files)]
    return [f"{module} {problem}" for problem in sorted(problems)]


def test_imports_go_down() -> None:
    """A file imports strictly lower floors or its own room, and every file stands in a room of the table."""
    assert [problem for module, source in sources().items() for problem in climbs(module, source)] == []


def test_rooms_without_torch() -> None:
    """config, figures and report never name torch, wherever in the file."""
    guilty = [m for m, text in sources().items() if room(m) in NEVER_TORCH and names_torch(imports(m, text))]
    assert guilty == []


def test_import_without_torch() -> None:
    """Importing config, figures, report, store or cli imports no torch, not even through another room."""
    modules = sources()
    chains = [path_to_torch(module, modules) for module in modules if room(module) in TORCH_FREE_IMPORT]
    assert [" -> ".join(chain) for chain in chains if chain] == []


def test_low_floors_do_not_touch_the_world() -> None:
    """Floors 0 to 4 have no clock, environment, argv, print or open; config/files.py alone reads and writes files."""
    low = {module: text for module, text in sources().items() if FLOORS.get(room(module), 9) <= 4}
    assert [problem for module, text in low.items() for problem in touches_world(module, text)] == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("numerics.adam", "from adversarial_crypto.config import Run"),
        ("networks.dense", "def build():\n    from adversarial_crypto import games"),
        ("games.symmetric", "from ..training import loop"),
        ("training.loop", "import adversarial_crypto.store.atomic"),
        ("figures.curves", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..lab import run"),
        ("utils.strings", ""),
        ("formulas.losses", "from adversarial_crypto import helpers"),
    ],
)
def test_climbing_is_seen(module: str, source: str) -> None:
    """An import sideways or upwards is found however it is written, and so is a room that the table does not know."""
    assert climbs(f"{PACKAGE}.{module}", source)


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "def f():\n    from time import monotonic",
        "from datetime import datetime\ndatetime.now()",
        "from os import environ",
        "import os\nos.getenv('A')",
        "import sys\nsys.argv",
        "print(1)",
        "open('a')",
        "path.read_text()",
    ],
)
def test_touching_the_world_is_seen(source: str) -> None:
    """Each way to the clock, the environment, the arguments, the screen and the files is found in a low floor."""
    assert touches_world(f"{PACKAGE}.formulas.losses", source)
    assert touches_world(f"{PACKAGE}.formulas.losses", "import math\nmath.sqrt(2)") == []
    assert touches_world(f"{PACKAGE}.config.files", "with path.open() as file:\n    pass") == []
    assert touches_world(f"{PACKAGE}.config.files", "print(1)")


def test_torch_behind_another_room_is_seen() -> None:
    """Torch is found behind a lower room's `__init__`, but not inside a function or under TYPE_CHECKING."""
    low, high = f"{PACKAGE}.numerics.__init__", f"{PACKAGE}.store.rundir"
    through = f"from {PACKAGE}.numerics.statistics import wilson"
    assert path_to_torch(high, {low: "import torch", high: through}) == [high, low, "torch"]
    assert path_to_torch(high, {low: "", high: "from safetensors.torch import load"}) == [high, "torch"]
    later = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\ndef f():\n    import torch"
    assert path_to_torch(high, {low: "", high: later}) is None
