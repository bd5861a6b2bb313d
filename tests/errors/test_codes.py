"""Errors have codes of one closed list, each with its statuses, and are raised as the list says (ours)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import polyhost
from polyhost import errors
from polyhost.errors import ErrorCode, ExitStatus, PolyhostError, RefusedError, RunFailedError
from polyhost.protocol.scope_request import ScopeError

PACKAGE = Path(polyhost.__file__).parent
CLASSES = {name: kind for name in errors.__all__ if isinstance(kind := getattr(errors, name), type)}


def raised() -> Iterator[tuple[str, ErrorCode, type[PolyhostError]]]:
    """Every error of these classes that is made with a code that is named: where, which, and of which class."""
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CLASSES:
                given = next((one.value for one in node.keywords if one.arg == "code"), None)
                if isinstance(given, ast.Attribute) and ast.unparse(given.value) == "ErrorCode":
                    where = f"{file.relative_to(PACKAGE)}:{node.lineno}"
                    yield where, ErrorCode[given.attr], CLASSES[node.func.id]


def test_a_code_is_raised_by_errors_that_end_as_the_list_says():
    found = list(raised())
    assert len(found) > 150
    wrong = [(where, str(code)) for where, code, kind in found if kind.exit_status not in code.exit_statuses]
    assert wrong == []


def test_every_code_is_named_somewhere_else_than_in_the_list():
    texts = [
        file.read_text(encoding="utf-8")
        for file in PACKAGE.rglob("*.py")
        if file.relative_to(PACKAGE).as_posix() != "errors/codes.py"
    ]
    unused = [code.name for code in ErrorCode if not any(f"ErrorCode.{code.name}" in text for text in texts)]
    assert unused == []


@pytest.mark.parametrize("code", ErrorCode)
def test_a_code_has_statuses_and_a_sentence(code: ErrorCode):
    assert 400 <= code.http_status < 600
    assert code.exit_statuses
    assert ExitStatus.COMPLETE not in code.exit_statuses
    assert code.meaning.endswith(".")
    assert code == code.name.lower()


def test_what_a_command_ends_with_follows_from_when_it_went_wrong():
    """The same code, before anything started and in the middle of a run."""
    assert RefusedError("the store is held", code=ErrorCode.STORE_LOCKED).exit_status == 2
    assert RunFailedError("the store is held", code=ErrorCode.STORE_LOCKED).exit_status == 1


@pytest.mark.requirement("PR-3.6")
@pytest.mark.parametrize("code", [ErrorCode.UNKNOWN_STREAM, ErrorCode.EMPTY])
def test_a_boundary_that_cannot_be_used_is_a_bad_request_whatever_is_wrong_with_it(code: ErrorCode):
    assert ScopeError(code, "streams", "it cannot be used", "Change it.").http_status == 400
