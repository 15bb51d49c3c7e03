"""What all tests share: reproducible hypothesis runs, and the marks that need something this machine may not have."""

from __future__ import annotations

from importlib.util import find_spec

import pytest
from hypothesis import settings

# derandomize: a failure seen once is seen again by everyone. No deadline: it would measure the machine, not the code.
settings.register_profile("acrypto", derandomize=True, deadline=None, database=None, max_examples=50)
settings.load_profile("acrypto")


def _has_cuda() -> bool:
    import torch  # here, so that collecting tests without the mark costs no second of import

    return torch.cuda.is_available()


# Files of half a minute and more, the longest first: a process that begins one of them last keeps all others waiting.
LONGEST = (
    "test_reproduce",
    "test_shown_commands",
    "test_engine",
    "test_sweep_faults",
    "test_lab_attack",
    "test_sweep",
    "test_figures",
    "test_attacks_exact",
    "test_attacks_learned",
    "test_sweep_drivers",
    "test_calibrate",
    "test_lab_kill",
    "test_cli_stop",
    "test_known_ciphers",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first; what this machine cannot run is skipped, and named with the reason in the closing summary."""
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))
    wants_gpu = [item for item in items if item.get_closest_marker("gpu")]
    if wants_gpu and not _has_cuda():
        for item in wants_gpu:
            item.add_marker(pytest.mark.skip(reason="no CUDA device"))
    for extra in ("ray", "mlflow"):
        if find_spec(extra) is None:
            for item in items:
                if item.get_closest_marker(extra):
                    item.add_marker(pytest.mark.skip(reason=f"the `{extra}` extra is not installed"))
