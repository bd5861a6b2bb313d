"""What of a browser's session belongs to a site, and what does not (ours; RFC 6265 for who is sent a cookie)."""

import pytest

from polyhost.browser.storage import cookie_reaches, kept_state

HOSTS = ("app.slack.com", "*.slack.com")


@pytest.mark.parametrize("domain", [".slack.com", "app.slack.com", ".app.slack.com", "lanternbay.slack.com"])
def test_a_cookie_that_a_declared_host_is_sent_belongs_to_the_site(domain: str) -> None:
    assert cookie_reaches(HOSTS, domain)


@pytest.mark.parametrize("domain", ["slack.com", ".com", "example.org", ".notslack.com", "slack.com.example.org", ""])
def test_a_cookie_that_none_is_sent_does_not(domain: str) -> None:
    assert not cookie_reaches(HOSTS, domain)


def test_a_state_is_cut_down_to_the_declared_hosts() -> None:
    state = {
        "cookies": [{"name": "d", "domain": ".slack.com"}, {"name": "sso", "domain": "login.identity.example"}],
        "origins": [{"origin": "https://app.slack.com"}, {"origin": "https://login.identity.example"}],
    }
    kept = kept_state(state, HOSTS)
    assert [cookie["name"] for cookie in kept["cookies"]] == ["d"]
    assert [origin["origin"] for origin in kept["origins"]] == ["https://app.slack.com"]


def test_storage_of_the_same_host_at_another_port_is_another_sites() -> None:
    """Cookies know no ports; storage does."""
    state = {"origins": [{"origin": f"http://127.0.0.1{port}"} for port in (":8001", ":8002", "")], "cookies": []}
    kept = kept_state(state, ("http://127.0.0.1:8001",))
    assert [origin["origin"] for origin in kept["origins"]] == ["http://127.0.0.1:8001"]
