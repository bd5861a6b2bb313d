"""Instants are read exactly and compared exactly (requirements PR-3.7; trap 13)."""

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.instants import (
    TimeRange,
    TimestampError,
    earliest,
    instant_reader,
    is_past,
    is_timestamp,
    iso,
    iso_from_instant,
    iso_from_seconds,
    later,
    latest,
    parse_timestamp,
    utc,
)


def exact(instant) -> Fraction:
    seconds, fraction = instant
    return seconds + (Fraction(int(fraction), 10 ** len(fraction)) if fraction else 0)


ZONED = st.datetimes(
    datetime(1800, 1, 1),  # noqa: DTZ001  the strategy adds the zone
    datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)


@pytest.mark.requirement("PR-3.7")
@given(moment=ZONED)
def test_every_iso_time_is_read_to_the_microsecond(moment):
    text = moment.isoformat()
    assert is_timestamp(text)
    assert exact(parse_timestamp(text)) == Fraction(
        (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1), 10**6
    )


@given(digits=st.text("0123456789", min_size=1, max_size=18), more=st.text("0123456789", min_size=1, max_size=18))
def test_fractions_of_any_length_compare_as_numbers(digits, more):
    one, other = (parse_timestamp(f"2026-01-31T09:30:00.{part}Z") for part in (digits, more))
    assert (one < other) == (Fraction(f"0.{digits}") < Fraction(f"0.{more}"))
    assert (one == other) == (Fraction(f"0.{digits}") == Fraction(f"0.{more}"))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("2026-01-31T09:30:00", "naive"),
        ("2026-01-31 09:30", "naive"),
        ("2026-02-29", "format"),
        ("2026-01-31T24:00:00Z", "format"),
        ("2026-02-30T09:30:00.000Z", "format"),
        ("2026-01-31T09:61:00Z", "format"),
        ("2026-01-31T09:30:00+24:00", "format"),
        ("2026-01-31T09:30:00+01:60", "format"),
        ("20260131", "format"),
        ("2026-01-31T09:30:00Z ", "format"),
        ("\uff12026-01-31", "format"),
        ("", "format"),
        ("now", "format"),
    ],
)
def test_what_is_no_instant_is_refused_by_rule(text, rule):
    assert not is_timestamp(text)
    with pytest.raises(TimestampError) as caught:
        parse_timestamp(text)
    assert caught.value.rule == rule


def test_the_same_instant_is_equal_however_it_is_written():
    same = ["2026-01-31T09:30:00Z", "2026-01-31t09:30:00.000z", "2026-01-31 10:30+01", "2026-01-31T04:00:00-0530"]
    assert len({parse_timestamp(text) for text in same}) == 1
    assert parse_timestamp("2016-12-31T23:59:60Z") == parse_timestamp("2017-01-01T00:00:00Z")
    assert parse_timestamp("2026-01-31") == parse_timestamp("2026-01-31T00:00:00Z")


@pytest.mark.parametrize(
    ("schema", "value", "seconds"),
    [
        ({"type": "number"}, 1700000000, "1700000000"),
        ({"type": "number"}, 1700000000.25, "1700000000.25"),
        ({"type": "number"}, -0.5, "-0.5"),
        ({"type": "number"}, -1.25, "-1.25"),
        ({"type": "integer"}, 1700000000123, "1700000000.123"),
        ({"type": "integer"}, 1700000000123456, "1700000000.123456"),
        ({"type": "integer"}, 1700000000123456789, "1700000000.123456789"),
        ({"type": "number"}, 1700000000000.5, "1700000000.0005"),
        ({"type": "string"}, "1700000000.000100", "1700000000.0001"),
        ({"type": "string"}, "1700000000", "1700000000"),
        ({}, "1700000000.5", "1700000000.5"),
        ({}, 1700000000, "1700000000"),
    ],
)
def test_epoch_values_are_read_in_the_unit_their_size_tells(schema, value, seconds):
    assert exact(instant_reader(schema)(value)) == Fraction(seconds)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string", "format": "date-time"}, "1700000000.000100"),
        ({"type": "string"}, "20240501"),
        ({"type": "string"}, "2024"),
        ({"type": "string"}, 1700000000),
        ({"type": "string"}, "9" * 5000),
        ({"type": "number"}, "1700000000"),
        ({"type": "number"}, True),
        ({"type": "number"}, float("nan")),
        ({"type": "number"}, float("inf")),
        ({"type": "number"}, 10**30),
        ({"type": "number"}, 1e-300),
        ({"type": ["string", "null"]}, None),
        ({}, {"at": 1}),
    ],
)
def test_what_the_schema_does_not_promise_is_not_guessed_at(schema, value):
    assert instant_reader(schema)(value) is None


@pytest.mark.requirement("PR-3.7")
@given(cuts=st.lists(ZONED, min_size=1, max_size=5, unique=True), moment=ZONED)
def test_adjacent_ranges_share_no_instant_and_miss_none(cuts, moment):
    bounds = [None, *sorted(parse_timestamp(cut.isoformat()) for cut in cuts), None]
    ranges = [TimeRange(low, high) for low, high in pairwise(bounds)]
    assert sum(found.holds(parse_timestamp(moment.isoformat())) for found in ranges) == 1


def test_digits_beyond_the_microsecond_count():
    """A datetime keeps six; a source may write more, and a bound may fall between them."""
    low, high = (parse_timestamp(f"2026-01-31T09:30:00.{digits}Z") for digits in ("123456789", "1234567891"))
    assert TimeRange(low, high).holds(low)
    assert not TimeRange(low, high).holds(high)
    assert not TimeRange(high, None).holds(low)


# ------------------------------------------------------------------ as polyhost writes them


@given(seconds=st.integers(-(10**10), 10**10), digits=st.text("0123456789", max_size=9))
def test_an_exact_instant_is_written_to_the_millisecond_it_lies_in(seconds, digits):
    instant = (seconds, digits.rstrip("0"))
    written = iso_from_instant(instant)
    assert 0 <= exact(instant) - exact(parse_timestamp(written)) < Fraction(1, 1000)
    assert written == iso(utc(written))


def test_an_instant_outside_the_calendar_has_no_text():
    assert iso_from_instant((10**17, "")) is None
    assert iso_from_instant(None) is None


def test_seconds_since_1970_are_written_as_an_instant():
    assert iso_from_seconds(1_795_330_800.25) == "2026-11-22T07:00:00.250Z"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-11-22T08:00:00+01:00", "2026-11-22T07:00:00.000Z"),
        ("2026-11-22T08:00", "2026-11-22T08:00:00.000Z"),
        ("2026-11-22", "2026-11-22T00:00:00.000Z"),
    ],
)
def test_what_an_owner_writes_without_an_offset_is_utc(text, read):
    assert iso(utc(text)) == read


@pytest.mark.parametrize("text", [None, "", "soon", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_instant_is_none_and_is_not_compared(text):
    assert utc(text) is None
    assert later(text, 5) is None
    assert not is_past(text, "2026-11-22T08:00:00Z")
    assert latest([text, "2026-11-22"]) == earliest([text, "2026-11-22"]) == "2026-11-22"


def test_the_first_and_the_last_are_told_by_time_and_not_by_text():
    texts = ["2026-11-22T08:00:00.5Z", "2026-11-22T08:00:00Z", None, "2026-11-22T08:30:00+01:00"]
    assert earliest(texts) == "2026-11-22T08:30:00+01:00"
    assert latest(texts) == "2026-11-22T08:00:00.5Z"
    assert latest([]) is None
    assert earliest([None]) is None


def test_an_instant_is_past_once_another_is_later():
    assert is_past("2026-11-22T08:00:00Z", "2026-11-22T08:00:00.001Z")
    assert not is_past("2026-11-22T08:00:00Z", "2026-11-22T08:00:00Z")
    assert later("2026-11-22T08:00:00+01:00", 90) == "2026-11-22T07:01:30.000Z"
    assert later("9999-12-31T23:59:59Z", 90) is None
