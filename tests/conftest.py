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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with the reason, what this machine cannot run: a skipped test is named in pytest's closing summary."""
    wants_gpu = [item for item in items if item.get_closest_marker("gpu")]
    if wants_gpu and not _has_cuda():
        for item in wants_gpu:
            item.add_marker(pytest.mark.skip(reason="no CUDA device"))
    for extra in ("ray", "mlflow"):
        if find_spec(extra) is None:
            for item in items:
                if item.get_closest_marker(extra):
                    item.add_marker(pytest.mark.skip(reason=f"the `{extra}` extra is not installed"))
