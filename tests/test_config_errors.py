"""Whatever is wrong with a configuration is said in plain sentences, all at once, each with its place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from adversarial_crypto.config import ConfigError, experiment_files, load

EXPERIMENTS = [Path(__file__).parent.parent / "experiments"]
JARGON = re.compile(r"pydantic|input should|validation error|type=|\bstr\b|\bint\b|\bdict\b|traceback|nonetype", re.I)


def problems(source: str | Path, *overrides: str, profile: str | None = None) -> tuple[str, ...]:
    """The problems of a configuration that must have some; each one a line of plain words."""
    with pytest.raises(ConfigError) as caught:
        load(source, overrides=overrides, profile=profile, experiments=EXPERIMENTS)
    found = caught.value.problems
    assert caught.value.exit_code == 2
    assert found
    assert not [line for line in found if JARGON.search(line) or not line.isprintable()]
    assert len(set(found)) == len(found)
    return found


def problems_in(folder: Path, text: str | bytes, *overrides: str, profile: str | None = None) -> list[str]:
    """The same for a file of this content, with the folder's name taken off."""
    path = folder / "exp.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return [line.replace(f"{folder}/", "") for line in problems(path, *overrides, profile=profile)]


BROKEN = {
    "wrong type": ('[train]\nbatch = "many"', "exp.toml:2: train.batch must be a whole number, not the text 'many'"),
    "empty text": ("[train]\nbatch = ''", "exp.toml:2: train.batch must be a whole number, not an empty text"),
    "list for a number": ("[train]\nbatch = [1]", "exp.toml:2: train.batch must be a whole number, not a list"),
    "table for a number": ("[train.batch]\na = 1", "exp.toml:1: train.batch must be a whole number, not a table"),
    "date for a text": (
        "name = 2016-10-21", 'exp.toml:1: name must be a text in quotes, such as "text", not a date or time'
    ),
    "bool for int": ("[replicas]\ncount = true", "exp.toml:2: replicas.count must be a whole number, not true"),
    "bool for float": ("[train]\nlearning_rate = true", "exp.toml:2: train.learning_rate must be a number, not true"),
    "float for int": ("[train]\nsteps = 1.0", "exp.toml:2: train.steps must be a whole number, not 1.0; write 1"),
    "fraction for int": ("[train]\nsteps = 1.5", "exp.toml:2: train.steps must be a whole number, not 1.5"),
    "nan for int": ("[train]\nsteps = nan", "exp.toml:2: train.steps must be a whole number, not nan"),
    "number for text": (
        "[train]\nloss = 1", "exp.toml:2: train.loss must be 'per_bit', 'paper_text' or 'maximise_eve', not 1"
    ),
    "choice": (
        '[train]\nloss = "perbit"',
        "exp.toml:2: train.loss must be 'per_bit', 'paper_text' or 'maximise_eve', not the text 'perbit'; "
        "did you mean 'per_bit'?",
    ),
    "unknown key": (
        "\n\n[train]\nbatch_sise = 1", "exp.toml:4: unknown key 'train.batch_sise'; did you mean 'train.batch'?"
    ),
    "key in no table": (
        "message_bits = 8", "exp.toml:1: unknown key 'message_bits'; did you mean 'game.message_bits'?"
    ),
    "unknown table": ("[trian]\nsteps = 1", "exp.toml:1: unknown key 'trian'; did you mean 'train'?"),
    "nothing like it": (
        "[game]\nqqq = 1",
        "exp.toml:2: unknown key 'game.qqq'; there are 'kind', 'message_bits', 'key_bits', "
        "'eve_sees_public_key', 'bob_key', 'ciphertext_width', 'correlation', 'variance', 'eve_sees', "
        "'bob_weight', 'public_weight', 'secrecy_weight', 'generator', 'data', 'gradient_penalty' and 'generated'",
    ),
    "no name of a game": (
        '[game]\nkind = ["a"]',
        "exp.toml:2: game.kind must be 'symmetric', 'asymmetric', 'selective' or 'gan', not a list",
    ),
    "unknown game": (
        '[game]\nkind = "symetric"',
        "exp.toml:2: game.kind must be 'symmetric', 'asymmetric', 'selective' or 'gan', not the text 'symetric'; "
        "did you mean 'symmetric'?",
    ),
    "number for a table": ("train = 3", "exp.toml:1: train must be a table, such as [train], not 3"),
    "list of tables": ("[[train]]\nsteps = 1", "exp.toml:1: train must be a table, such as [train], not a list"),
    "negative size": ("[train]\nbatch = -4", "exp.toml:2: train.batch must be at least 1, not -4"),
    "zero": ("[game]\nkey_bits = 0", "exp.toml:2: game.key_bits must be at least 1, not 0"),
    "nan": ("[train]\nlearning_rate = nan", "exp.toml:2: train.learning_rate must be a finite number, not nan"),
    "inf": ("[train]\nlearning_rate = inf", "exp.toml:2: train.learning_rate must be a finite number, not inf"),
    "overflow": ("[train]\nlearning_rate = 1e999", "exp.toml:2: train.learning_rate must be a finite number, not inf"),
    "zero rate": ("[train]\nlearning_rate = 0", "exp.toml:2: train.learning_rate must be greater than 0, not 0"),
    "negative threshold": (
        "[protocol]\neve_error_min = -1", "exp.toml:2: protocol.eve_error_min must be at least 0, not -1"
    ),
    "infinite threshold": (
        "[protocol]\nrobust_error_min = inf", "exp.toml:2: protocol.robust_error_min must be a finite number, not inf"
    ),
    "absurd message": (
        "[game]\nmessage_bits = 100_000_000_000",
        "exp.toml:2: game.message_bits must be at most 1,024, not 100,000,000,000",
    ),
    "absurd batch": (
        "[train]\nbatch = 1000000000000", "exp.toml:2: train.batch must be at most 1,048,576, not 1,000,000,000,000"
    ),
    "number without end": (
        f"[game]\nmessage_bits = 0x{'f' * 9000}",
        "exp.toml:2: game.message_bits must be at most 1,024, not a number of more than 18 digits",
    ),
    "rate without end": (
        f"[train]\nlearning_rate = 1{'0' * 400}",
        "exp.toml:2: train.learning_rate must be a number of reasonable size, not a number of more than 18 digits",
    ),
    "digits without end": (
        f"[train]\nsteps = 1{'0' * 5000}", "exp.toml: not valid TOML: a number or a date in it is out of range"
    ),
    "seed too large": (
        "[replicas]\nseed = 4294967296", "exp.toml:2: replicas.seed must be at most 4,294,967,295, not 4,294,967,296"
    ),
    "cannot vary": (
        '[replicas.vary]\n"train.batch" = [1, -2]',
        "exp.toml:2: 'train.batch' cannot vary within a run; only 'train.learning_rate' can",
    ),
    "vary nothing": (
        '[replicas.vary]\n"train.learning_rate" = []',
        'exp.toml:2: replicas.vary."train.learning_rate" must list at least one value',
    ),
    "vary no list": (
        '[replicas.vary]\n"train.learning_rate" = 0.1',
        'exp.toml:2: replicas.vary."train.learning_rate" must be a list in brackets, such as [1, 2], not 0.1',
    ),
    "vary badly": (
        '[replicas.vary]\n"train.learning_rate" = [0.1, 7]',
        'exp.toml:2: replicas.vary."train.learning_rate"[1] must be at most 1, not 7',
    ),
    "vary twice": (
        '[replicas.vary]\n"train.learning_rate" = [0.1, 0.1]',
        "exp.toml:2: replicas.vary.\"train.learning_rate\" must not list a value twice; "
        "raise replicas.count for more replicas of one value",
    ),
    "vary is no table": ("[replicas]\nvary = 3", "exp.toml:2: replicas.vary must be a table, not 3"),
    "no adversary network": (
        "[protocol]\nadversary_networks = []", "exp.toml:2: protocol.adversary_networks must list at least one value"
    ),
    "a text for a list": (
        '[protocol]\nadversary_networks = "own"',
        "exp.toml:2: protocol.adversary_networks must be a list in brackets, such as [1, 2], not the text 'own'",
    ),
    "set twice": ('"train.batch" = 1\n[train]\nbatch = 2', "exp.toml:3: train.batch is set twice; keep one"),
    "network": (
        '[networks]\nalice = "my_net.py"',
        "exp.toml:2: networks.alice must be a network's name, like 'mix_transform', or FILE.py:function, "
        "like 'my_net.py:build'",
    ),
    "name": (
        'name = "a/b"',
        "exp.toml:1: name must be 1 to 64 letters, digits, '.', '_' or '-', as it names a directory",
    ),
    "not TOML": ("[train]\nbatch = = 3", "exp.toml:2: not valid TOML: invalid value (column 9)"),
    "cut off": ("[train]\nbatch = [1,", "exp.toml:2: not valid TOML: invalid value (at the end)"),
    "key twice in TOML": ("a = 1\na = 2", "exp.toml:2: not valid TOML: cannot overwrite a value (at the end)"),
    "nested": ("a = " + "[" * 5000, "exp.toml: not valid TOML: brackets are nested too deeply"),
    "deep key": (".".join("a" * 5000) + " = 1", "exp.toml: not valid TOML: tables are nested deeper than 16"),
    "not UTF-8": (b"[train]\n# caf\xe9\n", "exp.toml:2: the file is not UTF-8 text; save it as UTF-8"),
    "not a text": (b"\x00\x01", "exp.toml:1: not valid TOML: invalid statement (column 1)"),
    "data": (b"#" * 1_000_001, "exp.toml is larger than 1 MB, so it is no configuration"),
    "extends a number": ("extends = 3", "exp.toml:1: extends must name one experiment or file, not 3"),
    "extends nothing": ('\nextends = "quik"', "exp.toml:2: extends: unknown experiment 'quik'; did you mean 'quick'?"),
    "extends no file": ('extends = "no.toml"', "exp.toml:1: extends: no.toml does not exist"),
    "extends itself": ('extends = "exp.toml"', "exp.toml:1: extends: extends goes in a circle: exp.toml -> exp.toml"),
    "profile in the file": (
        "[profile.smok]\nx = 1",
        "exp.toml:1: unknown profile 'smok'; there are 'smoke', 'standard' and 'full'; did you mean 'smoke'?",
    ),
    "profile no table": (
        "[profile]\nsmoke = 3", "exp.toml:2: profile.smoke must be a table, such as [profile.smoke], not 3"
    ),
    "profiles no table": ("profile = 3", "exp.toml:1: profile must be a table, such as [profile.smoke], not 3"),
    "key of an unused profile": (
        '[profile.full]\n"train.stps" = 3', "exp.toml:2: unknown key 'train.stps'; did you mean 'train.steps'?"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_gets_one_clear_sentence(tmp_path: Path, text: str | bytes, message: str) -> None:
    """Each broken file gives exactly one problem: where, what, and what was probably meant."""
    assert problems_in(tmp_path, text) == [message]


OVERRIDES = {
    "train.batch": "-s train.batch: an override is KEY=VALUE, such as train.batch=512",
    "": "-s : an override is KEY=VALUE, such as train.batch=512",
    "=3": "-s =3: what stands before '=' must be a key, such as train.batch",
    "train..batch=3": "-s train..batch=3: what stands before '=' must be a key, such as train.batch",
    "a\nb=3": "-s a\\nb=3: what stands before '=' must be a key, such as train.batch",
    "train.batch=abc": "-s train.batch=abc: train.batch must be a whole number, not the text 'abc'",
    "train.batch=": "-s train.batch=: train.batch must be a whole number, not an empty text",
    "train.batch=1\nx = 2": "-s train.batch=1\\nx = 2: train.batch must be a whole number, not the text '1\\nx = 2'",
    "train.batch=nan": "-s train.batch=nan: train.batch must be a whole number, not nan",
    "train.batch=\udcff": "-s train.batch=\\udcff: train.batch must be a whole number, not the text '\\udcff'",
    "name=\udcff": "-s name=\\udcff: name must be 1 to 64 letters, digits, '.', '_' or '-', as it names a directory",
    "question=\udcff": "-s question=\\udcff: question must be a text without broken characters, not the text '\\udcff'",
    "train=3": "-s train=3: train must be a table, such as [train], not 3",
    "train.bach=3": "-s train.bach=3: unknown key 'train.bach'; did you mean 'train.batch'?",
    "eve=dense": "-s eve=dense: unknown key 'eve'; did you mean 'networks.eve' or 'train.updates.eve'?",
    "replicas.vary.train.batch=[1]": (
        "-s replicas.vary.train.batch=[1]: 'train.batch' cannot vary within a run; only 'train.learning_rate' can"
    ),
    "networks.alice=my_net.py:": (
        "-s networks.alice=my_net.py:: networks.alice must name a function after the colon, as in 'my_net.py:build'"
    ),
}


@pytest.mark.parametrize(("override", "message"), OVERRIDES.items(), ids=range(len(OVERRIDES)))
def test_a_broken_override_gets_one_clear_sentence(override: str, message: str) -> None:
    """A problem with an override says which override."""
    assert problems("quick", override) == (message,)


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    """Problems of the parent file, the file, the chosen profile and the overrides stand in one error, in that order."""
    (tmp_path / "base.toml").write_text("[game]\nmesage_bits = 3\nkey_bits = 0\n")
    text = (
        'extends = "base"\n[train]\nsteps = -1\nbatch = true\nlearning_rate = nan\n[profile.smoke]\nreplicas.count = 0'
    )
    found = problems_in(tmp_path, text, "train.los=per_bit", "replicas.seed=-1", profile="smoke")
    assert [line.split(" ")[0 if line[0] != "-" else 1] for line in found] == [
        "base.toml:2:", "base.toml:3:", "exp.toml:3:", "exp.toml:4:", "exp.toml:5:", "exp.toml:7:",
        "train.los=per_bit:", "replicas.seed=-1:",
    ]  # fmt: skip


def test_extends_in_a_circle_is_refused(tmp_path: Path) -> None:
    """A circle of files is named link by link."""
    (tmp_path / "b.toml").write_text('extends = "./exp.toml"')
    assert problems_in(tmp_path, 'extends = "b"') == [
        "b.toml:1: extends: extends goes in a circle: exp.toml -> b.toml -> exp.toml"
    ]


def test_unknown_names_suggest(tmp_path: Path) -> None:
    """A mistyped experiment or profile names the nearest, or the ones there are."""
    assert problems("quik") == ("unknown experiment 'quik'; did you mean 'quick'?",)
    *most, last = experiment_files(EXPERIMENTS)
    listed = f"there are {', '.join(map(repr, most))} and {last!r}"
    assert problems("zzz") == (f"unknown experiment 'zzz'; {listed}",)
    assert problems("") == (f"unknown experiment ''; {listed}",)
    assert problems("quick", profile="smok")[0].endswith("quick.toml: unknown profile 'smok'; did you mean 'smoke'?")
    assert problems_in(tmp_path, "", profile="smoke") == ["exp.toml: unknown profile 'smoke'; the file has no profiles"]
