"""A chat's text file as messages: where one begins, when it was sent, who said it, what kind it is.

Owns: the formats that phones write, by evidence from the whole file and never by the phone's language. Must not know:
archives, records, keys.

A message begins with a date and a time, in brackets or before a dash; lines without are the one before, gone on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from .wording import ATTACHED, DELETED, EDITED, OMITTED, RENAMED

__all__ = ["DateOrder", "Evidence", "Line", "begins", "messages"]

DateOrder = Literal["ymd", "dmy", "mdy"]
Kind = Literal["text", "media", "system", "deleted"]
MAX_TEXT = 70_000
"""Characters of one message: the app stops at 65,536. What is longer is cut, and is not a chat."""

_MARKS = "\u200e\u200f\u202a\u202c\ufeff"
_SPACE = r"[\s\u00a0\u202f]"
_DATE = rf"(\d{{1,4}})(?:[./-]|년|年){_SPACE}?(\d{{1,2}})(?:[./-]|월|月){_SPACE}?(\d{{1,4}})(?:\.|일|日)?"
_TIME = (
    rf"(?:(上午|下午|午前|午後|오전|오후){_SPACE}?)?(\d{{1,2}})[:.](\d{{2}})(?:[:.](\d{{2}}))?"
    rf"(?:{_SPACE}*([AaPp]\.?{_SPACE}?[Mm]\.?|[صم]|[قب]\.ظ\.?|[πμ]\.μ\.?|SA|CH))?"
)
_BETWEEN = rf"(?:[,،]{_SPACE}*|{_SPACE}+)(?:(?:klo|kl\.?|um|at|à|às|om|в){_SPACE}+)?"
_BRACKETED = re.compile(rf"\[{_DATE}{_BETWEEN}{_TIME}\]{_SPACE}?(.*)", re.DOTALL)
_DASHED = re.compile(rf"{_DATE}{_BETWEEN}{_TIME}{_SPACE}+[-–]{_SPACE}(.*)", re.DOTALL)
_KOREAN = re.compile(rf"{_DATE}{_BETWEEN}{_TIME}[,:]{_SPACE}(.*)", re.DOTALL)
_AFTERNOON = ("下午", "午後", "오후", "p", "م", "ب", "μ", "ch")
_MORNING = ("上午", "午前", "오전", "a", "ص", "ق", "π", "sa")
_HEAD = 64
"""Characters within which a message's date, time and dash are."""

_QUOTE = re.compile('["“”„«»]')
_DAY_FIRST = re.compile(r"\d{1,2}[.-]|\d{1,2}/\d{1,2}/\d{4}\b|0\d/|\d{1,2}/0\d/")
_MONTH_FIRST = re.compile(r"[1-9]\d?/[1-9]\d?/\d{2}\b[^a-z]{2,24}[AP]M\b")
"""How phones that write the month first write dates: with slashes, no noughts, two digits of the year, AM or PM. Dots,
dashes, noughts or four digits are of those that write the day first."""

_SENDER = re.compile(r"([^:\n]{1,120}): ?(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Line:
    """One message. `number`: the line it begins on. `when`: the phone's wall clock."""

    number: int
    when: datetime
    sender: str | None
    kind: Kind
    text: str
    attachment: str | None
    is_edited: bool


@dataclass(frozen=True, slots=True)
class _Begin:
    fields: tuple[int, int, int]
    first_length: int
    hour: int
    minute: int
    second: int
    rest: str


def begins(line: str) -> bool:
    """Whether a message begins here."""
    return _begin(line) is not None


def _begin(line: str) -> _Begin | None:
    line = line[:_HEAD].translate(_NO_MARKS) + line[_HEAD:]  # marks of direction are inside dates, too
    found = _BRACKETED.match(line) or _DASHED.match(line)
    if found is None and "년" in line[:8]:
        found = _KOREAN.match(line)
    if found is None:
        return None
    one, two, three, before, hours, minutes, seconds, half, rest = found.groups()
    hour, minute = int(hours), int(minutes)
    said = (before or half or "").lower()
    late, early = said.startswith(_AFTERNOON), said.startswith(_MORNING)
    if late or early:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if late else 0)
    second = int(seconds or 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    return _Begin((int(one), int(two), int(three)), len(one), hour, minute, second, rest)


class Evidence:
    """What the dates of a whole file say of the order of day and month. `today`: no message is from after it."""

    def __init__(self, today: str) -> None:
        self._latest = _day_after(today)
        self.lines = 0
        self._year_first = 0
        self._proof = {"dmy": 0, "mdy": 0}
        self._backwards = {"dmy": 0, "mdy": 0}
        self._before: dict[str, tuple[int, int, int]] = {}
        self._ahead = {"dmy": 0, "mdy": 0}
        self._written = {"dmy": 0, "mdy": 0}
        self._differ = 0

    def take(self, line: str) -> bool:
        """Look at a line; whether a message begins on it."""
        begin = _begin(line)
        if begin is None:
            return False
        self.lines += 1
        one, two, three = begin.fields
        if begin.first_length == 4:
            self._year_first += 1
            return True
        self._proof["dmy"] += one > 12 >= two
        self._proof["mdy"] += two > 12 >= one
        for order, day in (("dmy", (three, two, one)), ("mdy", (three, one, two))):
            self._backwards[order] += day < self._before.get(order, day)
            self._before[order] = day
            self._ahead[order] += (day[0] % 100, *day[1:]) > self._latest
        self._differ += one != two
        head = line.lstrip(_MARKS + "[")[:_HEAD]
        self._written["dmy"] += _DAY_FIRST.match(head) is not None
        self._written["mdy"] += _MONTH_FIRST.match(head) is not None
        return True

    def order(self) -> DateOrder | None:
        """The order; None where the file does not prove one and it makes a difference."""
        if self._year_first * 2 > self.lines:
            return "ymd"
        for table, better in ((self._proof, max), (self._backwards, min), (self._ahead, min), (self._written, max)):
            if table["dmy"] != table["mdy"]:
                found = better(("dmy", "mdy"), key=table.__getitem__)
                return "dmy" if found == "dmy" else "mdy"
        return None if self._differ else "dmy"


def _day_after(today: str) -> tuple[int, int, int]:
    """As year of the century, month and day. A day later, because it is tomorrow already elsewhere."""
    after = date.fromisoformat(today) + timedelta(days=1)
    return after.year % 100, after.month, after.day


def messages(lines: Iterable[str], order: DateOrder) -> Iterator[Line | int]:
    """The messages; a line number where something begins like one and has no such date, or is longer than any is."""
    begun: _Begun | None = None
    for number, line in enumerate(lines, 1):
        begin = _begin(line)
        if begin is None:
            if begun.takes(line) if begun is not None else not line.strip(_MARKS + " \t\r\n"):
                continue
            yield number
            continue
        when = _when(begin, order)
        if when is None:
            yield number
            continue
        if begun is not None:
            yield _line(begun.number, begun.when, begun.parts)
        begun = _Begun(number, when)
        if not begun.takes(begin.rest):
            yield number
    if begun is not None:
        yield _line(begun.number, begun.when, begun.parts)


class _Begun:
    """A message that may go on."""

    def __init__(self, number: int, when: datetime) -> None:
        self.number = number
        self.when = when
        self.parts: list[str] = []
        self._length = 0

    def takes(self, line: str) -> bool:
        """Take a line in; False once, where the rest of the message is cut off."""
        if self._length > MAX_TEXT:
            return True
        self.parts.append(line)
        self._length += len(line) + 1
        return self._length <= MAX_TEXT


def _when(begin: _Begin, order: DateOrder) -> datetime | None:
    one, two, three = begin.fields
    if begin.first_length == 4:
        year, month, day = one, two, three
    else:
        year, month, day = (three, two, one) if order == "dmy" else (three, one, two)
    if year < 100:
        year += 2000
    if not 2009 <= year <= 2100:  # the app is from 2009
        return None
    try:
        return datetime(year, month, day, begin.hour, begin.minute, begin.second)  # noqa: DTZ001  the phone's clock
    except ValueError:
        return None


def _line(number: int, when: datetime, parts: list[str]) -> Line:
    whole = "\n".join(parts)[:MAX_TEXT].rstrip()
    found = _SENDER.fullmatch(whole.lstrip(_MARKS))
    if found is None or _is_about_a_name(found[1], found[2]):
        return Line(number, when, None, "system", _clean(whole), None, is_edited=False)
    sender, text = _clean(found[1]), _clean(found[2])
    plain = EDITED.sub("", text)
    edited = plain != text
    for pattern in ATTACHED:
        if (attached := pattern.match(plain)) is not None:
            rest = plain[attached.end() :].strip(_MARKS + " \n")
            return Line(number, when, sender, "media", rest, attached[1], is_edited=edited)
    if OMITTED.match(plain):
        return Line(number, when, sender, "media", "", None, is_edited=edited)
    kind: Kind = "deleted" if DELETED.match(plain) else "text"
    return Line(number, when, sender, kind, plain, None, is_edited=edited)


def _is_about_a_name(before: str, after: str) -> bool:
    """Whether the colon is one of the app's own: inside what it quotes, or before a group's new name."""
    inside = len(_QUOTE.findall(before)) % 2 == 1
    return inside or (_QUOTE.match(after.lstrip(_MARKS)) is not None and RENAMED.search(before) is not None)


def _clean(text: str) -> str:
    return text.translate(_NO_MARKS).strip()


_NO_MARKS = dict.fromkeys(map(ord, _MARKS))
