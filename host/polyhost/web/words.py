"""Wording and looks of what operations return: which tone a status has, which sign goes with it, numbers.

Owns: words and tones, by values of the closed lists that `coverage` and the engine declare. Must not know: how anything
was judged, any one source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from polyhost.humanize import byte_count, date_in_words, duration, time_in_words
from polyhost.protocol.headline import headline, is_held

__all__ = [
    "FILTERS",
    "TONES",
    "axis_tone",
    "glance",
    "number",
    "severity_tone",
    "tone",
    "words",
]

Tone = Literal["ok", "note", "warn", "bad", "idle"]

TONES: Mapping[str, Tone] = {
    # verdicts
    "healthy": "ok",
    "idle": "idle",
    "unknown": "idle",
    "degraded": "warn",
    "attention": "warn",
    # runs
    "complete": "ok",
    "complete_with_gaps": "warn",
    "failed": "bad",
    "needs_owner": "warn",
    "cancelled": "idle",
    "running": "note",
    # extents of a partition
    "missing": "bad",
    "untouched": "idle",
    "partial": "warn",
    "imported": "note",
    "limited": "note",
    "became": "idle",
    "deleted": "idle",
    "retired": "idle",
}
_SEVERITIES: Mapping[str, Tone] = {"error": "bad", "warning": "warn", "advisory": "note", "info": "idle"}
_GRAVEST_FIRST = ("error", "warning", "advisory")
_SAID = {
    "complete_with_gaps": "complete, with gaps",
    "needs_owner": "needs you",
    "provider_api": "provider API",
    "owner_artifact": "your file",
    "browser_polyfill": "browser",
}
_GLANCE = 600
_RAW_GLANCE = 200
"""Characters of a record on a list, as prose and as fields; the record's own page shows all."""


def tone(status: str) -> Tone:
    """The tone of a verdict, a run's status or an extent; what is not on the list is shown without one."""
    return TONES.get(status, "idle")


def severity_tone(condition: Mapping[str, Any]) -> Tone:
    """The tone of one condition: a claim that holds is good news, whatever else is by its severity."""
    if condition["severity"] == "info" and condition["status"] == "true":
        return "ok"
    return _SEVERITIES.get(condition["severity"], "idle")


def axis_tone(conditions: Iterable[Mapping[str, Any]]) -> Tone:
    """The tone of an axis: its gravest condition's."""
    found = list(conditions)
    severities = {condition["severity"] for condition in found}
    for severity in _GRAVEST_FIRST:
        if severity in severities:
            return _SEVERITIES[severity]
    return "ok" if any(condition["status"] == "true" for condition in found) else "idle"


def words(code: object) -> str:
    """A status or a code as words."""
    return _SAID.get(str(code), str(code).replace("_", " "))


def number(value: float) -> str:
    """With separators."""
    return f"{value:,}"


def glance(row: Mapping[str, Any]) -> tuple[str, bool]:
    """What says most about a record, and whether that is prose (else it is its fields, as they are)."""
    prose = row["headline_field"] is not None
    return _clip(headline(row["data"], row["headline_field"]), _GLANCE if prose else _RAW_GLANCE), prose


def told(row: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """A record's fields that hold something: what says most about it first, then plain values, then what has parts."""
    held = [(name, value) for name, value in (row["data"] or {}).items() if is_held(value)]
    return sorted(held, key=lambda one: (one[0] != row["headline_field"], isinstance(one[1], list | dict)))


def json_text(value: object) -> str:
    """A value as JSON, for reading."""
    import orjson  # noqa: PLC0415  the surface's own imports stay light

    return value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _clip(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def is_drawn(file: Mapping[str, Any]) -> bool:
    """Whether a page draws it by itself: a picture that is here, and not so large that a page of them gets slow."""
    return file["state"] == "here" and file["kind"] == "picture" and file["size"] <= _DRAWN_BYTES


def file_count(totals: Mapping[str, int]) -> int:
    """How many files there are, in whichever state."""
    return sum(count for state, count in totals.items() if state != "bytes")


_DRAWN_BYTES = 12 << 20
FILTERS = {
    "axis_tone": axis_tone,
    "bytes": byte_count,
    "day": date_in_words,
    "duration": duration,
    "file_count": file_count,
    "glance": glance,
    "is_drawn": is_drawn,
    "json_text": json_text,
    "told": told,
    "moment": time_in_words,
    "number": number,
    "severity_tone": severity_tone,
    "tone": tone,
    "words": words,
}
