"""Fields that several operations have, said once.

Must not know: any one operation.
"""

from __future__ import annotations

from typing import Any

from polyhost.operations.fields import Names, argument, flag, option

__all__ = [
    "after",
    "after_scenario",
    "connection",
    "deleted",
    "files_max_size",
    "files_type",
    "insecure_tls",
    "map_host",
    "partition",
    "resource",
    "run_id",
    "since",
    "stream",
    "streams",
    "waive",
]


def connection(help: str = "The connection.", *, metavar: str | None = None) -> Any:  # noqa: A002  the field's term
    """A connection that exists."""
    return argument(help, metavar=metavar, names=Names.CONNECTION)


def stream() -> Any:
    """One stream of it."""
    return argument("The stream, e.g. messages.", names=Names.STREAM)


def run_id(help: str = "A run's id, as runs shows it.") -> Any:  # noqa: A002
    """A run."""
    return argument(help, names=Names.RUN)


def going_run() -> Any:
    """A run that goes on."""
    return argument("The name of its connection, or its id.", names=Names.RUNNING)


def streams() -> Any:
    """Some of its streams."""
    return option("Only this stream. Repeat for more.", metavar="STREAM", default=(), names=Names.STREAM)


def partition(help: str) -> Any:  # noqa: A002
    """One partition of a stream."""
    return option(help, metavar="KEY", names=Names.PARTITION)


def resource() -> Any:
    """Some resources of some streams."""
    return option(
        "Only these resources of a stream, e.g. messages=C1,C2. Repeat for more.",
        metavar="STREAM=ID,ID",
        default=(),
        names=Names.RESOURCES,
    )


def since(help: str = "Only records from this time on (ISO 8601).") -> Any:  # noqa: A002
    """The beginning of a time range."""
    return option(help, metavar="TIME")


def after() -> Any:
    """Where the page before ended."""
    return option("Go on after this cursor (`next` of the page before).", metavar="CURSOR")


def deleted() -> Any:
    """Whether tombstones are shown."""
    return flag("Show records the source has deleted, too.")


def files_max_size() -> Any:
    """How large one file may be."""
    return option("Leave files alone that are larger, e.g. 100MB.", metavar="SIZE")


def files_type() -> Any:
    """What files may be."""
    return option(
        "Only files of this type, e.g. image or application/pdf. Repeat for more.", metavar="TYPE", default=()
    )


def waive() -> Any:
    """Places of a recording that may hold what looks like a secret."""
    return option(
        "Let a place that was named stay in the recording, e.g. 'answer assets.*.hash=public'. Repeat for more.",
        metavar="PLACE=REASON",
        default=(),
    )


def after_scenario() -> Any:
    """The scenario that a recorded run follows."""
    return option(
        "The recorded scenario that this run follows: it is replayed first, wherever the new one is.",
        metavar="DIR",
        names=Names.FOLDER,
    )


def site() -> Any:
    """Which site of those that run one software."""
    return option("The address of a site that you or others host, e.g. https://wiki.example.org.", metavar="URL")


def map_host() -> Any:
    """Where a test server stands in for a site."""
    return option(
        "Send a site's traffic to a loopback address instead (test servers only).",
        metavar="PATTERN=127.0.0.1:PORT",
        default=(),
    )


def insecure_tls() -> Any:
    """Whether that server may have any certificate."""
    return flag("Accept any certificate from mapped hosts (test servers only).")
