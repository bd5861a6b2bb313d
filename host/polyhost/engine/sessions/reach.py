"""What an owner has agreed that a connection's source may reach, and holding it to that.

A source that has become wider since is not run. A host that the site itself has named since is left out of the run:
somebody else than the polyfill's author chose it, and what lies elsewhere is read as before.

Owns: where the agreement is kept, that refusal and that omission. Must not know: surfaces, how hosts are written or
compared (protocol.reach).
"""

from __future__ import annotations

import hashlib

import orjson

from polyhost.connectors.loading import LoadedSource
from polyhost.errors import ErrorCode, NeedsOwnerError
from polyhost.protocol.reach import Reach, in_short
from polyhost.store import memos
from polyhost.store.base import ConnectionRow, Store

__all__ = [
    "accept_reach",
    "accepted_reach",
    "agreed_source",
    "check_reach",
    "reach_digest",
    "reach_of",
    "unagreed",
    "unagreed_named",
]


_DIGEST = 32
"""Hexadecimal digits: 128 bits, which nobody finds a second list for."""


def reach_of(source: LoadedSource) -> Reach | None:
    """What the manifest declares now, and what the site has named; None: it runs in no page."""
    declared = source.manifest.polyfill
    return None if declared is None else Reach.of(declared, source.named)


async def accepted_reach(store: Store, connection: ConnectionRow) -> Reach | None:
    """What the owner agreed to; None for a connection of a version that asked nobody."""
    kept = await store.connections.memo(connection.id, memos.REACH)
    return None if kept is None else Reach.from_json(kept)


async def unagreed(store: Store, connection: ConnectionRow, source: LoadedSource) -> list[str]:
    """What the manifest declares that its owner has not agreed to, in plain words, a line a host."""
    reach, accepted = reach_of(source.naming(())), await accepted_reach(store, connection)
    return [] if reach is None or accepted is None else reach.beyond(accepted)


async def unagreed_named(store: Store, connection: ConnectionRow, source: LoadedSource) -> list[str]:
    """What the site has named besides, in the same words."""
    reach, accepted = reach_of(source), await accepted_reach(store, connection)
    if reach is None or accepted is None:
        return []
    declared = await unagreed(store, connection, source)
    return [line for line in reach.beyond(accepted) if line not in declared]


def reach_digest(source: LoadedSource) -> str | None:
    """By what an owner says which list they agree to: it changes with whatever the manifest declares to reach and the
    site names. None: it runs in no page."""
    reach = reach_of(source)
    if reach is None:
        return None
    return hashlib.sha256(orjson.dumps(reach.as_json(), option=orjson.OPT_SORT_KEYS)).hexdigest()[:_DIGEST]


async def accept_reach(store: Store, connection: ConnectionRow, source: LoadedSource) -> None:
    """The owner agrees to what the manifest declares now, and to what the site has named."""
    reach = reach_of(source)
    if reach is not None:
        await store.connections.save_memo(connection.id, memos.REACH, reach.as_json())


async def check_reach(store: Store, connection: ConnectionRow, source: LoadedSource) -> None:
    """NeedsOwnerError `hosts_widened` where the manifest reaches further than its owner agreed to. Of a connection of
    an earlier version, what it declares when it is first met is taken for agreed to."""
    if reach_of(source) is not None and await accepted_reach(store, connection) is None:
        await accept_reach(store, connection, source.naming(()))
    beyond = await unagreed(store, connection, source)
    if beyond:
        raise NeedsOwnerError(
            f"{source.name} wants to reach more than you agreed to when you connected {connection.name}: "
            f"{in_short(beyond)}",
            f"If that is right: polyhost hosts {connection.name} accept",
            code=ErrorCode.HOSTS_WIDENED,
        )


async def agreed_source(store: Store, connection: ConnectionRow, source: LoadedSource) -> LoadedSource:
    """What may be run of it: without the hosts that the site has named and its owner has not agreed to. NeedsOwnerError
    `hosts_widened` as `check_reach`."""
    await check_reach(store, connection, source)
    accepted = await accepted_reach(store, connection)
    if accepted is None or not source.named:
        return source
    agreed = [host for host in source.named if not _adds(source.naming((host,)), accepted)]
    return source.naming(agreed)


def _adds(source: LoadedSource, accepted: Reach) -> bool:
    reach = reach_of(source)
    return reach is not None and bool(reach.beyond(accepted))
