"""What an owner has agreed that a connection's source may reach, and holding it to that.

Owns: where the agreement is kept, and the refusal of a source that has become wider since. Must not know: surfaces, how
hosts are written or compared (protocol.reach).
"""

from __future__ import annotations

import hashlib

import orjson

from polyhost.connectors.loading import LoadedSource
from polyhost.errors import ErrorCode, NeedsOwnerError
from polyhost.protocol.reach import Reach, in_short
from polyhost.store import memos
from polyhost.store.base import ConnectionRow, Store

__all__ = ["accept_reach", "accepted_reach", "check_reach", "reach_digest", "reach_of", "unagreed"]


_DIGEST = 32
"""Hexadecimal digits: 128 bits, which nobody finds a second list for."""


def reach_of(source: LoadedSource) -> Reach | None:
    """What the manifest declares now; None: it runs in no page."""
    declared = source.manifest.polyfill
    return None if declared is None else Reach.of(declared)


async def accepted_reach(store: Store, connection: ConnectionRow) -> Reach | None:
    """What the owner agreed to; None for a connection of a version that asked nobody."""
    kept = await store.connections.memo(connection.id, memos.REACH)
    return None if kept is None else Reach.from_json(kept)


async def unagreed(store: Store, connection: ConnectionRow, source: LoadedSource) -> list[str]:
    """What it reaches that its owner has not agreed to, in plain words, a line a host."""
    reach, accepted = reach_of(source), await accepted_reach(store, connection)
    return [] if reach is None or accepted is None else reach.beyond(accepted)


def reach_digest(source: LoadedSource) -> str | None:
    """By what an owner says which list they agree to: it changes with whatever the manifest declares to reach. None: it
    runs in no page."""
    reach = reach_of(source)
    if reach is None:
        return None
    return hashlib.sha256(orjson.dumps(reach.as_json(), option=orjson.OPT_SORT_KEYS)).hexdigest()[:_DIGEST]


async def accept_reach(store: Store, connection: ConnectionRow, source: LoadedSource) -> None:
    """The owner agrees to what the manifest declares now."""
    reach = reach_of(source)
    if reach is not None:
        await store.connections.save_memo(connection.id, memos.REACH, reach.as_json())


async def check_reach(store: Store, connection: ConnectionRow, source: LoadedSource) -> None:
    """NeedsOwnerError `hosts_widened` where it reaches further than its owner agreed to. Of a connection of an earlier
    version, what it reaches when it is first met is taken for agreed to."""
    if reach_of(source) is not None and await accepted_reach(store, connection) is None:
        await accept_reach(store, connection, source)
    beyond = await unagreed(store, connection, source)
    if beyond:
        raise NeedsOwnerError(
            f"{source.name} wants to reach more than you agreed to when you connected {connection.name}: "
            f"{in_short(beyond)}",
            f"If that is right: polyhost hosts {connection.name} accept",
            code=ErrorCode.HOSTS_WIDENED,
        )
