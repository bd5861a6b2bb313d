"""How long a browser is signed in, what is remembered of it, and that it can be signed out."""

from dataclasses import dataclass

import pytest

from polyhost.api.gate import LINK_SECONDS, MOST_LINKS, Gate
from polyhost.api.names import Place
from polyhost.api.sign_ins import LASTS, MOST_SIGN_INS, Lasts, SignIns, browser_of

pytestmark = pytest.mark.requirement("SE-5")

HERE, ADDRESS = Place.DASHBOARD, Place.ADDRESS


@dataclass
class Clocks:
    up: float = 1_000.0
    wall: str = "2026-11-30T12:00:00.000Z"


def sign_ins(clocks: Clocks) -> SignIns:
    return SignIns(now=lambda: clocks.up, wall=lambda: clocks.wall)


@pytest.mark.parametrize("place", [HERE, ADDRESS])
def test_a_sign_in_lasts_as_long_as_it_is_used_and_no_longer_than_it_may(place: Place):
    clocks = Clocks()
    kept, lasts = sign_ins(clocks), LASTS[place]
    secret = kept.begin(place, "Firefox")
    began = clocks.up
    while clocks.up + lasts.unused * 0.9 < began + lasts.longest:
        clocks.up += lasts.unused * 0.9
        assert kept.use(place, secret) is not None
    clocks.up = began + lasts.longest
    assert kept.use(place, secret) is None
    assert kept.listed() == []


@pytest.mark.parametrize("place", [HERE, ADDRESS])
def test_a_sign_in_that_is_not_used_ends(place: Place):
    clocks = Clocks()
    kept = sign_ins(clocks)
    secret = kept.begin(place, "Firefox")
    clocks.up += LASTS[place].unused
    assert kept.use(place, secret) is None


def test_a_sign_in_is_good_at_its_own_place_only():
    kept = sign_ins(Clocks())
    assert kept.use(ADDRESS, kept.begin(HERE, "Firefox")) is None
    assert kept.use(HERE, kept.begin(ADDRESS, "Firefox")) is None


def test_at_the_dashboard_it_lasts_days_and_at_the_address_hours():
    hour, day = 3600, 24 * 3600
    assert (LASTS[HERE], LASTS[ADDRESS]) == (Lasts(7 * day, 30 * day), Lasts(hour, 12 * hour))


def test_what_is_listed_says_when_and_which_family_and_no_secret():
    clocks = Clocks()
    kept = sign_ins(clocks)
    first, second = kept.begin(HERE, "Firefox"), kept.begin(HERE, "Chrome")
    clocks.up, clocks.wall = clocks.up + 60, "2026-11-30T12:01:00.000Z"
    kept.use(HERE, first)
    newest, older = kept.listed()
    assert (newest["browser"], newest["began_at"], newest["last_used_at"]) == (
        "Firefox",
        "2026-11-30T12:00:00.000Z",
        "2026-11-30T12:01:00.000Z",
    )
    assert (older["browser"], older["place"]) == ("Chrome", "dashboard")
    assert not any(secret in repr((kept, newest, older)) for secret in (first, second))


def test_one_is_ended_and_the_others_stay_until_all_are():
    kept = sign_ins(Clocks())
    secrets = [kept.begin(HERE, "Firefox") for _ in range(3)]
    ended = kept.use(HERE, secrets[0])
    assert ended is not None
    assert (kept.end(ended), kept.end(ended)) == (True, False)
    assert [kept.use(HERE, secret) is not None for secret in secrets] == [False, True, True]
    assert kept.end_all() == 2
    assert [kept.use(HERE, secret) for secret in secrets] == [None] * 3


def test_there_are_no_more_than_somebody_can_look_over_and_the_one_unused_longest_ends():
    clocks = Clocks()
    kept = sign_ins(clocks)
    first = kept.begin(HERE, "Firefox")
    second = kept.begin(HERE, "Firefox")
    clocks.up += 1
    kept.use(HERE, first)
    for _ in range(MOST_SIGN_INS - 1):
        clocks.up += 1
        kept.begin(HERE, "Chrome")
    assert len(kept.listed()) == MOST_SIGN_INS
    assert (kept.use(HERE, first) is not None, kept.use(HERE, second)) == (True, None)


def test_signing_out_everywhere_takes_the_links_with_it():
    gate = Gate("token")
    code = gate.make_link(HERE)
    gate.use_link(HERE, gate.make_link(HERE), "Firefox")
    assert gate.sign_out_everywhere() == 1
    assert gate.use_link(HERE, code, "Firefox") is None


def test_a_link_is_good_once_in_time_and_at_its_place():
    clocks = Clocks()
    gate = Gate("token", now=lambda: clocks.up)
    code = gate.make_link(HERE)
    assert gate.use_link(ADDRESS, code, "Firefox") is None
    assert gate.use_link(HERE, code, "Firefox") is not None
    assert gate.use_link(HERE, code, "Firefox") is None
    late = gate.make_link(HERE)
    clocks.up += LINK_SECONDS
    assert gate.use_link(HERE, late, "Firefox") is None
    codes = [gate.make_link(HERE) for _ in range(MOST_LINKS + 1)]
    assert gate.use_link(HERE, codes[0], "Firefox") is None
    assert gate.use_link(HERE, codes[1], "Firefox") is not None


@pytest.mark.parametrize(
    ("user_agent", "family"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox"),
        ("Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36", "Chrome"),
        ("Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge"),
        ("Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 OPR/120", "Opera"),
        ("Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15", "Safari"),
        ("curl/8 <script>", "another browser"),
        ("", "another browser"),
    ],
)
def test_of_what_a_browser_says_of_itself_one_word_of_a_closed_list_is_kept(user_agent: str, family: str):
    assert browser_of(user_agent) == family
