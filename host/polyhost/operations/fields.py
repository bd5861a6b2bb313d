"""The fields of a request: what a surface shows of each, and what each may hold.

Owns: the helpers that declare a field, and the one check of numbers that every surface's requests pass. Must not know:
click, HTTP, any one operation. Kept free of heavy imports, so that `polyhost --help` stays instant.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
from typing import Any, Literal

from polyhost.errors import ErrorCode, RefusedError

__all__ = [
    "MAX_PAGE",
    "Field",
    "Kind",
    "Names",
    "argument",
    "body",
    "check_bounds",
    "describe",
    "flag",
    "limit",
    "number",
    "option",
]

MAX_PAGE = 1_000
"""Things in one answer, on every surface: what a page comes to in memory, and what a reader waits for."""

Kind = Literal["argument", "option", "flag", "body"]
"""Positional; with a value; there or not; or the whole JSON body of an HTTP request."""

_META = "polyhost"


class Names(StrEnum):
    """What the value of a field names, for whoever completes it while it is typed."""

    CONNECTION = "connection"
    STREAM = "stream"
    PARTITION = "partition"
    RESOURCES = "resources"
    SOURCE = "source"
    RUN = "run"
    RUNNING = "running"
    FILE = "file"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """How a surface shows one field of a request. `least` and `most` bound a number, `code` is that of refusing any
    other; `body` is a JSON body's type."""

    name: str
    kind: Kind
    help: str
    many: bool = False
    metavar: str | None = None
    default: Any = None
    required: bool = False
    type: type = str
    least: float | None = None
    most: float | None = None
    code: ErrorCode | None = None
    names: Names | None = None
    body: Any = None


def argument(
    help: str,  # noqa: A002  the field's term
    *,
    metavar: str | None = None,
    default: Any = MISSING,
    names: Names | None = None,
) -> Any:
    """A positional field, required unless it has a default."""
    return _declared(default, kind="argument", help=help, metavar=metavar, names=names)


def option(help: str, *, metavar: str | None = None, default: Any = None, names: Names | None = None) -> Any:  # noqa: A002
    """An optional field with a value. A tuple default means it may be given several times."""
    many = isinstance(default, tuple)
    return _declared(default, kind="option", help=help, metavar=metavar, names=names, many=many)


def number(
    help: str,  # noqa: A002
    *,
    metavar: str = "N",
    default: float | None = None,
    type: type = int,  # noqa: A002
    code: ErrorCode,
    least: float = 0,
    most: float,
) -> Any:
    """An optional number within bounds, which `check_bounds` holds it to."""
    return _declared(default, kind="option", help=help, metavar=metavar, type=type, least=least, most=most, code=code)


def limit(help: str, *, default: int, least: int = 1, most: int = MAX_PAGE) -> Any:  # noqa: A002
    """How many things are wanted at most. Over HTTP never more than MAX_PAGE, and never none."""
    return number(help, default=default, least=least, most=most, code=ErrorCode.BAD_LIMIT)


def flag(help: str) -> Any:  # noqa: A002
    """An optional field that is there or not."""
    return _declared(False, kind="flag", help=help)


def body(help: str, *, of: Any) -> Any:  # noqa: A002
    """A field that is the whole JSON body of an HTTP request, as it came; `of`: the type that describes it."""
    return _declared(MISSING, kind="body", help=help, body=of)


def describe(request: type) -> tuple[Field, ...]:
    """The fields of a request type, in order, as a surface shows them."""
    return tuple(
        Field(
            name=item.name,
            required=item.default is MISSING,
            default=None if item.default is MISSING else item.default,
            **item.metadata[_META],
        )
        for item in fields(request)
    )


def check_bounds(request: Any) -> None:
    """RefusedError `bad_NAME` for a number out of its bounds; a surface that has read it as a number calls nothing
    else."""
    for item in describe(type(request)):
        value = getattr(request, item.name)
        if item.least is None or item.most is None or value is None or item.least <= value <= item.most:
            continue
        typed = f"--{item.name.replace('_', '-')}"
        raise RefusedError(
            f"{typed} {value} is out of bounds", f"Give {item.least:,} to {item.most:,}.", code=item.code
        )


def _declared(default: Any, **metadata: Any) -> Any:
    return field(default=default, metadata={_META: metadata})
