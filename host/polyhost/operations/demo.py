"""The demo: a recorded workspace, replayed through the same code as a run of one's own.

Must not know: how a run is carried out, or how its result looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from polyhost.engine.run.result_json import RunResult
from polyhost.operations.operation import Result, Section, operation

if TYPE_CHECKING:
    from polyhost.operations.context import Context

__all__ = ["Demo", "DemoRequest", "demo"]


class Demo(TypedDict):
    """What the replay came to, where it is kept, and what to try next: each a command and what it is good for."""

    run: RunResult
    home: str
    next: list[list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRequest:
    pass


@operation(
    "demo",
    "Replay the bundled Slack recording and show what came of it.",
    section=Section.FIRST_STEPS,
    details="Nothing of it reaches the network: a recorded workspace is replayed in a real browser, through the same "
    "code as a run of your own. It makes a connection that is marked as a demo everywhere, and that gives way "
    "when you connect your own.",
    examples=("polyhost demo",),
    only="It shows in a terminal what a run is; a server has connections of its own.",
    ends_as_a_run=True,
)
async def demo(context: Context, request: DemoRequest) -> Result[Demo]:
    """Replay the bundled recording into a connection of its own, fresh each time."""
    from polyhost.operations.collect import replay_demo

    del request
    result, exit_code = await replay_demo(context)
    name = result["connection"]
    steps = [
        [f"polyhost coverage {name}", "See every conversation, how far it is covered, and what is not."],
        [f"polyhost records {name} messages --limit 10", "Read what was stored; add --json to pipe it on."],
        ["polyhost connect slack", "Connect your own workspace: sign in once, in a window of your own."],
    ]
    return Result(Demo(run=result, home=str(context.home), next=steps), exit_code)
