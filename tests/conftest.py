"""Shared by all tests: hypothesis profiles, a home of one's own, the checkout."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from checkout import ROOT

os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
"""No test, and no command a test starts, writes into the keyring of whoever runs it."""

settings.register_profile(
    "ci", max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("deep", max_examples=int(os.environ.get("POLYHOST_EXAMPLES", "10000")), deadline=None)
settings.load_profile("deep" if "POLYHOST_EXAMPLES" in os.environ else "ci")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty polyhost home that does not exist yet."""
    return tmp_path / "home"


@pytest.fixture
def root() -> Path:
    """The checkout."""
    return ROOT
