"""Taking out contents that nobody holds any more: of records that are gone, of connections that were deleted, of runs
that were killed.

Must not know: why nobody holds them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path

from polyhost.errors import PolyhostError
from polyhost.files.contents import Contents
from polyhost.files.spool import sweep_spools
from polyhost.ledger.files import Content
from polyhost.store.base import Store

__all__ = ["known_contents", "take_out_rubbish", "tidy_up"]

_AT_ONCE = 500


async def take_out_rubbish(store: Store, home: Path, *, strays: bool = False) -> int:
    """How many contents were taken out. `strays`: those too that the store never knew, or knows no more, and what was
    begun and left: all of the folder is looked at for them."""
    if not await asyncio.to_thread((home / "files").is_dir):
        return 0
    contents = Contents(home)
    async with contents.held():
        taken = await _take_out_unused(store, contents)
        if strays:
            await asyncio.to_thread(sweep_spools, home)
            known = {content.digest async for content in known_contents(store)}
            found = await asyncio.to_thread(contents.strays, known)
            await asyncio.to_thread(contents.remove, found.digests)
            await asyncio.to_thread(contents.remove_partials, found.partials)
            taken += len(found.digests)
    return taken


async def tidy_up(store: Store, home: Path) -> None:
    """What nobody holds is taken out after a run or an import. What goes wrong then is no failure of theirs, and is
    done the next time."""
    with suppress(PolyhostError, OSError):
        await take_out_rubbish(store, home)


async def _take_out_unused(store: Store, contents: Contents) -> int:
    """Forgotten first: what is left of one that was not removed then is a stray."""
    taken = 0
    while digests := await store.files.unused(limit=_AT_ONCE):
        forgotten = await store.files.forget(digests)
        await asyncio.to_thread(contents.remove, forgotten)
        taken += len(forgotten)
        if not forgotten:  # all of them are held again
            break
    return taken


async def known_contents(store: Store) -> AsyncGenerator[Content]:
    """All that is kept, of every connection."""
    after = ""
    while page := await store.files.contents(after=after, limit=_AT_ONCE):
        for content in page:
            yield content
        after = page[-1].digest
