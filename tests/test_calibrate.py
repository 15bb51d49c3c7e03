"""The matrix of attacks and known ciphers: every cell of the smoke tier is as it must be."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from adversarial_crypto import lab
from adversarial_crypto.attacks import ATTACKS
from adversarial_crypto.attacks.controls import CIPHERS, NEURAL_CONTROLS, right
from adversarial_crypto.ciphers import KNOWN
from adversarial_crypto.lab.calibrate import labels


def test_the_smoke_tier_is_as_expected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every attack of the smoke tier breaks each known cipher that it must, and no other; two at a time."""
    monkeypatch.chdir(tmp_path)
    result = lab.calibrate(workers=2)
    assert set(result.cells) == {name for name, attack in ATTACKS.items() if attack.tier == "smoke"}
    assert {len(row) for row in result.cells.values()} == {len(CIPHERS)}
    assert [(attack, cell.label, cell.outcome) for attack, cell in result.wrong] == []


def test_every_known_cipher_is_in_the_matrix() -> None:
    """No cipher is left out, and neural ones join from the standard tier on."""
    assert {label.partition("(")[0] for label in CIPHERS} == set(KNOWN)
    assert set(NEURAL_CONTROLS) <= set(labels("standard")) and not set(NEURAL_CONTROLS) & set(labels("smoke"))


@pytest.mark.parametrize("name", ATTACKS)
def test_expectations_name_ciphers_that_there_are(name: str) -> None:
    """What is expected of an attack is said of ciphers of the matrix, once; its controls break and do not break."""
    attack = ATTACKS[name]
    said = [*attack.expected.broken, *attack.expected.skipped, *attack.expected.open]
    assert len(said) == len(set(said)) and set(said) <= {*CIPHERS, *NEURAL_CONTROLS}
    controls = [cell for label in attack.controls for cell in label.replace(",", "),biased_pad(").split("),")]
    wanted = {right(attack, label if label in CIPHERS else f"{label})") for label in controls}
    assert ("not_broken",) in wanted and ("broken", "refuted") in wanted


def test_without_the_package_aes_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the package cryptography is missing, the rest is calibrated, and what is missing is said."""
    monkeypatch.chdir(tmp_path)
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "cryptography" else found(name))
    told: list[object] = []
    result = lab.calibrate(attacks=["ind_cpa"], progress=told.append)
    assert {cell.label for cell in result.cells["ind_cpa"]} == {*CIPHERS} - {"aes_ctr"} and result.wrong == []
    assert any("acrypto[cryptography]" in getattr(event, "text", "") for event in told)
