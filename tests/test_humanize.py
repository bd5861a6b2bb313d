"""What a person reads of instants, lengths of time and counts."""

import pytest

from polyhost import humanize

AT = "2026-11-02T04:15:58.700+01:00"


def test_an_instant_is_told_in_utc_at_the_length_that_is_asked_for():
    assert humanize.short_time(AT) == "2026-11-02 03:15"
    assert humanize.exact_time(AT) == "2026-11-02 03:15:58 UTC"
    assert humanize.time_in_words(AT) == "2 Nov 2026, 03:15"
    assert humanize.date_in_words(AT) == "2 Nov 2026"


@pytest.mark.parametrize("missing", [None, "", "soon"])
def test_what_is_no_instant_is_a_dash(missing):
    assert {humanize.short_time(missing), humanize.time_in_words(missing), humanize.date_in_words(missing)} == {"–"}
    assert humanize.short_time(missing, missing="") == ""


def test_days_and_months_are_named():
    assert humanize.day_in_words("2026-10-01") == "Thursday, 1 October 2026"
    assert humanize.day_in_words("no day") == "no day"
    assert humanize.month_in_words("2026-10") == "October 2026"
    assert humanize.month_in_words("all") is None


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (None, "–"),
        (0.44, "0.4 s"),
        (9.9, "9.9 s"),
        (10, "10 s"),
        (59.6, "1 min 0 s"),
        (185, "3 min 5 s"),
        (7_800, "2 h 10 min"),
        (200_000, "55 h 33 min"),
    ],
)
def test_how_long_something_took(seconds, told):
    assert humanize.duration(seconds) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (5, "5 seconds"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (7_199, "120 minutes"),
        (7_200, "2 hours"),
        (259_000, "3 days"),
    ],
)
def test_roughly_how_long_in_the_largest_unit_of_which_there_are_two(seconds, told):
    assert humanize.rough_duration(seconds) == told


@pytest.mark.parametrize(
    ("seconds", "told", "often"),
    [
        (1, "1 second", "every second"),
        (90, "90 seconds", "every 90 seconds"),
        (60, "1 minute", "every minute"),
        (900.0, "15 minutes", "every 15 minutes"),
        (3_600, "1 hour", "every hour"),
        (21_600, "6 hours", "every 6 hours"),
        (864_000, "10 days", "every 10 days"),
        (3_601, "3,601 seconds", "every 3,601 seconds"),
    ],
)
def test_exactly_how_long_and_how_often(seconds, told, often):
    assert humanize.interval(seconds) == told
    assert humanize.every(seconds) == often


def test_things_are_counted_with_their_plural():
    assert humanize.plural(1, "gap") == "1 gap"
    assert humanize.plural(1_204, "record") == "1,204 records"
    assert humanize.plural(0, "entry", "entries") == "0 entries"


@pytest.mark.parametrize(
    ("size", "told"),
    [
        (0, "0 B"),
        (812, "812 B"),
        (1_023, "1.0 KB"),
        (4_404_019, "4.2 MB"),
        (10 * 1024 * 1024, "10 MB"),
        (3 << 30, "3.0 GB"),
        (5_000 << 40, "5,000 TB"),
    ],
)
def test_so_many_bytes(size, told):
    assert humanize.byte_count(size) == told


def test_of_what_nobody_knows_the_size_nothing_is_said():
    assert humanize.byte_count(None) == humanize.NOTHING
    assert humanize.byte_count(None, "unknown") == "unknown"
