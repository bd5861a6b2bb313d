"""Texts of a command line read into the shapes a request has, each refused with one clear sentence.

Owns: `STREAM=ID,ID`, `PATTERN=HOST:PORT` and `6h`. Must not know: manifests (the scope judges names), who typed it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from polyhost.errors import ErrorCode, RefusedError

__all__ = ["absolute_path", "connection_name", "duration", "host_mappings", "resources", "settings"]

_DURATION = re.compile(r"(\d{1,6})([smhd])")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


def resources(texts: Sequence[str]) -> dict[str, list[str]]:
    """`messages=C1,C2` (repeatable) as {messages: [C1, C2]}. What the ids mean is the scope's to judge; an empty one is
    passed on, so that it is refused there and never widens anything."""
    found: dict[str, list[str]] = {}
    for text in texts:
        stream, equals, ids = text.partition("=")
        if not equals or not stream:
            raise RefusedError(
                f"--resource {text!r} is not STREAM=ID,ID", "For example: --resource messages=C024BE91L,C061EG9SL"
            )
        found.setdefault(stream, []).extend(ids.split(","))
    return found


def host_mappings(texts: Sequence[str]) -> dict[str, str]:
    """`*.slack.com=127.0.0.1:8443` (repeatable) as a mapping; the browser's options check that it is loopback."""
    found: dict[str, str] = {}
    for text in texts:
        pattern, equals, target = text.partition("=")
        if not equals or not pattern or not target:
            raise RefusedError(
                f"--map-host {text!r} is not PATTERN=127.0.0.1:PORT",
                "For example: --map-host '*.slack.com=127.0.0.1:8443'",
            )
        found[pattern] = target
    return found


def settings(texts: Sequence[str], site: str | None) -> dict[str, str]:
    """`site=https://wiki.example.org` (repeatable) and `--site` as a mapping. What a setting means is its source's to
    judge. RefusedError `bad_setting` for one that none has, or that is given twice."""
    found: dict[str, str] = {} if site is None else {"site": site}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or name != "site":
            raise RefusedError(
                f"--set {name[:80]!r} is not a valid setting; use --set site=https://…", code=ErrorCode.BAD_SETTING
            )
        if name in found:
            raise RefusedError(f"{name} is set twice", "Give it once: --site https://…", code=ErrorCode.BAD_SETTING)
        found[name] = value
    return found


def duration(text: str) -> int:
    """`90m`, `6h` or `1d` in seconds. RefusedError `bad_duration` otherwise."""
    found = _DURATION.fullmatch(text.strip())
    if found is None or not int(found[1]):
        raise RefusedError(
            f"{text!r} is not a length of time", "Give it as 90m, 6h or 1d.", code=ErrorCode.BAD_DURATION
        )
    return int(found[1]) * _UNIT_SECONDS[found[2]]


def connection_name(text: str) -> str:
    """A name that is safe as a file name and easy to type. RefusedError otherwise."""
    if not _NAME.fullmatch(text):
        raise RefusedError(
            f"{text[:80]!r} cannot name a connection",
            "Use lower-case letters, digits, dots, dashes and underscores, 63 at most.",
            code=ErrorCode.BAD_NAME,
        )
    return text


def absolute_path(text: str) -> Path:
    """A file or folder as it was typed."""
    return Path(text).expanduser().absolute()
