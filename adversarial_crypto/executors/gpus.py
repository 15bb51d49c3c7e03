"""Which GPU each local worker sees."""

from __future__ import annotations

import math
import os

from adversarial_crypto.errors import EnvironmentProblem
from adversarial_crypto.executors.contract import Settings


def gpu_shares(settings: Settings) -> list[dict[str, str]]:
    """CUDA_VISIBLE_DEVICES for each slot; nothing where no share of a GPU is asked for.

    Slots fill the GPUs in order: with 0.25 the first four share the first one. A list of visible GPUs that this process
    was started under is kept to.

    Raises:
        EnvironmentProblem: the GPUs have no room for so many.
    """
    workers, share, gpus = settings.workers, settings.gpus_per_worker, settings.gpus
    if share <= 0:
        return [{}] * workers
    if share > 1 and share != int(share):
        raise EnvironmentProblem(f"A worker cannot have {share:g} GPUs; give a whole number, or a share of at most 1.")
    each, sharing = max(1, int(share)), max(1, int(1 / share + 1e-9))
    needed = math.ceil(workers / sharing) * each
    if needed > gpus:
        raise EnvironmentProblem(
            f"{workers} workers with {share:g} of a GPU each need {needed} GPUs and this machine has {gpus}; "
            f"ask for fewer workers or a smaller share."
        )
    named = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
    names = named if len(named) >= gpus else [str(index) for index in range(gpus)]
    first = [slot // sharing * each for slot in range(workers)]
    return [{"CUDA_VISIBLE_DEVICES": ",".join(names[index : index + each])} for index in first]
