"""Imports run as docs/architecture.md says: each contract of pyproject.toml fails where it should, and what no contract
can express is checked here."""

import ast
import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import grimp
import pytest
from importlinter.api import read_configuration
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.layers import LayersContract

from checkout import ROOT

HOST = ROOT / "host"
PURE = ("protocol", "ledger", "coverage", "searching")
SURFACE_NAMES = ("cli", "api", "web")
BELOW = ("engine", "store", "connectors", "artifacts", "exports", "files", "browser")
KINDS = {"layers": LayersContract, "forbidden": ForbiddenContract}
SETTINGS: dict[str, Any] = read_configuration(str(ROOT / "pyproject.toml"))

DOWNWARD = "Imports run downward only"
SURFACES = "A surface knows the operations, and neither another surface nor what is below"
COMMAND = "The command line starts the server, and knows nothing of what is mounted into it"
JOBS = "The engine is folders by job, without circles"
CORE = "The core is pure"


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    return grimp.build_graph("polyhost", include_external_packages=True, cache_dir=None)


def with_import(imports: grimp.ImportGraph, importer: str, imported: str) -> grimp.ImportGraph:
    changed = deepcopy(imports)
    assert importer in changed.modules
    if imported not in changed.modules:
        changed.add_module(imported, is_squashed=True)
    changed.add_import(importer=importer, imported=imported)
    return changed


def broken(imports: grimp.ImportGraph) -> set[str]:
    """The names of the contracts that do not hold."""
    session = SETTINGS["session_options"]
    made = [KINDS[one["type"]](one["name"], session, one) for one in SETTINGS["contracts_options"]]
    return {one.name for one in made if not one.check(deepcopy(imports), verbose=False).kept}


FORBIDDEN = [
    ("polyhost.api", "polyhost.web", DOWNWARD),
    ("polyhost.web", "polyhost.api", DOWNWARD),
    ("polyhost.api", "polyhost.cli", DOWNWARD),
    ("polyhost.api", "polyhost.server", DOWNWARD),
    ("polyhost.operations", "polyhost.server", DOWNWARD),
    ("polyhost.operations", "polyhost.testing", DOWNWARD),
    ("polyhost.engine", "polyhost.operations", DOWNWARD),
    ("polyhost.store", "polyhost.connectors", DOWNWARD),
    ("polyhost.browser", "polyhost.store", DOWNWARD),
    ("polyhost.errors", "polyhost.protocol", DOWNWARD),
    ("polyhost.cli", "polyhost.api", COMMAND),
    ("polyhost.cli", "polyhost.web", COMMAND),
    *((f"polyhost.{surface}", f"polyhost.{below}", SURFACES) for surface in SURFACE_NAMES for below in BELOW),
    ("polyhost.engine.settings", "polyhost.engine.run", JOBS),
    *((f"polyhost.{pure}", outside, CORE) for pure in PURE for outside in ("asyncio", "time", "sqlalchemy")),
]


@pytest.mark.parametrize(
    ("importer", "imported", "contract"), FORBIDDEN, ids=[f"{one} imports {other}" for one, other, _ in FORBIDDEN]
)
def test_a_forbidden_import_breaks_its_contract(
    imports: grimp.ImportGraph, importer: str, imported: str, contract: str
):
    assert contract in broken(with_import(imports, importer, imported))


def test_imports_as_they_are_and_one_more_downward_break_nothing(imports: grimp.ImportGraph):
    assert broken(imports) == set()
    assert broken(with_import(imports, "polyhost.cli", "polyhost.protocol")) == set()


def test_a_package_without_a_place_breaks_the_contract(imports: grimp.ImportGraph):
    changed = deepcopy(imports)
    changed.add_module("polyhost.annex")
    assert broken(changed) == {DOWNWARD}


def test_every_package_is_in_the_architecture_page():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    house = page.partition("host/polyhost/\n")[2].partition("polyfills/<site>/")[0]
    told = {name for line in house.splitlines() for name in re.findall(r"^  ([a-z_]+)(?:/|\.py) ", line)}
    children = [path for path in (HOST / "polyhost").iterdir() if not path.name.startswith("_")]
    assert told == {path.stem for path in children if path.suffix == ".py" or (path / "__init__.py").is_file()}


def imported_from_outside(folder: Path) -> list[str]:
    """Imports of a module with a leading underscore from outside its folder."""
    return [
        f"{path.relative_to(folder)} imports {module}"
        for path in sorted(folder.rglob("*.py"))
        for module in _imported(path)
        if (own := _private(module)) is not None and not _stands_in(path.relative_to(folder), own)
    ]


def _imported(path: Path) -> Iterator[str]:
    """Every module, or name in one, that a file imports from this project; once each."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("polyhost"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("polyhost"):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _private(module: str) -> tuple[str, ...] | None:
    """The folder whose own affair it is; None where it is nobody's alone."""
    parts = module.split(".")
    found = next((index for index, part in enumerate(parts) if re.match("_(?!_)", part)), None)
    return None if found is None else tuple(parts[:found])


def _stands_in(path: Path, folder: tuple[str, ...]) -> bool:
    return path.parent.parts[: len(folder)] == folder


def test_a_module_with_an_underscore_is_imported_only_inside_its_folder():
    assert imported_from_outside(HOST) == []


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("from polyhost.store._json import dumps", True),
        ("from polyhost.store import _json", True),
        ("import polyhost.store._json", True),
        ("def later():\n    from polyhost.store._json import dumps", True),
        ("from polyhost.errors import _hidden", True),
        ("from polyhost.engine._own import thing", False),
        ("from polyhost import __version__", False),
        ("from polyhost.store.base import Store", False),
    ],
)
def test_an_import_of_another_folders_own_module_is_seen(tmp_path: Path, line: str, seen: bool):
    folder = tmp_path / "polyhost" / "engine" / "run"
    folder.mkdir(parents=True)
    (folder / "collect.py").write_text(line, encoding="utf-8")
    assert bool(imported_from_outside(tmp_path)) is seen


def clocks(text: str) -> list[str]:
    """Calls that read the time, which no import tells: `datetime` is also needed to read what is written."""
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}
    ]


def test_the_core_reads_no_clock():
    files = [path for name in PURE for path in (HOST / "polyhost" / name).rglob("*.py")]
    assert {path.name: found for path in files if (found := clocks(path.read_text(encoding="utf-8")))} == {}
    assert clocks("datetime.now(UTC)") == ["datetime.now"]
