"""Whether the owner is signed in: told from where the page ended up, and by the manifest's probe, which asks the site.

Owns: the recognition, what a probe may answer, and the sentence that asks the owner to sign in. Must not know: how a
session is stored or made; nothing here writes one, so a failed run never overwrites a good one.

A probe runs in an isolated world of its own, as a polyfill does: the page can neither see nor answer for it. It gets no
binding and no SDK. Whatever goes wrong in it comes out as "cannot tell", which is never taken for signed out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from playwright.async_api import Error, Page
from pydantic import BaseModel, Field, ValidationError

from polyhost.browser.bridge.scripts import PageScript
from polyhost.browser.isolated import evaluate_isolated
from polyhost.errors import ErrorCode, NeedsOwnerError, RefusedError
from polyhost.protocol.host_patterns import allows_url
from polyhost.protocol.patterns import Pattern, compile_pattern

__all__ = ["SessionReport", "SessionSigns", "SignedOutRule", "Workspace"]

PROBE_SECONDS = 20.0
"""Seconds a probe has for its few requests; a site that takes longer tells nothing."""
MAX_TEXT = 200
"""Characters of an id, a label or an address that a probe may answer with."""
MAX_WORKSPACES = 200


class SignedOutRule:
    """The manifest's `polyfill.session.signed_out`: expressions for the addresses a signed-out owner is sent to."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = _compiled(patterns, "signed_out")

    def matches(self, url: str) -> bool:
        return any(pattern.search(url) for pattern in self._patterns)

    def check(self, url: str, site: str) -> None:
        """NeedsOwnerError where this address is one that a signed-out owner is sent to."""
        if self.matches(url):
            raise NeedsOwnerError(
                f"You are signed out of {site}", "Sign in again; what was collected stays.", code=ErrorCode.SIGNED_OUT
            )


class Account(BaseModel):
    """Who is signed in."""

    id: str = Field(min_length=1, max_length=MAX_TEXT)
    label: str | None = Field(default=None, max_length=MAX_TEXT)


class Workspace(BaseModel):
    """One of the places a session opens. `url`: the page a connection of its own collects from."""

    id: str = Field(min_length=1, max_length=MAX_TEXT)
    label: str | None = Field(default=None, max_length=MAX_TEXT)
    url: str | None = Field(default=None, max_length=MAX_TEXT)

    @property
    def name(self) -> str:
        return self.label or self.id


class SessionReport(BaseModel):
    """What is known of a session. `signed_in` None: nothing can be told from here."""

    signed_in: bool | None = None
    account: Account | None = None
    workspaces: tuple[Workspace, ...] = Field(default=(), max_length=MAX_WORKSPACES)

    @property
    def names_someone(self) -> bool:
        """Signed in, as somebody, to something."""
        return bool(self.signed_in and self.account and self.workspaces)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSigns:
    """How a manifest tells whether anybody is signed in. `probe`: its script, with the libraries before it."""

    hosts: tuple[str, ...]
    signed_out: tuple[str, ...] = ()
    signed_in: tuple[str, ...] = ()
    probe: tuple[PageScript, ...] = ()
    _out: SignedOutRule = field(init=False)
    _in: tuple[Pattern, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_out", SignedOutRule(self.signed_out))
        object.__setattr__(self, "_in", _compiled(self.signed_in, "signed_in"))

    def may_be_in(self, url: str) -> bool:
        """Whether a signed-in owner ends up at this address; where no pattern says so, at any of the site's."""
        if not allows_url(self.hosts, url):
            return False
        if self._out.matches(url):
            return False
        return any(pattern.search(url) for pattern in self._in) if self._in else True

    async def look(self, page: Page, *, identity: bool = False) -> SessionReport:
        """Ask the page. `identity`: also who it is. Never raises: what cannot be told is not told."""
        if self._out.matches(page.url):
            return SessionReport(signed_in=False)
        if not self.may_be_in(page.url):
            return SessionReport()
        if not self.probe:
            return SessionReport(signed_in=True if self._in else None)
        expression = _expression(self.probe, identity)
        try:
            return self._checked(await asyncio.wait_for(evaluate_isolated(page, expression), PROBE_SECONDS))
        except (Error, TimeoutError, ValidationError):
            return SessionReport()

    def _checked(self, answer: object) -> SessionReport:
        """A workspace's page outside the declared hosts is not taken: nothing could be collected there."""
        report = SessionReport.model_validate(answer)
        kept = tuple(
            place if place.url and allows_url(self.hosts, place.url) else _without_page(place)
            for place in report.workspaces
        )
        return report.model_copy(update={"workspaces": kept})


def _without_page(place: Workspace) -> Workspace:
    return place.model_copy(update={"url": None})


def _compiled(patterns: Sequence[str], name: str) -> tuple[Pattern, ...]:
    try:
        return tuple(compile_pattern(pattern) for pattern in patterns)
    except ValueError as error:
        raise RefusedError(
            f"a pattern of the manifest's polyfill.session.{name} is {error}",
            "Correct manifest.json; `polyhost polyfill check` names every rule it breaks.",
        ) from error


def _expression(scripts: Sequence[PageScript], identity: bool) -> str:
    """One async function around libraries and probe: nothing of them stays in the world, or meets another script."""
    texts = "\n".join(script.text for script in scripts)
    asked = "true" if identity else "false"
    return (
        "(async () => { let look; const polyfill = () => {}; const probe = (given) => { look = given; };\n"
        f"{texts}\nreturn await look({{ identity: {asked} }}); }})()\n//# sourceURL={scripts[-1].url}"
    )
