"""Reproducing the paper at the smallest size: what is written, what is shared, what continues."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from cli_runs import call, document
from paper_folders import check

from adversarial_crypto import lab
from adversarial_crypto.errors import ConfigError, StoreError
from adversarial_crypto.lab import claims
from adversarial_crypto.lab.events import Event, Note, Started
from adversarial_crypto.lab.targets import TARGETS


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory: pytest.TempPathFactory) -> lab.Reproduction:
    """Everything, in seconds; the runs' own training curves are left undrawn, those of test_lab_run are not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("adversarial_crypto.lab.execute.figures", lambda path: [])
        return lab.reproduce(profile="smoke", out=tmp_path_factory.mktemp("paper") / "all", device="cpu")


def provenance(folder: Path) -> dict[str, Any]:
    """Where a target's figure comes from."""
    found = json.loads((folder / "provenance.json").read_text("utf-8"))
    assert isinstance(found, dict)
    return found


def test_every_target_has_its_figure_tables_and_provenance(reproduced: lab.Reproduction) -> None:
    """Each target's directory redraws its figure, byte for byte, and holds each run's configuration and identity."""
    assert set(reproduced.targets) == set(TARGETS)
    for name, folder in reproduced.targets.items():
        check(folder, name)


def test_targets_share_runs_by_identity(reproduced: lab.Reproduction) -> None:
    """Figures 2 and 3 and the diffusion are one training, and there are no more run directories than identities."""
    ids = {name: [run["id"] for run in provenance(folder)["runs"]] for name, folder in reproduced.targets.items()}
    assert ids["fig2"] == ids["fig3"] == ids["diffusion"]
    every = {each for found in ids.values() for each in found}
    assert len(list((reproduced.directory / "runs").iterdir())) == len(every)


def test_the_claims_are_judged_with_the_budget_in_view(reproduced: lab.Reproduction) -> None:
    """A run of seconds agrees or differs under a smaller budget only; what nobody passed to answer is not tested."""
    table = pd.read_csv(reproduced.directory / "claims.csv")
    assert tuple(table.columns) == claims.COLUMNS and len(table) == len(claims.claims())
    tested = table[table["verdict"] != "not tested"]
    assert not tested.empty and tested["verdict"].str.startswith("smaller budget: ").all()
    assert tested["budget"].str.contains("at most 20 steps").all()
    assert (reproduced.directory / "claims.md").read_text("utf-8").count("\n") == len(table) + 2


def test_the_same_call_computes_nothing_again(reproduced: lab.Reproduction) -> None:
    """A second call finds every run complete and commits the same tables and pictures."""
    events: list[Event] = []
    before = {path: path.read_bytes() for path in reproduced.directory.glob("fig2/*.[cp]*")}
    lab.reproduce(["fig2"], profile="smoke", out=reproduced.directory, device="cpu", progress=events.append)
    assert not [event for event in events if isinstance(event, Started)]
    assert [event.text for event in events if isinstance(event, Note)] == ["fig2: run 1 of 1"]
    assert {path: path.read_bytes() for path in before} == before


def test_claims_are_collected_over_calls(reproduced: lab.Reproduction, tmp_path: Path) -> None:
    """Targets of two calls into one directory stand in one table, and a call's own are judged anew."""
    how: dict[str, Any] = {"profile": "smoke", "out": tmp_path, "device": "cpu"}
    (tmp_path / "runs").symlink_to(reproduced.directory / "runs")
    first, second = (lab.reproduce([target], **how).claims for target in ("fig6", "fig2"))
    tested = [{row["claim"] for row in rows if row["verdict"] != "not tested"} for rows in (first, second)]
    assert tested[0] and tested[0] < tested[1]
    assert (tmp_path / "claims.csv").read_bytes().count(b"\n") == len(claims.claims()) + 1
    (tmp_path / "fig2" / "claims.csv").write_bytes(b"")
    with pytest.raises(StoreError, match=r"fig2/claims\.csv is damaged"):
        lab.reproduce(["fig6"], **how)


def test_a_stop_is_resumable(tmp_path: Path) -> None:
    """A stop in the first run leaves a run directory that the same call continues to the same tables."""
    how: dict[str, Any] = {"profile": "smoke", "out": tmp_path / "paper", "device": "cpu"}
    with pytest.raises(lab.Stopped):
        lab.reproduce(["fig2"], stop=lambda: "time limit", **how)
    assert not (tmp_path / "paper" / "fig2").exists()
    assert (lab.reproduce(["fig2"], **how).targets["fig2"] / "fig2.pdf").exists()


@pytest.mark.parametrize(
    ("targets", "profile", "sentence"),
    [
        (["fig22"], "smoke", "unknown target 'fig22'; there are fig2, fig3"),
        (["fig2"], "tiny", "unknown profile 'tiny'"),
    ],
)
def test_unknown_names_write_nothing(tmp_path: Path, targets: list[str], profile: str, sentence: str) -> None:
    """A target or profile that does not exist is one sentence, and no directory is made."""
    with pytest.raises(ConfigError, match=sentence):
        lab.reproduce(targets, profile=profile, out=tmp_path / "paper")
    assert not (tmp_path / "paper").exists()


def test_the_command_line(reproduced: lab.Reproduction) -> None:
    """The command shows verdicts and figures, and as JSON one document with the claims."""
    shown = call("reproduce", "fig2", "--profile", "smoke", "-o", reproduced.directory, "--device", "cpu")
    assert shown.exit_code == 0 and "fig2.png" in shown.stdout and "smaller budget" in shown.stdout
    found = document(call("reproduce", "fig2", "--profile", "smoke", "-o", reproduced.directory, "--json", "-q"))
    assert found["schema"] == "acrypto.reproduce/1" and list(found["targets"]) == ["fig2"]
    assert len(found["claims"]) == len(claims.claims())
    assert call("reproduce", "nothing").exit_code == 2
