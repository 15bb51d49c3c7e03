"""When two runs are the same: the identity, and a resolved configuration as valid input."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from adversarial_crypto.config import Run, dumps, identity, load, relocate, short_id, user_files
from adversarial_crypto.config.files import key_lines

EXPERIMENTS = [Path(__file__).parent.parent / "experiments"]


def write(folder: Path, text: str, name: str = "exp.toml") -> Path:
    """Write a file, in a new folder where needed."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def run_of(folder: Path, text: str = "", *overrides: str) -> Run:
    """Load a file of this content."""
    return load(write(folder, text), overrides=overrides)


BASE = "[game]\nmessage_bits = 16\n[train]\nbatch = 64\nsteps = 10\n[replicas]\ncount = 2\nseed = 3\n"

SEMANTIC = [
    "game.message_bits=8", "game.key_bits=8", "networks.alice=dense", "networks.init=torch", "train.steps=11",
    "train.batch=65", "train.learning_rate=0.1", "train.learning_rate_decay=linear", "train.loss=paper_text",
    "train.record_every=9",
    "train.record_batch=64", "train.stop=steps", "train.updates.alice_bob=2", "train.updates.eve=1",
    "replicas.count=3", "replicas.seed=4", "replicas.chunk=1", "replicas.first=1",
    "replicas.vary.train.learning_rate=[0.1]",
    "protocol.bob_bits_max=1", "protocol.eve_error_min=7", "protocol.robust_error_min=7", "protocol.adversaries=1",
    "protocol.adversary_steps=1", "protocol.adversary_batch=1", 'protocol.adversary_networks=["dense"]',
]  # fmt: skip


@pytest.mark.parametrize("override", SEMANTIC)
def test_identity_changes_with_every_semantic_key(tmp_path: Path, override: str) -> None:
    """Whatever can change a number changes the identity."""
    assert identity(run_of(tmp_path, BASE), {}) != identity(run_of(tmp_path, BASE, override), {})


def test_identity_covers_every_key_of_the_schema(tmp_path: Path) -> None:
    """No key outside name, question and paper is left out of the identity's test above."""
    tested = {text.partition("=")[0] for text in SEMANTIC} | {"game.kind", "networks.bob", "networks.eve"}
    tables = tomllib.loads(dumps(run_of(tmp_path, BASE)))
    updates = {f"train.updates.{key}" for key in tables["train"].pop("updates")}
    keys = {f"{table}.{key}" for table in tables if isinstance(tables[table], dict) for key in tables[table]}
    renamed = {key.replace("replicas.vary.train.learning_rate", "replicas.vary") for key in tested}
    assert keys | updates == renamed | {"replicas.block"}


def test_identity_ignores_order_words_and_defaults(tmp_path: Path) -> None:
    """The order of keys, name, question, paper, a default written out and how a sweep is cut do not change it."""
    shuffled = 'name = "other"\nquestion = "Why?"\npaper = "section 9"\n[replicas]\nseed = 3\ncount = 2\n'
    shuffled += "block = 3\nfirst = 0\n[train]\nsteps = 10\nstop = 'passed'\nbatch = 64\n"
    assert identity(run_of(tmp_path, BASE), {}) == identity(run_of(tmp_path, shuffled), {})
    digest = identity(run_of(tmp_path, BASE), {})
    assert len(digest) == 64
    assert short_id(digest) == digest[:10]


def test_identity_of_the_shipped_defaults_is_pinned() -> None:
    """A change of a default or of the canonical form changes every identity, so it must be deliberate."""
    assert identity(Run(name="x"), {}) == identity(load("paper-n16", experiments=EXPERIMENTS), {})
    assert short_id(identity(Run(name="x"), {})) == "f15653975e"


def test_identity_of_a_user_file_is_its_content(tmp_path: Path) -> None:
    """A FILE.py:function enters with the file's digest and the function's name, not with its place."""
    here = run_of(tmp_path, "", "networks.alice=a/net.py:build")
    there = relocate(here, {Path("a/net.py"): "networks/net.py"})
    assert there.networks.alice == "networks/net.py:build"
    assert there.networks.bob == "mix_transform"
    assert identity(here, {"a/net.py": "aa"}) == identity(there, {"networks/net.py": "aa"})
    assert identity(here, {"a/net.py": "aa"}) != identity(here, {"a/net.py": "ab"})
    other = run_of(tmp_path, "", "networks.alice=a/net.py:other")
    assert identity(here, {"a/net.py": "aa"}) != identity(other, {"a/net.py": "aa"})


def test_relocated_config_loads_beside_its_files(tmp_path: Path) -> None:
    """A resolved config.toml finds its user files from its own folder, wherever it is loaded from."""
    run = relocate(run_of(tmp_path, "", "networks.eve=net.py:build"), {Path("net.py"): Path("networks/net.py")})
    again = load(write(tmp_path / "run", dumps(run), "config.toml"))
    assert user_files(again) == (tmp_path / "run/networks/net.py",)
    assert relocate(again, {user_files(again)[0]: "networks/net.py"}) == run


SMALL = st.integers(1, 64)
RATES = st.floats(1e-12, 1.0)
THRESHOLDS = st.floats(0, 1e300)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Any]:
    """Any valid configuration of small sizes, with any subset of the keys given."""
    optional = {
        "name": st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True),
        "question": TEXT,
        "paper": TEXT,
        "game": st.fixed_dictionaries({}, optional={"message_bits": SMALL, "key_bits": SMALL}),
        "networks": st.fixed_dictionaries(
            {}, optional={"alice": st.sampled_from(["dense", "released"]), "init": st.sampled_from(["xavier", "torch"])}
        ),
        "train": st.fixed_dictionaries(
            {},
            optional={
                "steps": st.integers(1, 10**6), "batch": SMALL, "learning_rate": RATES, "record_every": SMALL,
                "loss": st.sampled_from(["per_bit", "paper_text", "maximise_eve"]),
                "updates": st.fixed_dictionaries({}, optional={"eve": SMALL, "alice_bob": SMALL}),
            },
        ),
        "replicas": st.fixed_dictionaries(
            {},
            optional={
                "count": SMALL, "seed": st.integers(0, 2**32 - 1), "chunk": SMALL,
                "vary": st.fixed_dictionaries(
                    {}, optional={"train.learning_rate": st.lists(RATES, min_size=1, max_size=3, unique=True)}
                ),
            },
        ),
        "protocol": st.fixed_dictionaries(
            {},
            optional={
                "bob_bits_max": THRESHOLDS, "eve_error_min": THRESHOLDS, "robust_error_min": THRESHOLDS,
                "adversaries": st.integers(0, 9), "adversary_steps": st.integers(0, 99),
                "adversary_networks": st.lists(st.sampled_from(["own", "dense"]), min_size=1, max_size=2, unique=True),
            },
        ),
    }  # fmt: skip
    return draw(st.fixed_dictionaries({}, optional=optional))


@given(data=tables())
@settings(max_examples=100, deadline=None)
def test_resolved_config_is_the_run(tmp_path_factory: pytest.TempPathFactory, data: dict[str, Any]) -> None:
    """What dumps writes is valid input, loads to the same run and identity, and is its own resolved form."""
    folder = tmp_path_factory.getbasetemp() / "round-trip"
    run = load(write(folder, tomli_w.dumps(data)))
    text = dumps(run)
    again = load(write(folder, text, "config.toml"))
    assert again == run
    assert identity(again, {}) == identity(run, {})
    assert dumps(again) == text


@given(data=tables())
@settings(max_examples=50, deadline=None)
def test_scanner_agrees_with_the_text(data: dict[str, Any]) -> None:
    """Every key of a written file is found, on a line that contains its name."""
    text = tomli_w.dumps(data)
    lines = key_lines(text)
    rows = text.split("\n")
    for table, content in data.items():
        assert table in rows[lines[(table,)] - 1]
        for key in content if isinstance(content, dict) else ():
            assert key in rows[lines[(table, key)] - 1]
