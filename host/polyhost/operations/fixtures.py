"""Recorded scenarios, for authors of polyfills: made, scrubbed and looked over.

Must not know: HAR, what is secret (a polyfill's manifest says), how a run is recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from typing_extensions import TypedDict

from polyhost.errors import ErrorCode, ExitStatus, RefusedError
from polyhost.operations.fields import Names, argument, option
from polyhost.operations.operation import Group, Result, Section, operation
from polyhost.operations.parsing import absolute_path
from polyhost.operations.shared_fields import after_scenario, connection, resource, streams, waive
from polyhost.protocol.diagnostics import FINISHED

if TYPE_CHECKING:
    from polyhost.browser.recordings.recording_rules import RecordingRules
    from polyhost.operations.context import Context

__all__ = [
    "FixtureRecordRequest",
    "FixtureScrubRequest",
    "FixtureVerifyRequest",
    "Leftover",
    "Scrubbed",
    "Verified",
    "record",
    "scrub",
    "verify",
]

_GROUP = Group("fixture", "Recordings that a polyfill is tested with: make, scrub and verify them.", Section.POLYFILLS)
_AUTHORS = "It works on an author's files, on this machine."
_WHOSE_RULES = "The polyfill whose rules hold: a bundled source or a folder."


@dataclass(frozen=True, slots=True, kw_only=True)
class FixtureRecordRequest:
    name: str = connection("The connection to record a run of.")
    to_folder: str = argument("Where the scenario goes.", metavar="DIR", names=Names.FOLDER)
    stream: tuple[str, ...] = streams()
    resource: tuple[str, ...] = resource()
    waive: tuple[str, ...] = waive()
    after: str | None = after_scenario()


@operation(
    "record",
    "Run a connection and record what the site answered, scrubbed of secrets and personal data.",
    group=_GROUP,
    examples=(
        "polyhost fixture record slack fixtures/slack/small --resource messages=C024BE91L",
        "polyhost fixture record gulls fixtures/second --after fixtures/first",
    ),
    only=_AUTHORS,
)
async def record(context: Context, request: FixtureRecordRequest) -> Result[dict[str, Any]]:
    """A run like any other, which leaves a scenario behind where it ends well: scrubbed, verified, replayed once, and
    replaced whole. `scenario` is null where it does not, and what was there before stays."""
    from polyhost.operations.runs import RunRequest, run

    wanted = RunRequest(
        name=request.name,
        record=request.to_folder,
        stream=request.stream,
        resource=request.resource,
        waive=request.waive,
        after=request.after,
        allow_gaps=True,
    )
    done = await run(context, wanted)
    kept = str(absolute_path(request.to_folder)) if done.value.get("status") in FINISHED else None
    return Result({**done.value, "scenario": kept}, done.exit_code)


class Scrubbed(TypedDict):
    """Where the scrubbed scenario is, and how many values of each kind were replaced."""

    scenario: str
    replaced: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FixtureScrubRequest:
    source: str = argument(_WHOSE_RULES, names=Names.SOURCE)
    folder: str = argument("The scenario.", metavar="DIR", names=Names.FOLDER)
    to_folder: str | None = option(
        "Where the scrubbed one goes. Default: in its place.", metavar="DIR", names=Names.FOLDER
    )
    waive: tuple[str, ...] = waive()


@operation(
    "scrub",
    "Scrub a recorded scenario once more, after the polyfill has named more fields.",
    group=_GROUP,
    examples=(
        "polyhost fixture scrub ./gulls gulls/fixtures/small",
        "polyhost fixture scrub slack fixtures/slack/small --to-folder /tmp/clean",
    ),
    only=_AUTHORS,
)
async def scrub(context: Context, request: FixtureScrubRequest) -> Result[Scrubbed]:
    """Replace what the rules name by stand-ins, verify, and write. RunFailedError names what they leave."""
    from polyhost.browser.recordings.fixture import load_scenario, write_scenario
    from polyhost.browser.recordings.record import cleaned
    from polyhost.browser.recordings.waivers import read_waivers

    waived = read_waivers(request.waive)
    [scenario] = cleaned([load_scenario(absolute_path(request.folder))], _rules(context, request.source), waived)
    target = absolute_path(request.to_folder or request.folder)
    write_scenario(target, scenario)
    counts = {kind: sum(by_rule.values()) for kind, by_rule in scenario.redactions.kinds.items()}
    return Result(Scrubbed(scenario=str(target), replaced=counts))


class Leftover(TypedDict):
    """A place that still holds what must go, and the rule by which it must. What it is, is never said. `place`: what
    --waive takes, without the number of the entry."""

    where: str
    place: str
    rule: str


class Verified(TypedDict):
    """What is left in a scenario; `more`: there may be more than is listed. `looked_for`: all that was looked for, and
    `waived`: places where it may stay, with the owner's reason. What is not among it was not looked for."""

    scenario: str
    findings: list[Leftover]
    looked_for: list[str]
    waived: dict[str, str]
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FixtureVerifyRequest:
    source: str = argument(_WHOSE_RULES, names=Names.SOURCE)
    folder: str = argument("The scenario.", metavar="DIR", names=Names.FOLDER)


@operation(
    "verify",
    "Look at a recorded scenario as a stranger would: is anything left in it that must go?",
    group=_GROUP,
    examples=("polyhost fixture verify slack fixtures/slack/small",),
    only=_AUTHORS,
)
async def verify(context: Context, request: FixtureVerifyRequest) -> Result[Verified]:
    """Look as a stranger would. Fails where something is left."""
    from polyhost.browser.recordings.fixture import load_scenario
    from polyhost.browser.recordings.verify import MAX_FINDINGS, looked_for, verify_scenario

    folder, rules = absolute_path(request.folder), _rules(context, request.source)
    scenario = load_scenario(folder)
    found = verify_scenario(scenario, rules)
    value = Verified(
        scenario=str(folder),
        findings=[Leftover(where=finding.where, place=finding.place, rule=finding.rule) for finding in found],
        looked_for=looked_for(rules),
        waived=dict(scenario.redactions.waived),
        more=len(found) >= MAX_FINDINGS,
    )
    return Result(value, ExitStatus.FAILED if found else ExitStatus.COMPLETE)


def _rules(context: Context, reference: str) -> RecordingRules:
    from polyhost.browser.recordings.recording_rules import RecordingRules
    from polyhost.engine.sources.lookup import find_source

    source = find_source(reference, context.home)
    declared = source.manifest.polyfill
    if declared is None:
        raise RefusedError(
            f"{source.name} does not run in a browser", "Only polyfills have recordings.", code=ErrorCode.NO_POLYFILL
        )
    return RecordingRules.declared(declared.recording.model_dump(exclude_defaults=True), declared.hosts)
