"""The names of a server: which there are, and that the dashboard's is nobody's to guess."""

import re

import pytest

from polyhost.api.names import Names, Place

pytestmark = pytest.mark.requirement("SE-5")


def test_the_dashboards_name_is_new_each_time_and_too_long_to_guess():
    names = {Names(8787).dashboard for _ in range(100)}
    assert len(names) == 100
    assert all(re.fullmatch(r"[0-9a-f]{32}\.localhost", name) for name in names)


def test_a_host_is_one_of_the_servers_names_with_its_port_or_none():
    names = Names(8787, "abc.localhost")
    known = {
        "abc.localhost:8787": Place.DASHBOARD,
        "ABC.LOCALHOST:8787": Place.DASHBOARD,
        "127.0.0.1:8787": Place.ADDRESS,
        "localhost:8787": Place.ADDRESS,
    }
    assert {host: names.place(host) for host in known} == known
    others = ("abc.localhost", "abc.localhost:80", "x.abc.localhost:8787", "abd.localhost:8787", "[::1]:8787", "")
    assert [names.place(host) for host in others] == [None] * len(others)


def test_at_port_80_a_browser_leaves_the_port_out_and_so_does_a_link():
    names = Names(80, "abc.localhost")
    dashboard, address = ("abc.localhost", "abc.localhost:80", "ABC.localhost"), ("127.0.0.1", "localhost:80")
    assert {names.place(host) for host in dashboard} == {Place.DASHBOARD}
    assert {names.place(host) for host in address} == {Place.ADDRESS}
    assert names.place("abc.localhost:8080") is names.place("abc.localhost:") is None
    assert [names.origin(place) for place in Place] == ["http://abc.localhost", "http://127.0.0.1"]
    assert names.place(names.origin(Place.DASHBOARD).removeprefix("http://")) is Place.DASHBOARD
