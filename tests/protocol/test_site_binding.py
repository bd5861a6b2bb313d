"""A manifest with `{site}`, read and bound to one address (RS-5, SE-1)."""

from __future__ import annotations

from typing import Any

import pytest

from polyhost.protocol.manifest import Manifest, ManifestError, load_manifest
from polyhost.protocol.reach import Reach
from polyhost.protocol.site_address import SiteAddressError
from polyhost.protocol.site_binding import at_site, read_site

pytestmark = pytest.mark.requirement("RS-5")

PRIVATE = {"setup_field": "site", "allow_private": True, "rationale": "It may run at home."}
STREAM = {"name": "notes", "schema": {"type": "object", "properties": {"id": {}}}, "primary_key": ["id"]}


def declared(page: str, *hosts: Any, **session: Any) -> dict[str, Any]:
    return {
        "protocol_version": "0.1.0",
        "connector_id": "https://example.org/polyfills/wiki",
        "version": "1.0.0",
        "display_name": "Wiki",
        "streams": [STREAM],
        "polyfill": {"script": "polyfill.js", "page": page, "hosts": list(hosts), "session": session},
    }


def bound(text: str, page: str = "{site}", *hosts: Any) -> Manifest:
    manifest = load_manifest(declared(page, *(hosts or (PRIVATE,))))
    assert manifest.polyfill is not None
    return at_site(manifest, read_site(manifest.polyfill, text))


@pytest.mark.parametrize(
    ("page", "at"),
    [
        ("{site}", "http://127.0.0.1:8123/wiki"),
        ("{site}/index.php?title=X", "http://127.0.0.1:8123/wiki/index.php?title=X"),
    ],
)
def test_page_and_host_are_those_of_the_address(page: str, at: str):
    polyfill = bound("http://127.0.0.1:8123/wiki/", page, PRIVATE, "files.example.org").polyfill
    assert polyfill is not None
    assert polyfill.page == at
    assert polyfill.hosts == ("http://127.0.0.1:8123", "files.example.org")
    assert polyfill.private_hosts == ("http://127.0.0.1:8123",)
    assert polyfill.setup_host is None


def test_two_addresses_of_one_manifest_have_nothing_in_common():
    one, other = bound("https://a.example.org"), bound("https://b.example.org/w")
    assert one.polyfill is not None
    assert other.polyfill is not None
    assert set(one.polyfill.hosts).isdisjoint(other.polyfill.hosts)


def test_a_page_of_its_own_stays_where_it_is():
    polyfill = bound("https://matrix.example.org", "https://app.example.com/", PRIVATE, "app.example.com").polyfill
    assert polyfill is not None
    assert polyfill.page == "https://app.example.com/"
    assert polyfill.hosts == ("https://matrix.example.org", "app.example.com")


def test_its_owner_reads_which_host_it_is_and_that_it_may_be_at_home():
    polyfill = bound("https://wiki.example.org:8448").polyfill
    assert polyfill is not None
    assert Reach.of(polyfill).lines() == [
        "wiki.example.org, port 8448, also at an address of your private network (It may run at home)"
    ]
    here = bound("http://127.0.0.1:8123").polyfill
    assert here is not None
    assert Reach.of(here).lines()[0].startswith("this machine itself (127.0.0.1, port 8123, without encryption)")


def test_a_manifest_that_does_not_allow_private_addresses_takes_none():
    manifest = load_manifest(declared("{site}", {"setup_field": "site"}))
    assert manifest.polyfill is not None
    with pytest.raises(SiteAddressError):
        read_site(manifest.polyfill, "http://127.0.0.1:8123")


def test_a_manifest_without_a_setting_is_the_same_at_any_site():
    manifest = load_manifest(declared("https://app.example.org/", "app.example.org"))
    other = bound("https://a.example.org")
    assert other.polyfill is not None
    assert at_site(manifest, read_site(other.polyfill, "https://b.example.org")) is manifest


@pytest.mark.parametrize(
    ("page", "hosts", "session", "why"),
    [
        ("{site}", ["wiki.example.org"], {}, "which is not among polyfill.hosts"),
        ("https://{site}/", [PRIVATE], {}, "braces stand only for"),
        ("https://evil.example/{site}", [PRIVATE, "evil.example"], {}, "braces stand only for"),
        ("{site}/{site}", [PRIVATE], {}, "braces stand only for"),
        ("{site}.evil.example", [PRIVATE], {}, "page"),
        ("{site}@evil.example/", [PRIVATE], {}, "page"),
        ("{site}:81/", [PRIVATE], {}, "page"),
        ("{server}/", [PRIVATE], {}, "page"),
        ("{site}", [PRIVATE, {"setup_field": "site"}], {}, "the same setup_field"),
        ("{site}", [{"setup_field": "homeserver"}], {}, "'site'"),
        ("{site}", [{"setup_field": "site", "host": "a.example"}], {}, "either host or setup_field"),
        ("{site}", [{"rationale": "why"}], {}, "either host or setup_field"),
        ("{site}", [{"setup_field": "site", "allow_private": True}], {}, "needs a rationale"),
        ("{site}", [PRIVATE], {"sign_in_hosts": [{"setup_field": "site"}]}, "leave it out here"),
    ],
)
def test_a_manifest_that_means_nothing_is_refused(page: str, hosts: list[Any], session: dict[str, Any], why: str):
    with pytest.raises(ManifestError) as refused:
        load_manifest(declared(page, *hosts, **session))
    assert why in str(refused.value)
