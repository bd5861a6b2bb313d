"""Each package is held to its floor, and a floor only rises (ours)."""

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from types import ModuleType

import pytest

from checkout import ROOT


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """scripts/coverage, as a module."""
    loader = SourceFileLoader("coverage_script", str(ROOT / "scripts" / "coverage"))
    module = module_from_spec(spec_from_loader("coverage_script", loader))
    loader.exec_module(module)
    return module


def measured(lines: tuple[int, int], branches: tuple[int, int]) -> dict:
    """One file: so many of so many."""
    counts = {"covered_lines": lines[0], "num_statements": lines[1]}
    counts |= {"covered_branches": branches[0], "num_branches": branches[1]}
    return {"summary": counts, "missing_lines": [7], "missing_branches": [[3, 5]]}


REPORT = {
    "files": {
        "host/polyhost/ledger/plan.py": measured((10, 10), (3, 4)),
        "host/polyhost/store/base.py": measured((5, 10), (0, 0)),
        "host/polyhost/store/sqlite/rows.py": measured((20, 20), (9, 10)),
        "host/polyhost/instants.py": measured((4, 4), (0, 0)),
        "host/polyhost/web/__init__.py": measured((0, 0), (0, 0)),
    }
}


def test_lines_and_branches_count_alike_by_package(script: ModuleType):
    assert script.reached(REPORT) == {"instants": 100.0, "ledger": 100 * 13 / 14, "store": 85.0, "web": 100.0}


@pytest.mark.parametrize(
    ("found", "floors", "said"),
    [
        ({"store": 85.0}, {"store": 85.0}, []),
        ({"store": 84.99}, {"store": 85.0}, ["store is at 84.99 %, below its floor of 85 %"]),
        ({"annex": 100.0}, {}, ["annex has no floor; run scripts/coverage --raise"]),
        ({"ledger": 100.0}, {}, []),
        ({"ledger": 99.99}, {"ledger": 50.0}, ["ledger is at 99.99 %, below its floor of 100 %"]),
    ],
)
def test_what_is_below_its_floor_is_named(script: ModuleType, found: dict, floors: dict, said: list):
    assert list(script.complaints(found, floors)) == said


def test_a_floor_only_rises(script: ModuleType):
    found = {"store": 86.5, "web": 70.0, "annex": 3.4, "ledger": 99.0}
    floors = script.raised(found, {"store": 84.0, "web": 75.5})
    assert floors == {"store": 86.0, "web": 75.5, "annex": 2.0}
    assert script.written(floors).splitlines()[1:] == ["annex = 2", "store = 86", "web = 75.5"]


def test_what_nothing_takes_is_named_by_line(script: ModuleType):
    name = "host/polyhost/ledger/plan.py"
    assert list(script.untaken({"files": {name: REPORT["files"][name]}})) == [
        "host/polyhost/ledger/plan.py:7",
        "host/polyhost/ledger/plan.py:3->5",
    ]


def test_a_package_is_measured_or_needs_more_than_its_own_tests(script: ModuleType):
    """Whoever adds a package decides: held to everything, to a floor, or shown by a browser and whole processes."""
    there = {path.stem for path in (ROOT / "host" / "polyhost").iterdir() if path.suffix == ".py" or path.is_dir()}
    shown_otherwise = {"api", "boot_clock", "browser", "engine", "server", "testing", "web", "__main__", "__init__"}
    assert there - {"__pycache__", "_bundled"} - shown_otherwise == {*script.PURE, *script.UNITS}
