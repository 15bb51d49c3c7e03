"""What `reproduce` can reproduce: for each target its experiment, its figures, their tables and its claims.

A target is one entry of TARGETS: functions from its finished runs to the frames of each figure, and one to the findings
that answer claims. Runs are shared by identity, so targets with equal configurations cost one training.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from adversarial_crypto.lab import findings, frames
from adversarial_crypto.lab.claims import Finding
from adversarial_crypto.lab.done import Done, Drawn, Frames, only, plain


@dataclass(frozen=True)
class Target:
    """One line of the paper's results.

    Args:
        experiment: its name, of experiments/.
        figures: member of FIGURES -> (runs -> its tables), each kept as a CSV beside the figure.
        findings: (runs, what was drawn) -> claim -> what was found; a claim that they cannot answer is left out.
        further: an experiment that begins with the kept players of one of the runs, and (runs -> that one).
    """

    experiment: str
    figures: Mapping[str, Callable[[Sequence[Done]], Frames]]
    findings: Callable[[Sequence[Done], Drawn], dict[str, Finding]]
    further: tuple[str, Callable[[Sequence[Done]], Done]] | None = None


TARGETS: dict[str, Target] = {
    "fig2": Target("paper-fig2", {"fig2": frames.curves("fig2", only)}, findings.trained),
    "fig3": Target("paper-fig3", {"fig3": frames.scatter}, findings.tested),
    "batch": Target(
        "paper-batch",
        {"pass_rates": frames.rates(lambda done: f"batch {done.run.train.batch:,}", frames.paper_rates)},
        findings.robust_at_512,
    ),
    "sizes": Target(
        "paper-sizes",
        {"pass_rates": frames.rates(lambda done: f"N = {done.run.message_bits}", frames.paper_rates)},
        findings.larger_messages,
    ),
    "losses": Target(
        "paper-losses", {"pass_rates": frames.rates(frames.network_label, lambda done: {})}, findings.none
    ),
    "diffusion": Target("paper-diffusion", {"diffusion": frames.flips}, findings.diffused),
    "fig4": Target("paper-fig4", {"fig4": frames.selective}, findings.protected),
    "weights": Target("paper-fig4-weights", {"trade_off": frames.trade_off}, findings.none),
    "fig6": Target(
        "paper-fig6-ablations",
        {"fig6": frames.curves("fig6", plain), "pass_rates": frames.rates(frames.ablation_label, lambda done: {})},
        findings.survived,
        further=("paper-fig6-further", plain),
    ),
    "gan": Target("paper-gan", {"gan": frames.discriminators}, findings.none),
}
