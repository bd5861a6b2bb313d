"""Instants: reading them, comparing them, moving them, and writing them as machines read them.

Owns: which texts and numbers are times, their order, and the one form they are written in. Must not know: what happened
then, scopes, the clock, how an instant is shown to a person (`humanize`).

What a source says is read exactly: an `Instant` is (whole seconds since 1970, fraction digits without trailing zeros).
Tuples of it compare exactly, to any number of digits: a float or a datetime would round, and a comparison by calendar
day lets records through at a mid-day bound. A bare date means midnight UTC. A time without a zone is not an instant and
is not read.

What polyhost wrote itself, or its owner, is read as a datetime (`utc`): that can be moved, and is compared as a time,
never as text, which a missing millisecond would put out of order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

__all__ = [
    "EPOCH",
    "EventTime",
    "Instant",
    "TimeRange",
    "TimestampError",
    "earliest",
    "instant_reader",
    "is_past",
    "is_timestamp",
    "iso",
    "iso_from_instant",
    "iso_from_seconds",
    "later",
    "latest",
    "parse_timestamp",
    "time_reader",
    "utc",
]

Instant = tuple[int, str]
EventTime = Callable[[Mapping[str, Any]], Instant | None]
"""Reads a record's instant out of its data; None where it has none that can be read."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

MIN_EPOCH_DIGITS = 9
"""Digits before the dot from which bare digits are read as an epoch time (9: 1973 on). A year or a compact date such as
20240501 has fewer, and reading it as seconds would put it in 1970 without a word."""
_EPOCH_UNITS = ((10**17, 9), (10**14, 6), (10**11, 3))
"""From which magnitude a number counts nano-, micro- or milliseconds (powers of ten per second). As seconds, 10**11
lies in the year 5138; as milliseconds, in 1973."""
_MAX_EPOCH = 10**20
"""Beyond any time in nanoseconds; also keeps infinity out, and NaN, which compares false with everything."""

_JAVASCRIPT_LENGTH = len("2026-01-31T09:30:00.000Z")
"""What `toISOString` writes: nearly every `emitted_at`, and six times as fast to check without a pattern."""

_STAMPS_REMEMBERED = 64
"""Records that were emitted together carry the same time: it is judged once."""

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_STAMP = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,18}))?)?(?:[Zz]|([+-])(\d\d):?(\d\d)?)", re.ASCII
)
_NAIVE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?", re.ASCII)
_EPOCH_TEXT = re.compile(r"(-?\d{1,20})(?:\.(\d{1,30}))?", re.ASCII)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_DAY_SECONDS = 86_400
_MILLISECOND_DIGITS = 3


class TimestampError(ValueError):
    """Not an instant; `rule` is `naive` or `format`. Never carries the text."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def is_timestamp(text: object) -> bool:
    """Whether this is an ISO 8601 time with a zone (what `emitted_at` has to be)."""
    if type(text) is not str:
        return False
    return _is_timestamp(text)


@lru_cache(maxsize=_STAMPS_REMEMBERED)
def _is_timestamp(text: str) -> bool:
    if len(text) == _JAVASCRIPT_LENGTH and text[10] == "T" and text[-1] == "Z":
        try:
            datetime.fromisoformat(text)
        except ValueError:
            return False
        return True
    match = _STAMP.fullmatch(text)
    if match is None:
        return False
    try:
        _from_match(match)
    except ValueError:
        return False
    return True


def parse_timestamp(text: str) -> Instant:
    """An ISO 8601 time with a zone, or a bare date (midnight UTC)."""
    match = _STAMP.fullmatch(text)
    try:
        if match is not None:
            return _from_match(match)
        if _DATE.fullmatch(text):
            return ((date.fromisoformat(text).toordinal() - _EPOCH_ORDINAL) * _DAY_SECONDS, "")
    except ValueError:
        raise TimestampError("format") from None
    raise TimestampError("naive" if _NAIVE.fullmatch(text) else "format")


def _from_match(match: re.Match[str]) -> Instant:
    day, clock, second, fraction, sign, hours, minutes = match.groups()
    leap = second == "60"
    moment = datetime.fromisoformat(f"{day}T{clock}:{'59' if leap else second or '00'}+00:00")
    seconds = (moment - EPOCH) // timedelta(seconds=1) + leap
    if sign:
        offset = int(hours) * 60 + int(minutes or 0)
        if int(hours) > 23 or int(minutes or 0) > 59:
            raise ValueError("offset")
        seconds -= (offset if sign == "+" else -offset) * 60
    return (seconds, (fraction or "").rstrip("0"))


def _from_digits(whole: str, fraction: str) -> Instant:
    """Seconds with a fraction; below zero the fraction counts back, so it is turned into one that counts on."""
    seconds = int(whole)
    fraction = fraction.rstrip("0")
    if not whole.startswith("-") or not fraction:
        return (seconds, fraction)
    forward = 10 ** len(fraction) - int(fraction)
    return (seconds - 1, str(forward).zfill(len(fraction)).rstrip("0"))


def _from_number(value: float) -> Instant | None:
    """An epoch number, its unit told by its magnitude. Decimal keeps what the number was written as; division would
    not."""
    if not abs(value) < _MAX_EPOCH:
        return None
    power = next((power for least, power in _EPOCH_UNITS if abs(value) >= least), 0)
    match = _EPOCH_TEXT.fullmatch(format(Decimal(repr(value)).scaleb(-power), "f"))
    return _from_digits(match[1], match[2] or "") if match else None


def _from_epoch_text(text: str) -> Instant | None:
    match = _EPOCH_TEXT.fullmatch(text)
    if match is None or len(match[1].lstrip("-")) < MIN_EPOCH_DIGITS:
        return None
    fraction = match[2] or ""
    return _from_number(int(match[1])) if not fraction else _from_digits(match[1], fraction)


def instant_reader(schema: Mapping[str, Any]) -> Callable[[object], Instant | None]:
    """How a field of this schema is read as an instant: ISO text, epoch numbers, or decimals such as Slack's `ts`.

    The schema says which: `format: date-time` or `date` takes ISO text only, a string without one takes decimals too, a
    number takes epoch values. The reader answers None for what it cannot read, never a guess.
    """
    declared = schema.get("type")
    types = set(declared) if isinstance(declared, list) else {declared}
    numbers = bool(types & {"number", "integer", None})
    texts = bool(types & {"string", None})
    epoch_text = texts and schema.get("format") not in {"date-time", "date"}

    def read(value: object) -> Instant | None:
        if type(value) is str:
            if not texts:
                return None
            try:
                return parse_timestamp(value)
            except TimestampError:
                return _from_epoch_text(value) if epoch_text else None
        if numbers and (type(value) is int or type(value) is float):
            return _from_number(value)
        return None

    return read


def time_reader(fields: Sequence[tuple[str, Mapping[str, Any]]]) -> EventTime:
    """Reads the first of these fields, each with its schema, that holds an instant."""
    readers = [(name, instant_reader(schema)) for name, schema in fields]

    def read(data: Mapping[str, Any]) -> Instant | None:
        for name, reader in readers:
            found = reader(data.get(name))
            if found is not None:
                return found
        return None

    return read


@dataclass(frozen=True, slots=True)
class TimeRange:
    """`since` inclusive, `until` exclusive; None leaves an end open. Adjacent ranges share no instant and miss none."""

    since: Instant | None
    until: Instant | None

    def holds(self, instant: Instant) -> bool:
        if self.since is not None and instant < self.since:
            return False
        return self.until is None or instant < self.until


def utc(text: str | None) -> datetime | None:
    """An ISO 8601 time as a datetime in UTC; None for what is none. Without an offset it is taken for UTC."""
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def iso(when: datetime) -> str:
    """The one form instants are written in: ISO 8601 in UTC, to the millisecond."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds")[: -len("+00:00")] + "Z"


def iso_from_seconds(seconds: float) -> str:
    """An instant given in seconds since 1970."""
    return iso(datetime.fromtimestamp(seconds, UTC))


def iso_from_instant(instant: Instant | None) -> str | None:
    """An exact instant; None for none, and for what lies outside the calendar."""
    if instant is None:
        return None
    seconds, fraction = instant
    milliseconds = int(fraction[:_MILLISECOND_DIGITS].ljust(_MILLISECOND_DIGITS, "0"))
    try:
        return iso(EPOCH + timedelta(seconds=seconds, milliseconds=milliseconds))
    except OverflowError:
        return None


def latest(texts: Iterable[str | None]) -> str | None:
    """The latest of those that are instants, as it was written."""
    return max(_readable(texts), key=lambda pair: pair[0], default=(None, None))[1]


def earliest(texts: Iterable[str | None]) -> str | None:
    """The earliest of those that are instants, as it was written."""
    return min(_readable(texts), key=lambda pair: pair[0], default=(None, None))[1]


def _readable(texts: Iterable[str | None]) -> list[tuple[datetime, str]]:
    return [(when, text) for text in texts if text is not None and (when := utc(text)) is not None]


def later(text: str | None, seconds: int) -> str | None:
    """So many seconds later; None where that is not an instant."""
    begun = utc(text)
    try:
        return None if begun is None else iso(begun + timedelta(seconds=seconds))
    except OverflowError:
        return None


def is_past(text: str | None, now: str) -> bool:
    """Whether both are instants and the first lies before the second."""
    one, other = utc(text), utc(now)
    return one is not None and other is not None and one < other
