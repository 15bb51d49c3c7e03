"""Attacks on a target: each with its controls, computed once and kept; together a board and one honest sentence."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, replace
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adversarial_crypto.config import ConfigError
from adversarial_crypto.errors import AcryptoError
from adversarial_crypto.executors import Stop
from adversarial_crypto.lab.abreast import Errand, fitting, sent, side_by_side, threads_of_each
from adversarial_crypto.lab.attack_claims import attack_claims, markdown
from adversarial_crypto.lab.attack_figures import attack_figures
from adversarial_crypto.lab.attack_result import AttackResult
from adversarial_crypto.lab.attacked import Target, target
from adversarial_crypto.lab.battery import Battery, Result
from adversarial_crypto.lab.controlled import Cell, control, limit, why_void
from adversarial_crypto.lab.events import AttackEnded, Event, Note
from adversarial_crypto.lab.outside import outside_tests
from adversarial_crypto.lab.result import Stopped
from adversarial_crypto.lab.run import ENGINES, never, silent
from adversarial_crypto.lab.sources import executed, file_content
from adversarial_crypto.store.atomic import atomic_write

if TYPE_CHECKING:
    from adversarial_crypto.attacks import Attack, Verdict
    from adversarial_crypto.lab.trained import Choice

WORDS = {
    "broken": "is broken",
    "refuted": "is no perfect secrecy, by proof",
    "not_broken": "was not broken",
    "inconclusive": "was not tested by anything with power",
}


def attack(
    source: str | Path,
    *,
    attacks: Sequence[str] = (),
    tier: str = "smoke",
    replicas: Choice = "passed",
    settings: Sequence[str] = (),
    bits: int | None = None,
    noise: float | None = None,
    seed: int = 0,
    device: str = "auto",
    engine: str = "auto",
    threads: int | None = None,
    workers: int = 1,
    out: Path | str | None = None,
    progress: Callable[[Event], None] | None = None,
    stop: Callable[[], str | None] | None = None,
) -> AttackResult:
    """Ask of a cipher what it really hides. The same call continues, or finds it complete.

    Args:
        source: a run directory; "known:NAME"; or "my_cipher.py:build", whose build() returns a `ciphers.Cipher`.
        attacks: names, or "my_attack.py:ATTACK"; all of the tier unless given.
        tier: "smoke", "standard" or "full": which attacks, and what they may spend.
        replicas, settings, bits, noise: as `lab.attacked.target`.
        seed: of everything that is drawn at random.
        device, engine, threads, progress, stop: as `lab.run`.
        workers: how many attacks at a time, each in a process of its own with its share of the threads.
        out: where the results go; None: a directory of their own, in the run's or in ./attacks.
    Raises:
        ConfigError: the target, an attack or an option is wrong; nothing has been written.
        Stopped: `stop` gave a reason; finished attacks are kept.
        StoreError: a damaged file.
        EnvironmentProblem: no such device, no compiler, a package is missing, or the disk is full.
    """
    workers = fitting(workers, attacks)
    battery = battery_of(tier, seed, device, engine, threads_of_each(workers, threads), progress, stop)
    members = chosen_attacks(attacks, battery.tier)
    asked: dict[str, Any] = {"source": source, "replicas": replicas, "settings": settings, "bits": bits, "noise": noise}
    found = target(**asked)
    place = Path(out) if out else battery.place(found)
    made: set[str] = set()
    if workers > 1:
        references = {next(iter(chosen_attacks([each], battery.tier))): each for each in attacks or members}
        about = {"target": asked, "place": str(place)}
        errands = {
            name: Errand(sent(battery), each, about)
            for name, each in references.items()
            if not (place / f"{name}.json").exists()
        }
        made, reason = side_by_side(_errand, errands, workers, battery, found.label)
        if reason:
            raise Stopped(reason, found.folder, "what the attacks have found and learned")
    results: dict[str, Result] = {}
    controls: dict[str, list[Cell]] = {}
    judged: list[Verdict] = []
    for name, member in members.items():
        with _about(found):
            result = battery.result(name, member, found, place)
        results[name] = replace(result, cached=result.cached and name not in made)
        controls[name] = _controls(battery, name, member, found, results[name])
        judged += _judged(name, member, results[name], controls[name], found, battery)
    battery.tell_of_kept(results.values())
    if "randomness" in members and battery.tier != "smoke":
        outside_tests(found, seed, place, lambda text: battery.tell(Note(text)))
    return _written(found, place, battery, members, results, controls, judged)


def _errand(errand: Errand, stop: Stop) -> bool:
    """One attack and its controls, in a process of its own; whether anything had to be computed."""
    with redirect_stdout(sys.stderr):  # what a user's file prints
        battery = battery_of(**errand.battery, progress=None, stop=stop)
        ((name, member),) = chosen_attacks([errand.attack], battery.tier).items()
        found = target(**errand.about["target"])
        result = battery.result(name, member, found, Path(errand.about["place"]))
        cells = _controls(battery, name, member, found, result)
    return not (result.cached and all(cell.result.cached for cell in cells))


@contextmanager
def _about(found: Target) -> Iterator[None]:
    """What is wrong with a user's cipher while it is attacked is said of its file."""
    try:
        yield
    except AcryptoError as error:
        if type(error) is not AcryptoError or "file" not in found.what:
            raise
        raise ConfigError(f"{found.label}: {error}") from error


def battery_of(
    tier: str,
    seed: int,
    device: str,
    engine: str,
    threads: int | None,
    progress: Callable[[Event], None] | None,
    stop: Callable[[], str | None] | None,
) -> Battery:
    """How attacks are computed, checked."""
    from adversarial_crypto.attacks import TIERS

    problems = []
    if tier not in TIERS:
        problems.append(f"unknown tier '{tier}'; there are {', '.join(TIERS)}")
    if engine not in ENGINES:
        problems.append(f"unknown engine '{engine}'; there are 'auto', 'eager' and 'compiled'")
    if not 0 <= seed < 2**32:
        problems.append(f"the seed must be between 0 and 2^32 - 1, not {seed}")
    if problems:
        raise ConfigError(problems)
    return Battery.on(tier, seed, device, engine, threads, progress or silent, stop or never)  # type: ignore[arg-type]


def chosen_attacks(names: Sequence[str], tier: str) -> dict[str, Attack]:
    """The attacks of these names, or all of a tier."""
    import difflib

    from adversarial_crypto.attacks import ATTACKS, TIERS
    from adversarial_crypto.config.fields import split_reference

    if not names:
        reach = TIERS.index(tier)
        return {name: member for name, member in ATTACKS.items() if TIERS.index(member.tier) <= reach}
    chosen: dict[str, Attack] = {}
    problems = []
    for name in names:
        if reference := split_reference(name):
            path, member = Path(reference[0]), reference[1]
            own = path.stem if member == "ATTACK" else f"{path.stem}-{member}"
            if own in ATTACKS or own in chosen:
                problems.append(f"{name}: there is another attack by the name of {own}; rename the file")
            else:
                chosen[own] = _own(path, member)
        elif name in ATTACKS:
            chosen[name] = ATTACKS[name]
        else:
            near = difflib.get_close_matches(name[:100], ATTACKS, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(ATTACKS)}"
            problems.append(f"no attack is named {name[:100]!r}; {hint}")
    if problems:
        raise ConfigError(problems)
    return chosen


def _own(path: Path, name: str) -> Attack:
    """An attack of the user's, from its file."""
    from adversarial_crypto.attacks import Attack

    try:
        content = file_content(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}") from error
    found = getattr(executed(content, path), name, None)
    if not isinstance(found, Attack):
        raise ConfigError(
            f"{path}: '{name}' must be an Attack (adversarial_crypto.attacks), not {type(found).__name__}"
        )
    return replace(found, source=sha256(content + b"\0" + name.encode()).hexdigest())


def _controls(battery: Battery, name: str, member: Attack, found: Target, result: Result) -> list[Cell]:
    """What the attack makes of its controls; none where it has said nothing that would have to be believed."""
    if _silent(result):
        return []
    size = _control_bits(member, found)
    return [cell for label in member.controls for cell in control(battery, name, member, label, size)]


def _control_bits(member: Attack, found: Target) -> int:
    """Message bits of the controls: the target's, unless the attack could not be asked about such controls."""
    size = found.cipher.message_bits
    return size if member.controls_up_to is None else min(size, member.controls_up_to)


def _silent(result: Result) -> bool:
    return all(verdict.outcome == "skipped" for verdict in result.verdicts)


def _judged(
    name: str, member: Attack, result: Result, controls: Sequence[Cell], found: Target, battery: Battery
) -> list[Verdict]:
    """The verdicts, void where a control is wrong."""
    from adversarial_crypto.attacks import cell, voided

    verdicts = list(result.verdicts)
    if not _silent(result) and (why := why_void(controls)):
        verdicts = voided(verdicts, why)
        battery.tell(Note(f"{name} counts for nothing here: {why}."))
    battery.tell(AttackEnded(name, found.label, cell(verdicts, member.scope), result.seconds, result.cached))
    return verdicts


def _written(
    found: Target,
    place: Path,
    battery: Battery,
    members: Mapping[str, Attack],
    results: Mapping[str, Result],
    controls: Mapping[str, Sequence[Cell]],
    judged: Sequence[Verdict],
) -> AttackResult:
    from adversarial_crypto.attacks import cell, overall, settled

    limits = {name: limit(controls[name], _control_bits(member, found)) for name, member in members.items()}
    verdicts = [replace(v, detection_limit=limits[v.attack] * (v.outcome == "not_broken")) for v in settled(judged)]
    word = overall(verdicts)
    rows = [{**asdict(verdict), "replica": found.numbers[verdict.replica]} for verdict in verdicts]
    board = {
        name: {
            number: cell([v for v in verdicts if v.attack == name and v.replica == index], member.scope)
            for index, number in enumerate(found.numbers)
        }
        for name, member in members.items()
    }
    sentence = _sentence(found, word, board, members)
    cells = [each for row in controls.values() for each in row]
    done = AttackResult(
        directory=place,
        target=found.label,
        replicas=found.numbers,
        sizes={"message_bits": found.cipher.message_bits, "key_bits": found.cipher.key_bits},
        tier=battery.tier,
        overall=word,
        sentence=sentence,
        verdicts=rows,
        scopes={name: member.scope for name, member in members.items()},
        board=board,
        controls=controls,
        tables={name: result.tables for name, result in results.items()},
        seconds=sum(result.seconds for result in results.values())
        + sum({id(each.result): each.result.seconds for each in cells}.values()),
        already_complete=all(result.cached for result in results.values()) and all(c.result.cached for c in cells),
    )
    claims = attack_claims(rows)
    atomic_write(place / "verdicts.csv", _csv(rows))
    atomic_write(place / "claims.csv", _csv(claims))
    atomic_write(place / "claims.md", markdown(found.label, claims).encode())
    attack_figures(done)
    return done


def _sentence(found: Target, word: str, board: Mapping[str, Mapping[int, str]], members: Mapping[str, Attack]) -> str:
    """What the board says, in one sentence."""
    one_time = {name: row for name, row in board.items() if members[name].scope == "one_time"}
    by = [name for name, row in one_time.items() if word in row.values()]
    ran = [name for name, row in one_time.items() if set(row.values()) & {"broken", "refuted", "not_broken"}]
    count = len(found.numbers)
    fell = sum(any(row[number] in ("broken", "refuted") for row in one_time.values()) for number in found.numbers)
    who = found.label if count == 1 else f"{fell} of {count} replicas of {found.label}" if fell else found.label
    if word in ("broken", "refuted"):
        verb = WORDS[word] if count == 1 else "are broken" if word == "broken" else "have no perfect secrecy, by proof"
        proven = [name for name, row in one_time.items() if name not in by and "refuted" in row.values()]
        proof = f"; no perfect secrecy, by proof ({', '.join(proven)})" if proven else ""
        return f"{who} {verb} ({', '.join(by)}){proof}."
    if word == "not_broken":
        silent = [name for name in one_time if name not in ran]
        rest = f" ({', '.join(silent)} had nothing to say)" if silent else ""
        return f"{who} {WORDS[word]} by {', '.join(ran)} at this budget{rest}; that is no proof of secrecy."
    return f"{who} {WORDS[word]}: inconclusive."


def _csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    text = StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]) if rows else ["attack"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
