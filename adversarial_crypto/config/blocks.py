"""The shards of one point of a sweep: its replicas in blocks, each a run of its own."""

from __future__ import annotations

from adversarial_crypto.config.schema import Run


def blocks(run: Run) -> tuple[Run, ...]:
    """A run cut into runs of at most `replicas.block` replicas, in order; one that fits is the run itself.

    A replica is the same in its block as in the whole: `replicas.first` says which the block begins with.
    """
    replicas = run.replicas
    count, most = replicas.count, replicas.block
    if run.total_replicas <= most:
        return (run,)
    (key, values), *_ = [*replicas.vary.items(), ("train.learning_rate", ())]
    each = max(1, most // count)  # varied values of a block
    found = []
    for start in range(0, max(1, len(values)), each):
        for offset in range(0, count, most):
            part = {"first": replicas.first + start * count + offset, "count": min(most, count - offset)}
            vary = {"vary": {key: values[start : start + each]}} if values else {}
            found.append(run.model_copy(update={"replicas": replicas.model_copy(update={**part, **vary})}))
    return tuple(found)
