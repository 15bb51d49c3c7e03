"""The tables of a run as text: metrics.csv while it trains, protocol.csv at its end. Equal numbers, equal bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from adversarial_crypto.games import Game
from adversarial_crypto.training import Report, Row

Z95 = 1.959963984540054  # the normal quantile of a 95 % interval: a test draw has 2^20 messages


def tested_columns(game: Game) -> tuple[str, ...]:
    """The measures of a fresh adversary as columns: "eve_bits_wrong" is "bits_wrong" in a table of Eves."""
    return tuple(name.removeprefix(f"{game.adversary}_") for name in game.tested)


def protocol_columns(game: Game) -> tuple[str, ...]:
    """The columns of protocol.csv."""
    tested = tested_columns(game)
    return (
        *("replica", "network", "adversary", "passed", "passed_step"),
        *(f"validation_{tested[0]}", "best"),
        *(f"{name}{end}" for name in tested for end in ("", "_low", "_high")),
        *game.measured,
    )


def interval(mean: float, error: float) -> tuple[float, float, float]:
    """(mean, low, high): mean -+ 1.96 standard errors, 95 %."""
    return mean, mean - Z95 * error, mean + Z95 * error


def metrics_header(measured: Sequence[str]) -> str:
    """The first line of metrics.csv."""
    return _line(["step", "replica", *measured, "passed", "diverged"])


def metrics_rows(rows: Iterable[Row], measured: Sequence[str]) -> str:
    """One line a replica; numbers are written as short as they can be read back exactly."""
    return "".join(
        _line([row.step, row.replica, *(row.means[name] for name in measured), int(row.passed), int(row.diverged)])
        for row in rows
    )


def protocol_table(reports: Iterable[Report], game: Game) -> str:
    """protocol.csv: a line for each replica, network and fresh adversary, both counted from 0.

    The test columns are filled in the line of each network's best adversary; passed_step is empty where a replica did
    not pass. Without fresh adversaries a replica has one line, with its kept players' columns.
    """
    return _line(protocol_columns(game)) + "".join(_line(cells) for report in reports for cells in _cells(report, game))


def _cells(report: Report, game: Game) -> Iterable[list[object]]:
    passed_at: object = report.passed_step if report.passed else ""
    kept: list[object] = [report.players[name][0] for name in game.measured]
    if not report.validation:
        blank = [""] * 3 * len(game.tested)
        yield [report.replica, "", "", int(report.passed), passed_at, "", "", *blank, *kept]
    for network, validation in report.validation.items():
        for index, wrong in enumerate(validation):
            best = index == report.best[network]
            tested = report.adversary[network]
            numbers: list[object] = [""] * (3 * len(game.tested) + len(kept))
            if best:
                numbers = [n for name in game.tested for n in interval(*tested[name])]
                numbers += kept
            yield [report.replica, network, index, int(report.passed), passed_at, wrong, int(best), *numbers]


def _line(cells: Iterable[object]) -> str:
    return ",".join(map(_cell, cells)) + "\n"


def _cell(cell: object) -> str:
    """The shortest text that reads back as the same number; a reference with a comma is quoted."""
    text = repr(cell) if isinstance(cell, float) else str(cell)
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\r\n') else text
