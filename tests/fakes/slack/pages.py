"""The web pages a browser meets: the client, signing in, interstitials, private files.

Must not know: the API, how requests arrive, how pages look.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from fakes.slack.behaviour import Behaviour
from fakes.slack.cors import CLIENT_ORIGIN
from fakes.slack.layout import NONCE, document, escaped, js_string
from fakes.slack.session import COOKIE_LIFE, Session
from fakes.slack.world import Workspace

__all__ = ["Page", "Pages"]

# As on the real client: inline code only with a nonce, no eval, requests only to Slack
CSP = (
    f"default-src 'self' https://*.slack.com; script-src 'self' 'nonce-{NONCE}'; style-src 'unsafe-inline'; "
    "img-src 'self' data: https://*.slack.com; connect-src 'self' https://*.slack.com; "
    "object-src 'none'; base-uri 'none'"
)
SIGN_IN = f"{CLIENT_ORIGIN}/workspace-signin"
SIGN_IN_PATHS = ("/workspace-signin", "/signin", "/get-started")


@dataclass(frozen=True, slots=True)
class Page:
    body: str | bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class Pages:
    """Pages by host and path, for a browser that is signed in or not."""

    def __init__(self, session: Session, behaviour: Behaviour) -> None:
        self._session = session
        self._behaviour = behaviour

    def client_host(self, path: str, query: Mapping[str, str], cookies: Mapping[str, str], *, is_post: bool) -> Page:
        """app.slack.com."""
        worlds = self._session.signed_in(cookies)
        if path == "/":
            return _html("Slack", "<p>Slack</p>", script=f"var num_signed_in_users={len(worlds)};")
        if path == "/client" or path.startswith("/client/"):
            return self._client(path, worlds)
        if path == "/auth":
            return self._auth(query, worlds)
        return self.sign_in_host(path, is_post=is_post)

    def sign_in_host(self, path: str, *, is_post: bool) -> Page:
        """slack.com: a sign-in page with one button, so that a person (or a test) can sign in by hand."""
        if not path.startswith(SIGN_IN_PATHS):
            return _html("Page not found", "<h1>Page not found</h1>", status=404)
        if is_post:
            return self._sign_in()
        form = f'<form method="post" action="{SIGN_IN}"><button id="sign-in">Sign in</button></form>'
        return _html("Sign in | Slack", f"<h1>Sign in to Slack</h1>{form}")

    def workspace_host(self, domain: str, path: str, cookies: Mapping[str, str]) -> Page:
        """<domain>.slack.com outside /api/."""
        world = self._session.worlds.get(domain)
        if world is None:
            return _html("There is no workspace here", "<p>There has been a glitch.</p>", status=404)
        if world not in self._session.signed_in(cookies):
            if path == "/":
                return _html(f"Sign in to {world.name}", f"<h1>Sign in to {escaped(world.name)}</h1>")
            return _redirect(f"https://{domain}.slack.com/?redir={quote(path, safe='')}")
        client = f"{CLIENT_ORIGIN}/client/{world.team_id}"
        if path.startswith(("/ssb/redirect", "/archives/")):
            boot = json.dumps({"api_token": world.token(), "team_id": world.team_id})
            body = f'<p>Redirecting…</p><a href="{client}">use Slack in your browser</a>'
            return _html("Redirecting…", body, script=f"var boot_data = {boot};")
        return _redirect(client)

    def file_host(self, path: str, cookies: Mapping[str, str]) -> Page:
        """files.slack.com. Without a session a private file answers 200 with a sign-in page, not an error."""
        for world in self._session.signed_in(cookies):
            for file in world.files.values():
                if f"{world.team_id}-{file.id}/" in path and not file.deleted:
                    return Page(file.content, headers={"Content-Type": file.mimetype})
        return _html("Sign in | Slack", "<h1>Sign in to your workspace</h1>")

    def _client(self, path: str, worlds: list[Workspace]) -> Page:
        team = path.removeprefix("/client").strip("/").partition("/")[0]
        if not worlds:
            return _redirect(f"{SIGN_IN}?redir={quote('/gantry/client', safe='')}")
        if not team:
            return _redirect(f"{CLIENT_ORIGIN}/client/{worlds[0].team_id}")
        active = next((world for world in worlds if world.team_id == team), None)
        if active is None:
            return _redirect(f"{SIGN_IN}?redir={quote(path, safe='')}")
        return self._booting(active, worlds)

    def _booting(self, active: Workspace, worlds: list[Workspace]) -> Page:
        """The client: it stores its token a moment after it is loaded, as the real one does once it has booted."""
        behaviour = self._behaviour
        config = self._session.local_config(worlds, active)
        if not behaviour.token_stored:
            teams = config["teams"].items()
            bare = {team: {name: value for name, value in entry.items() if name != "token"} for team, entry in teams}
            config |= {"teams": {}, "prevTeams": bare}
        value = js_string(json.dumps(config, sort_keys=True))
        store = f"localStorage.setItem({js_string(behaviour.token_key)},{value});document.body.dataset.booted='true'"
        person = escaped(active.users[active.account].real_name)
        body = f"<h1>{escaped(active.name)}</h1><p>Signed in as {person}.</p>"
        script = f"setTimeout(()=>{{{store}}},{behaviour.token_delay_ms})"
        return _html(f"{active.name} - Slack", body, script=script)

    def _auth(self, query: Mapping[str, str], worlds: list[Workspace]) -> Page:
        if not self._behaviour.auth_endpoint or query.get("response_type") != "json":
            return _html("Page not found", "<h1>Page not found</h1>", status=404)
        asked = query.get("teams", "").split(",")
        teams = {world.team_id: {"token": world.token()} for world in worlds if world.team_id in asked}
        body = json.dumps(
            {"ok": True, "teams": teams} if teams else {"ok": False, "error": "not_authed"}, sort_keys=True
        )
        return Page(body, headers={"Content-Type": "application/json; charset=utf-8"})

    def _sign_in(self) -> Page:
        worlds = list(self._session.worlds.values())
        for world in worlds:
            world.signed_in = True
        attributes = f"Domain=.slack.com; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={COOKIE_LIFE}"
        cookie = f"d={self._session.cookie}; {attributes}"
        return _redirect(f"{CLIENT_ORIGIN}/client/{worlds[0].team_id}", cookie=cookie)


def _html(title: str, body: str, *, status: int = 200, script: str = "") -> Page:
    headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": CSP}
    return Page(document(title, body, script=script), status, headers)


def _redirect(to: str, *, cookie: str | None = None) -> Page:
    return Page("", 302, {"Location": to} | ({"Set-Cookie": cookie} if cookie else {}))
