"""The plan of a dry run, as every surface shows it.

Must not know: how it is made. Kept free of heavy imports: results of operations are made of it.
"""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from polyhost.protocol.scope_json import RunScope

__all__ = ["DryRun", "PlannedRequests"]


class PlannedRequests(TypedDict):
    """What a run would ask of one partition, and why. `windows`: how many stretches; `at_least`: what is behind the
    newest is not known, so there may be more."""

    stream: str
    partition: str
    label: str | None
    purpose: str
    since: str | None
    until: str | None
    windows: int
    requests: int
    at_least: bool


class DryRun(TypedDict):
    """What a run would ask for, as far as that is known before. `requests`: the least number; `note`: what the plan
    cannot know."""

    dry_run: Literal[True]
    connection: str
    source: str
    scope: RunScope
    plan: list[PlannedRequests]
    requests: int
    note: str
