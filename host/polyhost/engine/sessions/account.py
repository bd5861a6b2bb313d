"""Whose a session is, against whose a connection is: two people's data never get mixed.

Owns: what a connection keeps of its account, and the refusal of a session of another one. Must not know: how a session
is come by or kept, what is collected with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyhost.browser.session import Account, SessionReport
from polyhost.errors import ErrorCode, RefusedError

__all__ = ["account_at", "place_of", "same_account"]


def place_of(kept: Mapping[str, Any]) -> str | None:
    """The id of the workspace a connection is of."""
    return (kept.get("workspace") or {}).get("id")


def account_at(report: SessionReport, place: str | None) -> Account | None:
    """Who is signed in at this workspace; None where that was not said. Somebody may have another account in each of
    their workspaces, and a report names the one of its first."""
    if place is None or (report.workspaces and report.workspaces[0].id == place):
        return report.account
    return None


def same_account(name: str, kept: Mapping[str, Any], report: SessionReport | None) -> dict[str, Any]:
    """What the connection keeps of whose it is. RefusedError where somebody else has signed in, or where the site has
    not said who it is while the connection is known to be somebody's."""
    place, known = place_of(kept), kept.get("id")
    report = report or SessionReport()
    if place is not None and all(there.id != place for there in report.workspaces):
        if not report.workspaces:
            raise _untold()
        raise _others(name, f"the workspace {kept['workspace'].get('label') or place}")
    account = account_at(report, place)
    if account is None:
        if known is None:
            return dict(kept)
        raise _untold()
    if known is None and _is_of_other_files(kept, account, report):
        raise _others(name, "the account")
    if known is not None and known != account.id:
        raise _others(name, "the account")
    return {**kept, **account.model_dump()}


def _is_of_other_files(kept: Mapping[str, Any], account: Account, report: SessionReport) -> bool:
    """What was imported says whose it is; sources name the person there, or the workspace."""
    here = {account.id, *(there.id for there in report.workspaces[:1])}
    return bool(kept.get("accounts")) and not here & set(kept["accounts"])


def _untold() -> RefusedError:
    return RefusedError(
        "the site has not said whose session that is",
        "Try again; what is saved stays as it was.",
        code=ErrorCode.ACCOUNT_UNKNOWN,
    )


def _others(name: str, whose: str) -> RefusedError:
    return RefusedError(
        f"that session is not of {whose} that {name} is of",
        "Sign in there, or connect the other account under another --name.",
        code=ErrorCode.OTHER_ACCOUNT,
    )
