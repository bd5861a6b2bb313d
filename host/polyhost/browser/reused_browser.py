"""One browser that stays open from one run to the next: starting one is most of what a short run takes.

Owns: when the kept browser will do, and when it is replaced. Must not know: what the runs are.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Self

from polyhost.browser.launch import BrowserOptions, LaunchedBrowser, launch

__all__ = ["ReusedBrowser"]


class ReusedBrowser:
    """An async context manager. One that died, or that was started for other hosts than are asked for now, is
    replaced; runs take it one after another."""

    def __init__(self) -> None:
        self._kept = AsyncExitStack()
        self._browser: LaunchedBrowser | None = None
        self._options: BrowserOptions | None = None

    @property
    def browser(self) -> LaunchedBrowser | None:
        """The one that is kept now, if one is."""
        return self._browser

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._kept.aclose()

    @asynccontextmanager
    async def launcher(self, options: BrowserOptions) -> AsyncGenerator[LaunchedBrowser]:
        """What a connector takes instead of `launch`."""
        if self._browser is None or options != self._options:
            await self._kept.aclose()
            self._browser = await self._kept.enter_async_context(launch(options))
            self._options = options
            self._browser.on_disconnected(self._gone)
        yield self._browser

    def _gone(self) -> None:
        self._browser = None
