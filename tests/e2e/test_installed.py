"""What is installed is whole: the wheel alone, far from any checkout, has the command, the polyfills and the demo.

Provenance: ours. `scripts/test-installs` shows the same with pip, pipx and uv, and needs a network for it.
"""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from checkout import ROOT

pytestmark = pytest.mark.requirement("EC-1.1")

SECONDS = 100


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The command, in an environment with the wheel and the dependencies that are here already."""
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist"), folder=ROOT)
    environment = tmp_path / "environment"
    venv.create(environment, symlinks=True)
    python = environment / "bin" / "python"
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--no-index",
        "--no-deps",
        str(wheel),
        folder=tmp_path,
    )
    return environment / "bin" / "polyhost"


def run(*command: str, folder: Path) -> str:
    """What it prints. Nothing of the checkout is in reach but by the folder."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_alone_replays_the_demo_knows_its_polyfills_and_pins_nothing(installed: Path, tmp_path: Path):
    python = str(installed.with_name("python"))
    assert str(tmp_path) in run(python, "-c", "import polyhost; print(polyhost.__file__)", folder=tmp_path)
    needed = run(
        python,
        "-c",
        "from importlib.metadata import requires; print(*requires('polyhost'), sep='\\n')",
        folder=tmp_path,
    )
    assert "pydantic<3,>=2" in needed
    assert "==" not in needed
    home = ("--home", str(tmp_path / "home"))
    assert json.loads(run(str(installed), *home, "demo", "--json", folder=tmp_path))["run"]["status"] == "complete"
    listed = json.loads(run(str(installed), *home, "polyfill", "list", "--json", folder=tmp_path))
    assert {one["name"] for one in listed["sources"]} == {
        path.parent.name for path in (ROOT / "polyfills").glob("*/manifest.json")
    }
