"""Recognising a signed-out owner from an address (HO-4)."""

import pytest

from polyhost.browser.session import SignedOutRule
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
