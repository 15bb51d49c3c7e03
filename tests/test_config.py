"""What a configuration means: defaults, layers, identity, and the way there and back."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from adversarial_crypto.config import (
    AsymmetricGame,
    ConfigError,
    Protocol,
    Run,
    SymmetricGame,
    dumps,
    expand,
    experiment_files,
    identity,
    load,
    user_files,
)
from adversarial_crypto.config.files import key_lines

EXPERIMENTS = [Path(__file__).parent.parent / "experiments"]


def write(folder: Path, text: str, name: str = "exp.toml") -> Path:
    """Write a file, in a new folder where needed."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def run_of(folder: Path, text: str = "", *overrides: str, profile: str | None = None) -> Run:
    """Load a file of this content."""
    return load(write(folder, text), overrides=overrides, profile=profile, experiments=EXPERIMENTS)


# --- the experiments -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [16, 32, 64])
def test_paper_experiments_have_the_papers_numbers(bits: int) -> None:
    """paper-nN is 20 replicas at batch 4096, rate 0.0008, 150,000 steps and 5 fresh Eves of 250,000 steps."""
    run = load(f"paper-n{bits}", experiments=EXPERIMENTS)
    assert (run.game.message_bits, run.game.key_bits, run.total_replicas) == (bits, bits, 20)
    assert (run.train.steps, run.train.batch, run.train.learning_rate) == (150_000, 4096, 0.0008)
    assert (run.train.updates.alice_bob, run.train.updates.eve, run.train.loss) == (1, 2, "per_bit")
    protocol = run.protocol
    assert (protocol.adversaries, protocol.adversary_steps, protocol.adversary_batch) == (5, 250_000, 4096)
    assert (protocol.bob_bits_max, protocol.eve_error_min) == (0.05, 7.3 / 16 * bits)
    assert protocol.robust_error_min == 6 / 16 * bits


def test_quick_is_the_small_version() -> None:
    """The quick experiment is N=16, batch 512, rate 0.002, 8 replicas, at most 10,000 steps, 2 Eves of 3,000."""
    run = load("quick", experiments=EXPERIMENTS)
    assert (run.name, run.game.message_bits, run.replicas.count, run.replicas.chunk) == ("quick", 16, 8, 8)
    assert (run.train.batch, run.train.learning_rate, run.train.steps, run.train.stop) == (512, 0.002, 10_000, "passed")
    assert (run.protocol.adversaries, run.protocol.adversary_steps, run.protocol.adversary_batch) == (2, 3_000, 512)


@pytest.mark.parametrize("name", sorted(experiment_files(EXPERIMENTS)))
def test_every_experiment_has_a_question_a_source_and_a_smoke_profile(name: str) -> None:
    """Each shipped experiment says what it asks and where the paper stands, and has a version of seconds."""
    for point in expand(name, profile="smoke", experiments=EXPERIMENTS):
        run = point.run
        assert run.question.endswith("?")
        assert "section" in run.paper or "appendix" in run.paper or "appendix" in run.paper
        examples = run.total_replicas * (
            3 * run.train.steps * run.train.batch
            + run.protocol.adversaries * run.protocol.adversary_steps * run.protocol.adversary_batch
        )
        assert examples < 100_000


# --- defaults --------------------------------------------------------------------------------------------------------


def test_key_is_as_long_as_the_message_unless_said_otherwise(tmp_path: Path) -> None:
    """key_bits defaults to message_bits, and may differ from it."""
    assert run_of(tmp_path, "[game]\nmessage_bits = 24").game.key_bits == 24
    assert run_of(tmp_path, "[game]\nmessage_bits = 24\nkey_bits = 5").game.key_bits == 5
    assert SymmetricGame(message_bits=24).key_bits == 24


def test_thresholds_scale_with_the_message(tmp_path: Path) -> None:
    """Eve's thresholds default to 7.3/16 and 6/16 of the message, each on its own, and dumps writes them out."""
    run = run_of(tmp_path, "[game]\nmessage_bits = 8\n[protocol]\nrobust_error_min = 1")
    assert (run.protocol.eve_error_min, run.protocol.robust_error_min) == (3.65, 1.0)
    assert tomllib.loads(dumps(run))["protocol"]["eve_error_min"] == 3.65
    built = Run(name="x", game=SymmetricGame(message_bits=8), protocol=Protocol(adversaries=0))
    assert (built.protocol.eve_error_min, built.protocol.robust_error_min, built.protocol.adversaries) == (3.65, 3.0, 0)


def test_whole_numbers_are_real_numbers_too(tmp_path: Path) -> None:
    """1 where a real number is expected means 1.0, with the same identity."""
    whole = run_of(tmp_path, "[train]\nlearning_rate = 1\n[protocol]\nbob_bits_max = 0")
    real = run_of(tmp_path, "[train]\nlearning_rate = 1.0\n[protocol]\nbob_bits_max = -0.0")
    assert whole == real
    assert identity(whole, {}) == identity(real, {})


def test_replicas_take_varied_values_in_blocks(tmp_path: Path) -> None:
    """Replica i has varied value i // count; without variation all have train.learning_rate."""
    run = run_of(tmp_path, '[replicas]\ncount = 2\n[replicas.vary]\n"train.learning_rate" = [0.1, 0.2, 1]')
    assert run.total_replicas == 6
    assert run.learning_rates() == (0.1, 0.1, 0.2, 0.2, 1.0, 1.0)
    plain = run_of(tmp_path, "[replicas]\ncount = 3")
    assert plain.learning_rates() == (0.0008,) * 3


@pytest.mark.parametrize(("stem", "name"), [("my trial (2)", "my-trial-2"), ("---", "run"), ("a" * 90, "a" * 64)])
def test_name_comes_from_the_file(tmp_path: Path, stem: str, name: str) -> None:
    """Without a name the run takes its file's, made fit for a directory."""
    assert load(write(tmp_path, "", f"{stem}.toml")).name == name


# --- layers ----------------------------------------------------------------------------------------------------------


def test_layers_apply_in_order(tmp_path: Path) -> None:
    """Order: extends < file < profile < overrides, the last override winning."""
    write(tmp_path, "[train]\nsteps = 1\nbatch = 1\nrecord_every = 1\nrecord_batch = 1", "base.toml")
    text = 'extends = "base"\n[train]\nbatch = 2\nrecord_every = 2\nrecord_batch = 2\n[profile.smoke]\n'
    text += '"train.record_every" = 3\ntrain.record_batch = 3'
    run = run_of(tmp_path, text, "train.record_batch=4", "train.record_batch=5", profile="smoke")
    assert (run.train.steps, run.train.batch, run.train.record_every, run.train.record_batch) == (1, 2, 3, 5)
    assert run_of(tmp_path, text).train.record_every == 2


def test_extends_finds_files_beside_and_experiments(tmp_path: Path) -> None:
    """A file extends an experiment, a file beside it or a relative path; profiles come along, not the name."""
    assert run_of(tmp_path, 'extends = "quick"').train.batch == 512
    assert run_of(tmp_path, 'extends = "quick"', profile="smoke").train.steps == 30
    write(tmp_path, 'name = "parent"\n[train]\nbatch = 7', "sub/parent.toml")
    run = run_of(tmp_path, 'extends = "sub/parent.toml"')
    assert (run.train.batch, run.name) == (7, "exp")


def test_variation_is_replaced_whole(tmp_path: Path) -> None:
    """An override of replicas.vary replaces the file's; an empty table takes it back."""
    text = '[replicas.vary]\n"train.learning_rate" = [0.1, 0.2]'
    assert run_of(tmp_path, text, "replicas.vary={}").total_replicas == 20
    quoted = run_of(tmp_path, text, 'replicas.vary={"train.learning_rate"=[0.5]}')
    bare = run_of(tmp_path, text, "replicas.vary.train.learning_rate=[0.5]")
    assert quoted.replicas.vary == bare.replicas.vary == {"train.learning_rate": (0.5,)}


def test_override_values_are_toml_or_bare_text(tmp_path: Path) -> None:
    """VALUE is read as TOML, and what is not TOML is a text."""
    run = run_of(tmp_path, "", "train.batch=1_024", "train.loss=paper_text", 'train.stop="steps"', "question=Why = so?")
    assert (run.train.batch, run.train.loss, run.train.stop) == (1024, "paper_text", "steps")
    assert run.question == "Why = so?"


def test_user_files_are_relative_to_where_they_are_written(tmp_path: Path) -> None:
    """FILE.py in a file is relative to that file's folder, in an override to the working directory."""
    write(tmp_path, '[networks]\neve = "../nets/eve.py:build"', "sub/parent.toml")
    text = 'extends = "sub/parent.toml"\n[networks]\nbob = "./my_net.py:build"\n[protocol]\n'
    text += 'adversary_networks = ["own", "my_net.py:other"]'
    run = run_of(tmp_path, text, "networks.alice=./here.py:build")
    assert run.networks.alice == "here.py:build"
    assert run.networks.bob == f"{tmp_path.as_posix()}/my_net.py:build"
    assert user_files(run) == (Path("here.py"), tmp_path / "my_net.py", tmp_path / "nets/eve.py")


# --- the key scanner, and the price of an import ---------------------------------------------------------------------


def test_windows_files_are_files(tmp_path: Path) -> None:
    """A byte order mark and carriage returns, as Windows editors write them, change nothing."""
    (tmp_path / "exp.toml").write_bytes(b"\xef\xbb\xbf[train]\r\nbatch = 7\r\nsteps = 5\r\n")
    run = load(tmp_path / "exp.toml")
    assert (run.train.batch, run.train.steps) == (7, 5)


def test_scanner_finds_each_keys_line() -> None:
    """Strings, comments, arrays over several lines, quoted and dotted keys and headers do not lead it astray."""
    text = '\n# [no]\na = """\nb = 1 # "\n"""" # end\n\'c.d\' = [ # ]\n  "x = [", \'y\',\n  { z = 1 },\n]\n'
    text += "[t . \"u v\"]\nk.l = '''\n[no]'''\n[[w]]\nm = { n = 1, o = [2,\n3] }\n"
    assert tomllib.loads(text)["w"] == [{"m": {"n": 1, "o": [2, 3]}}]
    assert key_lines(text) == {
        ("a",): 3, ("c.d",): 6, ("t",): 10, ("t", "u v"): 10, ("t", "u v", "k", "l"): 11, ("w",): 13, ("w", "m"): 14,
    }  # fmt: skip


def test_config_imports_no_torch() -> None:
    """`acrypto --help` and everything that only reads configurations does without torch and numpy."""
    code = "import sys, adversarial_crypto.config; print(sorted({'torch', 'numpy'} & set(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "[]"


def test_a_run_cannot_be_changed() -> None:
    """A run is frozen: what was validated is what is trained."""
    key = "batch"
    with pytest.raises(ValueError, match="frozen"):
        setattr(Run(name="x").train, key, 3)


# --- kinds of game ---------------------------------------------------------------------------------------------------


def test_the_asymmetric_game_has_a_key_generator(tmp_path: Path) -> None:
    """It sits at the table with the paper's network unless another is named, and nowhere else."""
    run = run_of(tmp_path, '[game]\nkind = "asymmetric"\nmessage_bits = 8\n')
    assert isinstance(run.game, AsymmetricGame)
    assert (run.game.key_bits, run.game.eve_sees_public_key, run.game.bob_key) == (8, True, "secret")
    assert run.networks.key_generator == "mix_transform"
    assert (
        run_of(tmp_path, "", "game.kind=asymmetric", "networks.key_generator=dense").networks.key_generator == "dense"
    )
    assert run_of(tmp_path).networks.key_generator is None and "key_generator" not in dumps(run_of(tmp_path))
    with pytest.raises(
        ConfigError, match=r"networks\.key_generator is of games of kind 'asymmetric', not of 'symmetric'"
    ):
        run_of(tmp_path, "", "networks.key_generator=dense")


def test_a_setting_of_another_game_is_refused(tmp_path: Path) -> None:
    """The asymmetric game's switches mean nothing in the symmetric game."""
    with pytest.raises(ConfigError, match=r"exp\.toml:2: game\.bob_key does not belong here"):
        run_of(tmp_path, '[game]\nbob_key = "random"\n')


def test_a_run_of_the_asymmetric_game_is_valid_input(tmp_path: Path) -> None:
    """Its resolved text loads to the same run and identity, and its switches are part of that identity."""
    run = run_of(tmp_path, "", "game.kind=asymmetric")
    again = load(write(tmp_path, dumps(run), "again.toml"))
    assert again == run and identity(again, {}) == identity(run, {})
    assert identity(run_of(tmp_path, "", "game.kind=asymmetric", "game.bob_key=random"), {}) != identity(run, {})
