"""What pages are made with: operations, performed in this process, and the questions that are open in it.

Owns: that seam. Must not know: pages, how a request is guarded.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp.web import Request

from polyhost.operations.events import AskedField

__all__ = ["Dashboard", "Operate", "Question"]

Operate = Callable[[str, Any], Awaitable[Any]]
"""Performs the operation of this name with this request and returns its value. PolyhostError as the operation's."""


class Question(Protocol):
    """What a run waits for its owner to say, as operations know it."""

    @property
    def connection(self) -> str: ...
    @property
    def run_id(self) -> str: ...
    @property
    def request_id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def fields(self) -> Sequence[AskedField]: ...


@dataclass(frozen=True, slots=True)
class Dashboard:
    """`questions`: what runs ask their owner now. `sign_in`: the id of the sign-in a request came with."""

    operate: Operate
    questions: Callable[[], Sequence[Question]]
    sign_in: Callable[[Request], str | None]
