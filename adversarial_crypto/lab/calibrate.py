"""The matrix of all attacks against all known ciphers: expected against observed."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from adversarial_crypto.lab.attack import battery_of, chosen_attacks
from adversarial_crypto.lab.controlled import Cell, control
from adversarial_crypto.lab.events import AttackEnded, Event, Note


@dataclass(frozen=True)
class Calibration:
    """The matrix.

    Args:
        tier: of the attacks.
        cells: attack -> its cells, in the order of the ciphers.
        seconds: of computing, whenever it was done.
    """

    tier: str
    cells: dict[str, list[Cell]]
    seconds: float

    @property
    def wrong(self) -> list[tuple[str, Cell]]:
        """The cells that did not come out as expected."""
        return [(attack, cell) for attack, cells in self.cells.items() for cell in cells if not cell.right]


def calibrate(
    tier: str = "smoke",
    *,
    attacks: Sequence[str] = (),
    device: str = "auto",
    engine: str = "auto",
    threads: int | None = None,
    progress: Callable[[Event], None] | None = None,
    stop: Callable[[], str | None] | None = None,
) -> Calibration:
    """Every attack of a tier on every known cipher, at the sizes at which it is calibrated. The same call continues.

    Arguments and errors as `lab.attack`.
    """
    battery = battery_of(tier, 0, device, engine, threads, progress, stop)
    cells: dict[str, list[Cell]] = {}
    present = labels(tier)
    if importlib.util.find_spec("cryptography") is None:
        present.remove("aes_ctr")
        battery.tell(Note("Without the package cryptography there is no AES among the ciphers: acrypto[cryptography]."))
    for name, member in chosen_attacks(attacks, tier).items():
        cells[name] = []
        for label in present:
            found = control(battery, name, member, label, member.message_bits)
            cells[name] += found
            for each in found:
                battery.tell(AttackEnded(name, each.label, each.outcome, each.result.seconds, each.result.cached))
    spent = {id(c.result): c.result.seconds for row in cells.values() for c in row}
    return Calibration(tier, cells, sum(spent.values()))


def labels(tier: str) -> list[str]:
    """The ciphers of the matrix, the doses of one as one array."""
    from adversarial_crypto.attacks.controls import CIPHERS, DOSES, NEURAL_CONTROLS

    doses = ",".join(dose.partition("(")[2].rstrip(")") for dose in DOSES)
    known = [f"biased_pad({doses})" if each == DOSES[0] else each for each in CIPHERS if each not in DOSES[1:]]
    return known if tier == "smoke" else [*known, *NEURAL_CONTROLS]
