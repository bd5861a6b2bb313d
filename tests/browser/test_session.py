"""Recognising from an address, and by a probe, whether an owner is in; and saying why that cannot be told (HO-4)."""

import pytest

from polyhost.browser.session import SessionSigns, SignedOutRule, shown_address
from polyhost.errors import ErrorCode, NeedsOwnerError, RefusedError

RULE = SignedOutRule([r"^https://[^/]*slack\.com/(workspace-)?signin", r"^https://app\.slack\.com/get-started"])


@pytest.mark.requirement("HO-4")
@pytest.mark.parametrize(
    ("url", "signed_out"),
    [
        ("https://app.slack.com/workspace-signin?redir=1", True),
        ("https://slack.com/signin", True),
        ("https://app.slack.com/get-started#/", True),
        ("https://app.slack.com/client/T1/C1", False),
        ("https://evil.test/?https://slack.com/signin", False),
        ("", False),
    ],
)
def test_an_address_tells_whether_the_owner_is_signed_out(url: str, signed_out: bool) -> None:
    assert RULE.matches(url) is signed_out


@pytest.mark.requirement("HO-4")
def test_the_owner_is_told_which_site_to_sign_in_to_again() -> None:
    with pytest.raises(NeedsOwnerError, match=r"signed out of app\.slack\.com") as raised:
        RULE.check("https://slack.com/signin?email=someone", "app.slack.com")
    assert raised.value.code == ErrorCode.SIGNED_OUT
    assert "someone" not in str(raised.value)


def test_an_expression_that_is_none_is_refused() -> None:
    with pytest.raises(RefusedError, match="signed_out"):
        SignedOutRule(["("])


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://gulls.example/", "https://gulls.example/"),
        ("https://mina:secret@gulls.example:8443/a/b?token=t#key", "https://gulls.example:8443/a/b"),
        ("https://gulls.example/magic/aVeryLongTokenOfASignInLink/go", "https://gulls.example/magic/…/go"),
        ("https://gulls.example/1/2/3/4/5/6/7/8", "https://gulls.example/1/2/3/4/5/6/…"),
        ("about:blank", "an empty page"),
        ("data:text/html,secret", "a page of data:"),
        ("https://[", "an address that cannot be read"),
    ],
)
def test_of_an_address_nothing_is_shown_that_may_hold_a_key(url: str, shown: str) -> None:
    assert shown_address(url) == shown


SIGNS = SessionSigns(
    hosts=("gulls.example",), signed_out=("^https://gulls\\.example/signin",), signed_in=("/home$", "/start$")
)


@pytest.mark.requirement("HO-4")
@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://gulls.example/home", ""),
        ("https://gulls.example/signin?next=x", "/signin, which polyfill.session.signed_out calls signed out"),
        ("https://id.example/login", "https://id.example/login, which is not among polyfill.hosts"),
        ("https://gulls.example/welcome", "which no pattern of polyfill.session.signed_in matches (/home$, /start$)"),
    ],
)
def test_the_rule_that_keeps_an_address_from_being_one_of_a_signed_in_owner_is_named(url: str, why: str) -> None:
    assert SIGNS.why_not_in(url).endswith(why)
    assert SIGNS.may_be_in(url) is (why == "")
