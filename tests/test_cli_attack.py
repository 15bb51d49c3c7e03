"""`acrypto attack` and `acrypto calibrate`: the board, one honest sentence, one document, exit codes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cli_runs import call, document

from adversarial_crypto.attacks import ATTACKS, Expected

SIZES = ("-s", "message_bits=4", "-s", "key_bits=4")
FIELDS = {
    *("attack", "scope", "replica", "bits", "outcome", "statistic", "value", "low", "high", "p", "p_holm", "chance"),
    *("budget", "detection_limit", "note"),
}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def attacked(target: str, *words: str) -> dict[str, object]:
    """The document of an attack on a known cipher of four bits."""
    return document(call("attack", f"known:{target}", *SIZES, *words, "--json"))


def test_document() -> None:
    """--json is one document: target, overall word, and a row a finding with all its fields."""
    found = attacked("parity_leak(2)", "--attack", "support", "--attack", "ind_cpa")
    assert found["schema"] == "acrypto.attack/1"
    assert (found["target"], found["tier"], found["overall"]) == ("parity_leak(2)", "smoke", "refuted")
    rows = found["verdicts"]
    assert isinstance(rows, list) and {row["attack"] for row in rows} == {"support", "ind_cpa"}
    assert all(set(row) == FIELDS for row in rows)


def test_the_board_and_one_sentence() -> None:
    """The terminal shows a row an attack with its most telling finding, the legend, and one sentence."""
    result = call("attack", "known:one_bit_key", *SIZES, "--attack", "linear", "--attack", "support")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    board = [" ".join(line.split()) for line in lines]
    assert "linear ✗ leaked relations 3.00 (chance 0)" in board
    assert "✗ broken, ≠ refuted, · not broken, ? void, – skipped" in result.stdout
    assert "one_bit_key is broken (linear)." in lines
    again = call("attack", "known:one_bit_key", *SIZES, "--attack", "linear", "--attack", "support")
    assert "is already complete" in again.stderr and again.stdout == result.stdout


def test_replicas_are_columns() -> None:
    """Several replicas stand side by side, and the sentence counts those that fell."""
    result = call("attack", "known:biased_pad(0.5,0.25)", *SIZES, "--attack", "linear")
    assert "linear · ✗" in " ".join(result.stdout.split())
    assert "1 of 2 replicas of biased_pad(0.5,0.25) are broken (linear)." in result.stdout


def test_not_broken_is_no_promise() -> None:
    """Nothing found is said with what looked, and that it is no proof."""
    text = call("attack", "known:one_time_pad", *SIZES, "--attack", "linear").stdout
    assert "one_time_pad was not broken by linear at this budget; that is no proof of secrecy." in text


def test_figures_stand_with_the_results() -> None:
    """The board is drawn with every attack, and its tables beside it."""
    directory = Path(str(attacked("one_time_pad", "--attack", "support")["directory"]))
    assert {path.name for path in (directory / "figures" / "board").iterdir()} == {
        *("SHA256SUMS", "board.cells.csv", "board.pdf", "board.png", "board.settings.csv")
    }


def test_damage_is_named_and_mended() -> None:
    """`acrypto verify` names a result in which a bit has changed, and with --repair the same attack makes it anew."""
    directory = Path(str(attacked("one_time_pad", "--attack", "support")["directory"]))
    before = (directory / "support.json").read_bytes()
    assert "4 attacks checked" in call("verify", "attacks").stderr  # three of them on controls
    (directory / "support.json").write_bytes(before.replace(b"not_broken", b"not_brokeN", 1))
    found = call("verify", ".")
    assert found.exit_code == 1 and found.stdout.count("support.json") == 2  # the file, and in its sentence
    assert call("verify", ".", "--repair").exit_code == 0
    assert call("verify", "attacks").exit_code == 0
    attacked("one_time_pad", "--attack", "support")
    assert (directory / "support.json").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("known:one_time_pda",), "did you mean 'one_time_pad'"),
        (("known:one_time_pad", "--attack", "liner"), "did you mean 'linear'"),
        (("known:one_time_pad", "--tier", "huge"), "unknown tier"),
        (("runs/none",), "is no target"),
        (("known:one_time_pad", "--bits", "0"), "bits"),
        (("known:one_time_pad", "-s", "bits=4"), "of this target only message_bits=N and key_bits=K can be set"),
        (("known:one_time_pad", "-s", "key_bits=4", "-s", "key_bits=5"), "'key_bits=5': key_bits is set twice"),
        (("neural:untrained", "-s", "key_bits=4"), "'key_bits=4': of this target only message_bits=N can be set"),
        (("neural:untrained", "-s", "steps=4"), "'steps=4': of this target only message_bits=N can be set"),
        (("my_cipher.py:build", "-s", "key_bits=4"), "'key_bits=4': my_cipher.py:build has its own sizes"),
        (("runs/none", "-s", "key_bits=4"), "is no target"),
    ],
)
def test_what_cannot_be_asked(words: tuple[str, ...], told: str) -> None:
    """A wrong word is exit code 2 and one sentence, and nothing is written."""
    result = call("attack", *words)
    assert result.exit_code == 2 and told in result.stderr and result.stdout == ""
    assert not Path("attacks").exists()


def test_calibration_shows_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell that is not as expected is marked, told in words, and makes the exit code 1; else it is 0."""
    right = replace(ATTACKS["ind_cpa"], message_bits=4)
    wrong = replace(right, expected=Expected(broken=right.expected.broken[1:], skipped=right.expected.skipped))
    monkeypatch.setattr("adversarial_crypto.attacks.ATTACKS", {"ind_cpa": right})
    done = call("calibrate")
    assert done.exit_code == 0, done.stdout
    monkeypatch.setattr("adversarial_crypto.attacks.ATTACKS", {"ind_cpa": wrong})
    result = call("calibrate")
    first = right.expected.broken[0]
    assert result.exit_code == 1
    assert f"ind_cpa on {first}: broken, where not_broken is expected" in result.stdout
    found = document(call("calibrate", "--json"))
    assert found["schema"] == "acrypto.calibrate/1" and found["wrong"] == 1


def test_what_there_is() -> None:
    """`acrypto list` names every known cipher as a target is written, and every attack with its question."""
    ciphers = document(call("list", "ciphers", "--json"))["ciphers"]
    attacks = document(call("list", "attacks", "--json"))["attacks"]
    assert isinstance(ciphers, list) and isinstance(attacks, list)
    assert "known:biased_pad(0.45)" in {row["name"] for row in ciphers}
    assert [row["name"] for row in attacks] == list(ATTACKS) and all(row["about"].endswith("?") for row in attacks)
