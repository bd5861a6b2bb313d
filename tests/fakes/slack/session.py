"""The browser session: one cookie for all workspaces, one token for each; and the state file a browser can start from.

Must not know: HTTP handlers, methods.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from fakes.slack.cors import CLIENT_ORIGIN
from fakes.slack.world import Workspace

__all__ = ["Session"]

COOKIE_LIFE = 4_102_444_800  # unix seconds, the year 2100: a recording never expires


class Session:
    """Who is signed in where, judged by cookie and token together."""

    def __init__(self, worlds: Sequence[Workspace]) -> None:
        self.worlds = {world.domain: world for world in worlds}
        self._ended = 0

    @property
    def cookie(self) -> str:
        """The session that is valid now: always the same first one, so that recordings come out alike."""
        seed = "/".join(sorted(self.worlds)) + (f"#{self._ended}" if self._ended else "")
        digest = hashlib.sha256(seed.encode()).hexdigest()
        return quote(f"xoxd-{digest[:40]}/{digest[40:]}=", safe="")

    def expire(self) -> None:
        """Ends every session that was handed out. Signing in again makes another."""
        self._ended += 1

    def signed_in(self, cookies: Mapping[str, str]) -> list[Workspace]:
        """The workspaces this browser is signed in to."""
        if cookies.get("d") != self.cookie:
            return []
        return [world for world in self.worlds.values() if world.signed_in]

    def holder(self, token: str) -> tuple[Workspace, str] | None:
        """The workspace and user a token belongs to, signed in or not."""
        for world in self.worlds.values():
            user = world.owner_of(token)
            if user is not None:
                return world, user
        return None

    def local_config(self, worlds: Sequence[Workspace], active: Workspace) -> dict[str, Any]:
        """What the client keeps in localStorage."""
        teams = {
            world.team_id: {
                "id": world.team_id,
                "token": world.token(),
                "url": f"https://{world.domain}.slack.com/",
                "domain": world.domain,
                "name": world.name,
                "user_id": world.account,
                "versionDataTs": 1_788_000_000,
            }
            for world in worlds
        }
        return {"lastActiveTeamId": active.team_id, "teams": teams, "orderedTeamIds": list(teams), "orgs": {}}

    def storage_state(self, domain: str | None = None) -> dict[str, Any]:
        """A Playwright storage state of the signed-in browser; `domain`: the active workspace (default: the first)."""
        worlds = list(self.worlds.values())
        active = self.worlds[domain] if domain else worlds[0]
        config = json.dumps(self.local_config(worlds, active), sort_keys=True)
        cookies = [self._cookie("d", self.cookie, http_only=True), self._cookie("d-s", "1788000000", http_only=False)]
        return {
            "cookies": cookies,
            "origins": [{"origin": CLIENT_ORIGIN, "localStorage": [{"name": "localConfig_v2", "value": config}]}],
        }

    def _cookie(self, name: str, value: str, *, http_only: bool) -> dict[str, Any]:
        return {
            "name": name,
            "value": value,
            "domain": ".slack.com",
            "path": "/",
            "expires": COOKIE_LIFE,
            "httpOnly": http_only,
            "secure": True,
            "sameSite": "Lax",
        }
