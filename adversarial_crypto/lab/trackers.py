"""Trackers: who is told of a run while it trains. Whatever becomes of them, the run goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from adversarial_crypto.config import ConfigError
from adversarial_crypto.lab.events import Event, Note, Tell
from adversarial_crypto.lab.scalars import Scalars

# name -> a function that makes one; none is used unless asked for.
TRACKERS: Mapping[str, Callable[[], Tell]] = {"tensorboard": Scalars}


def tracked(tell: Tell, names: Sequence[str]) -> Tell:
    """`tell`, and these trackers after it; one that fails is told of once and left alone from then on.

    Raises:
        ConfigError: an unknown tracker. EnvironmentProblem: its package is missing.
    """
    if unknown := [name for name in names if name not in TRACKERS]:
        raise ConfigError([f"unknown tracker '{name}'; there are {', '.join(TRACKERS)}" for name in unknown])
    alive = {name: TRACKERS[name]() for name in dict.fromkeys(names)}

    def both(event: Event) -> None:
        tell(event)
        for name, tracker in list(alive.items()):
            try:
                tracker(event)
            except Exception as error:  # a tracker is somebody else's code on somebody else's disk or network
                del alive[name]
                said = " ".join(str(error).split())[:200]
                tell(Note(f"The tracker {name} failed ({type(error).__name__}: {said}); the run goes on without it."))

    return both if alive else tell
