"""Positions that are times, both ways."""

import pytest

from polyhost.ledger.cursor_time import position_at, time_of


@pytest.mark.parametrize(
    ("position", "kind", "iso"),
    [
        ("1700000000.000100", "unix_seconds", "2023-11-14T22:13:20.000Z"),
        ("1700000000123", "unix_milliseconds", "2023-11-14T22:13:20.123Z"),
        ("2023-11-14T23:13:20+01:00", "iso8601", "2023-11-14T22:13:20.000Z"),
        ("1700000000.000100", None, None),
        ("no time", "iso8601", None),
        ("99999999999999999999", "unix_seconds", None),
    ],
)
def test_a_position_is_a_moment_only_where_the_manifest_says_so(position, kind, iso):
    assert time_of(position, kind) == iso


@pytest.mark.parametrize("kind", ["unix_seconds", "unix_milliseconds", "iso8601"])
def test_a_moment_and_its_position_lead_back_to_one_another(kind):
    position = position_at("2026-11-22T08:00:00.250+00:00", kind)
    assert time_of(position, kind) == "2026-11-22T08:00:00.250Z"


def test_a_bare_date_is_midnight_utc():
    assert position_at("2026-11-22", "unix_milliseconds") == "1795305600000"


@pytest.mark.parametrize("position", ["0", "0.000000", "0000000000.000000"])
def test_zero_is_no_time_but_what_comes_before_everything(position):
    assert time_of(position, "unix_seconds") is None


@pytest.mark.parametrize(("text", "kind"), [("soon", "unix_seconds"), ("2026-11-22", None)])
def test_what_is_no_time_stands_for_no_position(text, kind):
    assert position_at(text, kind) is None


def test_a_position_keeps_the_microseconds_that_a_source_counts():
    assert position_at("2026-11-22T08:00:00.000100+01:00", "unix_seconds") == "1795330800.000100"
    assert position_at("2026-11-22T08:00:00.000100+01:00", "iso8601") == "2026-11-22T07:00:00.000100Z"
