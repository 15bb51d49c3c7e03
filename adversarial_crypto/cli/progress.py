"""The progress of a run on stderr: a live display on a terminal, plain lines elsewhere, silence when asked for."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from adversarial_crypto.cli.attack_words import attack_ended, attack_line
from adversarial_crypto.cli.output import duration, number
from adversarial_crypto.cli.sweep_words import shard_line, start_line, sweep_line

if TYPE_CHECKING:
    from adversarial_crypto.lab.events import (
        AttackProgress,
        Compiling,
        Curve,
        Event,
        Note,
        Progress,
        Started,
        SweepProgress,
    )

BLOCKS = "▁▂▃▄▅▆▇█"
STYLES = {"Bob": "blue", "Eve": "red"}
# 10 s: a log of a night's run stays readable, and nobody who watches wonders whether it hangs.
CADENCE = 10.0


class Silent:
    """Says nothing; the two others speak through the same three methods."""

    def __call__(self, event: Event) -> None:
        """Take an event of the laboratory."""

    def tell(self, text: str) -> None:
        """Say a sentence at once; may be called from a signal handler."""

    def __enter__(self) -> Silent:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class Plain(Silent):
    """Lines on stderr: what begins at once, progress every `every` seconds and at each change of phase."""

    def __init__(self, every: float = CADENCE, clock: Callable[[], float] = time.monotonic) -> None:
        self._every, self._clock = every, clock
        self._phase, self._last = "", -math.inf
        self._committed = -1

    def __call__(self, event: Event) -> None:
        kind = type(event).__name__
        if kind == "SweepProgress":
            self._sweep(event)  # type: ignore[arg-type]
            return
        if kind == "AttackProgress":
            self._attack(event)  # type: ignore[arg-type]
            return
        if kind != "Progress":
            for line in sentences(event):
                click.echo(line, err=True)
            return
        progress: Progress = event  # type: ignore[assignment]
        now = self._clock()
        if progress.phase == self._phase and now - self._last < self._every:
            return
        self._phase, self._last = progress.phase, now
        click.echo(plain_line(progress), err=True)

    def _sweep(self, seen: SweepProgress) -> None:
        """A line for each shard that is committed, and no more often than that."""
        if seen.committed != self._committed:
            self._committed = seen.committed
            click.echo(sweep_line(seen), err=True)

    def _attack(self, seen: AttackProgress) -> None:
        """A line every `every` seconds and at each attack's beginning."""
        now, what = self._clock(), f"{seen.attack} {seen.target}"
        if what != self._phase or now - self._last >= self._every:
            self._phase, self._last = what, now
            click.echo(attack_line(seen), err=True)

    def tell(self, text: str) -> None:
        # os.write: a signal may arrive in the middle of a buffered write, which cannot be entered twice.
        with suppress(OSError, ValueError):
            os.write(sys.stderr.fileno(), f"{text}\n".encode())


class Live(Silent):
    """A display on a terminal that is redrawn four times a second by its own thread, also while code is compiled."""

    def __init__(self, terminal: Any = None) -> None:
        from rich.console import Console
        from rich.live import Live as Display

        self._progress: Progress | None = None
        self._sweep: SweepProgress | None = None
        self._attack: AttackProgress | None = None
        self._busy = self._told = ""
        self._since = time.monotonic()
        self._console = terminal or Console(stderr=True)
        self._display = Display(
            get_renderable=self._render, console=self._console, refresh_per_second=4, transient=True
        )

    def __call__(self, event: Event) -> None:
        kind = type(event).__name__
        if kind == "Progress":
            self._progress, self._busy = event, ""  # type: ignore[assignment]
        elif kind == "SweepProgress":
            self._sweep = event  # type: ignore[assignment]
        elif kind == "AttackProgress":
            self._attack = event  # type: ignore[assignment]
        elif kind == "Compiling":
            self._busy, self._since = " ".join(sentences(event)), time.monotonic()
        else:
            for line in sentences(event):
                self._console.print(line, highlight=False, markup=False)

    def tell(self, text: str) -> None:
        self._told = text  # the display's own thread shows it within a quarter of a second

    def _render(self) -> Any:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        parts: list[Any] = []
        if (sweep := self._sweep) is not None:
            row = Table.grid(padding=(0, 2))
            bar = ProgressBar(total=max(sweep.shards, 1), completed=sweep.committed, width=32)
            row.add_row(Text("sweep", style="bold"), bar, sweep_line(sweep))
            parts.append(row)
        if (attack := self._attack) is not None:
            row = Table.grid(padding=(0, 2))
            row.add_row(ProgressBar(total=1.0, completed=attack.share, width=32), attack_line(attack))
            parts.append(row)
        if self._busy:
            parts.append(Text(f"{self._busy} ({duration(time.monotonic() - self._since)})", style="dim"))
        if (seen := self._progress) is not None:
            grid = Table.grid(padding=(0, 2))
            bar = ProgressBar(total=max(seen.steps, 1), completed=seen.step, width=32)
            grid.add_row(Text(seen.phase, style="bold"), bar, step_words(seen), estimate_words(seen))
            parts.append(grid)
            curves = Table.grid(padding=(0, 2))
            for curve in seen.curves:
                name, style = curve.watched.label, STYLES.get(curve.watched.label, "green")
                line = Text(sparkline(curve.history, curve.watched.top, 32), style=style)
                curves.add_row(Text(name, style=f"bold {style}"), line, value_words(curve))
            parts += [curves, Text(count_words(seen))]
        if self._told:
            parts.append(Text(self._told, style="bold yellow"))
        return Group(*parts)

    def __enter__(self) -> Live:
        self._display.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._display.stop()


def talker(quiet: bool) -> Silent:
    """The way to speak that fits: silent, live on a terminal, or plain lines."""
    if quiet:
        return Silent()
    return Live() if sys.stderr.isatty() and os.environ.get("TERM") != "dumb" else Plain()


def sentences(event: Event) -> list[str]:
    """What an event other than Progress says; nothing for the end, which the command itself shows."""
    kind = type(event).__name__
    if kind == "Started":
        return [started_words(event)]  # type: ignore[arg-type]
    if kind == "SweepStarted":
        return [start_line(event)]  # type: ignore[arg-type]
    if kind == "ShardEnded":
        return [shard_line(event)]  # type: ignore[arg-type]
    if kind == "AttackEnded":
        return [attack_ended(event)]  # type: ignore[arg-type]
    if kind == "Compiling":
        compiling: Compiling = event  # type: ignore[assignment]
        return [f"Compiling {compiling.what}."]
    if kind == "Note":
        note: Note = event  # type: ignore[assignment]
        return [note.text]
    return []


def started_words(event: Started) -> str:
    """Who runs where, on what, and why so."""
    words = f"{event.name} in {event.run_dir}: {event.replicas} replicas of up to {event.steps:,} steps"
    words += f", {event.engine} on {event.device} ({event.reason})"
    return words + (f", continued at step {event.resumed_step:,}." if event.resumed_step else ".")


def plain_line(seen: Progress) -> str:
    """One line for a log."""
    parts = [f"{seen.phase}: {step_words(seen)}"]
    for curve, after in zip(seen.curves, (*seen.curves[1:], None), strict=True):
        # Neighbours in one unit are said in one breath.
        with_unit = after is None or after.watched.unit != curve.watched.unit
        line = sparkline(curve.history, curve.watched.top, 16)
        parts.append(f"{curve.watched.label} {line} {value_words(curve, with_unit)}")
    return ", ".join([*parts, count_words(seen), estimate_words(seen)])


def step_words(seen: Progress) -> str:
    """How far: "step 1,200 of 10,000 (12 %)"."""
    return f"step {seen.step:,} of {seen.steps:,} ({100 * seen.step / max(seen.steps, 1):.0f} %)"


def estimate_words(seen: Progress) -> str:
    """How long still, and how fast."""
    most = "at most" if seen.at_most else "about"
    left = "time left unknown" if seen.seconds_left is None else f"{most} {duration(seen.seconds_left)} left"
    return f"{left} at {seen.rate:,.0f} replica-steps/s" if seen.rate > 0 else left


def count_words(seen: Progress) -> str:
    """How many are done: "passed 3, diverged 0"."""
    return f"passed {seen.passed}, diverged {seen.diverged}"


def value_words(curve: Curve, with_unit: bool = True) -> str:
    """A curve's latest median, with its unit and what guessing gives."""
    watched = curve.watched
    text = watched.shown(curve.value) if math.isfinite(curve.value) else number(None)
    guess = f" (guessing: {watched.guess})" if watched.guess else ""
    return f"{text} {watched.unit}{guess}" if with_unit else text


def sparkline(history: Sequence[float], top: float, width: int) -> str:
    """A curve of at most `width` characters from 0 to `top`; a value that is not finite leaves a gap."""
    values = list(history)
    if len(values) > width:
        edges = [i * len(values) // width for i in range(width + 1)]
        values = [values[end - 1] for end in edges[1:]]  # the last of each stretch, so that the newest is always seen
    return "".join(
        BLOCKS[min(len(BLOCKS) - 1, max(0, int(len(BLOCKS) * value / top)))] if math.isfinite(value) else " "
        for value in values
    )
