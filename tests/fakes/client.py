"""A client of the fake Slack that knows no browser. Must not know: polyfills."""

from __future__ import annotations

from typing import Any

import aiohttp

from fakes.slack import FakeSlack

__all__ = ["Client"]


class Client:
    """The least a client needs: a form, a token, a cookie."""

    def __init__(self, slack: FakeSlack, session: aiohttp.ClientSession) -> None:
        self.slack, self.session = slack, session

    async def post(self, method: str, host: str | None = None, **fields: str) -> aiohttp.ClientResponse:
        url = f"https://{host or self.slack.world.domain + '.slack.com'}/api/{method}"
        return await self.session.post(url, data={"token": self.slack.world.token(), **fields})

    async def call(self, method: str, **fields: str) -> dict[str, Any]:
        async with await self.post(method, **fields) as response:
            return await response.json()

    async def walk(self, method: str, key: str, **fields: str) -> list[Any]:
        """All pages of a cursor walk."""
        items: list[Any] = []
        cursor = ""
        while True:
            page = await self.call(method, **fields, **({"cursor": cursor} if cursor else {}))
            assert page["ok"], page
            items.extend(page[key])
            cursor = page.get("response_metadata", {}).get("next_cursor", "")
            if not cursor:
                return items
