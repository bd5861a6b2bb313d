"""Whether the owner is still signed in, told from where the page ended up.

Owns: the recognition, and the sentence that asks the owner to sign in. Must not know: how a session is stored or made;
nothing here writes one, so a failed run never overwrites a good one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from polyhost.errors import NeedsOwnerError, RefusedError

__all__ = ["SIGNED_OUT", "SignedOutRule"]

SIGNED_OUT = "signed_out"


class SignedOutRule:
    """The manifest's `polyfill.session.signed_out`: expressions for the addresses a signed-out owner is sent to."""

    def __init__(self, patterns: Sequence[str]) -> None:
        try:
            self._patterns = [re.compile(pattern) for pattern in patterns]
        except re.error as error:
            raise RefusedError(
                f"manifest: polyfill.session.signed_out: {error.pattern!r} is no regular expression: {error.msg}"
            ) from error

    def matches(self, url: str) -> bool:
        return any(pattern.search(url) for pattern in self._patterns)

    def check(self, url: str, site: str) -> None:
        """NeedsOwnerError where this address is one that a signed-out owner is sent to."""
        if self.matches(url):
            raise NeedsOwnerError(
                f"You are signed out of {site}", "Sign in again; what was collected stays.", code=SIGNED_OUT
            )
