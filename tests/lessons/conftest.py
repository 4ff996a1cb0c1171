"""What all tests of the lessons' package share."""

import pytest
import torch
from hypothesis import settings

# The same examples at each run, so that a failure can be run again; and no deadline,
# since the first call of a kernel is slow.
settings.register_profile("lessons", derandomize=True, deadline=None, max_examples=25)
settings.load_profile("lessons")


@pytest.fixture(autouse=True)
def _reproducible() -> None:
    """One thread (two change the last digits), one seed."""
    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.fixture(params=[torch.float64, torch.float32], ids=["fp64", "fp32"])
def dtype(request: pytest.FixtureRequest) -> torch.dtype:
    """Both precisions of a comparison (see `parity.TOLERANCE`)."""
    chosen: torch.dtype = request.param
    return chosen
