"""What to do next, told from what there is: for whoever types the bare command.

Owns: the stages of getting going. Must not know: how they are shown. Nothing heavy is loaded, and nothing is judged:
how connections are is for health to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from polyhost.store.sqlite import peek

__all__ = ["Step", "Welcome", "welcome"]

_MOST_NAMED = 5
"""Connections named on a first screen; `connections` lists them all."""


@dataclass(frozen=True, slots=True)
class Step:
    """A command, and what it is good for."""

    command: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Welcome:
    """Where the owner is, and the next steps from there."""

    said: str
    steps: tuple[Step, ...]


def welcome(home: Path) -> Welcome:
    """The stage this home is at."""
    known = peek.connections(home)
    own = [one for one in known if one.nature in {"live", "test"}]
    if not known:
        return Welcome(
            "Nothing is collected yet.",
            (
                Step("polyhost demo", "see it work: a recorded workspace, replayed in a real browser, offline"),
                Step("polyhost connect slack", "connect your own workspace"),
                Step("polyhost import NAME FILE", "or begin with an export that you have"),
            ),
        )
    if not own:
        name = known[0].name
        return Welcome(
            "The demo is here; nothing of your own yet.",
            (
                Step(f"polyhost coverage {name}", "every conversation: covered, holes, missing"),
                Step(f"polyhost records {name} messages --limit 10", "read what was stored"),
                Step("polyhost connect slack", "connect your own workspace"),
            ),
        )
    fresh = [one for one in own if one.last_status is None]
    if fresh:
        return Welcome(
            f"{_names(fresh)} {'is' if len(fresh) == 1 else 'are'} connected, and nothing was collected yet.",
            (
                Step(f"polyhost run {fresh[0].name} --dry-run", "what would be asked for, before anything is"),
                Step(f"polyhost run {fresh[0].name}", "collect; Ctrl-C keeps what was read"),
                Step("polyhost status", "how everything is"),
            ),
        )
    return Welcome(
        f"Connected: {_names(own)}.",
        (
            Step("polyhost status", "is all well, and what needs you"),
            Step(f"polyhost run {own[0].name}", "collect what is new"),
            Step(f"polyhost coverage {own[0].name}", "how far it reaches, and where the holes are"),
        ),
    )


def _names(known: list[peek.ConnectionSummary]) -> str:
    shown = ", ".join(one.name for one in known[:_MOST_NAMED])
    return f"{shown} and {len(known) - _MOST_NAMED} more" if len(known) > _MOST_NAMED else shown
