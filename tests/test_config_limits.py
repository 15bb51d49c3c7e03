"""What is refused before anything is read or built: absurd sizes, paths that are no file, texts that are no TOML."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adversarial_crypto.config import ConfigError, Run, load

EXPERIMENTS = [Path(__file__).parent.parent / "experiments"]


def problems(source: str | Path, *overrides: str) -> tuple[str, ...]:
    """The problems of a configuration that must have some."""
    with pytest.raises(ConfigError) as caught:
        load(source, overrides=overrides, experiments=EXPERIMENTS)
    return caught.value.problems


SIZES = {
    ("train.batch=1048576",): "-s train.batch=1048576: one chunk of replicas would need about 68.7 GB",
    ("replicas.count=4096", "train.batch=1048576", "replicas.chunk=4096"): (
        "-s replicas.chunk=4096: one chunk of replicas would need about 35.2 TB"
    ),
    ("train.steps=1000000000", "train.record_every=1"): "-s train.record_every=1: metrics.csv would need about 480 GB",
    ("game.message_bits=1024", "protocol.adversaries=255"): (
        "-s protocol.adversaries=255: the weights of all players would need about 87.2 GB"
    ),
    ("replicas.count=40000", "replicas.vary.train.learning_rate=[0.1,0.2]"): (
        "-s replicas.vary.train.learning_rate=[0.1,0.2]: the varied values times replicas.count make 80,000 replicas"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("overrides", "message"), SIZES.items(), ids=range(len(SIZES)))
def test_sizes_that_fit_no_machine_are_refused(overrides: tuple[str, ...], message: str) -> None:
    """Sizes that are each allowed but together absurd are refused with what they would need and what to lower."""
    (found,) = problems("quick", *overrides)
    assert found.startswith(message)
    assert "is the most, so lower" in found


def test_a_run_built_in_python_is_bounded_too() -> None:
    """The bounds belong to the run, not to the file."""
    with pytest.raises(ValueError, match="would need about"):
        Run.model_validate({"name": "x", "train": {"batch": 2**20}, "replicas": {"chunk": 4096}})


def test_paths_that_are_no_file(tmp_path: Path) -> None:
    """A missing file, a directory, a run's directory, a pipe, an impossible name: each has its sentence."""
    assert problems(tmp_path / "no.toml") == (f"{tmp_path}/no.toml does not exist",)
    assert problems(f"{tmp_path}/") == (f"{tmp_path} is a directory; name a .toml file",)
    (tmp_path / "config.toml").write_text("")
    assert problems(tmp_path) == (f"{tmp_path} is a directory; did you mean {tmp_path}/config.toml?",)
    os.mkfifo(tmp_path / "pipe.toml")
    assert problems(tmp_path / "pipe.toml") == (f"{tmp_path}/pipe.toml is not a regular file",)
    assert problems("./\x00.toml") == ("\\x00.toml does not exist",)
    assert problems("x" * 5000 + ".toml")[0].endswith("cannot be read: file name too long")


LINES = st.sampled_from(
    ["[train]", "[game]", "[replicas.vary]", "[profile.smoke]", "[[game]]", "batch = 3", "steps = -1", "x.y = {a=[1]}",
     '"train.batch" = 9', '"train.learning_rate" = [0.1]', "train = 1", "message_bits = 8", "vary = []", "vary = {}",
     "replicas.vary = 1", '"replicas.vary" = {}', "extends = 'quick'", "profile = 1", "train.updates = 3", "name = ''"]
)  # fmt: skip


@given(text=st.one_of(st.text(), st.lists(LINES, max_size=8).map("\n".join)), override=st.text(max_size=20))
@example(text='"replicas.vary" = 3\n[replicas.vary]\n"train.learning_rate" = [1]', override="replicas={vary=1}")
@settings(max_examples=300, deadline=None)
def test_any_text_gives_a_run_or_a_config_error(
    tmp_path_factory: pytest.TempPathFactory, text: str, override: str
) -> None:
    """No text, however odd, gives any other error than a ConfigError of printable lines."""
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    for overrides in ([], [override]):
        try:
            run = load(path, overrides=overrides, profile=None, experiments=EXPERIMENTS)
        except ConfigError as error:
            assert error.problems
            assert all(line.isprintable() and line for line in error.problems)
        else:
            assert run.total_replicas >= 1


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("protocol.adversaries=256", "protocol.adversaries must be at most 255"),
        ("protocol.adversaries=128", "adversaries times adversary_networks must be at most 255"),
        ('protocol.adversary_networks=["own","own"]', "must not name a network twice"),
    ],
)
def test_every_adversary_has_an_address_of_its_own(override: str, sentence: str) -> None:
    """More adversaries than the generator's 8 bits can tell apart, and a network named twice, are refused."""
    two = ['protocol.adversary_networks=["own","dense"]', override]
    with pytest.raises(ConfigError, match=sentence):
        load("quick", overrides=two, experiments=EXPERIMENTS)
