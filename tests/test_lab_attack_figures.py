"""What is drawn of an attacked target: its findings and its controls', as the files have them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from adversarial_crypto import lab
from adversarial_crypto.attacks import Verdict
from adversarial_crypto.figures import FIGURES
from adversarial_crypto.lab.attack_figures import board, ladder, precision, reuse
from adversarial_crypto.lab.battery import Result
from adversarial_crypto.lab.controlled import Cell

SMALL = ["message_bits=4", "key_bits=4"]


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> lab.AttackResult:
    """The attacks that train nothing, on a cipher that is read by half."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("here"))
        attacks = ["key_use", "exact_advantage", "key_search", "structure"]
        found = lab.attack("known:one_bit_key", attacks=attacks, settings=SMALL, out=Path.cwd() / "out")
    return found


def made(attack: str, table: str, rows: list[dict[str, object]], controls: dict[str, list[dict[str, object]]]):
    """A result with one attack's table, of a target of 16 bits with replicas 3 and 5, and of controls."""
    verdicts = [{**vars(Verdict(attack, "one_time", 3, None, "broken", "s", 1.0, budget="spent")), "replica": 3}]
    cells = [
        Cell(label, "broken", ("broken",), 1.0, Result(attack, (), {table: some}, 1.0, cached=False), 0)  # type: ignore[arg-type]
        for label, some in controls.items()
    ]
    return lab.AttackResult(
        directory=Path("nowhere"),
        target="trained",
        replicas=(3, 5),
        sizes={"message_bits": 16, "key_bits": 16},
        tier="standard",
        overall="broken",
        sentence="s",
        verdicts=verdicts,
        scopes={attack: "one_time"},
        board={},
        controls={attack: cells},
        tables={attack: {table: rows}},
        seconds=1.0,
        already_complete=True,
    )


def test_what_there_are_numbers_for_is_drawn(attacked: lab.AttackResult) -> None:
    """Board, precision and avalanche stand beside the results with their tables; nothing without numbers is drawn."""
    drawn = {path.name for path in (attacked.directory / "figures").iterdir()}
    assert drawn == {"board", "precision", "avalanche"}
    for name in drawn:
        files = {path.suffix for path in (attacked.directory / "figures" / name).iterdir() if path.suffix}
        assert files == {".png", ".pdf", ".csv"}


def test_the_board_has_every_scope_and_control(attacked: lab.AttackResult) -> None:
    """key_search has a row for a known pair too; controls carry what is expected of them in the attack's own scope."""
    cells = board(attacked)["cells"]
    assert set(cells[cells["attack"] == "key_search"]["scope"]) == {"one_time", "known_pair"}
    target = cells[cells["role"] == "target"].set_index(["attack", "scope"])["outcome"]
    assert target["exact_advantage", "one_time"] == "refuted" and target["key_search", "one_time"] == "broken"
    pad = cells[(cells["column"] == "one_time_pad") & (cells["attack"] == "key_search")].set_index("scope")
    assert pad.loc["one_time", "expected"] == "not_broken" == pad.loc["one_time", "outcome"]
    assert pad.loc["known_pair", "expected"] == "" and pad.loc["known_pair", "outcome"] == "broken"


def test_a_wrong_control_stands_out() -> None:
    """A control that came out otherwise is on the board with the outcome that was expected."""
    result = made("mine", "t", [], {})
    told = Verdict("mine", "one_time", 0, None, "not_broken", "s", 1.0)
    cell = Cell("identity", "not_broken", ("broken", "refuted"), 8.0, Result("mine", (told,), {}, 1.0, False), 0)
    result = lab.AttackResult(**{**vars(result), "controls": {"mine": [cell]}})
    row = board(result)["cells"].set_index("column").loc["identity"]
    assert (row["outcome"], row["expected"]) == ("not_broken", "broken")


def test_precision_has_the_findings(attacked: lab.AttackResult) -> None:
    """Its points are the verdicts' values, float32 as 32 bits, and Bob's bits are key_use's table."""
    points = precision(attacked)["points"]
    for row in attacked.verdicts:
        if row["statistic"] in ("messages_found", "advantage"):
            here = points[(points["cipher"] == "one_bit_key") & (points["role"] == "target")]
            here = here[(here["measure"] == row["statistic"]) & (here["bits"] == (row["bits"] or 32))]
            assert here["value"].tolist() == [row["value"]]
    bob = points[points["measure"] == "bob_bits_flipped"]
    assert set(bob["cipher"]) == {"one_bit_key", "one_time_pad"} and (bob["value"] == 0).all()
    # The target is a control too, and stands there once; the budget is that of ciphertexts alone.
    assert not points.duplicated(["cipher", "replica", "bits", "measure"]).any()
    assert (
        precision(attacked)["settings"]["budget"].iloc[0].startswith("20 ciphertexts, all 16 keys for each; 16 pairs")
    )


def test_ladder_sets_doses_beside_their_optimum() -> None:
    """Each attacker's row keeps its replica's number; a biased pad's exact optimum is N min(q, 1 - q)."""
    row = {"attacker": "dense 2x256", "operations": 94208, "bits_flipped": 4.0, "low": 3.9, "high": 4.1}
    rows: list[dict[str, object]] = [{**row, "replica": replica} for replica in (0, 1)]
    result = made("strong_eves", "ladder", rows, {"biased_pad(0.4)": [{**row, "replica": 0}], "one_time_pad": rows})
    frames = ladder(result)
    assert frames["attackers"]["replica"].tolist() == [3, 5]
    assert frames["doses"][["q", "exact"]].to_numpy().tolist() == [[0.4, 6.4]]
    FIGURES["ladder"](frames)


def test_reuse_shows_target_and_controls() -> None:
    """Points are the table's rows of the target and of the controls that a figure shows."""
    row: dict[str, object] = {"attacker": "ridge", "pairs": 4, "bits_flipped": 4.0, "low": 3.9, "high": 4.1}
    rows = [{**row, "replica": replica} for replica in (0, 1)]
    controls = {"one_time_pad": [{**row, "replica": 0}], "biased_pad(0.4)": [{**row, "replica": 0}]}
    frames = reuse(made("key_reuse", "reuse", rows, controls))
    assert frames["points"][["cipher", "role", "replica"]].to_numpy().tolist() == [
        ["trained", "target", 3],
        ["trained", "target", 5],
        ["one_time_pad", "control", 0],
    ]
    assert isinstance(frames["settings"], pd.DataFrame) and frames["settings"]["budget"].tolist() == ["spent"]
    FIGURES["reuse"](frames)
