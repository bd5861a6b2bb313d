"""For authors of polyfills: check one.

Must not know: what is checked, or how a report looks.
"""

from __future__ import annotations

from pathlib import Path

from polyhost.engine.events import OwnerAsked, RunEvent
from polyhost.operations.context import Context
from polyhost.operations.registry import Result
from polyhost.operations.requests import CheckRequest

__all__ = ["check"]

EXIT_FAILED = 1


async def check(context: Context, request: CheckRequest) -> Result:
    """Try everything that can be tried; exit 1 where something failed. Nothing is stored."""
    from polyhost.testing.folder import check_folder  # noqa: PLC0415  the engine and the browser, only where used

    def watch(event: RunEvent) -> None:
        """Trial runs are no owner's runs: only their questions are."""
        if isinstance(event, OwnerAsked):
            context.watch(event)

    scenarios = [_folder(text) for text in request.scenario]
    report = await check_folder(_folder(request.folder), scenarios, answer=context.answer, watch=watch)
    return Result(report.as_json(), exit_code=0 if report.passed else EXIT_FAILED)


def _folder(text: str) -> Path:
    return Path(text).expanduser().absolute()
