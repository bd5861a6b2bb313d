"""Mapped hosts and resolver rules (--map-host; HO-5)."""

import pytest

from polyhost.browser.hosts import blocked_url_patterns, check_hosts, check_mapping, resolver_rules
from polyhost.browser.launch import BrowserOptions
from polyhost.errors import RefusedError


@pytest.mark.parametrize("target", ["127.0.0.1:8443", "127.9.9.9:1", "[::1]:443"])
def test_a_host_may_be_mapped_to_a_loopback_address(target: str) -> None:
    check_mapping({"*.slack.com": target})


@pytest.mark.parametrize(
    ("pattern", "target"),
    [
        ("*.slack.com", "10.0.0.1:443"),
        ("*.slack.com", "localhost:443"),
        ("*.slack.com", "127.0.0.1"),
        ("*.slack.com", "127.0.0.1:"),
        ("*.slack.com", "127.0.0.1:0"),
        ("*.slack.com", "127.0.0.1:99999"),
        ("*.slack.com", "127.0.0.1:80,MAP * 10.0.0.1:80"),
        ("*.slack.com", "127.0.0.1.evil.test:80"),
        ("a.test 10.0.0.1,EXCLUDE b.test", "127.0.0.1:80"),
        ("a.test\n", "127.0.0.1:80"),
        ("*", "127.0.0.1:80"),
        ("a.test:443", "127.0.0.1:80"),
        ("https://a.test", "127.0.0.1:80"),
        ("", "127.0.0.1:80"),
    ],
)
def test_nothing_else_may_be_and_no_rule_can_be_smuggled_in(pattern: str, target: str) -> None:
    with pytest.raises(RefusedError, match="--map-host"):
        check_mapping({pattern: target})


@pytest.mark.requirement("SE-1")
def test_no_browser_starts_with_a_host_that_is_no_pattern() -> None:
    for text in ("x.example,EXCLUDE *", "*", "*evil*"):
        with pytest.raises(RefusedError, match="is not a valid host pattern"):
            BrowserOptions(allow_hosts=("a.test", text))
    check_hosts(("a.test", "*.b.test", "https://c.test:8443"))


def test_the_rules_let_nothing_else_through() -> None:
    mapped = {"*.slack.com": "127.0.0.1:1", "app.slack.com": "127.0.0.1:2"}
    assert resolver_rules(map_hosts={}, allow=None, offline=False) == ""
    assert resolver_rules(map_hosts={}, allow=["a.test", "https://*.b.test:8443"], offline=False) == (
        "MAP * ~NOTFOUND,EXCLUDE a.test,EXCLUDE *.b.test"
    )
    assert resolver_rules(map_hosts=mapped, allow=None, offline=False) == (
        "MAP *.slack.com 127.0.0.1:1,MAP app.slack.com 127.0.0.1:2,MAP * ~NOTFOUND"
    )
    assert resolver_rules(map_hosts=mapped, allow=["app.slack.com"], offline=True) == "MAP * ~NOTFOUND"


@pytest.mark.parametrize(
    ("mapped", "allowed", "left"),
    [
        ("*.a.test", "x.a.test", "x.a.test"),
        ("x.a.test", "*.a.test", "x.a.test"),
        ("*.a.test", "*.x.a.test", "*.x.a.test"),
        ("a.test", "a.test", "a.test"),
        ("*.a.test", "a.test", None),
        ("a.test", "b.test", None),
        ("*.a.test", "*.b.test", None),
        ("*.ba.test", "*.a.test", None),
    ],
)
def test_a_mapping_reaches_no_host_that_is_not_declared(mapped: str, allowed: str, left: str | None) -> None:
    rules = resolver_rules(map_hosts={mapped: "127.0.0.1:1"}, allow=[allowed], offline=False)
    assert rules == (f"MAP {left} 127.0.0.1:1," if left else "") + "MAP * ~NOTFOUND"


def test_the_page_blocks_by_allow_list_the_first_match_winning() -> None:
    assert blocked_url_patterns(["https://*.slack.com"]) == [
        {"urlPattern": "*://*.slack.com:*/*", "block": False},
        {"urlPattern": "*://*:*/*", "block": True},
    ]
