"""What an owner has agreed that a connection's source may reach, and holding it to that.

Owns: where the agreement is kept, and the refusal of a source that has become wider since. Must not know: surfaces, how
hosts are written or compared (protocol.reach).
"""

from __future__ import annotations

from polyhost.connectors.loading import LoadedSource
from polyhost.errors import ErrorCode, NeedsOwnerError
from polyhost.protocol.reach import Reach
from polyhost.store import memos
from polyhost.store.base import ConnectionRow, Store

__all__ = ["accept_reach", "accepted_reach", "check_reach", "reach_of"]

_MOST_NAMED = 3


def reach_of(source: LoadedSource) -> Reach | None:
    """What the manifest declares now; None: it runs in no page."""
    declared = source.manifest.polyfill
    return None if declared is None else Reach.of(declared)


async def accepted_reach(store: Store, connection: ConnectionRow) -> Reach | None:
    """What the owner agreed to; None for a connection of a version that asked nobody."""
    kept = await store.connections.memo(connection.id, memos.REACH)
    return None if kept is None else Reach.from_json(kept)


async def accept_reach(store: Store, connection: ConnectionRow, source: LoadedSource) -> None:
    """The owner agrees to what the manifest declares now."""
    reach = reach_of(source)
    if reach is not None:
        await store.connections.save_memo(connection.id, memos.REACH, reach.as_json())


async def check_reach(store: Store, connection: ConnectionRow, source: LoadedSource) -> None:
    """NeedsOwnerError `hosts_widened` where it reaches further than its owner agreed to. Of a connection of an earlier
    version, what it reaches when it is first met is taken for agreed to."""
    reach, accepted = reach_of(source), await accepted_reach(store, connection)
    if reach is None:
        return
    if accepted is None:
        await accept_reach(store, connection, source)
        return
    beyond = reach.beyond(accepted)
    if beyond:
        named = "; ".join(beyond[:_MOST_NAMED])
        more = f"; and {len(beyond) - _MOST_NAMED} more" if len(beyond) > _MOST_NAMED else ""
        raise NeedsOwnerError(
            f"{source.name} wants to reach more than you agreed to when you connected {connection.name}: {named}{more}",
            f"If that is right: polyhost hosts {connection.name} accept",
            code=ErrorCode.HOSTS_WIDENED,
        )
