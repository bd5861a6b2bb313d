"""Tests are named after what they test, and the script that says so sees where they are not (ours)."""

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

from checkout import ROOT


@pytest.fixture(scope="module")
def mirror() -> ModuleType:
    """The script, as a module."""
    loader = SourceFileLoader("mirror", str(ROOT / "scripts" / "mirror"))
    module = module_from_spec(spec_from_loader("mirror", loader))
    loader.exec_module(module)
    return module


@pytest.fixture
def host(tmp_path: Path) -> Path:
    for name in (
        "host/boats/hull.py",
        "host/boats/_keel.py",
        "host/boats/sails/jib.py",
        "host/boats/sails/__init__.py",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "host"


@pytest.mark.parametrize(
    ("test", "whole", "said"),
    [
        ("boats/test_hull.py", (), None),
        ("boats/test_hull_below_water.py", (), None),
        ("boats/test_keel.py", (), None),
        ("boats/test_sails.py", (), None),
        ("boats/test_jib.py", (), None),
        ("boats/sails/test_jib.py", (), None),
        ("e2e/test_voyage.py", (), None),
        ("boats/test_voyage.py", ("boats/test_voyage.py",), None),
        ("boats/test_voyage.py", (), "tests/boats/test_voyage.py is named after no module of host/polyhost/boats"),
        ("boats/sails/test_hull.py", (), "tests/boats/sails/test_hull.py is named after no module"),
        ("test_jib.py", (), "tests/test_jib.py is named after no module"),
        ("harbour/test_hull.py", (), "tests/harbour/test_hull.py is named after no module"),
        ("boats/test_hull.py", ("boats/test_hull.py",), "tests/boats/test_hull.py is named after a module"),
        ("boats/test_hull.py", ("boats/test_gone.py",), "tests/boats/test_gone.py is in the list"),
    ],
)
def test_a_test_is_named_after_a_module_or_is_in_the_list(
    mirror: ModuleType, host: Path, tmp_path: Path, test: str, whole: tuple[str, ...], said: str | None
):
    path = tmp_path / "tests" / test
    path.parent.mkdir(parents=True)
    path.touch()
    found = list(mirror.complaints(tmp_path / "tests", host, whole))
    assert len(found) == (said is not None)
    assert said is None or found[0].startswith(said)


def test_the_tests_of_this_checkout_keep_the_rule(mirror: ModuleType):
    assert mirror.main() == 0
