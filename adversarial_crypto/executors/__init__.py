"""Floor 5: executors. They run a given function on given items and hand back receipts; they do not know what a run is.

    with EXECUTORS["local"](work, Settings(workers=4)) as pool:
        pool.submit(key, item)                       # at most pool.slots at once
        for receipt in pool.wait(1.0): ...           # result, or a sentence on why there is none

Whatever becomes of an item - it returns, raises, is killed, its machine disappears - exactly one receipt comes, and no
other item feels it. `work(item, stop)` and its module are sent by name, items and results by value. Nothing is tried
twice in here. A machine that lacks something is an EnvironmentProblem when the pool is made or entered.

An open family: a function of (work, settings) that gives a Pool, in a file, and a line in `EXECUTORS`.
Importing this room imports neither torch nor ray nor pebble.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from adversarial_crypto.executors import inline, local, ray
from adversarial_crypto.executors.contract import Pool, Receipt, Settings, Stop, Work

EXECUTORS: Mapping[str, Callable[[Work, Settings], Pool]] = {
    "inline": inline.Inline,
    "local": local.Local,
    "ray": ray.Ray,
}

__all__ = ["EXECUTORS", "Pool", "Receipt", "Settings", "Stop", "Work"]
