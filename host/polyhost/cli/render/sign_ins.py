"""The browsers that are signed in, on a terminal.

Must not know: how one signs in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polyhost import humanize
from polyhost.cli.render.common import console, plain
from polyhost.operations.sign_ins import SignedOut, SignInList

__all__ = ["RENDERERS"]


def listed(value: SignInList) -> None:
    """One a line, the one used last first."""
    for one in value["sign_ins"]:
        began, used = (humanize.time_in_words(one[name]) for name in ("began_at", "last_used_at"))
        at = "  [dim]at 127.0.0.1[/]" if one["place"] == "address" else ""
        console().print(f"{plain(one['id'])}  {one['browser']}{at}  [dim]since {began}, last used {used}[/]")
    if not value["sign_ins"]:
        console().print("No browser is signed in.")


def ended(value: SignedOut) -> None:
    """How many."""
    console().print(f"[green]✓[/] signed out: {humanize.plural(value['ended'], 'browser')}")


RENDERERS: Mapping[str, Callable[[Any], None]] = {
    "sign-ins list": listed,
    "sign-ins end": ended,
    "sign-ins end-all": ended,
}
