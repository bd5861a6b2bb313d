"""Looking over what a run depends on.

Must not know: what is looked at, how it is shown.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from polyhost.engine.doctor.finding import FindingJson, Grade
from polyhost.errors import ExitStatus
from polyhost.operations.fields import flag
from polyhost.operations.operation import Result, Section, operation

if TYPE_CHECKING:
    from polyhost.operations.context import Context

__all__ = ["Diagnosis", "DoctorRequest", "Grade", "doctor"]


class Diagnosis(TypedDict):
    """Every finding in order, and how many there are of each grade."""

    home: str
    findings: list[FindingJson]
    counts: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorRequest:
    online: bool = flag("Open each connection's site too, to see whether it still takes the session.")
    files: bool = flag("Read every file that is kept, not only some, to see whether it is what it was.")


@operation(
    "doctor",
    "Look over everything a run depends on, and say what to do about what is wrong.",
    section=Section.UPKEEP,
    details=(
        "Looks at versions, settings, the browser, permissions, disk, clock, the store, saved sessions and "
        "files: one that is damaged or lost is counted as to come, and what no record holds any more is taken out. "
        "Without --online nothing is reached; with it, each connection's page is opened once with its session, "
        "which the site may count as a visit of yours."
    ),
    examples=(
        "polyhost doctor",
        "polyhost doctor --online",
        "polyhost doctor --json | jq '.findings[] | select(.grade != \"ok\")'",
    ),
    only="It looks over the machine it is typed on, and starts a browser to see whether it can.",
)
async def doctor(context: Context, request: DoctorRequest) -> Result[Diagnosis]:
    """Every finding in order; fails where something keeps polyhost from working. Warnings do not."""
    from polyhost.engine.doctor.examine import examine

    findings = await examine(context.home, context.clock, online=request.online, files=request.files)
    counts = Counter(finding.grade for finding in findings)
    value = Diagnosis(
        home=str(context.home),
        findings=[finding.as_json() for finding in findings],
        counts={str(grade): counts[grade] for grade in Grade},
    )
    return Result(value, ExitStatus.FAILED if counts[Grade.FAILED] else ExitStatus.COMPLETE)
