"""Fixtures that every test may use."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tests are many and small, and run side by side
settings.register_profile("shared machine", deadline=None)  # an example takes as long as it takes
settings.load_profile("shared machine")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real sequences beside the checkout; the tests that need it skip where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"needs real data in {folder}, which is not on this machine")
    return folder
