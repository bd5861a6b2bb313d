"""The server of this home that runs already, in another process: a new sign-in link of it, and who is signed in there.

Owns: asking it with the home's token, at its socket in the home: at its port, somebody else may listen by now. Must not
know: how a link is made or used, what a sign-in is.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import aiohttp
import orjson

from polyhost.api.gate import known_token
from polyhost.api.login import LINK_PATH
from polyhost.engine.settings.config import load_config
from polyhost.errors import ErrorCode, RefusedError
from polyhost.operations.sign_ins import SIGN_INS_PATH, SignedOut, SignInList, SignInsKept
from polyhost.server.own_socket import own_socket_path

__all__ = ["SignInsElsewhere", "ask_for_link"]

ASK_SECONDS = 10.0
"""A server that answers at all answers this at once."""
MOST_BYTES = 1024 * 1024
"""Of an answer: a list of sign-ins is kilobytes."""


async def ask_for_link(home: Path, port: int | None, *, by_address: bool = False) -> str:
    """The link, whole. `port`: instead of the one in the settings. `by_address`: to 127.0.0.1. RefusedError
    `not_serving`."""
    made = await _ask(home, port, "POST", f"{LINK_PATH}?by_address={str(by_address).lower()}", "link")
    return made["link"]


@dataclass(frozen=True, slots=True)
class SignInsElsewhere(SignInsKept):
    """Those of the server at a port of this machine. RefusedError `not_serving`, and as the server refuses."""

    home: Path
    port: int | None

    async def listed(self) -> SignInList:
        return await _ask(self.home, self.port, "GET", SIGN_INS_PATH, "sign_ins")

    async def end(self, sign_in: str) -> SignedOut:
        return await _ask(self.home, self.port, "DELETE", f"{SIGN_INS_PATH}/{quote(sign_in, safe='')}", "ended")

    async def end_all(self) -> SignedOut:
        return await _ask(self.home, self.port, "DELETE", SIGN_INS_PATH, "ended")


async def _ask(home: Path, port: int | None, method: str, path: str, holds: str) -> Any:
    """Its answer, an object with the field `holds`."""
    at = load_config(home, flags={"serve.port": port}).serve.port
    token = known_token(home)
    try:
        socket = own_socket_path(home, at)
        if token is None:
            raise _nobody(at)
        status, content = await _answered(socket, method, f"http://127.0.0.1:{at}{path}", token)
    except TimeoutError:
        raise _odd(at, f"does not answer within {ASK_SECONDS:.0f} s") from None
    except (aiohttp.ClientConnectorError, FileNotFoundError):
        raise _nobody(at) from None
    except (aiohttp.ClientError, OSError, ValueError):
        raise _odd(at, _NOT_UNDERSTOOD) from None
    return _understood(at, status, content, holds)


async def _answered(socket: Path, method: str, url: str, token: str) -> tuple[int, bytes]:
    """Status and body. The address names no host that is asked: only the socket is."""
    headers = {"Authorization": f"Bearer {token}"}
    timeout = aiohttp.ClientTimeout(total=ASK_SECONDS)
    async with (
        aiohttp.ClientSession(timeout=timeout, connector=aiohttp.UnixConnector(str(socket))) as session,
        session.request(method, url, headers=headers, allow_redirects=False) as answer,
    ):
        content = b""
        async for piece in answer.content.iter_any():
            content += piece
            if len(content) > MOST_BYTES:
                raise ValueError
        return answer.status, content


def _understood(port: int, status: int, content: bytes, holds: str) -> dict[str, Any]:
    """RefusedError as the server refuses, or where the answer is none."""
    try:
        value = orjson.loads(content)
    except ValueError:
        value = None
    if status == HTTPStatus.UNAUTHORIZED:
        raise _odd(port, "was started with another token")
    if isinstance(value, dict) and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES and holds in value:
        return cast("dict[str, Any]", value)
    if status >= HTTPStatus.BAD_REQUEST and isinstance(value, dict):
        raise _as_refused(port, cast("dict[str, Any]", value))
    raise _odd(port, _NOT_UNDERSTOOD)


def _as_refused(port: int, problem: dict[str, Any]) -> RefusedError:
    reason, instruction, code = (problem.get(name) for name in ("reason", "instruction", "code"))
    if isinstance(reason, str) and isinstance(instruction, str) and code in set(ErrorCode):
        return RefusedError(reason, instruction, code=ErrorCode(code))
    return _odd(port, _NOT_UNDERSTOOD)


_NOT_UNDERSTOOD = "answers in a way that this command does not understand"


def _nobody(port: int) -> RefusedError:
    return RefusedError(
        f"no server of this home answers at port {port}",
        "Start it: polyhost serve (or name the --port it was started with)",
        code=ErrorCode.NOT_SERVING,
    )


def _odd(port: int, how: str) -> RefusedError:
    return RefusedError(
        f"the server of this home at port {port} {how}",
        "End it, and start it anew: polyhost serve",
        code=ErrorCode.NOT_SERVING,
    )
