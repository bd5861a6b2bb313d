"""Mapped hosts and a browser's one way out (--map-host; HO-5)."""

import pytest

from polyhost.browser.hosts import blocked_url_patterns, check_hosts, check_mapping, policy_of, way_out_flags
from polyhost.browser.launch import BrowserOptions, WayOut
from polyhost.errors import RefusedError
from polyhost.proxy.policy import Destination


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


@pytest.mark.requirement("SE-1")
def test_a_browser_has_one_way_out_and_no_text_of_a_manifest_is_in_its_flags() -> None:
    assert way_out_flags(4711) == [
        "--host-resolver-rules=MAP way-out.invalid:80 127.0.0.1:4711,MAP * ~NOTFOUND",
        "--proxy-server=http://way-out.invalid:80",
        "--proxy-bypass-list=<-loopback>",
    ]
    assert way_out_flags(None) == ["--host-resolver-rules=MAP * ~NOTFOUND", "--no-proxy-server"]
    declared = BrowserOptions(allow_hosts=("a.test", "*.b.test"), map_hosts={"*.a.test": "127.0.0.1:1"})
    assert not [flag for flag in declared.flags(WayOut(4711)) if "test" in flag]


@pytest.mark.parametrize(
    ("mapped", "allowed", "host", "reached"),
    [
        ("*.a.test", "x.a.test", "x.a.test", True),
        ("*.a.test", "x.a.test", "y.a.test", False),
        ("x.a.test", "*.a.test", "x.a.test", True),
        ("x.a.test", "*.a.test", "y.a.test", False),
        ("*.a.test", "*.x.a.test", "y.x.a.test", True),
        ("*.a.test", "*.x.a.test", "x.a.test", False),
        ("a.test", "a.test", "a.test", True),
        ("*.a.test", "a.test", "a.test", False),
        ("a.test", "b.test", "a.test", False),
        ("a.test", "b.test", "b.test", False),
        ("*.a.test", "*.b.test", "x.b.test", False),
        ("*.ba.test", "*.a.test", "x.ba.test", False),
    ],
)
def test_a_mapping_reaches_no_host_that_is_not_declared(mapped: str, allowed: str, host: str, reached: bool) -> None:
    policy = policy_of(allow=[allowed], private=(), map_hosts={mapped: "127.0.0.1:1"})
    assert policy.may_look_up(Destination(host, 443)) is reached


def test_the_first_mapping_that_means_a_host_decides_where_it_goes() -> None:
    mapped = {"*.slack.com": "127.0.0.1:1", "app.slack.com": "[::1]:2"}
    policy = policy_of(allow=None, private=(), map_hosts=mapped)
    assert policy.mapped_to(Destination("app.slack.com", 443)) == ("127.0.0.1", 1)
    policy = policy_of(allow=None, private=(), map_hosts=dict(reversed(mapped.items())))
    assert policy.mapped_to(Destination("app.slack.com", 443)) == ("[::1]", 2)
    assert policy.mapped_to(Destination("slack.com", 443)) is None


def test_the_page_blocks_by_allow_list_the_first_match_winning() -> None:
    assert blocked_url_patterns(["https://*.slack.com"]) == [
        {"urlPattern": "*://*.slack.com:*/*", "block": False},
        {"urlPattern": "*://*:*/*", "block": True},
    ]
