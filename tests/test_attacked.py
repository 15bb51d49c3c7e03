"""A cipher from a user's file: what is wrong with it is one sentence about that file, whenever it shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_runs import call, document

from adversarial_crypto import lab
from adversarial_crypto.config import ConfigError

HEAD = """
import torch
from adversarial_crypto.ciphers import Cipher

print("hello from the file")
calls = []

def pad(message, key):
    return message * key
"""
FAULTS = {
    "Cipher(pad, pad, True, 4, 4, 4)": "its replicas must be a whole number of at least 1, not True",
    "Cipher(pad, pad, 1, 4.0, 4, 4)": "its message_bits must be a whole number of at least 1, not 4.0",
    "Cipher(pad, pad, 1, 4, 4, 4, noise_width=-1)": "its noise_width must be a whole number of at least 0, not -1",
    "Cipher(pad, pad, 1, 4, 4, 4, noise_width='2')": "its noise_width must be a whole number of at least 0, not '2'",
    "Cipher(pad, pad, 1, 4, 4, 4, key_probability='half')": "its key_probability must lie between 0 and 1",
    "Cipher(pad, pad, 1, 4, 4, 4, key_probability=(0.5, 0.5))": "its key_probability must lie between 0 and 1",
    "Cipher(lambda m, k: 1 / 0, pad, 1, 4, 4, 4)": "its encrypt failed: ZeroDivisionError: division by zero",
    "Cipher(pad, lambda c, k: int('a\\nb'), 1, 4, 4, 4)": "its decrypt failed: ValueError: invalid literal",
    "Cipher(pad, lambda c, k: raise_(), 1, 4, 4, 4)": "its decrypt failed: NameError",
    "exit(5)": "build() failed: SystemExit: 5",
    "Cipher(lambda m, k: m * k * m[:, :1], None, 1, 4, 4, 4)": "a ciphertext depends on what is encrypted beside it",
    "Cipher(lambda m, k: calls.append(1) or m * k * (-1) ** (len(calls) > 3), None, 1, 4, 4, 4)": "on what was before",
}
# Sound on the words of the trial, and not on all.
RARELY = {
    "Cipher(lambda m, k: m * k / (m.sum(-1, keepdim=True) != 4), None, 1, 4, 4, 4)": "values that are not finite",
    "Cipher(lambda m, k: m * k if (m.sum(-1) < 4).all() else 1 / 0, None, 1, 4, 4, 4)": "its encrypt failed: Zero",
}


def written(folder: Path, cipher: str) -> str:
    """A file whose build() returns this; the reference to it."""
    (folder / "mine.py").write_text(f"{HEAD}\ndef build():\n    return {cipher}\n", encoding="utf-8")
    return f"{folder}/mine.py:build"


@pytest.mark.parametrize(("cipher", "sentence"), FAULTS.items())
def test_a_faulty_cipher_is_refused_before_any_attack(tmp_path: Path, cipher: str, sentence: str) -> None:
    """One line that names the file, exit code 2, and nothing written."""
    result = call("attack", written(tmp_path, cipher), "--attack", "linear", "-o", tmp_path / "out", "--json")
    assert result.exit_code == 2 and result.stdout == ""
    (line,) = [line for line in result.stderr.splitlines() if line != "hello from the file"]
    assert "mine.py" in line and sentence in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("cipher", "sentence"), RARELY.items())
def test_a_fault_that_shows_later_is_told_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cipher: str, sentence: str
) -> None:
    """What goes wrong on some words only is a sentence about the same file."""
    from adversarial_crypto.lab import attacked

    monkeypatch.setattr(attacked, "TRIED", 1)
    with pytest.raises(ConfigError, match=sentence) as told:
        lab.attack(written(tmp_path, cipher), attacks=["linear"], out=tmp_path / "out")
    assert "mine.py" in str(told.value) and "\n" not in str(told.value)


def test_what_the_file_prints_is_no_part_of_the_document(tmp_path: Path) -> None:
    """On stdout stands one document, whatever a user's file says."""
    found = document(
        call(
            "attack", written(tmp_path, "Cipher(pad, pad, 1, 4, 4, 4)"), "--attack", "support", "--json", "-o", tmp_path
        )
    )
    assert found["overall"] == "not_broken"


def test_the_sentence_says_what_had_nothing_to_say(tmp_path: Path) -> None:
    """With 40 key bits the exact attacks are skipped, and the sentence names them; a leak's size is no bound."""
    # The parity of three bits, in one element's size: of each bit for itself that says nothing.
    size = "torch.where(torch.arange(4) == 0, (2 + m[..., :3].prod(-1, keepdim=True)) / 4, 0.5)"
    source = written(tmp_path, f"Cipher(lambda m, k: {size} * k[..., :4], None, 1, 4, 40, 4)")
    result = call("attack", source, "--attack", "linear", "--attack", "support", "--attack", "ind_cpa", "-o", tmp_path)
    assert "was not broken by linear at this budget (support had nothing to say); that is no proof" in result.stdout
    assert "smallest known leak found: 1 of 4 bits (clear_bits(1))" in result.stdout
    assert "ind_cpa (reuse)" in result.stdout


def test_a_broken_cipher_is_also_said_to_be_refuted(tmp_path: Path) -> None:
    """A proof is not lost where another attack has more."""
    told = lab.attack("known:parity_leak(2)", attacks=["linear", "support"], settings=["message_bits=4", "key_bits=4"])
    assert told.sentence == "parity_leak(2) is broken (linear); no perfect secrecy, by proof (support)."


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
