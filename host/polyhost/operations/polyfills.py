"""For authors of polyfills: make one, check one.

Must not know: what is checked, or how a report looks.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from polyhost.engine.events import OwnerAsked, RunEvent
from polyhost.errors import ErrorCode, RefusedError
from polyhost.operations.context import Context
from polyhost.operations.operation import Result
from polyhost.operations.requests import CheckRequest, NewPolyfillRequest

__all__ = ["check", "new"]

EXIT_FAILED = 1
_NAME = re.compile(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?")


async def check(context: Context, request: CheckRequest) -> Result[Any]:
    """Try everything that can be tried; exit 1 where something failed. Nothing is stored."""
    from polyhost.engine.development.check_folder import check_folder

    def watch(event: RunEvent) -> None:
        """Trial runs are no owner's runs: only their questions are."""
        if isinstance(event, OwnerAsked):
            context.watch(event)

    scenarios = [_folder(text) for text in request.scenario]
    report = await check_folder(_folder(request.folder), scenarios, answer=context.answer, watch=watch)
    return Result(report.as_json(), exit_code=0 if report.passed else EXIT_FAILED)


async def new(context: Context, request: NewPolyfillRequest) -> Result[Any]:
    """A folder that passes every check as it stands, with a recording of a site that does not exist."""
    del context
    from polyhost.engine.development.scaffold import FIXTURE, make_polyfill

    if not _NAME.fullmatch(request.name):
        raise RefusedError(
            f"{request.name[:80]!r} cannot name a polyfill",
            "Use lower-case letters, digits and dashes, 40 at most, and begin with a letter.",
            code=ErrorCode.BAD_NAME,
        )
    folder = _folder(request.to or request.name)
    files = make_polyfill(request.name, folder)
    return Result({"name": request.name, "folder": str(folder), "files": files, "fixture": str(folder / FIXTURE)})


def _folder(text: str) -> Path:
    return Path(text).expanduser().absolute()
