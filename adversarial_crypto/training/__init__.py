"""Floor 3: the alternating loop, the engines that execute it, the paper's protocol. Opens no file, prints nothing.

plan = prepare(run)                       names resolved, networks built on trial, widths checked
training = Training(plan, engine)         for beat in training.beats(): ...
protocol = Protocol(plan, training)       for step in protocol.beats(): ...; protocol.reports()
"""

from adversarial_crypto.training.engine import Engine
from adversarial_crypto.training.machine import Machine, choose_engine
from adversarial_crypto.training.prepare import Plan, Start, prepare
from adversarial_crypto.training.protocol import Protocol, Report
from adversarial_crypto.training.train import Beat, Row, Training

__all__ = [
    "Beat",
    "Engine",
    "Machine",
    "Plan",
    "Protocol",
    "Report",
    "Row",
    "Start",
    "Training",
    "choose_engine",
    "prepare",
]
