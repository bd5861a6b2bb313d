"""How wide a source reaches: in words, and compared with what its owner agreed to (SE-1)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from polyhost.protocol.declarations import PolyfillDecl
from polyhost.protocol.reach import Reach

pytestmark = pytest.mark.requirement("SE-1")

HOME = {"host": "home.example", "allow_private": True, "rationale": "A server of your own."}
SSO = {"host": "sso.example", "allow_private": True, "rationale": "Theirs."}


def declared(*hosts: Any, **session: Any) -> PolyfillDecl:
    page = {"script": "x.js", "page": "https://a.example", "hosts": list(hosts), "session": session}
    return PolyfillDecl.model_validate(page)


def reach(*hosts: Any, **session: Any) -> Reach:
    return Reach.of(declared(*hosts, **session))


def test_every_host_is_told_in_plain_words() -> None:
    wide = reach(
        "a.example",
        "*.b.example",
        "http://c.example:8080",
        HOME,
        "127.0.0.1:8080",
        "*.app.localhost",
        sign_in_hosts=["accounts.example", SSO],
        sign_in_anywhere="Companies run their own sign-in.",
    )
    assert wide.lines() == [
        "a.example",
        "any name below b.example",
        "c.example, port 8080, without encryption",
        "home.example, also at an address of your private network (A server of your own)",
        "this machine itself (127.0.0.1, port 8080)",
        "this machine itself (any name below app.localhost)",
        "Only while you sign in: accounts.example",
        "Only while you sign in: sso.example, also at an address of your private network (Theirs)",
        "Only while you sign in: any host of the internet (Companies run their own sign-in)",
    ]
    assert Reach.from_json(wide.as_json()) == wide


@pytest.mark.parametrize(
    ("accepted", "now"),
    [
        (reach("a.example"), reach("a.example")),
        (reach("a.example", "b.example"), reach("b.example", "a.example")),
        (reach("a.example", "b.example"), reach("a.example")),
        (reach("*.a.example"), reach("b.a.example", "*.c.a.example")),
        (reach("a.example"), reach("https://a.example")),
        (reach("a.example", sign_in_hosts=["b.example"]), reach("a.example")),
        (reach("a.example", "b.example"), reach("a.example", sign_in_hosts=["b.example"])),
        (reach("a.example", sign_in_anywhere="So."), reach("a.example", sign_in_hosts=["b.example"])),
        (reach(HOME), reach("home.example")),
        (reach(HOME), reach({**HOME, "rationale": "Said in another way."})),
        (reach(HOME), reach("home.example", sign_in_hosts=[HOME])),
    ],
)
def test_what_is_as_wide_or_narrower_asks_nothing(accepted: Reach, now: Reach) -> None:
    assert now.beyond(accepted) == []


@pytest.mark.parametrize(
    ("accepted", "now", "told"),
    [
        (reach("a.example"), reach("a.example", "b.example"), ["b.example"]),
        (reach("a.example"), reach("b.example"), ["b.example"]),
        (reach("b.a.example"), reach("*.a.example"), ["any name below a.example"]),
        (reach("*.a.example"), reach("*.a.example", "a.example"), ["a.example"]),
        (reach("https://a.example"), reach("a.example"), ["a.example"]),
        (reach("a.example"), reach("a.example", "a.example:8443"), ["a.example, port 8443"]),
        (
            reach("a.example"),
            reach("a.example", sign_in_hosts=["b.example"]),
            ["Only while you sign in: b.example"],
        ),
        (reach("a.example", sign_in_hosts=["b.example"]), reach("a.example", "b.example"), ["b.example"]),
        (
            reach("a.example", sign_in_hosts=["b.example"]),
            reach("a.example", sign_in_anywhere="So."),
            ["Only while you sign in: any host of the internet (So)"],
        ),
        (reach("a.example", sign_in_anywhere="So."), reach("a.example", "b.example"), ["b.example"]),
        (
            reach("home.example"),
            reach(HOME),
            ["home.example, also at an address of your private network (A server of your own)"],
        ),
        (
            reach("a.example", sign_in_anywhere="So."),
            reach("a.example", sign_in_anywhere="So.", sign_in_hosts=[SSO]),
            [
                "Only while you sign in: sso.example, also at an address of your private network (Theirs)",
            ],
        ),
    ],
)
def test_what_is_wider_is_told_and_nothing_else(accepted: Reach, now: Reach, told: list[str]) -> None:
    assert now.beyond(accepted) == told


def test_what_was_agreed_to_means_what_it_meant_whatever_has_become_a_public_suffix_since() -> None:
    """Kept from a day when nobody could have a name below it; the manifest of today says which names."""
    kept = Reach.from_json({**reach("a.example").as_json(), "hosts": ["*.github.io", "a.example"]})
    assert reach("gulls.github.io", "a.example").beyond(kept) == []
    assert reach("gulls.github.io", "b.example").beyond(kept) == ["b.example"]


def test_what_was_agreed_to_and_is_no_pattern_any_more_agrees_to_nothing() -> None:
    kept = Reach.from_json({**reach("a.example").as_json(), "hosts": ["*", "*evil*", "A.example", "", "b.example"]})
    assert reach("b.example").beyond(kept) == []
    assert reach("a.example", "b.example").beyond(kept) == ["a.example"]


def test_the_window_reaches_what_is_declared_for_it() -> None:
    assert reach("a.example", sign_in_hosts=["b.example"]).window_hosts == ("a.example", "b.example")
    assert reach("a.example").window_hosts == ("a.example",)
    assert reach("a.example", sign_in_anywhere="So.").window_hosts is None


def test_a_manifest_names_its_patterns_and_those_that_may_be_private() -> None:
    page = declared("a.example", HOME)
    assert (page.hosts, page.private_hosts) == (("a.example", "home.example"), ("home.example",))


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("192.168.1.20", "is an address of a private network"),
        ("169.254.169.254:80", "is an address of a private network"),
        ("[fd00::1]", "is an address of a private network"),
        ({"host": "a.example", "allow_private": True}, "allow_private needs a rationale"),
        ({**HOME, "rationale": ""}, "at least 1 character"),
        ({**HOME, "rationale": "x" * 201}, "at most 200"),
        ({**HOME, "rationale": "a\nb"}, "do not print"),
        ({**HOME, "host": "*.com"}, "is a public suffix"),
        ({"allow_private": True, "rationale": "So."}, "either host or setup_field"),
        (7, "should be a valid"),
    ],
)
def test_a_private_address_without_a_reason_is_refused(host: Any, why: str) -> None:
    with pytest.raises(ValidationError) as refused:
        declared("a.example", host)
    assert why in str(refused.value)


def test_a_private_address_with_a_reason_is_taken() -> None:
    assert declared({**HOME, "host": "192.168.1.20:8443"}).private_hosts == ("192.168.1.20:8443",)


def test_no_host_at_all_is_refused() -> None:
    with pytest.raises(ValidationError, match="there is none"):
        declared()
