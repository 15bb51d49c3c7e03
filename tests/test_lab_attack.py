"""The battery as a whole: what counts, what is void, what is kept, and what it makes of ciphers nobody listed."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from adversarial_crypto import lab
from adversarial_crypto.attacks import ATTACKS, Attack, Budget, Expected, Said, Verdict, overall, settled
from adversarial_crypto.attacks.judging import bits_verdict
from adversarial_crypto.ciphers import KNOWN, Cipher, draw, encrypt
from adversarial_crypto.config import ConfigError
from adversarial_crypto.errors import StoreError
from adversarial_crypto.lab import battery
from adversarial_crypto.lab.attack import battery_of
from adversarial_crypto.lab.attacked import known_target
from adversarial_crypto.lab.events import Note
from adversarial_crypto.numerics.philox import Address, Occasion
from adversarial_crypto.store.atomic import read_sealed, write_sealed

SMALL = ("message_bits=4", "key_bits=4")
# Its key stands in the ciphertext beside the message, as if the attacker had been given it.
KEY_GIVEN = """
import torch
from adversarial_crypto.ciphers import Cipher

def build():
    encrypt = lambda message, key: torch.cat([message * key, key], -1)
    return Cipher(encrypt, lambda ciphertext, key: ciphertext[..., :4] * key, 1, 4, 4, 8)
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def small(label: str, *attacks: str, **options: object) -> lab.AttackResult:
    """Attacks on a known cipher of 4 bits."""
    return lab.attack(f"known:{label}", attacks=attacks or ("support",), settings=SMALL, **options)  # type: ignore[arg-type]


def rewritten(path: Path, **changes: object) -> None:
    """A sealed result with other content; None takes a key away."""
    content = {key: value for key, value in {**read_sealed(path), **changes}.items() if value is not None}
    write_sealed(path, content)


def outcomes(result: lab.AttackResult) -> set[str]:
    """Of all findings."""
    return {row["outcome"] for row in result.verdicts}


class TestWhatIsKept:
    def test_a_second_call_computes_nothing(self) -> None:
        """The same question again is answered from the files, with the same findings and the same bytes."""
        first = small("parity_leak(2)", "support", "linear")
        table = (first.directory / "verdicts.csv").read_bytes()
        again = small("parity_leak(2)", "support", "linear")
        assert not first.already_complete and again.already_complete
        assert again.verdicts == first.verdicts and again.seconds == first.seconds
        assert (again.directory / "verdicts.csv").read_bytes() == table

    def test_controls_are_shared_between_targets(self) -> None:
        """Controls are computed once for targets of one size, and again for another seed or size."""
        small("identity")
        count = len(list(Path("attacks/controls").iterdir()))
        small("clear_bits(2)")
        assert len(list(Path("attacks/controls").iterdir())) == count
        small("identity", seed=1)
        assert len(list(Path("attacks/controls").iterdir())) == 2 * count

    def test_stopped_between_attacks_it_goes_on(self) -> None:
        """Stopped at the second attack, the first is kept, and the same call ends with what one call gives."""
        whole = small("one_bit_key", "support", "linear", out="whole")
        seen: list[str] = []

        def stop() -> str | None:
            return "terminate" if any("linear" in each and "one_bit_key" in each for each in seen) else None

        def progress(event: object) -> None:
            seen.append(f"{getattr(event, 'attack', '')} {getattr(event, 'target', '')}")

        with pytest.raises(lab.Stopped, match="before linear on one_bit_key"):
            small("one_bit_key", "support", "linear", out="parts", stop=stop, progress=progress)
        kept = Path("parts/support.json").read_bytes()
        assert not Path("parts/linear.json").exists()
        rest = small("one_bit_key", "support", "linear", out="parts")
        assert Path("parts/support.json").read_bytes() == kept
        assert Path("parts/verdicts.csv").read_bytes() == Path("whole/verdicts.csv").read_bytes()
        assert rest.verdicts == whole.verdicts

    def test_a_damaged_result_is_refused(self) -> None:
        """One flipped bit in a result file is noticed, and the file is named."""
        path = small("identity").directory / "support.json"
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        with pytest.raises(StoreError, match=r"support\.json"):
            small("identity")

    def test_a_result_about_something_else_is_refused(self) -> None:
        """A directory that holds another target's results is not overwritten."""
        small("identity", out="here")
        with pytest.raises(StoreError, match="about something else"):
            small("clear_bits(1)", out="here")

    def test_a_result_of_another_build_is_kept_and_told(self) -> None:
        """The same question answered by another engine or torch is kept as it is, and one note says so."""
        first = small("identity", "support", "key_use", out="here")
        for name in ("support", "key_use"):
            rewritten(Path(f"here/{name}.json"), execution={"torch": "2.0", "engine": "compiled", "device": "cpu"})
        told: list[object] = []
        again = small("identity", "support", "key_use", out="here", progress=told.append)
        assert again.already_complete and again.verdicts == first.verdicts
        (note,) = [event.text for event in told if isinstance(event, Note)]
        assert note.startswith("Kept as computed before: support (torch 2.0, engine compiled), key_use (torch 2.0, ")
        assert note.endswith(f"; their controls were met by torch {torch.__version__}, engine eager, device cpu.")

    def test_every_build_has_a_place_of_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What another torch, engine or kind of device computes lies elsewhere; which of two GPUs is no matter."""
        usual, found = {"torch": "2.0", "engine": "eager", "device": "cpu"}, known_target("identity", 4)
        builds = [{}, {"torch": "2.1"}, {"engine": "compiled"}, {"device": "cuda:0"}, {"device": "cuda:1"}]
        places = []
        for build in builds:
            monkeypatch.setattr(battery, "execution", lambda *_, build=build: {**usual, **build})
            places.append(battery_of("smoke", 0, "cpu", "eager", None, None, None).place(found))
        assert places[3] == places[4] and len(set(places)) == 4

    def test_a_result_of_other_numerics_is_refused(self) -> None:
        """Numbers that would come out otherwise today are not served; a file without a version is of the first."""
        small("identity", out="here")
        rewritten(Path("here/support.json"), numerics=None)
        assert small("identity", out="here").already_complete
        rewritten(Path("here/support.json"), numerics=0)
        with pytest.raises(StoreError, match=r"support\.json is of numerics 0, .* those of today, 1; remove it"):
            small("identity", out="here")

    def test_the_table_says_what_the_call_says(self) -> None:
        """verdicts.csv has a row a finding, with its budget, interval, corrected p and detection limit."""
        result = small("biased_pad(0.4,0.25)", "linear")
        rows = list(csv.DictReader((result.directory / "verdicts.csv").read_text().splitlines()))
        assert len(rows) == len(result.verdicts) == 6 and {row["replica"] for row in rows} == {"0", "1"}
        for row, verdict in zip(rows, result.verdicts, strict=True):
            assert row == {name: "" if value is None else str(value) for name, value in verdict.items()}
            assert row["budget"] and float(row["p_holm"]) >= float(row["p"])

    def test_figures_follow_what_was_asked(self) -> None:
        """The board has the attacks of the last call, also where all of them had been computed before."""
        first = small("parity_leak(2)", "support", "linear")
        board = first.directory / "figures" / "board" / "board.cells.csv"
        assert "linear" in board.read_text() and "support" in board.read_text()
        small("parity_leak(2)", "support")
        assert "linear" not in board.read_text()
        drawn = (board.parent / "board.png").stat().st_mtime_ns
        small("parity_leak(2)", "support")
        assert (board.parent / "board.png").stat().st_mtime_ns == drawn

    def test_the_table_over_replicas_stands_beside_it(self) -> None:
        """claims.csv counts both replicas in each of its rows, and claims.md says the same for people."""
        result = small("biased_pad(0.4,0.25)", "linear")
        claims = list(csv.DictReader((result.directory / "claims.csv").read_text().splitlines()))
        assert {row["replicas"] for row in claims} == {"2"} and len(claims) == 3
        text = (result.directory / "claims.md").read_text()
        assert all(row["statistic"] in text for row in claims)


class TestWhatCounts:
    def test_swapped_controls_void_the_attack(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """With two controls swapped nothing the attack says counts, and it says why."""
        pad, leak = KNOWN["one_time_pad"], KNOWN["identity"]
        monkeypatch.setitem(KNOWN, "one_time_pad", leak)  # type: ignore[arg-type]
        monkeypatch.setitem(KNOWN, "identity", pad)  # type: ignore[arg-type]
        told: list[object] = []
        result = small("clear_bits(1)", "key_use", progress=told.append)
        assert outcomes(result) == {"void"} and result.overall == "inconclusive"
        assert "one_time_pad came out broken, not not_broken" in result.verdicts[0]["note"]
        assert any("counts for nothing" in getattr(event, "text", "") for event in told)

    @pytest.mark.parametrize("always", ["broken", "not_broken"])
    def test_a_constant_attack_is_caught(self, always: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """An attack that always says the same is void on a target, and calibration names the cells that are wrong."""

        def run(cipher: Cipher, budget: Budget, seeds: Tensor) -> Iterator[Said]:
            yield Verdict("lazy", "one_time", 0, None, always, "nothing", 0.0, 0.0, 0.0)  # type: ignore[arg-type]

        expected = Expected(broken=("identity",))
        lazy = Attack("?", "one_time", "smoke", run, ("identity", "one_time_pad"), expected, 4)
        monkeypatch.setattr("adversarial_crypto.attacks.ATTACKS", {"lazy": lazy})
        assert outcomes(small("clear_bits(1)", "lazy")) == {"void"}
        wrong = {cell.label for _, cell in lab.calibrate(attacks=["lazy"]).wrong}
        assert ("identity" in wrong, "one_time_pad" in wrong) == (always == "not_broken", always == "broken")

    def test_an_attack_that_is_given_the_key_is_void(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A slip that hands the attacker the key breaks the pad, so the attack breaks a control and does not count."""

        def run(cipher: Cipher, budget: Budget, seeds: Tensor) -> Iterator[Said]:
            words = draw(cipher, Address(seeds, 0, 0, Occasion.ATTACK), 4096)
            guess = encrypt(cipher, **words) * words["key"]
            base = Verdict("slip", "one_time", 0, None, "not_broken", "")
            yield bits_verdict(base, (guess > 0)[0] != (words["message"] > 0)[0])

        expected = Expected(broken=("identity",))
        slip = Attack("?", "one_time", "smoke", run, ("one_time_pad",), expected, 4)
        monkeypatch.setattr("adversarial_crypto.attacks.ATTACKS", {"slip": slip})
        assert small("permuted_pad", "slip").controls["slip"][0].outcome == "broken"
        assert outcomes(small("permuted_pad", "slip")) == {"void"}

    def test_a_pad_whose_key_is_sent_with_it_is_broken(self) -> None:
        """One-time pads whose key stands in the ciphertext are broken: nobody is secure because the cipher is a pad."""
        Path("mine.py").write_text(KEY_GIVEN)
        result = lab.attack("mine.py:build")
        assert result.overall == "broken" and result.board["exact_advantage"] == {0: "refuted"}

    def test_all_skipped_is_inconclusive(self) -> None:
        """Where no attack has power, there is no verdict."""
        told: list[object] = []
        result = small("scaled_pad", "support", progress=told.append)
        assert outcomes(result) == {"skipped"} and result.overall == "inconclusive"
        assert "inconclusive" in result.sentence
        # It said nothing, so there is nothing to hold against its controls.
        assert result.controls == {"support": []} and not any(hasattr(event, "text") for event in told)

    def test_reuse_alone_does_not_break_a_cipher(self) -> None:
        """The pad falls when its key is used twice, and that decides nothing about one ciphertext of a fresh key."""
        result = small("one_time_pad", "ind_cpa")
        assert outcomes(result) == {"broken"} and result.overall == "inconclusive"

    def test_a_negative_verdict_says_how_small_a_leak_it_would_have_seen(self) -> None:
        """Every finding of not broken has a detection limit, from the known leaks that the attack found."""
        limits = {row["detection_limit"] for row in small("one_time_pad", "linear").verdicts}
        assert len(limits) == 1 and "bits" in limits.pop()

    def test_what_does_not_survive_correction_is_not_broken_and_has_a_limit(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One p of 0.0005 among three tests breaks neither a target, whose row then has a limit, nor a control."""

        def run(cipher: Cipher, budget: Budget, seeds: Tensor) -> Iterator[Said]:
            word = torch.ones(1, 1, 4)
            sure = torch.equal(encrypt(cipher, word, -word), word)  # the message as it is
            for p in (1e-9 if sure else 0.0005, 0.4, 0.6):
                yield Verdict("timid", "one_time", 0, None, "broken" if p < 0.001 else "not_broken", "s", p=p)

        expected = Expected(broken=("identity",))
        timid = Attack("?", "one_time", "smoke", run, ("identity", "one_time_pad"), expected, 4)
        monkeypatch.setattr("adversarial_crypto.attacks.ATTACKS", {"timid": timid})
        result = small("permuted_pad", "timid")
        assert outcomes(result) == {"not_broken"}
        assert {row["detection_limit"] for row in result.verdicts} == {"4 of 4 bits (identity)"}

    def test_many_tests_are_corrected_together(self) -> None:
        """A p of 0.0005 is a finding alone, and none among three tests; a proof needs no correction."""
        first = Verdict("a", "one_time", 0, None, "broken", "s", 1.0, p=0.0005)
        others = [replace(first, attack=name, outcome="not_broken", p=0.5) for name in "bc"]
        assert [v.outcome for v in settled([first])] == ["broken"]
        assert [v.outcome for v in settled([first, *others])] == ["not_broken"] * 3
        assert [v.p_holm for v in settled([first, *others])] == [0.0015, 1.0, 1.0]
        proof = replace(first, outcome="refuted", p=None)
        assert overall(settled([proof, *others])) == "refuted"
        # Replicas are corrected each for itself.
        assert settled([first, replace(others[0], replica=1)])[0].outcome == "broken"


class TestTargets:
    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("def build(): return 3", "must return a Cipher, not int"),
            ("def build(): raise ValueError('no')", r"build\(\) failed: ValueError: no"),
            ("def build(): return Cipher(lambda message, key: message[..., :3], None, 1, 4, 4, 4)", "3"),
            ("def build(): return Cipher(lambda message, key: message * float('nan'), None, 1, 4, 4, 4)", "finite"),
            ("def build(): return Cipher(lambda message, key: message * 3, None, 1, 4, 4, 4)", "1"),
            ("def build(): return Cipher(lambda message, key: torch.rand_like(message), None, 1, 4, 4, 4)", "noise"),
            ("def build(): return Cipher(lambda message, key: message, None, 0, 4, 4, 4)", "replicas must be"),
            ("def build(): return Cipher(lambda m, k: m, None, 1, 4, 4, 4, key_probability=1.5)", "key_probability"),
            ("def build(): return Cipher(lambda m: m, None, 1, 4, 4, 4)", "failed: TypeError"),
            ("build = 4", "build"),
        ],
    )
    def test_a_broken_cipher_of_the_users_is_one_sentence(self, text: str, problem: str) -> None:
        """What a user's file gets wrong is said in one sentence that names the file; nothing is written."""
        Path("mine.py").write_text(f"import torch\nfrom adversarial_crypto.ciphers import Cipher\n{text}\n")
        with pytest.raises(ConfigError, match=problem) as raised:
            lab.attack("mine.py:build")
        assert "mine.py" in str(raised.value) and "\n" not in str(raised.value)
        assert not Path("attacks").exists()

    def test_numpy_inside(self) -> None:
        """A cipher that computes with numpy is attacked like any other."""
        Path("mine.py").write_text(
            "import numpy as np, torch\nfrom adversarial_crypto.ciphers import Cipher\n"
            "def build():\n"
            "    encrypt = lambda m, k: torch.from_numpy(np.where(k[..., :1].numpy() > 0, m.numpy(), -m.numpy()))\n"
            "    return Cipher(encrypt, None, 1, 4, 4, 4)\n"
        )
        result = lab.attack("mine.py:build", attacks=["linear", "key_use"])
        assert result.board["linear"] == {0: "broken"} and result.board["key_use"] == {0: "skipped"}
        relations = next(row for row in result.verdicts if row["statistic"] == "leaked_relations")
        assert relations["value"] == 3

    def test_changing_the_file_asks_anew(self) -> None:
        """Results belong to the bytes of the cipher's file."""
        Path("mine.py").write_text(KEY_GIVEN)
        first = lab.attack("mine.py:build", attacks=["support"])
        Path("mine.py").write_text(KEY_GIVEN + "\n# the same, and yet another\n")
        assert lab.attack("mine.py:build", attacks=["support"]).directory != first.directory

    @pytest.mark.parametrize(
        "build",
        [
            "Cipher(lambda m, k: m * k * told(), None, 1, 4, 4, 4)",
            "Cipher(lambda m, k: m * k, lambda c, k: c * k * told(), 1, 4, 4, 4)",
            "Cipher(lambda m, k, noise: m * k * (1 - noise * (told() < 0)), None, 1, 4, 4, 4, noise_width=4)",
            "Cipher(lambda m, k: m * k, None, 1, 4, 4, 4, key_probability=0.5 + told() / 1e9)",
        ],
    )
    def test_changing_what_the_file_reads_asks_anew(self, build: str) -> None:
        """Results belong to what the cipher does, whatever file decides that; undone, they are back."""
        told = "from pathlib import Path\ndef told():\n    return float(Path('told.txt').read_text())\n"
        head = "from adversarial_crypto.ciphers import Cipher\n"
        Path("mine.py").write_text(f"{head}{told}def build():\n    return {build}\n")
        places = []
        for text in ("1", "-1", "1"):
            Path("told.txt").write_text(text)
            places.append(lab.attack("mine.py:build", attacks=["ind_cpa"]))
        first, other, again = places
        assert other.directory != first.directory and not other.already_complete
        assert again.directory == first.directory and again.already_complete
        Path("told.txt").write_text("-1")
        with pytest.raises(StoreError, match="about something else"):
            lab.attack("mine.py:build", attacks=["ind_cpa"], out=first.directory)

    def test_bits_and_noise(self) -> None:
        """What is sent can be coarser: a leak in the last digits is gone at 8 bits, and noise makes it randomised."""
        whole, coarse, noisy = (
            small("low_bits_leak(0.0001)", "support", **sent) for sent in ({}, {"bits": 8}, {"noise": 0.05})
        )
        assert [each.board["support"][0] for each in (whole, coarse, noisy)] == ["refuted", "not_broken", "skipped"]
        assert len({each.directory for each in (whole, coarse, noisy)}) == 3
        heard = small("identity", "key_search", noise=0.05)
        assert heard.board["key_search"] == {0: "broken"}
        assert "8 bits" in coarse.target and "noise 0.05" in noisy.target

    @pytest.mark.parametrize(
        ("call", "problem"),
        [
            (lambda: lab.attack("known:one_time_pda"), "did you mean 'one_time_pad'"),
            (lambda: lab.attack("known:one_time_pad", attacks=["suport"]), "did you mean 'support'"),
            (lambda: lab.attack("nowhere"), "is no target"),
            (lambda: lab.attack("mine.py:build"), "cannot be read"),
            (lambda: small("one_time_pad", tier="huge"), "unknown tier"),
            (lambda: small("one_time_pad", engine="fast"), "unknown engine"),
            (lambda: small("one_time_pad", seed=-1), "seed"),
            (lambda: small("one_time_pad", bits=0), "bits"),
            (lambda: small("one_time_pad", noise=-1.0), "noise"),
            (lambda: lab.attack("known:one_time_pad", settings=["message_bits=x"]), "whole number"),
            (lambda: lab.attack("known:one_time_pad", settings=["bits=4"]), "message_bits=N"),
            (lambda: lab.attack("known:one_time_pad", settings=["key_bits=4"]), "key"),
            (lambda: lab.attack("neural:tired"), "no neural control"),
            (lambda: lab.attack("known:one_time_pad", attacks=["mine.py:ATTACK"]), "cannot be read"),
        ],
    )
    def test_bad_input_is_one_sentence(self, call: Callable[[], object], problem: str) -> None:
        """What cannot be asked is refused in one sentence before anything is written."""
        with pytest.raises(ConfigError, match=problem) as raised:
            call()
        assert "\n" not in str(raised.value) and not Path("attacks").exists()

    def test_an_attack_of_the_users(self) -> None:
        """FILE.py:NAME is an attack like the built-in ones, with its own controls, and goes by its file's name."""
        Path("mine.py").write_text(
            "from adversarial_crypto.attacks import ATTACKS\nATTACK = ATTACKS['support']\nother = 3\n"
        )
        result = small("parity_leak(1)", "mine.py:ATTACK")
        assert result.board == {"mine": {0: "refuted"}} and {row["attack"] for row in result.verdicts} == {"mine"}
        with pytest.raises(ConfigError, match="must be an Attack"):
            small("parity_leak(1)", "mine.py:other")
        assert small("parity_leak(1)", "mine.py:ATTACK").already_complete
        # Changed, it is asked anew, of its controls too.
        with Path("mine.py").open("a") as file:
            file.write("# changed\n")
        again = small("parity_leak(1)", "mine.py:ATTACK")
        assert not again.already_complete and not any(cell.result.cached for cell in again.controls["mine"])


def test_controls_have_the_targets_message_size() -> None:
    """A target with more key bits than message bits meets controls of its message size, with their own keys."""
    Path("mine.py").write_text(
        "from adversarial_crypto.ciphers import Cipher\n"
        "def build():\n    return Cipher(lambda m, k: m * k[..., :4], lambda c, k: c * k[..., :4], 1, 4, 6, 4)\n"
    )
    result = lab.attack("mine.py:build", attacks=["key_use", "support"])
    assert result.overall == "not_broken" and "void" not in outcomes(result)
    assert result.sizes == {"message_bits": 4, "key_bits": 6}


def test_untrained_networks_are_refuted() -> None:
    """Networks on their initial weights hide nothing, whatever an Eve would make of them: refuted, by a count."""
    result = lab.attack("neural:untrained", attacks=["support"], settings=["message_bits=4"])
    assert result.board["support"] == {0: "refuted", 1: "refuted"} and result.overall == "refuted"


@pytest.mark.slow
def test_without_a_key_bob_needs_none() -> None:
    """Trained with a key of zeros, Bob reads with any key, and key_use says so."""
    result = lab.attack("neural:no_key", attacks=["key_use"], settings=["message_bits=4"])
    assert result.board["key_use"] == {0: "broken", 1: "broken"}


def test_a_short_key_and_a_long_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where controls of the target's size cannot be enumerated, proofs about it still count, and it is refuted."""
    for name in ("support", "exact_advantage"):
        assert ATTACKS[name].controls_up_to == 18  # their keys are as long as their messages; 8 here, to be quick
        monkeypatch.setitem(ATTACKS, name, replace(ATTACKS[name], controls_up_to=8))
    sizes = ("message_bits=20", "key_bits=10")
    told = lab.attack("known:random_function", attacks=["support", "exact_advantage"], settings=sizes)
    assert told.overall == "refuted" and "void" not in outcomes(told)
    assert any(cell.label == "one_time_pad" for cell in told.controls["support"])


def test_two_attacks_of_one_file_are_two() -> None:
    """Each object of a file has a row and results of its own; a name that is taken is refused."""
    text = "from adversarial_crypto.attacks import ATTACKS\nA, B = ATTACKS['support'], ATTACKS['ind_cpa']\nATTACK = A\n"
    Path("my.py").write_text(text)
    Path("linear.py").write_text(text)
    told = small("identity", "my.py:A", "my.py:B")
    assert set(told.board) == {"my-A", "my-B"} and told.board["my-A"] != told.board["my-B"]
    for attacks in (("my.py:A", "my.py:A"), ("linear.py:ATTACK",)):
        with pytest.raises(ConfigError, match="there is another attack by the name of"):
            small("identity", *attacks)


@pytest.mark.parametrize("label", ["clear_bits(nan)", "clear_bits(inf)", "clear_bits(1,2)", "low_bits_leak(1e-4,1e-5)"])
def test_values_that_no_cipher_has(label: str) -> None:
    """A value that is not finite, or several where one is wanted, is one sentence."""
    with pytest.raises(ConfigError, match=r"finite number|takes one value"):
        small(label)


def test_a_value_is_told_to_its_last_digit() -> None:
    """Two pads that differ in the seventh digit are two targets."""
    assert small("biased_pad(0.4999999)").directory != small("biased_pad(0.5)").directory
