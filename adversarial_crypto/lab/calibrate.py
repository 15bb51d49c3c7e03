"""The matrix of all attacks against all known ciphers: expected against observed."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from adversarial_crypto.executors import Stop
from adversarial_crypto.lab.abreast import Errand, fitting, sent, side_by_side, threads_of_each
from adversarial_crypto.lab.attack import battery_of, chosen_attacks
from adversarial_crypto.lab.controlled import CONTROLS_FOLDER, Cell, control
from adversarial_crypto.lab.events import AttackEnded, Event, Note
from adversarial_crypto.lab.result import Stopped


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
    workers: int = 1,
    progress: Callable[[Event], None] | None = None,
    stop: Callable[[], str | None] | None = None,
) -> Calibration:
    """Every attack of a tier on every known cipher, at the sizes at which it is calibrated. The same call continues.

    Arguments and errors as `lab.attack`.
    """
    workers = fitting(workers, ())
    battery = battery_of(tier, 0, device, engine, threads_of_each(workers, threads), progress, stop)
    cells: dict[str, list[Cell]] = {}
    present = labels(tier)
    if importlib.util.find_spec("cryptography") is None:
        present.remove("aes_ctr")
        battery.tell(Note("Without the package cryptography there is no AES among the ciphers: acrypto[cryptography]."))
    chosen = chosen_attacks(attacks, tier)
    made: set[str] = set()
    if workers > 1:
        how = sent(battery)
        errands = {f"{name} on {label}": Errand(how, name, {"label": label}) for name in chosen for label in present}
        made, reason = side_by_side(_errand, errands, workers, battery, "known ciphers")
        if reason:
            raise Stopped(reason, CONTROLS_FOLDER, "what the attacks have found and learned")
    for name, member in chosen.items():
        cells[name] = []
        for label in present:
            found = control(battery, name, member, label, member.message_bits)
            cells[name] += found
            for each in found:
                kept = each.result.cached and f"{name} on {label}" not in made
                battery.tell(AttackEnded(name, each.label, each.outcome, each.result.seconds, kept))
    spent = {id(c.result): c.result.seconds for row in cells.values() for c in row}
    return Calibration(tier, cells, sum(spent.values()))


def _errand(errand: Errand, stop: Stop) -> bool:
    """One attack on one cipher, in a process of its own; whether anything had to be computed."""
    battery = battery_of(**errand.battery, progress=None, stop=stop)
    ((name, member),) = chosen_attacks([errand.attack], battery.tier).items()
    cells = control(battery, name, member, errand.about["label"], member.message_bits)
    return not all(cell.result.cached for cell in cells)


def labels(tier: str) -> list[str]:
    """The ciphers of the matrix, the doses of one as one array."""
    from adversarial_crypto.attacks.controls import CIPHERS, DOSES, NEURAL_CONTROLS

    doses = ",".join(dose.partition("(")[2].rstrip(")") for dose in DOSES)
    known = [f"biased_pad({doses})" if each == DOSES[0] else each for each in CIPHERS if each not in DOSES[1:]]
    return known if tier == "smoke" else [*known, *NEURAL_CONTROLS]
