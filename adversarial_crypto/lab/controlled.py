"""What an attack makes of its controls: only then does anything it says of a target count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from adversarial_crypto.lab.attacked import ATTACKS_FOLDER, NEURAL, known_target, neural_target
from adversarial_crypto.lab.battery import Battery, Result
from adversarial_crypto.store.manifest import CONTROLS

if TYPE_CHECKING:
    from adversarial_crypto.attacks import Attack, Outcome
    from adversarial_crypto.ciphers.known import Known

CONTROLS_FOLDER = ATTACKS_FOLDER / CONTROLS


@dataclass(frozen=True)
class Cell:
    """One control.

    Args:
        label: the cipher, with one value.
        outcome: what the attack came to, in the verdicts of its scope, corrected for the number of its tests.
        expected: the outcomes that are right.
        told: bits that the cipher is known to tell; None: not in closed form.
        result: all that was said, and of which of its replicas this cell is.
    """

    label: str
    outcome: Outcome
    expected: tuple[Outcome, ...]
    told: float | None
    result: Result
    replica: int

    @property
    def right(self) -> bool:
        """Whether it is as expected."""
        return self.outcome in self.expected


def control(battery: Battery, attack: str, member: Attack, label: str, message_bits: int) -> list[Cell]:
    """The cells of a known cipher, one for each of its values; none where it does not have this message size.

    Its key is as long as it usually is, for what is expected of it is known for that.
    """
    from adversarial_crypto.attacks import cell, settled
    from adversarial_crypto.attacks.controls import right
    from adversarial_crypto.ciphers import known

    if label.startswith(NEURAL):
        return _neural(battery, attack, member, label, message_bits)
    chosen = known(label)
    if chosen.problem(message_bits, chosen.usual_key(message_bits)):
        return []
    target = replace(known_target(label, message_bits), folder=CONTROLS_FOLDER)
    result = battery.result(attack, member, target, battery.place(target))
    cells, verdicts = [], settled(result.verdicts)
    for replica, each in enumerate(columns(chosen)):
        exact = each.exact(message_bits)
        outcome = cell([v for v in verdicts if v.replica == replica], member.scope)
        told = exact.information if exact else None
        cells.append(Cell(each.label, outcome, right(member, each.label), told, result, replica))
    return cells


def _neural(battery: Battery, attack: str, member: Attack, label: str, message_bits: int) -> list[Cell]:
    """A neural control as one cell, the strongest over its replicas."""
    from adversarial_crypto.attacks import cell, settled
    from adversarial_crypto.attacks.controls import right

    target = replace(neural_target(label.removeprefix(NEURAL), message_bits), folder=CONTROLS_FOLDER)
    result = battery.result(attack, member, target, battery.place(target))
    return [Cell(label, cell(settled(result.verdicts), member.scope), right(member, label), None, result, 0)]


def columns(chosen: Known) -> list[Known]:
    """A known cipher of several values as one of each."""
    from adversarial_crypto.ciphers import known

    values = chosen.value if isinstance(chosen.value, tuple) else (chosen.value,)
    name = chosen.label.partition("(")[0]
    return [known(f"{name}({value:g})" if chosen.parameter else name) for value in values]


def why_void(cells: Sequence[Cell]) -> str:
    """Why the attack counts for nothing, in words; empty where its controls are right."""
    if wrong := [cell for cell in cells if not cell.right]:
        found = "; ".join(f"{c.label} came out {c.outcome}, not {' or '.join(c.expected)}" for c in wrong)
        return f"a control is wrong: {found}"
    if not any(set(cell.expected) <= {"broken", "refuted"} for cell in cells):
        return "none of the ciphers that it must break has these sizes"
    if not any(cell.expected == ("not_broken",) for cell in cells):
        return "none of the ciphers that it must not break has these sizes"
    return ""


def limit(cells: Sequence[Cell], message_bits: int) -> str:
    """The smallest known leak that the attack found."""
    from adversarial_crypto.attacks import detection_limit

    return detection_limit({cell.label: (cell.told, cell.outcome) for cell in cells if cell.told}, message_bits)
