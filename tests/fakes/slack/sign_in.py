"""Signing in by hand: workspace address, password, code, single sign-on at another host, code by mail, workspace list.

The doors of the real site, as few pages each as a person meets. Owns: what is typed, what is wrong, and when the cookie
is handed out. Must not know: how requests arrive, the client, the API.

    slack.com/workspace-signin      the workspace's address; or a button that signs in everywhere at once
    <ws>.slack.com/                 mail address and password, or a link to the identity provider where the door has one
    <ws>.slack.com/sign-in/code     the second factor
    <ws>.slack.com/sso/saml/start   leads to login.identity.example and comes back to /sso/saml/callback
    slack.com/signin                a code by mail, then the list of workspaces: the cookie comes when one is opened
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from fakes.slack.cors import CLIENT_ORIGIN
from fakes.slack.layout import escaped
from fakes.slack.session import COOKIE_LIFE, Session
from fakes.slack.views import Page, html_page, redirect
from fakes.slack.world import Workspace

__all__ = ["IDENTITY_HOST", "Door", "SignIn"]

IDENTITY_HOST = "login.identity.example"
SIGN_IN = f"{CLIENT_ORIGIN}/workspace-signin"
SIGN_IN_PATHS = ("/workspace-signin", "/signin", "/get-started")
WRONG_PASSWORD = "Sorry, you entered an incorrect email address or password."
WRONG_CODE = "That code is not right. Try again."

Form = Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class Door:
    """What has to be typed to get in, and how often it was tried."""

    email: str = "otto@lantern.example"
    password: str = "correct-horse-lantern"
    code: str = "482913"
    two_factor: bool = False
    single_sign_on: bool = False
    tried: int = 0
    tickets: set[str] = field(default_factory=set)
    """Handed out between two steps; good once."""

    def fits(self, form: Form) -> bool:
        self.tried += 1
        return (form.get("email"), form.get("password")) == (self.email, self.password)

    def ticket(self) -> str:
        made = secrets.token_hex(8)
        self.tickets.add(made)
        return made

    def redeem(self, ticket: str) -> bool:
        known = ticket in self.tickets
        self.tickets.discard(ticket)
        return known


class SignIn:
    """Pages for a browser that is not signed in. `form`: what was posted, None for a plain visit."""

    def __init__(self, session: Session, door: Door) -> None:
        self._session = session
        self._door = door

    def front(self, path: str, query: Mapping[str, str], form: Form | None) -> Page:
        """slack.com and the sign-in paths of app.slack.com."""
        if not path.startswith(SIGN_IN_PATHS):
            return html_page("Page not found", "<h1>Page not found</h1>", status=404)
        if path.startswith("/signin"):
            return self._by_mail(path, query, form)
        if form is None:
            return html_page("Sign in | Slack", _WORKSPACE_FORM)
        if "domain" in form:
            return redirect(f"https://{quote(form['domain'], safe='')}.slack.com/")
        for world in self._session.worlds.values():
            world.signed_in = True
        return self._welcome(next(iter(self._session.worlds.values())))

    def workspace(self, world: Workspace, path: str, query: Mapping[str, str], form: Form | None) -> Page | None:
        """<domain>.slack.com; None where this is not a page for signing in."""
        match path:
            case "/" if form is not None:
                return self._password(world, form)
            case "/":
                return html_page(f"Sign in to {world.name}", self._password_form(world))
            case "/sign-in/code" if form is not None:
                return self._second_factor(world, form)
            case "/sso/saml/start":
                return redirect(f"https://{IDENTITY_HOST}/saml?RelayState={world.domain}")
            case "/sso/saml/callback" if self._door.redeem(query.get("assertion", "")):
                return self._welcome(world)
            case _:
                return None

    def identity(self, query: Mapping[str, str], form: Form | None) -> Page:
        """login.identity.example: somebody else's page altogether."""
        domain = query.get("RelayState", "")
        said = ""
        if form is not None:
            if self._door.fits(form):
                back = f"https://{domain}.slack.com/sso/saml/callback?assertion={self._door.ticket()}"
                return redirect(back)
            said = _alert("Identity does not know you.")
        action = f"https://{IDENTITY_HOST}/saml?RelayState={escaped(domain)}"
        fields = _field("email", "email") + _field("password", "password")
        return html_page("Identity", f"<h1>Identity</h1>{said}{_form(action, fields, 'Continue')}")

    def _password_form(self, world: Workspace, said: str = "") -> str:
        if self._door.single_sign_on:
            return (
                f'<h1>Sign in to {escaped(world.name)}</h1><a id="sso" href="/sso/saml/start">Sign in with Identity</a>'
            )
        fields = _field("email", "email") + _field("password", "password")
        return f"<h1>Sign in to {escaped(world.name)}</h1>{said}{_form('/', fields, 'Sign in')}"

    def _password(self, world: Workspace, form: Form) -> Page:
        if not self._door.fits(form):
            return html_page(f"Sign in to {world.name}", self._password_form(world, _alert(WRONG_PASSWORD)))
        if self._door.two_factor:
            return html_page("Enter your code", self._code_form("/sign-in/code"))
        return self._welcome(world)

    def _second_factor(self, world: Workspace, form: Form) -> Page:
        if not self._door.redeem(form.get("ticket", "")):
            return redirect(f"https://{world.domain}.slack.com/")
        if form.get("code") != self._door.code:
            return html_page("Enter your code", self._code_form("/sign-in/code", _alert(WRONG_CODE)))
        return self._welcome(world)

    def _by_mail(self, path: str, query: Mapping[str, str], form: Form | None) -> Page:
        if path == "/signin/open" and self._door.redeem(query.get("ticket", "")):
            return self._open(self._session.worlds[query["domain"]])
        if form is None:
            return html_page(
                "Sign in | Slack", "<h1>Sign in</h1>" + _form("/signin/code", _field("email", "email"), "Go")
            )
        if "code" not in form:
            return html_page("Check your email for a code", self._code_form("/signin/code"))
        if not self._door.redeem(form.get("ticket", "")) or form["code"] != self._door.code:
            return html_page("Check your email for a code", self._code_form("/signin/code", _alert(WRONG_CODE)))
        links = "".join(
            f'<p><a id="open-{world.domain}" href="/signin/open?domain={world.domain}&ticket={self._door.ticket()}">'
            f"{escaped(world.name)}</a></p>"
            for world in self._session.worlds.values()
        )
        return html_page("Choose a workspace", f"<h1>Your workspaces</h1>{links}")

    def _code_form(self, action: str, said: str = "") -> str:
        hidden = f'<input type="hidden" name="ticket" value="{self._door.ticket()}">'
        return f"<h1>Enter your code</h1>{said}{_form(action, _field('code', 'text') + hidden, 'Verify')}"

    def _open(self, world: Workspace) -> Page:
        """From the list the way leads over the page that offers the app first."""
        world.signed_in = True
        return redirect(f"https://{world.domain}.slack.com/ssb/redirect", cookie=self._cookie())

    def _welcome(self, world: Workspace) -> Page:
        world.signed_in = True
        return redirect(f"{CLIENT_ORIGIN}/client/{world.team_id}", cookie=self._cookie())

    def _cookie(self) -> str:
        attributes = f"Domain=.slack.com; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={COOKIE_LIFE}"
        return f"d={self._session.cookie}; {attributes}"


def _form(action: str, fields: str, button: str) -> str:
    return f'<form method="post" action="{action}">{fields}<button id="go">{button}</button></form>'


def _field(name: str, kind: str) -> str:
    return f'<p><label>{name} <input name="{name}" type="{kind}"></label></p>'


def _alert(text: str) -> str:
    return f'<p role="alert">{escaped(text)}</p>'


_WORKSPACE_FORM = (
    "<h1>Sign in to your workspace</h1>"
    + _form(SIGN_IN, _field("domain", "text"), "Continue")
    + f'<form method="post" action="{SIGN_IN}"><button id="sign-in">Sign in</button></form>'
)
