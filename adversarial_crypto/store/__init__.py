"""Run directories, checkpoints, atomic commits, hashes: a result exists when its commit mark was written last.

    with RunDir.create_or_open(path, config_text, identity, execution, manifest) as run:
        if not run.complete:
            state = run.resumed or first_state          # arrays and meta of the newest checkpoint
            run.append_metrics(rows); run.checkpoint(step, arrays, meta)   # as often as it is worth
            run.write_players(arrays, meta); run.write_protocol(rows); run.commit(summary)
    commit_figure(run.path, "training", files)

No file is loaded whose sha256 is not the recorded one; no torch, no pickle.
"""

from adversarial_crypto.store.atomic import atomic_write
from adversarial_crypto.store.checkpoints import Checkpoint
from adversarial_crypto.store.run import Run
from adversarial_crypto.store.rundir import RunDir
from adversarial_crypto.store.sums import commit_directory, commit_figure, read_directory, read_figure
from adversarial_crypto.store.verify import Problem, attacks, repair, runs, verify

__all__ = [
    "Checkpoint",
    "Problem",
    "Run",
    "RunDir",
    "atomic_write",
    "attacks",
    "commit_directory",
    "commit_figure",
    "read_directory",
    "read_figure",
    "repair",
    "runs",
    "verify",
]
