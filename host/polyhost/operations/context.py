"""What every operation is given besides its request: home, store, clock, whoever watches, and a way to stop.

Must not know: which surface is calling.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyhost.engine.clock import Clock
from polyhost.engine.events import Answer, MessageSeen, OwnerAsked, Watcher, ignore
from polyhost.engine.run.pause import Pause
from polyhost.errors import ErrorCode, RefusedError
from polyhost.store.base import ConnectionRow, Store

if TYPE_CHECKING:  # only a server has them, or a run; what they import takes longer than a look at the store
    from polyhost.browser.bridge.tab import Launcher
    from polyhost.engine.hosting.run_host import RunHost
    from polyhost.engine.imports.uploads import Uploads
    from polyhost.operations.sign_ins import SignInsKept

__all__ = ["Choose", "Context", "default_home", "no_owner_to_choose", "nobody", "platform_home"]


async def nobody(asked: OwnerAsked) -> tuple[str, Any]:
    """No one is there to answer: the connector is told so, and the run ends as needing its owner."""
    del asked
    return "timeout", None


def default_home() -> Path:
    """POLYHOST_HOME, or the platform's place for an application's data."""
    if chosen := os.environ.get("POLYHOST_HOME"):
        return Path(chosen).expanduser()
    return platform_home()


def platform_home() -> Path:
    """The platform's place for an application's data."""
    import platformdirs

    return Path(platformdirs.user_data_dir("polyhost", appauthor=False))


Choose = Callable[[str, Mapping[str, str]], Awaitable[str | None]]
"""Asks the owner one question with the answers it may have (and what each means); None where nobody answers."""


async def no_owner_to_choose(question: str, answers: Mapping[str, str]) -> str | None:
    """No one is there to be asked."""
    del question, answers
    return None


def unseen(seen: MessageSeen) -> None:
    """No one is looking."""
    del seen


@dataclass(slots=True)
class Context:
    """One call's surroundings."""

    home: Path
    watch: Watcher = ignore
    answer: Answer = nobody
    choose: Choose = no_owner_to_choose
    inspect: Callable[[MessageSeen], None] = unseen
    """Hears of every message of a run that is watched by its author."""
    clock: Clock = field(default_factory=Clock)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    pause: Pause = field(default_factory=Pause)
    trigger: str = "owner"
    """What set it off: the owner, or a schedule."""
    shared: Store | None = None
    """A store that is open for as long as the process lives; None: each call opens the home's for itself."""
    host: RunHost | None = None
    """Runs in this process; None where there are none but the call's own."""
    uploads: Uploads | None = None
    sign_ins: Callable[[int | None], SignInsKept] | None = None
    """Who is signed in at this home's server: this process, or the one at a port (None: that of the settings)."""
    launcher: Launcher | None = None
    """How a live run comes by its browser, e.g. one that is kept between runs; None: each starts its own."""

    @property
    def has_store(self) -> bool:
        return (self.home / "store.db").exists()

    @asynccontextmanager
    async def store(self, *, create: bool = True) -> AsyncGenerator[Store]:
        """The home's store. Without `create`, a home that has none is refused rather than made. RefusedError where the
        home cannot be written."""
        from polyhost.store.opening import open_store

        if self.shared is not None:
            yield self.shared
            return
        if not create and not self.has_store:
            raise RefusedError(
                f"nothing is connected yet in {self.home}",
                "Try polyhost demo, or connect a source: polyhost connect SOURCE",
                code=ErrorCode.UNKNOWN_CONNECTION,
            )
        store = await open_store(self.home)
        try:
            yield store
        finally:
            await store.close()

    async def connection(self, store: Store, name: str) -> ConnectionRow:
        """The named connection. RefusedError `unknown_connection` with what there is instead."""
        found = await store.connections.get(name)
        if found is None:
            names = [row.name for row in await store.connections.all()]
            known = (
                f"There {'is' if len(names) == 1 else 'are'}: {', '.join(names)}." if names else "There is none yet."
            )
            raise RefusedError(
                f"no connection is called {name!r}",
                f"{known} Make one with: polyhost connect SOURCE",
                code=ErrorCode.UNKNOWN_CONNECTION,
            )
        return found
