"""Shared by all tests: hypothesis profiles, a home of one's own, the checkout."""

import asyncio
import os
import signal
import warnings
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from checkout import ROOT
from polyhost.cli.interpreter import tune_interpreter

pytest_plugins = ["lanes"]

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
"""Containers set it; every command that a test starts would compile a hundred modules anew."""
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
"""No test, and no command a test starts, writes into the keyring of whoever runs it."""

settings.register_profile(
    "ci", max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("deep", max_examples=int(os.environ.get("POLYHOST_EXAMPLES", "10000")), deadline=None)
settings.register_profile(
    "few", max_examples=10, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("deep" if "POLYHOST_EXAMPLES" in os.environ else "ci")


def pytest_configure(config: pytest.Config) -> None:
    """Few examples where an answer is waited for.

    Ctrl-C as at a prompt, whatever the tests were started by: a shell's background job ignores it, and so would each
    command that a test starts. And the event loop of the program, where it has one of its own.
    """
    if config.getoption("--lane") == "fast" and config.getoption("--hypothesis-profile", None) is None:
        settings.load_profile("few")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    with suppress(ImportError), warnings.catch_warnings(action="ignore"):
        import uvloop  # noqa: PLC0415  not there on every platform

        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())


def pytest_collection_finish() -> None:
    """And its interpreter, now that everything is imported."""
    tune_interpreter()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty polyhost home that does not exist yet."""
    return tmp_path / "home"


@pytest.fixture
def root() -> Path:
    """The checkout."""
    return ROOT
