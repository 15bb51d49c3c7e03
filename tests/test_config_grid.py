"""The grid of an experiment: which points it has, in which order, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_config import EXPERIMENTS, write

from adversarial_crypto.config import ConfigError, Point, expand, identity, load


def points_of(folder: Path, text: str, *overrides: str, profile: str | None = None) -> tuple[Point, ...]:
    """The points of a file of this content."""
    return expand(write(folder, text), overrides=overrides, profile=profile, experiments=EXPERIMENTS)


def refusal(folder: Path, text: str, *overrides: str) -> str:
    """Why a file of this content is refused."""
    with pytest.raises(ConfigError) as error:
        points_of(folder, text, *overrides)
    return str(error.value)


def test_a_grid_is_every_combination_with_the_last_axis_fastest(tmp_path: Path) -> None:
    """Two axes of two values are four points in reading order, each with its own settings beside the shared ones."""
    text = '[train]\nsteps = 7\n[grid]\n"train.batch" = [8, 16]\n"train.loss" = ["per_bit", "paper_text"]\n'
    points = points_of(tmp_path, text)
    pairs = [(8, "per_bit"), (8, "paper_text"), (16, "per_bit"), (16, "paper_text")]
    assert [(point.run.train.batch, point.run.train.loss) for point in points] == pairs
    assert [dict(point.settings) for point in points] == [{"train.batch": b, "train.loss": loss} for b, loss in pairs]
    assert {point.run.train.steps for point in points} == {7}


def test_an_axis_may_be_spelled_as_tables(tmp_path: Path) -> None:
    """[grid.train] with batch = [...] is the axis "train.batch", and so is the same thing given by -s."""
    dotted = points_of(tmp_path, '[grid]\n"train.batch" = [8, 16]\n')
    assert points_of(tmp_path, "[grid.train]\nbatch = [8, 16]\n") == dotted
    assert points_of(tmp_path, 'name = "exp"\n', 'grid={"train.batch" = [8, 16]}') == dotted


def test_an_axis_may_move_several_keys(tmp_path: Path) -> None:
    """Keys joined by commas take one value together, or each its own from a list in their order."""
    text = (
        '[grid]\n"networks.alice,networks.bob" = ["dense", "released"]\n"train.batch,train.steps" = [[8, 3], [16, 5]]\n'
    )
    found = [
        (p.run.networks.alice, p.run.networks.bob, p.run.train.batch, p.run.train.steps)
        for p in points_of(tmp_path, text)
    ]
    sizes = ((8, 3), (16, 5))
    assert found == [(net, net, *size) for net in ("dense", "released") for size in sizes]


def test_no_grid_is_one_point(tmp_path: Path) -> None:
    """An experiment without a grid is its own only point, and an axis of one value makes a run too."""
    (point,) = points_of(tmp_path, "[train]\nbatch = 8\n")
    assert point.settings == {} and point.run.train.batch == 8
    assert load(write(tmp_path, '[grid]\n"train.batch" = [8]\n'), experiments=EXPERIMENTS).train.batch == 8


def test_an_override_holds_at_every_point(tmp_path: Path) -> None:
    """-s wins over the grid, and points that it makes equal become one."""
    text = '[grid]\n"train.batch" = [8, 16]\n"train.loss" = ["per_bit", "paper_text"]\n'
    points = points_of(tmp_path, text, "train.batch=4")
    assert [(point.run.train.batch, dict(point.settings)) for point in points] == [
        (4, {"train.loss": "per_bit"}),
        (4, {"train.loss": "paper_text"}),
    ]


def test_a_profile_replaces_the_grid(tmp_path: Path) -> None:
    """The grid of a profile stands instead of the file's, and wins over the profile's other settings."""
    text = (
        '[grid]\n"train.batch" = [8, 16]\n[profile.smoke]\n"train.batch" = 4\n"train.steps" = 3\n'
        '"grid" = {"train.loss" = ["per_bit", "paper_text"], "train.batch" = [2]}\n'
    )
    points = points_of(tmp_path, text, profile="smoke")
    assert [(point.run.train.loss, point.run.train.batch) for point in points] == [("per_bit", 2), ("paper_text", 2)]


def test_a_grid_is_not_part_of_a_run(tmp_path: Path) -> None:
    """A point is the run of its settings: the same identity as the same settings without a grid."""
    point = points_of(tmp_path, '[grid]\n"train.batch" = [8, 16]\n')[1]
    plain = load(write(tmp_path, "[train]\nbatch = 16\n"), experiments=EXPERIMENTS)
    assert identity(point.run, {}) == identity(plain, {})


def test_run_refuses_a_grid_and_says_what_to_set(tmp_path: Path) -> None:
    """One run cannot be made of two points; the sentence names the keys that choose one."""
    path = write(tmp_path, '[grid]\n"train.batch" = [8, 16]\n')
    with pytest.raises(ConfigError, match=r"a grid of 2 points .* setting 'train\.batch' with -s"):
        load(path, experiments=EXPERIMENTS)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("grid = 3\n", "exp.toml:1: grid must be a table, such as [grid], not 3"),
        ('[grid]\n"train.batch" = 8\n', "exp.toml:2: grid: 'train.batch' must be a list of at least one value, not 8"),
        ('[grid]\n"train.batch" = []\n', "'train.batch' must be a list of at least one value, not an empty list"),
        ('[grid]\n"train.batch" = [8, 8]\n', "'train.batch' must not list a value twice"),
        ('[grid]\n"train.batsh" = [8]\n', "exp.toml:2: unknown key 'train.batsh'; did you mean 'train.batch'?"),
        ('[grid]\n"train" = [8]\n', "unknown key 'train'"),
        ('[grid]\n"train.batch,train.batch" = [8]\n', "'train.batch,train.batch' names a key twice"),
        ('[grid]\n"train.batch,train.steps" = [[8]]\n', "must hold 2 values, one a key"),
        ('[grid]\n"train.batch" = [8, -1]\n', "exp.toml:2: train.batch must be at least 1, not -1"),
    ],
)
def test_broken_grids(tmp_path: Path, text: str, sentence: str) -> None:
    """Each mistake is one sentence with its place."""
    assert sentence in refusal(tmp_path, text)


def test_a_grid_has_a_bound(tmp_path: Path) -> None:
    """A grid of a million points is refused, not tried."""
    values = ", ".join(str(n) for n in range(1, 1001))
    text = f'[grid]\n"train.batch" = [{values}]\n"train.steps" = [{values}]\n'
    assert "the grid has 1,000,000 points; 10,000 is the most" in refusal(tmp_path, text)
