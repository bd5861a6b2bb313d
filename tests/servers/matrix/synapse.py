"""A homeserver of the tests' own: Synapse in its own interpreter, on a free loopback port, in a folder that goes with
it.

Owns: its configuration, its life, and people who use it by its client API. Must not know: polyhost, what a test is for.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import ClientConnectionError, ClientSession

from checkout import ROOT

__all__ = ["PASSWORD", "PYTHON", "Person", "Synapse", "synapse"]

PYTHON = ROOT / ".venv-servers" / "bin" / "python"
NAME = "lantern.test"
SECRET = "shared-by-nobody"
PASSWORD = "a good password"
AS_TOKEN = "as-token-of-the-bridge"
LONGEST = 90.0
"""Seconds it may take to begin on two cores that are full; alone it takes two."""
CONFIGURATION: dict[str, Any] = {
    "server_name": NAME,
    "macaroon_secret_key": "macaroons",
    "form_secret": "forms",
    "registration_shared_secret": SECRET,
    "report_stats": False,
    "trusted_key_servers": [],
    "presence": {"enabled": False},
    "url_preview_enabled": False,
    "max_upload_size": "5M",
    "bcrypt_rounds": 4,
}
UNLIMITED = {"per_second": 100_000, "burst_count": 100_000}
KEY = "ed25519 a_test Q5jmrnG5bqnXMlIpYUsLqBEkHqEzdVXnSuGhKWhJtkU\n"
BRIDGE = {
    "id": "bridge",
    "url": None,
    "as_token": AS_TOKEN,
    "hs_token": "hs-token-of-the-bridge",
    "sender_localpart": "bridge",
    "namespaces": {"users": [{"exclusive": False, "regex": "@.*"}], "rooms": [], "aliases": []},
    "rate_limited": False,
}
_numbers = itertools.count(1)


@dataclass(slots=True)
class Person:
    """Somebody with an account, by the client API. What the server refuses is an error."""

    server: Synapse
    id: str
    token: str
    device: str

    async def ask(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        return await self.server.ask(method, f"/_matrix/client/v3{path}", body, token=self.token, **query)

    async def creates(self, name: str, *, version: str | None = None, visibility: str = "shared", **more: Any) -> str:
        state = [{"type": "m.room.history_visibility", "state_key": "", "content": {"history_visibility": visibility}}]
        body = {"name": name, "preset": "public_chat", "initial_state": state, **more}
        if version is not None:
            body["room_version"] = version
        return (await self.ask("POST", "/createRoom", body))["room_id"]

    async def joins(self, room: str) -> None:
        await self.ask("POST", f"/join/{quote(room)}", {})

    async def acts(self, room: str, act: str, **body: Any) -> Any:
        """leave, forget, invite, kick, ban, unban, upgrade."""
        return await self.ask("POST", f"/rooms/{quote(room)}/{act}", body)

    async def sends(self, room: str, kind: str, content: Mapping[str, Any], **query: str) -> str:
        path = f"/rooms/{quote(room)}/send/{kind}/t{next(_numbers)}"
        return (await self.ask("PUT", path, content, **query))["event_id"]

    async def says(self, room: str, text: str, **more: Any) -> str:
        return await self.sends(room, "m.room.message", {"msgtype": "m.text", "body": text, **more})

    async def edits(self, room: str, event: str, text: str) -> str:
        new = {"msgtype": "m.text", "body": text}
        return await self.says(
            room, f"* {text}", **{"m.new_content": new, "m.relates_to": {"rel_type": "m.replace", "event_id": event}}
        )

    async def replies(self, room: str, root: str, text: str) -> str:
        return await self.says(room, text, **{"m.relates_to": {"rel_type": "m.thread", "event_id": root}})

    async def reacts(self, room: str, event: str, key: str) -> str:
        about = {"rel_type": "m.annotation", "event_id": event, "key": key}
        return await self.sends(room, "m.reaction", {"m.relates_to": about})

    async def redacts(self, room: str, event: str, reason: str = "") -> str:
        path = f"/rooms/{quote(room)}/redact/{quote(event)}/t{next(_numbers)}"
        return (await self.ask("PUT", path, {"reason": reason} if reason else {}))["event_id"]

    async def sets(self, room: str, kind: str, content: Mapping[str, Any], key: str = "") -> str:
        return (await self.ask("PUT", f"/rooms/{quote(room)}/state/{kind}/{quote(key)}", content))["event_id"]

    async def uploads(self, content: bytes, kind: str, name: str) -> str:
        """Its address, as `mxc://…`."""
        path = f"/_matrix/media/v3/upload?filename={quote(name)}"
        return (await self.server.send("POST", path, content, kind, self.token))["content_uri"]


@dataclass(slots=True)
class Synapse:
    """It runs. `bridge` may write as anybody, at any time."""

    port: int
    folder: Path
    session: ClientSession
    people: dict[str, Person] = field(default_factory=dict[str, Person])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def ask(self, method: str, path: str, body: Any = None, *, token: str | None = None, **query: str) -> Any:
        words = {} if token is None else {"Authorization": f"Bearer {token}"}
        async with self.session.request(method, self.url + path, json=body, headers=words, params=query) as answer:
            told = await answer.json()
            assert answer.ok, (method, path, answer.status, told)
            return told

    async def send(self, method: str, path: str, content: bytes, kind: str, token: str) -> Any:
        words = {"Authorization": f"Bearer {token}", "Content-Type": kind}
        async with self.session.request(method, self.url + path, data=content, headers=words) as answer:
            assert answer.ok, (method, path, answer.status)
            return await answer.json()

    async def registers(self, name: str, *, admin: bool = False) -> Person:
        nonce = (await self.ask("GET", "/_synapse/admin/v1/register"))["nonce"]
        said = "\0".join([nonce, name, PASSWORD, "admin" if admin else "notadmin"])
        mac = hmac.new(SECRET.encode(), said.encode(), hashlib.sha1).hexdigest()
        body = {
            "nonce": nonce,
            "username": name,
            "password": PASSWORD,
            "admin": admin,
            "mac": mac,
            "displayname": name.title(),
        }
        told = await self.ask("POST", "/_synapse/admin/v1/register", body)
        person = Person(self, told["user_id"], told["access_token"], told["device_id"])
        self.people[name] = person
        return person

    async def bridged(self, as_whom: Person, room: str, text: str, at: int) -> str:
        """A message that a bridge brings from elsewhere. `at`: milliseconds, when it was written there."""
        path = f"/_matrix/client/v3/rooms/{quote(room)}/send/m.room.message/b{next(_numbers)}"
        body = {"msgtype": "m.text", "body": text}
        return (await self.ask("PUT", path, body, token=AS_TOKEN, user_id=as_whom.id, ts=str(at)))["event_id"]


@asynccontextmanager
async def synapse(folder: Path, **settings: Any) -> AsyncIterator[Synapse]:
    """It answers. Ended, by its own id, at the end of the block."""
    if not PYTHON.exists():
        raise RuntimeError("Synapse is not installed; run ./scripts/test servers, which installs it")
    port = _free_port()
    configuration = _configure(folder, port, settings)
    with (folder / "out").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            str(PYTHON),
            "-m",
            "synapse.app.homeserver",
            "-c",
            str(configuration),
            cwd=folder,
            stdout=output,
            stderr=output,
        )
    try:
        async with ClientSession() as session:
            server = Synapse(port, folder, session)
            await _until_it_answers(server, process)
            yield server
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _configure(folder: Path, port: int, settings: Mapping[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "key").write_text(KEY)
    (folder / "bridge.yaml").write_text(json.dumps(BRIDGE))
    (folder / "log.yaml").write_text(json.dumps({"version": 1, "root": {"level": "ERROR"}}))
    listener = {
        "port": port,
        "type": "http",
        "bind_addresses": ["127.0.0.1"],
        "tls": False,
        "resources": [{"names": ["client", "media", "static"]}],
    }
    login = {"address": UNLIMITED, "account": UNLIMITED, "failed_attempts": UNLIMITED}
    configuration = {
        **CONFIGURATION,
        "listeners": [listener],
        "database": {"name": "sqlite3", "args": {"database": str(folder / "homeserver.db")}},
        "media_store_path": str(folder / "media"),
        "signing_key_path": str(folder / "key"),
        "pid_file": str(folder / "pid"),
        "log_config": str(folder / "log.yaml"),
        "app_service_config_files": [str(folder / "bridge.yaml")],
        "rc_message": UNLIMITED,
        "rc_registration": UNLIMITED,
        "rc_admin_redaction": UNLIMITED,
        "rc_login": login,
        "rc_joins": {"local": UNLIMITED, "remote": UNLIMITED},
        "rc_joins_per_room": UNLIMITED,
        "rc_invites": {"per_room": UNLIMITED, "per_user": UNLIMITED, "per_issuer": UNLIMITED},
        "rc_room_creation": UNLIMITED,
        "rc_media_create": UNLIMITED,
        **settings,
    }
    file = folder / "homeserver.yaml"
    file.write_text(json.dumps(configuration))  # JSON is YAML
    return file


async def _until_it_answers(server: Synapse, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(LONGEST):
        while True:
            assert process.returncode is None, (server.folder / "out").read_text()[-2000:]
            try:
                await server.ask("GET", "/_matrix/client/versions")
            except ClientConnectionError:
                await asyncio.sleep(0.05)
            else:
                return


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
