"""Trained replicas as a cipher: the weights that were kept, of the replicas that were meant, or a sentence."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from lab_runs import EASY, NETWORK, stop_at, tiny

from adversarial_crypto.ciphers import decrypt, draw, encrypt
from adversarial_crypto.config import ConfigError
from adversarial_crypto.errors import StoreError
from adversarial_crypto.formulas.measures import bits_wrong
from adversarial_crypto.lab import Stopped
from adversarial_crypto.lab.trained import trained_cipher
from adversarial_crypto.networks import NETWORKS, Init
from adversarial_crypto.numerics.philox import Address
from adversarial_crypto.store import Run as Stored


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in which everyone passed, and one in which nobody did and Alice came from a user's file."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "my_net.py").write_text(NETWORK)
    tiny(folder / "passed", *EASY, "game.key_bits=3", "protocol.adversaries=0", "replicas.count=3")
    tiny(folder / "none", f"networks.alice={folder}/my_net.py:build", "protocol.adversaries=0")
    return folder


def words(run_dir: Path, **choice: Any) -> tuple[Any, dict[str, torch.Tensor], tuple[int, ...]]:
    """The cipher, pairs for it that depend on the replica's number alone, and the numbers."""
    cipher, replicas = trained_cipher(run_dir, **choice)
    return cipher, draw(cipher, Address(torch.tensor([[5, each] for each in replicas]), 0, 0), 200), replicas


def test_the_cipher_is_the_kept_players(runs: Path) -> None:
    """Ciphertexts and estimates are those of networks that load the stored weights by name."""
    cipher, secrets, replicas = words(runs / "passed")
    assert replicas == (0, 1, 2) and (cipher.replicas, cipher.message_bits, cipher.key_bits) == (3, 4, 3)
    arrays, _ = Stored.read(runs / "passed").players()
    players = {}
    for name in ("alice", "bob"):
        players[name] = NETWORKS["mix_transform"](7, 4, Init(torch.zeros(3, 2, dtype=torch.int64), name, "xavier"))
        own = {key.removeprefix(f"{name}."): torch.from_numpy(a) for key, a in arrays.items() if key.startswith(name)}
        players[name].load_state_dict(own)
    message, key = secrets["message"], secrets["key"]
    with torch.no_grad():
        ciphertext = players["alice"](torch.cat([message, key], -1))
        estimate = players["bob"](torch.cat([ciphertext, key], -1))
    torch.testing.assert_close(encrypt(cipher, message, key), ciphertext)
    torch.testing.assert_close(decrypt(cipher, ciphertext, key), estimate)


def test_bob_reads_as_the_protocol_says(runs: Path) -> None:
    """Bob's bits wrong over fresh messages are the run's own number, replica by replica, within sampling error."""
    for name, choice in (("passed", "passed"), ("none", "all")):
        cipher, replicas = trained_cipher(runs / name, choice)  # type: ignore[arg-type]
        secrets = draw(cipher, Address(torch.tensor([[9, each] for each in replicas]), 0, 0), 4096)
        wrong = bits_wrong(decrypt(cipher, encrypt(cipher, **secrets), secrets["key"]), secrets["message"])
        told = pd.read_csv(runs / name / "protocol.csv").set_index("replica")["bob_bits_wrong"]
        for row, replica in enumerate(replicas):
            error = float(wrong[row].std()) * (1 / 4096 + 1 / 1024) ** 0.5  # the protocol tested on 1,024
            assert abs(float(wrong[row].mean()) - told[replica]) < 4 * error + 1e-6


def test_several_threads_change_nothing(runs: Path) -> None:
    """Chunks that are encrypted at the same time meet the trained weights all of them, not those before training."""
    cipher, replicas = trained_cipher(runs / "passed")
    secrets = draw(cipher, Address(torch.tensor([[5, each] for each in replicas]), 0, 0), 16 * 1024)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = encrypt(cipher, **secrets)
        torch.set_num_threads(4)
        assert all(torch.equal(encrypt(cipher, **secrets), alone) for _ in range(5))
    finally:
        torch.set_num_threads(threads)


def test_chosen_replicas_keep_their_numbers(runs: Path) -> None:
    """Replicas by number come in the order asked for, bit-equal to themselves among all."""
    cipher, secrets, _ = words(runs / "passed", replicas="all")
    everyone = encrypt(cipher, **secrets)
    some, own, numbers = words(runs / "passed", replicas=[2, 0])
    assert numbers == (2, 0) and some.replicas == 2
    assert torch.equal(encrypt(some, **own), everyone[[2, 0]])
    assert not torch.equal(everyone[0], everyone[2])


def test_a_network_of_the_users_own(runs: Path, tmp_path: Path) -> None:
    """Alice from a user's file is built from the run's own copy: the run can move, the file can be gone."""
    moved = tmp_path / "moved"
    shutil.copytree(runs / "none", moved)
    cipher, secrets, _ = words(moved, replicas="all")
    arrays, _ = Stored.read(moved).players()
    weight, bias = (torch.from_numpy(arrays[f"alice.out.{name}"]) for name in ("weight", "bias"))
    inputs = torch.cat([secrets["message"], secrets["key"]], -1)  # (R, B, N + K)
    expected = torch.tanh(inputs @ weight.transpose(1, 2) + bias.unsqueeze(1))
    torch.testing.assert_close(encrypt(cipher, **secrets), expected)


@pytest.mark.parametrize(
    ("name", "choice", "sentence"),
    [
        (
            "none",
            "passed",
            r"^No replica of .*none passed; choose one by its number, as with --replica 0 \(there are 0 to 1\)\.$",
        ),
        ("passed", [0, 3], r"^.*passed has no replica 3; there are 0 to 2\.$"),
        ("passed", [-1], r"^.*passed has no replica -1; there are 0 to 2\.$"),
        ("passed", [], r"^No replica of .*passed was chosen; there are 0 to 2\.$"),
        ("passed", "robust", r"^unknown choice of replicas 'robust'; there are 'passed' and 'all', or their numbers$"),
    ],
)
def test_choices_that_cannot_be_met(runs: Path, name: str, choice: Any, sentence: str) -> None:
    """Nobody passed, a replica that is not there, no replica at all: one sentence with what there is."""
    with pytest.raises(ConfigError, match=sentence):
        trained_cipher(runs / name, choice)


def test_unfinished_runs_are_no_ciphers(tmp_path: Path) -> None:
    """A run that was stopped has no players yet, and a directory that is no run never had any; both are told."""
    with pytest.raises(Stopped):
        tiny(tmp_path / "run", stop=stop_at(2))
    with pytest.raises(StoreError, match=r"run is not complete; run the same command again to continue it\.$"):
        trained_cipher(tmp_path / "run")
    with pytest.raises(StoreError, match=r"is not a run directory"):
        trained_cipher(tmp_path)


def test_another_game_is_no_such_cipher(tmp_path: Path) -> None:
    """Alice and Bob of the asymmetric game share no key, so their run is refused by its game's name."""
    tiny(tmp_path / "run", "game.kind=asymmetric", "train.steps=1", "protocol.adversaries=0")
    with pytest.raises(
        ConfigError, match=r"is a run of the asymmetric game; a cipher is made of the symmetric game's\.$"
    ):
        trained_cipher(tmp_path / "run")


@pytest.mark.parametrize("file", ["players.safetensors", "networks/my_net.py"])
def test_a_flipped_bit_is_noticed(runs: Path, tmp_path: Path, file: str) -> None:
    """Weights and networks are not used unless every byte is the one that was committed."""
    damaged = tmp_path / "damaged"
    shutil.copytree(runs / "none", damaged)
    data = bytearray((damaged / file).read_bytes())
    data[-1] ^= 1
    (damaged / file).write_bytes(data)
    with pytest.raises(StoreError, match=file):
        trained_cipher(damaged, "all")
