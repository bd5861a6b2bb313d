"""What every store refuses, in one set of words: the errors of the Store protocol.

Must not know: how a store finds out.
"""

from __future__ import annotations

from polyhost.errors import ErrorCode, RefusedError, RunFailedError

__all__ = [
    "batch_closed",
    "connection_exists",
    "preview_cannot_walk",
    "read_only",
    "store_closed",
    "unknown_batch",
    "unknown_connection",
]


def connection_exists(name: str) -> RefusedError:
    return RefusedError(
        f"There is a connection named {name!r} already",
        "Choose another name with --name, or run the one there is.",
        code=ErrorCode.CONNECTION_EXISTS,
    )


def unknown_connection(connection_id: int) -> RunFailedError:
    return RunFailedError(
        f"There is no connection {connection_id} in this store any more",
        "It was deleted in the meantime; connect again.",
        code=ErrorCode.UNKNOWN_CONNECTION,
    )


def unknown_batch(batch_id: str | None) -> RunFailedError:
    return RunFailedError(
        f"There is no batch {batch_id!r} in this connection",
        "It was deleted in the meantime; run again.",
        code=ErrorCode.UNKNOWN_BATCH,
    )


def batch_closed(batch_id: str) -> RunFailedError:
    return RunFailedError(
        f"The batch {batch_id!r} is finished",
        "Another process took this run for dead and ended it; run again.",
        code=ErrorCode.BATCH_CLOSED,
    )


def store_closed() -> RunFailedError:
    return RunFailedError("The store is closed", "Open it again.", code=ErrorCode.STORE_CLOSED)


def read_only() -> RunFailedError:
    return RunFailedError(
        "A snapshot or a preview of a store is for reading only",
        "Write to the store itself.",
        code=ErrorCode.STORE_SNAPSHOT,
    )


def preview_cannot_walk() -> RunFailedError:
    return RunFailedError(
        "A preview cannot say what a source no longer has", "Run it instead.", code=ErrorCode.STORE_PREVIEW
    )
