"""A new sign-in link of the server that runs already, in another process.

Owns: asking it for one with the home's token. Must not know: how a link is made or used.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp

from polyhost.api.gate import read_token
from polyhost.api.login import LINK_PATH
from polyhost.engine.settings.config import load_config
from polyhost.errors import ErrorCode, RefusedError

__all__ = ["ask_for_link"]

LINK_SECONDS = 10.0
"""A server that answers at all answers this at once."""


async def ask_for_link(home: Path, port: int | None) -> str:
    """The link, whole. `port`: instead of the one in the settings. RefusedError `not_serving`."""
    origin = f"http://127.0.0.1:{load_config(home, flags={'serve.port': port}).serve.port}"
    headers = {"Authorization": f"Bearer {read_token(home)}"}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=LINK_SECONDS)) as session,
            session.post(origin + LINK_PATH, headers=headers) as answer,
        ):
            made: Any = await answer.json(content_type=None) if answer.status == 201 else None
    except (aiohttp.ClientError, TimeoutError):
        made = None
    if made is None:
        raise RefusedError(
            f"no server of this home answers at {origin}", "Start it: polyhost serve", code=ErrorCode.NOT_SERVING
        )
    return origin + made["path"]
