"""The owner's time zone: the one they set, or this machine's.

Owns: finding it. Must not know: what is told by it.
"""

from __future__ import annotations

import os
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from polyhost.errors import ErrorCode, RefusedError

__all__ = ["owner_zone"]

_LOCALTIME = Path("/etc/localtime")


def owner_zone(name: str | None = None) -> tzinfo:
    """The zone of that name. Without one: that of the variable TZ, else the machine's, else UTC. RefusedError
    `bad_time_zone` for a name no zone has."""
    if name is None:
        return _machine_zone()
    zone = _named(name)
    if zone is None:
        raise RefusedError(
            f"{name!r} is not a time zone",
            "Name one as Europe/Berlin or America/New_York.",
            code=ErrorCode.BAD_TIME_ZONE,
        )
    return zone


def _named(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _machine_zone() -> tzinfo:
    """TZ as libc reads it may say more than a name; then the file tells."""
    name = os.environ.get("TZ", "").removeprefix(":")
    return (_named(name) if name else None) or _of_file() or UTC


def _of_file() -> ZoneInfo | None:
    """`/etc/localtime` is a link into a folder of zones on most machines, and a copy of one on others."""
    _, folder, name = str(_LOCALTIME.resolve()).rpartition("zoneinfo/")
    if folder and (zone := _named(name)) is not None:
        return zone
    try:
        with _LOCALTIME.open("rb") as file:
            return ZoneInfo.from_file(file)
    except (OSError, ValueError):
        return None
