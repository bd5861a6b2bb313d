"""For authors of polyfills: recorded scenarios, made, scrubbed and looked over.

Must not know: HAR, what is secret (a polyfill's manifest says), how a run is recorded.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from polyhost.engine.sources.lookup import find_source
from polyhost.errors import ErrorCode, RefusedError
from polyhost.operations.collect import run
from polyhost.operations.context import Context
from polyhost.operations.operation import Result
from polyhost.operations.requests import (
    FixtureRecordRequest,
    FixtureScrubRequest,
    FixtureVerifyRequest,
    RunRequest,
)

__all__ = ["record", "scrub", "verify"]

EXIT_FAILED = 1


async def record(context: Context, request: FixtureRecordRequest) -> Result[Any]:
    """A run like any other, which leaves a scenario behind: scrubbed, verified, and replaced whole."""
    asked = RunRequest(
        name=request.name, record=request.to_folder, stream=request.stream, resource=request.resource, allow_gaps=True
    )
    done = await run(context, asked)
    return replace(done, value={**done.value, "scenario": str(_folder(request.to_folder))})


async def scrub(context: Context, request: FixtureScrubRequest) -> Result[Any]:
    """Replace what the rules name by stand-ins, verify, and write. RunFailedError names what they leave."""
    from polyhost.browser.recordings.fixture import load_scenario, write_scenario
    from polyhost.browser.recordings.record import cleaned

    rules = _rules(context, request.source)
    [scenario] = cleaned([load_scenario(_folder(request.folder))], rules)
    target = _folder(request.to_folder or request.folder)
    write_scenario(target, scenario)
    counts = {kind: sum(by_rule.values()) for kind, by_rule in scenario.redactions.kinds.items()}
    return Result({"scenario": str(target), "replaced": counts})


async def verify(context: Context, request: FixtureVerifyRequest) -> Result[Any]:
    """Look as a stranger would. Exit 1 where something is left; what it is, is never said."""
    from polyhost.browser.recordings import verify as looking

    folder = _folder(request.folder)
    found = looking.verify(folder, _rules(context, request.source))
    value = {
        "scenario": str(folder),
        "findings": [{"where": finding.where, "rule": finding.rule} for finding in found],
        "more": len(found) >= looking.MAX_FINDINGS,
    }
    return Result(value, exit_code=EXIT_FAILED if found else 0)


def _rules(context: Context, reference: str):  # noqa: ANN202  the type is heavy to import
    from polyhost.browser.recordings.recording_rules import RecordingRules

    source = find_source(reference, context.home)
    declared = source.manifest.polyfill
    if declared is None:
        raise RefusedError(
            f"{source.name} does not run in a browser", "Only polyfills have recordings.", code=ErrorCode.NO_POLYFILL
        )
    return RecordingRules.declared(declared.recording.model_dump(exclude_defaults=True), declared.hosts)


def _folder(text: str) -> Path:
    return Path(text).expanduser().absolute()
