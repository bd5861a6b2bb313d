"""When the owner last signed in, in the order of runs: what tells a session that is newer than a failure from an older
one, whatever the clocks said.

Owns: that memo of a connection. Must not know: what a session is, where it is kept.
"""

from __future__ import annotations

from polyhost.store.base import Store
from polyhost.store.memos import SIGNED_IN

__all__ = ["note_sign_in", "sign_in_number"]


async def note_sign_in(store: Store, connection_id: int) -> None:
    """The owner has handed over a session: call it once that is saved."""
    await store.connections.save_memo(connection_id, SIGNED_IN, await store.runs.next_number())


async def sign_in_number(store: Store, connection_id: int) -> int | None:
    """Comparable with the numbers of runs. None where it is not known: nobody signed in, or an earlier version did."""
    return await store.connections.memo(connection_id, SIGNED_IN)
