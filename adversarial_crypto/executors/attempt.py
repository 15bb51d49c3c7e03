"""What every worker does, whatever started it: it tries, and whatever the work raises comes back as words.

The work is sent by name and the item by value, packed by the driver and unpacked where the work is tried: what goes
wrong on the way (no such module there, a result that cannot be sent) has a traceback like any other failure.
"""

from __future__ import annotations

import pickle
import traceback
from dataclasses import replace
from typing import Any

from adversarial_crypto.errors import AcryptoError
from adversarial_crypto.executors.contract import Receipt, Stop, Work

STOPPED = "stopped by its driver"
THREAD_LIMITS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")  # read once, when a library is loaded


def attempt(work: Work, key: str, item: Any, stop: Stop) -> Receipt:
    """The receipt of work(item, stop); only KeyboardInterrupt and SystemExit go through.

    An exception is put into words where it was raised: many can be sent but not received (their __init__ takes more
    than a message), and its class may live in a module that the driver never imported.
    """
    try:
        return Receipt(key, result=work(item, stop))
    except Exception as error:
        return Receipt(key, died=sentence(error), trace=traceback.format_exc())


def attempt_packed(key: str, sent: bytes, stop: Stop) -> Receipt:
    """As attempt, of what `pickle.dumps((work, item))` gave; a result is still packed, for `opened`."""
    return attempt(_try_packed, key, sent, stop)


def _try_packed(sent: bytes, stop: Stop) -> bytes:
    work, item = pickle.loads(sent)
    return pickle.dumps(work(item, stop))


def opened(receipt: Receipt) -> Receipt:
    """With its result unpacked."""
    return receipt if receipt.result is None else replace(receipt, result=pickle.loads(receipt.result))


def sentence(error: BaseException) -> str:
    """An exception in one sentence; our own already are one."""
    return str(error) if isinstance(error, AcryptoError) else f"{type(error).__name__}: {error}"


def thread_limits(threads: int) -> dict[str, str]:
    """The environment that keeps the numerical libraries to that many threads."""
    return dict.fromkeys(THREAD_LIMITS, str(threads))
