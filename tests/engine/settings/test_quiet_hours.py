"""Quiet hours are those of the clock on the wall, in every zone and in the nights in which clocks change."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.engine.settings.quiet_hours import QuietHours, read_quiet_hours
from polyhost.errors import RefusedError

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour
    "America/Sao_Paulo",  # changed at midnight
    "Asia/Kolkata",
    "Pacific/Apia",  # left out a whole day
    "Africa/Casablanca",
    "UTC",
]
_zones = st.sampled_from(ZONES).map(ZoneInfo)
_moments = st.floats(1_300_000_000, 1_900_000_000).map(lambda moment: round(moment, 3))
_minutes = st.integers(0, 24 * 60 - 1)
_quiet = st.tuples(_minutes, _minutes).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: QuietHours(*pair))


def at(text: str, zone: ZoneInfo = BERLIN) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def shown(moment: float, zone: ZoneInfo = BERLIN) -> str:
    return datetime.fromtimestamp(moment, zone).isoformat()


def test_a_night_is_quiet_from_its_first_minute_until_before_its_last():
    night = read_quiet_hours("22:00-07:00")
    inside = [
        night.covers(at(f"2026-11-26T{clock}"), BERLIN) for clock in ("21:59", "22:00", "03:00", "06:59", "07:00")
    ]
    assert inside == [False, True, True, True, False]
    assert shown(night.over(at("2026-11-26T23:30"), BERLIN)) == "2026-11-27T07:00:00+01:00"
    assert night.over(at("2026-11-26T12:00"), BERLIN) == at("2026-11-26T12:00")


@pytest.mark.parametrize(
    ("hours", "now", "over"),
    [
        ("22:00-07:00", "2026-03-28T23:00", "2026-03-29T07:00:00+02:00"),  # a night that is an hour short
        ("22:00-07:00", "2026-10-24T23:00", "2026-10-25T07:00:00+01:00"),  # and one that is an hour long
        ("01:00-02:30", "2026-10-25T01:30", "2026-10-25T02:30:00+02:00"),  # the first half past two
    ],
)
def test_a_night_in_which_the_clocks_change_ends_when_the_wall_says_so(hours: str, now: str, over: str):
    assert shown(read_quiet_hours(hours).over(at(now), BERLIN)) == over


def test_an_hour_that_comes_twice_is_quiet_twice():
    again = datetime(2026, 10, 25, 2, 10, fold=1, tzinfo=BERLIN).timestamp()
    assert read_quiet_hours("01:00-02:30").covers(again, BERLIN)


def test_an_end_in_the_hour_that_is_left_out_is_not_waited_for_until_the_next_day():
    over = read_quiet_hours("22:00-02:30").over(at("2026-03-29T01:30"), BERLIN)
    assert "2026-03-29T03:00" <= shown(over) <= "2026-03-29T03:30:00+02:00"


@given(_quiet, _moments, _zones)
def test_what_is_over_is_not_quiet_and_never_long_away(quiet: QuietHours, moment: float, zone: ZoneInfo):
    over = quiet.over(moment, zone)
    assert over >= moment
    assert not quiet.covers(over, zone)
    assert over - moment <= 3 * 86_400
    assert quiet.over(over, zone) == over


@given(_quiet, _moments, _moments, _zones)
def test_the_end_never_moves_back_as_time_goes_on(quiet: QuietHours, one: float, other: float, zone: ZoneInfo):
    sooner, later = sorted([one, other])
    assert quiet.over(sooner, zone) <= quiet.over(later, zone)


@given(_quiet)
def test_quiet_hours_are_written_as_they_are_read(quiet: QuietHours):
    assert read_quiet_hours(str(quiet)) == quiet


@pytest.mark.parametrize("text", ["", "22-7", "22:00", "25:00-07:00", "22:60-07:00", "22:00-22:00", "22:00–07:00"])
def test_anything_else_is_refused_in_a_sentence(text: str):
    with pytest.raises(RefusedError) as refused:
        read_quiet_hours(text)
    assert refused.value.code == "bad_quiet_hours"
    assert refused.value.instruction


def test_the_wall_is_that_of_the_owners_zone():
    noon = datetime(2026, 11, 26, 12, tzinfo=UTC).timestamp()
    assert read_quiet_hours("20:00-22:00").covers(noon, ZoneInfo("Asia/Tokyo"))
