"""What an attack has learned so far, in one file beside its result until that is there: a rerun goes on from it."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adversarial_crypto.errors import StoreError
from adversarial_crypto.lab.events import Note, Tell
from adversarial_crypto.store.atomic import atomic_write, canonical, disk_errors, read_bytes, remove, sha256
from adversarial_crypto.store.checkpoints import pack, unpack

if TYPE_CHECKING:
    from torch import Tensor

SAVE_SECONDS = 60.0  # the most that a kill costs


class Learned:
    """The memory of one attack on one target: ATTACK-DIGEST.learned, whose name holds the hash of its bytes.

    Args:
        place: the folder of the results.
        attack: its name.
        asked: all that what is learned depends on; what was learned for anything else is passed over.
        tell: hears of a damaged file, which is passed over too.
    """

    def __init__(self, place: Path, attack: str, asked: Mapping[str, Any], tell: Tell) -> None:
        self._place, self._attack, self._asked, self._tell = place, attack, canonical(asked).decode(), tell
        self._states: dict[str, Mapping[str, Tensor]] = {}
        self._before, self._began, self._saved = 0.0, time.monotonic(), time.monotonic()
        any(map(self._read, self._files()))  # up to the first that counts

    @property
    def seconds(self) -> float:
        """Of computing, before and since."""
        return self._before + time.monotonic() - self._began

    def recall(self, name: str) -> Mapping[str, Tensor]:
        """What was learned under a name."""
        return self._states.get(name, {})

    def offer(self, name: str, state: Mapping[str, Tensor]) -> None:
        """Keeps it, and saves everything once in a while."""
        self._states[name] = state
        if time.monotonic() - self._saved >= SAVE_SECONDS:
            self.save()

    def save(self) -> None:
        """Writes everything that has been learned; there is nothing of an attack that learns nothing.

        Raises:
            EnvironmentProblem: it cannot be written; what was saved before is still there.
        """
        self._saved = time.monotonic()
        if not self._states:
            return
        arrays = {
            f"{name}/{part}": t.cpu().numpy() for name, state in self._states.items() for part, t in state.items()
        }
        data = pack(arrays, {"asked": self._asked, "seconds": round(self.seconds, 1)})
        older = self._files()
        with disk_errors(self._place):
            self._place.mkdir(parents=True, exist_ok=True)
        path = self._place / f"{self._attack}-{sha256(data)[:16]}.learned"
        atomic_write(path, data)
        for old in older:
            if old != path:
                remove(old)

    def forget(self) -> None:
        """Removes the file: the result is there."""
        for path in self._files():
            remove(path)

    def _files(self) -> list[Path]:
        """Its files, the newest first: one, or two after a kill between writing and removing."""
        name = re.compile(rf"{re.escape(self._attack)}-[0-9a-f]{{16}}\.learned")
        found = self._place.iterdir() if self._place.is_dir() else ()
        return sorted((p for p in found if name.fullmatch(p.name)), key=lambda p: p.stat().st_mtime, reverse=True)

    def _read(self, path: Path) -> bool:
        import torch

        try:
            data = read_bytes(path)
            if f"-{sha256(data)[:16]}." not in path.name:
                raise StoreError(f"{path} is damaged: it does not have the sha256 in its name.")
            arrays, about = unpack(data, path)
        except StoreError as error:
            self._tell(Note(f"{error} What {self._attack} had learned is learned again."))
            return False
        if about.get("asked") != self._asked:
            return False
        self._before = float(about["seconds"])
        for key, array in arrays.items():
            name, _, part = key.rpartition("/")
            self._states[name] = {**self._states.get(name, {}), part: torch.from_numpy(array)}
        return True
