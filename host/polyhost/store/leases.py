"""When a lease may be taken from who holds it. Must not know: where it is written down."""

from __future__ import annotations

from polyhost.store import process
from polyhost.store.rows import LeaseHolder

__all__ = ["is_free"]


def is_free(holder: LeaseHolder, process_name: str | None, *, now: float) -> bool:
    """Its time is over, or the process that took it is certainly gone."""
    return holder.expires_at <= now or process.is_gone(holder.pid, process_name)
