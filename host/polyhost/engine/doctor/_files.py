"""The contents of files: whether they are what they were, and whether somebody holds each.

Must not know: where they lie, SQL.
"""

from __future__ import annotations

import asyncio
import shlex
from collections import Counter
from pathlib import Path

from polyhost.engine.clock import Clock
from polyhost.engine.doctor.finding import Finding, ok, warning
from polyhost.engine.files.checking import check_contents
from polyhost.engine.files.rubbish import take_out_rubbish
from polyhost.files.contents import Contents
from polyhost.humanize import byte_count, plural
from polyhost.store.base import Store

__all__ = ["check_files"]

_NAMED = 3


async def check_files(store: Store, home: Path, clock: Clock, *, read_all: bool) -> list[Finding]:
    """One that is damaged or gone keeps nothing from working: it is to come again. What nobody holds is taken out."""
    seen = await check_contents(store, home, at=clock.iso(), read_all=read_all)
    taken = await take_out_rubbish(store, home, strays=True)
    names = {row.id: row.name for row in await store.connections.all()}
    found = [
        warning(
            "files",
            f"{path} is a link: nothing is read, written or taken out through it",
            f"See where it leads, and take it away: rm {shlex.quote(str(path))}",
            about=str(path.relative_to(home)),
        )
        for path in await asyncio.to_thread(Contents(home).links)
    ]
    for connection_id, wrong in seen.wrong.items():
        name = names.get(connection_id, "")
        how = ", ".join(f"{count:,} {reason}" for reason, count in Counter(str(why) for _, why in wrong).items())
        some = ", ".join(repr(called) for called, _ in wrong[:_NAMED]) + (" and more" if len(wrong) > _NAMED else "")
        found.append(
            warning(
                "files",
                f"{plural(len(wrong), 'file')} of {name} {'is' if len(wrong) == 1 else 'are'} not what was kept "
                f"({how}): {some}",
                f"They are counted as to come: polyhost run {name} --files, or import again what they came in.",
                about=name,
            )
        )
    if not seen.contents:
        return found or [ok("files", "none are kept")]
    read = "all of it read through" if seen.read >= seen.bytes else f"{byte_count(seen.read)} of it read through"
    rubbish = f"; {plural(taken, 'content')} taken out that nobody held" if taken else ""
    return found or [ok("files", f"{plural(seen.contents, 'content')}, {byte_count(seen.bytes)}, {read}{rubbish}")]
