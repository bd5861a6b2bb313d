"""The table of requirements holds both ways: no clause without a test, no test for a clause that does not exist."""

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parent
CLAUSES = tomllib.loads((TESTS / "requirements.toml").read_text(encoding="utf-8"))


def _named_in(path: Path) -> Iterator[str]:
    """Ids in `@pytest.mark.requirement(...)` on functions and classes, and in a module's `pytestmark`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "requirement"
            and isinstance(node.func.value, ast.Attribute)
            and node.func.value.attr == "mark"
        ):
            yield from (arg.value for arg in node.args if isinstance(arg, ast.Constant))


@cache
def _tested() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for clause in _named_in(path):
            found.setdefault(clause, []).append(path.relative_to(TESTS).as_posix())
    return found


def test_every_clause_that_is_not_planned_has_a_test():
    missing = [clause for clause, row in CLAUSES.items() if not row.get("planned") and clause not in _tested()]
    assert not missing


def test_no_test_names_an_unknown_clause():
    unknown = {clause: files for clause, files in _tested().items() if clause not in CLAUSES}
    assert not unknown


def test_a_planned_clause_has_no_test_yet():
    """Otherwise the mark `planned` is stale and would hide a later loss of the test."""
    stale = {clause: files for clause, files in _tested().items() if CLAUSES.get(clause, {}).get("planned")}
    assert not stale
