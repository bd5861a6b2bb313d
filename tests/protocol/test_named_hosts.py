"""Hosts that a site names as its own: which may be named, and how its owner reads them (RS-5)."""

from __future__ import annotations

from typing import Any

import pytest

from polyhost.protocol.manifest import load_manifest
from polyhost.protocol.named_hosts import MAX_NAMED, NamedHost, NamedHostError, read_named_hosts
from polyhost.protocol.reach import Reach
from polyhost.protocol.site_address import site_address
from polyhost.protocol.site_binding import at_site
from protocol.test_site_binding import PRIVATE, declared

pytestmark = pytest.mark.requirement("RS-5")

SITE = site_address("https://example.org/wiki", allow_private=True)
HOME = site_address("http://192.168.1.20:8080", allow_private=True)


def named(*hosts: Any, site: Any = SITE) -> list[str]:
    return [host.host for host in read_named_hosts(site, [{"host": host, "why": "its files"} for host in hosts])]


def test_each_is_taken_once_in_its_one_spelling_and_the_sites_own_is_none():
    assert named("https://Files.example.org/", "https://files.example.org:443", "https://example.org") == [
        "https://files.example.org"
    ]
    assert named("https://example.org:8448") == ["https://example.org:8448"]


@pytest.mark.parametrize(
    "host",
    [
        "files.example.org",
        "*.example.org",
        "https://*.example.org",
        "http://files.example.org",
        "https://files.example.org/w",
        "https://u:p@files.example.org",
        "https://127.0.0.1",
        "https://192.168.1.1",
        "http://localhost:8080",
        "http://169.254.169.254",
        "https://files.example.org\n",
        "",
        5,
        None,
    ],
)
def test_a_site_on_the_internet_names_hosts_on_the_internet_alone(host: Any):
    with pytest.raises(NamedHostError, match=r"^hosts\[0\]"):
        named(host)


def test_a_site_at_home_may_name_others_there():
    assert named("http://192.168.1.21", "https://files.example.org", site=HOME) == [
        "http://192.168.1.21",
        "https://files.example.org",
    ]
    with pytest.raises(NamedHostError):
        named("http://169.254.169.254", site=HOME)


@pytest.mark.parametrize("given", [None, "x", {}, 5, [None], [{"host": "https://a.example"}], ["https://a.example"]])
def test_what_is_no_list_of_them_is_refused(given: Any):
    with pytest.raises(NamedHostError):
        read_named_hosts(SITE, given)


@pytest.mark.parametrize("why", ["", " x", "a\nb", "x" * 201, "\u202e"])
def test_a_reason_is_one_line_that_an_owner_can_read(why: str):
    with pytest.raises(NamedHostError, match="why"):
        read_named_hosts(SITE, [{"host": "https://files.example.org", "why": why}])


def test_no_more_are_named_than_an_owner_reads():
    many = [f"https://h{number}.example.org" for number in range(MAX_NAMED + 1)]
    assert len(named(*many[:-1])) == MAX_NAMED
    with pytest.raises(NamedHostError):
        named(*many)


def test_its_owner_reads_who_named_it_and_what_for_and_agrees_to_each_once():
    manifest = load_manifest(declared("{site}", PRIVATE))
    files = NamedHost("https://files.example.org", "where its files are")
    without = at_site(manifest, SITE).polyfill
    polyfill = at_site(manifest, SITE, [files]).polyfill
    assert without is not None
    assert polyfill is not None
    reach, before = Reach.of(polyfill, [files]), Reach.of(without)
    line = (
        "files.example.org, which the site itself names (where its files are), "
        "also at an address of your private network"
    )
    assert reach.lines()[1:] == [line]
    assert reach.beyond(before) == [line]
    assert reach.beyond(Reach.from_json(reach.as_json())) == []
    assert before.beyond(reach) == []
