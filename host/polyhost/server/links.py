"""The server of this home that runs already, in another process: a new sign-in link of it, and who is signed in there.

Owns: asking it with the home's token. Must not know: how a link is made or used, what a sign-in is.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp

from polyhost.api.gate import read_token
from polyhost.api.login import LINK_PATH
from polyhost.engine.settings.config import load_config
from polyhost.errors import ErrorCode, RefusedError
from polyhost.operations.sign_ins import SIGN_INS_PATH, SignedOut, SignInList, SignInsKept

__all__ = ["SignInsElsewhere", "ask_for_link"]

ASK_SECONDS = 10.0
"""A server that answers at all answers this at once."""


async def ask_for_link(home: Path, port: int | None, *, by_address: bool = False) -> str:
    """The link, whole. `port`: instead of the one in the settings. `by_address`: to 127.0.0.1. RefusedError
    `not_serving`."""
    made = await _ask(home, port, "POST", f"{LINK_PATH}?by_address={str(by_address).lower()}")
    return made["link"]


@dataclass(frozen=True, slots=True)
class SignInsElsewhere(SignInsKept):
    """Those of the server at a port of this machine. RefusedError `not_serving`, and as the server refuses."""

    home: Path
    port: int | None

    async def listed(self) -> SignInList:
        return await _ask(self.home, self.port, "GET", SIGN_INS_PATH)

    async def end(self, sign_in: str) -> SignedOut:
        return await _ask(self.home, self.port, "DELETE", f"{SIGN_INS_PATH}/{quote(sign_in, safe='')}")

    async def end_all(self) -> SignedOut:
        return await _ask(self.home, self.port, "DELETE", SIGN_INS_PATH)


async def _ask(home: Path, port: int | None, method: str, path: str) -> Any:
    origin = f"http://127.0.0.1:{load_config(home, flags={'serve.port': port}).serve.port}"
    headers = {"Authorization": f"Bearer {read_token(home)}"}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ASK_SECONDS)) as session,
            session.request(method, origin + path, headers=headers) as answer,
        ):
            value: Any = await answer.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, ValueError):
        raise _nobody(origin) from None
    if answer.status == HTTPStatus.NOT_FOUND and isinstance(value, dict) and "reason" in value:
        raise RefusedError(value["reason"], value["instruction"], code=ErrorCode(value["code"]))
    if answer.status >= HTTPStatus.BAD_REQUEST:  # it is the server of another home
        raise _nobody(origin)
    return value


def _nobody(origin: str) -> RefusedError:
    return RefusedError(
        f"no server of this home answers at {origin}", "Start it: polyhost serve", code=ErrorCode.NOT_SERVING
    )
