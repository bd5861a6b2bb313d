"""Looking everything over.

Must not know: what is looked at, how it is shown.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from polyhost.engine.doctor.finding import Grade
from polyhost.operations.context import Context
from polyhost.operations.operation import Result
from polyhost.operations.requests import DoctorRequest

__all__ = ["doctor"]

EXIT_FAILED = 1


async def doctor(context: Context, request: DoctorRequest) -> Result[Any]:
    """Every finding in order; exit 1 where something keeps polyhost from working. Warnings do not."""
    from polyhost.engine.doctor.examine import examine

    findings = await examine(context.home, context.clock, online=request.online)
    counts = Counter(finding.grade for finding in findings)
    return Result(
        {
            "home": str(context.home),
            "findings": [finding.as_json() for finding in findings],
            "counts": {str(grade): counts[grade] for grade in Grade},
        },
        exit_code=EXIT_FAILED if counts[Grade.FAILED] else 0,
    )
