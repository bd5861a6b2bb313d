"""The web pages a browser meets: the client, signing in, interstitials, private files.

Must not know: the API, how requests arrive, how pages look.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import quote

from fakes.slack.behaviour import Behaviour
from fakes.slack.cors import CLIENT_ORIGIN
from fakes.slack.layout import escaped, js_string
from fakes.slack.model import File
from fakes.slack.session import Session
from fakes.slack.sign_in import SIGN_IN, Door, Form, SignIn
from fakes.slack.views import Page, html_page, redirect
from fakes.slack.world import Workspace

__all__ = ["Pages"]


class Pages:
    """Pages by host and path, for a browser that is signed in or not."""

    def __init__(self, session: Session, behaviour: Behaviour, door: Door) -> None:
        self._session = session
        self._behaviour = behaviour
        self.sign_in = SignIn(session, door)

    def client_host(self, path: str, query: Mapping[str, str], cookies: Mapping[str, str], form: Form | None) -> Page:
        """app.slack.com."""
        worlds = self._session.signed_in(cookies)
        if path == "/":
            return html_page("Slack", "<p>Slack</p>", script=self._counted(worlds))
        if path == "/client" or path.startswith("/client/"):
            return self._client(path, worlds)
        if path == "/auth":
            return self._auth(query, worlds)
        return self.sign_in.front(path, query, form)

    def workspace_host(
        self, domain: str, path: str, query: Mapping[str, str], cookies: Mapping[str, str], form: Form | None
    ) -> Page:
        """<domain>.slack.com outside /api/."""
        world = self._session.worlds.get(domain)
        if world is None:
            return html_page("There is no workspace here", "<p>There has been a glitch.</p>", status=404)
        if world not in self._session.signed_in(cookies):
            door = self.sign_in.workspace(world, path, query, form)
            if door is not None:
                return door
            return redirect(f"https://{domain}.slack.com/?redir={quote(path, safe='')}")
        client = f"{CLIENT_ORIGIN}/client/{world.team_id}"
        if path.startswith(("/ssb/redirect", "/archives/")):
            boot = json.dumps({"api_token": world.token(), "team_id": world.team_id})
            body = f'<p>Redirecting…</p><a href="{client}">use Slack in your browser</a>'
            return html_page("Redirecting…", body, script=f"var boot_data = {boot};")
        return redirect(client)

    def file_of(self, path: str, cookies: Mapping[str, str]) -> File | None:
        """The file of files.slack.com that this session may have."""
        worlds = [] if self._behaviour.files_ask_to_sign_in else self._session.signed_in(cookies)
        for world in worlds:
            for file in world.files.values():
                if f"{world.team_id}-{file.id}/" in path and not file.deleted:
                    return file
        return None

    @staticmethod
    def no_file() -> Page:
        """Without a session a private file answers 200 with a sign-in page, not an error."""
        return html_page("Sign in | Slack", "<h1>Sign in to your workspace</h1>")

    def _counted(self, worlds: list[Workspace]) -> str:
        count = 0 if self._behaviour.front_counts_nobody else len(worlds)
        return f"var num_signed_in_users={count};" if self._behaviour.front_tells else ""

    def _client(self, path: str, worlds: list[Workspace]) -> Page:
        team = path.removeprefix("/client").strip("/").partition("/")[0]
        if not worlds:
            return redirect(f"{SIGN_IN}?redir={quote('/gantry/client', safe='')}")
        if not team:
            return redirect(f"{CLIENT_ORIGIN}/client/{worlds[0].team_id}")
        active = next((world for world in worlds if world.team_id == team), None)
        if active is None:
            return redirect(f"{SIGN_IN}?redir={quote(path, safe='')}")
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
        return html_page(f"{active.name} - Slack", body, script=script)

    def _auth(self, query: Mapping[str, str], worlds: list[Workspace]) -> Page:
        if not self._behaviour.auth_endpoint or query.get("response_type") != "json":
            return html_page("Page not found", "<h1>Page not found</h1>", status=404)
        asked = query.get("teams", "").split(",")
        teams = {world.team_id: {"token": world.token()} for world in worlds if world.team_id in asked}
        body = json.dumps(
            {"ok": True, "teams": teams} if teams else {"ok": False, "error": "not_authed"}, sort_keys=True
        )
        return Page(body, headers={"Content-Type": "application/json; charset=utf-8"})
