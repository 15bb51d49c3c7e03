"""The notebook: its cells run from top to bottom, and say what is stored in it where that cannot differ."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

TOUR = json.loads((Path(__file__).parent.parent / "docs" / "tour.ipynb").read_text(encoding="utf-8"))
CODE = ["".join(cell["source"]) for cell in TOUR["cells"] if cell["cell_type"] == "code"]


def test_it_is_a_notebook() -> None:
    """Version 4 of the format, every cell with its name, every code cell with what it printed when it was made."""
    assert TOUR["nbformat"] == 4 and len({cell["id"] for cell in TOUR["cells"]}) == len(TOUR["cells"])
    assert len(CODE) >= 7
    assert all(cell["outputs"] for cell in TOUR["cells"] if cell["cell_type"] == "code")


@pytest.mark.slow
def test_the_tour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All cells in an empty folder: D* is met, the curves fall, the message falls out, and the pad holds."""
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {}
    said = []
    for number, code in enumerate(CODE):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, f"cell {number}", "exec"), namespace)
        said.append(printed.getvalue())
    assert float((namespace["learned"] - namespace["exact"]).abs().max()) < 0.08
    assert (namespace["found"] == namespace["message"][0, 0]).all() and "right key True" in said[4]
    assert "one_bit_key is broken (linear)." in said[5] and "one_time_pad was not broken" in said[5]
    assert "support: refuted" in said[6]
    assert namespace["curves"]["bob_bits_wrong"].min() < 4
