"""Whether the owner is signed in: told from where the page ended up, and by the manifest's probe, which asks the site.

Owns: the recognition, what a probe may answer, and the sentence that asks the owner to sign in. Must not know: how a
session is stored or made; nothing here writes one, so a failed run never overwrites a good one.

A probe runs in an isolated world of its own, as a polyfill does: the page can neither see nor answer for it. It gets no
binding and no SDK. Whatever goes wrong in it comes out as "cannot tell", which is never taken for signed out.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.async_api import Error, Page
from pydantic import BaseModel, Field, ValidationError

from polyhost.browser.bridge.scripts import PageScript
from polyhost.browser.isolated import run_isolated
from polyhost.errors import ErrorCode, NeedsOwnerError, RefusedError
from polyhost.protocol.host_patterns import allows_url
from polyhost.protocol.patterns import Pattern, compile_pattern

__all__ = ["UNTELLABLE", "Looked", "SessionReport", "SessionSigns", "SignedOutRule", "Workspace", "shown_address"]

PROBE_SECONDS = 20.0
"""Seconds a probe has for its few requests; a site that takes longer tells nothing."""
MAX_TEXT = 200
"""Characters of an id, a label or an address that a probe may answer with."""
MAX_WORKSPACES = 200
_MOST_PATTERNS = 3
"""Patterns that a sentence quotes."""
_LONGEST_STEP = 20
"""Characters of one step of a path that is shown; what is longer may be a key."""
_MOST_STEPS = 6


UNTELLABLE = (
    "nothing says how a signed-in session looks: polyfill.session has neither signed_in nor a probe, "
    "so nobody could ever be known to be in"
)
"""What follows for a sign-in; told by `polyfill check`, and before a window opens that would wait in vain."""


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


@dataclass(frozen=True, slots=True)
class Looked:
    """What a page said of its session. `why`: where that is not that somebody is in, a clause for whoever wrote the
    manifest, without anything the site said."""

    report: SessionReport
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSigns:
    """How a manifest tells whether anybody is signed in. `probe`: its script, with the libraries before it.
    `site`: the address it is told, where the owner hosts the site."""

    hosts: tuple[str, ...]
    signed_out: tuple[str, ...] = ()
    signed_in: tuple[str, ...] = ()
    probe: tuple[PageScript, ...] = ()
    site: str | None = None
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
        return (await self.look_closely(page, identity=identity)).report

    async def look_closely(self, page: Page, *, identity: bool = False) -> Looked:
        """The same, with why nobody is known to be in."""
        url = page.url
        if not self.may_be_in(url):
            return Looked(SessionReport(signed_in=False if self._out.matches(url) else None), self.why_not_in(url))
        if not self.probe:
            return Looked(SessionReport(signed_in=True if self._in else None), "" if self._in else UNTELLABLE)
        name, at = self.probe[-1].name.rpartition("/")[2], shown_address(url)
        expression = _expression(self.probe, identity, self.site)
        try:
            answer, thrown = await asyncio.wait_for(run_isolated(page, expression), PROBE_SECONDS)
            if thrown is not None:
                return Looked(SessionReport(), f"{name} threw {thrown} at {at}")
            report = self._checked(answer)
        except TimeoutError:
            return Looked(SessionReport(), f"{name} did not answer within {PROBE_SECONDS:g} s at {at}")
        except ValidationError as error:
            field = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"]) or "as a whole"
            return Looked(SessionReport(), f"{name} answered what is not a session's state ({field}) at {at}")
        except Error:
            return Looked(SessionReport(), f"{name} was cut off: the page went elsewhere, from {at}")
        said = {False: "that nobody is signed in", None: "that it cannot tell (signed_in: null)", True: ""}
        told = said[report.signed_in]
        return Looked(report, f"{name} answered {told} at {at}" if told else "")

    def why_not_in(self, url: str) -> str:
        """Which rule of the manifest keeps this address from being one of a signed-in owner; empty where none does."""
        at = shown_address(url)
        if self._out.matches(url):
            return f"the page was at {at}, which polyfill.session.signed_out calls signed out"
        if not allows_url(self.hosts, url):
            return f"the page was at {at}, which is not among polyfill.hosts"
        if self.may_be_in(url):
            return ""
        patterns = ", ".join(self.signed_in[:_MOST_PATTERNS]) + (", …" if len(self.signed_in) > _MOST_PATTERNS else "")
        return f"the page was at {at}, which no pattern of polyfill.session.signed_in matches ({patterns})"

    def _checked(self, answer: object) -> SessionReport:
        """A workspace's page outside the declared hosts is not taken: nothing could be collected there."""
        report = SessionReport.model_validate(answer)
        kept = tuple(
            place if place.url and allows_url(self.hosts, place.url) else _without_page(place)
            for place in report.workspaces
        )
        return report.model_copy(update={"workspaces": kept})


def shown_address(url: str) -> str:
    """An address as far as it may be told: without query, fragment and user, and with long steps of its path left out,
    since any of these may hold a key."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that cannot be read"
    if parts.scheme not in ("http", "https"):
        return "an empty page" if url in ("", "about:blank") else f"a page of {parts.scheme}:"
    steps = ["…" if len(step) > _LONGEST_STEP else step for step in parts.path.split("/")[1:]]
    path = "/".join(steps[:_MOST_STEPS]) + ("/…" if len(steps) > _MOST_STEPS else "")
    return f"{parts.scheme}://{host}{port}/{path}"


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


def _expression(scripts: Sequence[PageScript], identity: bool, site: str | None) -> str:
    """One async function around libraries and probe: nothing of them stays in the world, or meets another script."""
    texts = "\n".join(script.text for script in scripts)
    asked = json.dumps({"identity": identity, "site": site})  # ASCII alone, so it is JavaScript too
    return (
        "(async () => { let look; const polyfill = () => {}; const probe = (given) => { look = given; };\n"
        f"{texts}\nreturn await look({asked}); }})()\n//# sourceURL={scripts[-1].url}"
    )
