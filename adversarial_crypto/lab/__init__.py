"""Floor 6: the laboratory. Wires configuration, training, store and figures; has the clock and probes the machine.

    result = run("quick", overrides=["replicas.seed=1"])         train, check with fresh adversaries, draw
    result.summary["verdict"], result.metrics(), result.run_dir
    reproduce(["fig2", "batch"], profile="standard").claims      the paper's figures and claims, beside ours
    attack(RUN_DIR, tier="standard").sentence                    what its ciphers really hide

The same call continues a run that was stopped or killed, and finds one that is complete. Nothing is printed here: hand
a `progress` callback to hear of it (lab/events.py), and `stop` to end it early. Importing this imports no torch.
"""

from adversarial_crypto.lab.attack import attack
from adversarial_crypto.lab.attack_result import AttackResult
from adversarial_crypto.lab.calibrate import Calibration, calibrate
from adversarial_crypto.lab.events import (
    AttackEnded,
    AttackProgress,
    Compiling,
    Event,
    Finished,
    Note,
    Progress,
    Recorded,
    ShardEnded,
    Started,
    SweepProgress,
    SweepStarted,
)
from adversarial_crypto.lab.export import export
from adversarial_crypto.lab.machine import probe
from adversarial_crypto.lab.pictures import figures
from adversarial_crypto.lab.reproduce import Reproduction, reproduce
from adversarial_crypto.lab.result import RunResult, Stopped
from adversarial_crypto.lab.results import merge
from adversarial_crypto.lab.run import experiment_folders, is_experiment, load, run
from adversarial_crypto.lab.status import Status, status
from adversarial_crypto.lab.sweep import SweepResult, sweep
from adversarial_crypto.lab.sweep_plan import SweepPlan, sweep_plan

__all__ = [
    "AttackEnded",
    "AttackProgress",
    "AttackResult",
    "Calibration",
    "Compiling",
    "Event",
    "Finished",
    "Note",
    "Progress",
    "Recorded",
    "Reproduction",
    "RunResult",
    "ShardEnded",
    "Started",
    "Status",
    "Stopped",
    "SweepPlan",
    "SweepProgress",
    "SweepResult",
    "SweepStarted",
    "attack",
    "calibrate",
    "experiment_folders",
    "export",
    "figures",
    "is_experiment",
    "load",
    "merge",
    "probe",
    "reproduce",
    "run",
    "status",
    "sweep",
    "sweep_plan",
]
