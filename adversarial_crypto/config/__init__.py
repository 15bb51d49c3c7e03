"""Configuration: what a run is, where it is read from, and when two runs are the same.

    run = load("quick", overrides=["train.batch=256"], experiments=[Path("experiments")])

A `Run` is frozen and complete: every default is filled in, every bound holds. Anything wrong is a `ConfigError` that
carries all problems at once, each with its place.
"""

from adversarial_crypto.config.blocks import blocks
from adversarial_crypto.config.files import experiment_files
from adversarial_crypto.config.identity import (
    NUMERICS_VERSION,
    dumps,
    identity,
    players,
    relocate,
    short_id,
    user_files,
)
from adversarial_crypto.config.kinds import AsymmetricGame, GanGame, MessageGame, SelectiveGame, SymmetricGame
from adversarial_crypto.config.load import Point, at, expand, load, settle
from adversarial_crypto.config.schema import Networks, Protocol, Replicas, Run, Schedule, Train
from adversarial_crypto.errors import ConfigError

__all__ = [
    "NUMERICS_VERSION",
    "AsymmetricGame",
    "ConfigError",
    "GanGame",
    "MessageGame",
    "Networks",
    "Point",
    "Protocol",
    "Replicas",
    "Run",
    "Schedule",
    "SelectiveGame",
    "SymmetricGame",
    "Train",
    "at",
    "blocks",
    "dumps",
    "expand",
    "experiment_files",
    "identity",
    "load",
    "players",
    "relocate",
    "settle",
    "short_id",
    "user_files",
]
