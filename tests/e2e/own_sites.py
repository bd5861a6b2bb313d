"""A site of the kind that people host themselves: one software, many addresses, each with its own people and notes; and
the polyfill for it. Whoever asks is known by a cookie."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import trustme
from aiohttp import web

STREAM = {
    "name": "notes",
    "semantics": "mutable_state",
    "coverage_strategy": "full_inventory",
    "schema": {"type": "object", "properties": {"id": {"type": "string"}, "text": {"type": "string"}}},
    "primary_key": ["id"],
}
HOST = {"setup_field": "site", "allow_private": True, "rationale": "Many run it at home."}
MANIFEST: dict[str, Any] = {
    "protocol_version": "0.1.0",
    "connector_id": "https://example.org/polyfills/notebook",
    "version": "1.0.0",
    "display_name": "Notebook",
    "polyfill": {
        "script": "polyfill.js",
        "page": "{site}/home",
        "hosts": [HOST],
        "session": {"signed_out": ["/sign-in$"], "probe": "probe.js"},
    },
    "streams": [STREAM],
}
POLYFILL = """
polyfill(async (host) => {
  const answer = await host.request(`${host.site}/notes.json`);
  for (const note of answer.json) await host.emit({stream: "notes", key: note.id, data: note});
  await host.enumerated("notes");
});
"""
PROBE = """
probe(async ({ site }) => {
  const answer = await fetch(`${site}/me.json`);
  if (answer.status === 401) return {signed_in: false};
  const {name} = await answer.json();
  return {signed_in: true, account: {id: name}};
});
"""


_FOR_ALL = {"Access-Control-Allow-Origin": "*"}


@dataclass
class OwnSite:
    """One of them. `people`: by the cookie that each has. `files`: hosts that it calls its own. `asked`: what came,
    path and cookie."""

    path: str = ""
    people: dict[str, str] = field(default_factory=dict[str, str])
    notes: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    files: list[str] = field(default_factory=list[str])
    asked: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    origin: str = ""

    @property
    def address(self) -> str:
        return f"{self.origin}{self.path}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        cookie = request.cookies.get("session", "")
        self.asked.append((request.path, cookie))
        who = self.people.get(cookie)
        match request.path.removeprefix(self.path):
            case "/home" if who is None:
                raise web.HTTPFound(f"{self.path}/sign-in")
            case "/home" | "/sign-in":
                return web.Response(text="<!doctype html><p>notebook</p>", content_type="text/html")
            case "/me.json":
                return web.json_response({"name": who}, status=200 if who else 401)
            case "/notes.json" if who is not None:
                return web.json_response(self.notes)
            case "/hosts.json":
                return web.json_response({"files": self.files}, headers=_FOR_ALL)
            case _:
                raise web.HTTPNotFound

    def state_file(self, folder: Path, cookie: str) -> str:
        """A session as it is handed over, with one of another host, too."""
        one = {
            "name": "session",
            "value": cookie,
            "domain": urlsplit(self.origin).netloc.rpartition(":")[0],
            "path": "/",
            "expires": -1,
        }
        rest = {"httpOnly": True, "secure": False, "sameSite": "Lax"}
        cookies = [{**one, **rest}, {**one, **rest, "domain": "elsewhere.example", "value": "of-another-site"}]
        file = folder / f"{cookie}.json"
        file.write_text(json.dumps({"cookies": cookies, "origins": []}), encoding="utf-8")
        return str(file)


@asynccontextmanager
async def serve_own(
    site: OwnSite, host: str = "127.0.0.1", certificate: trustme.LeafCert | None = None
) -> AsyncGenerator[OwnSite]:
    """At a free port of the loopback address; over TLS, with that certificate, where one is given."""
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", site.answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1" if context else host, 0, ssl_context=context).start()
    port = runner.addresses[0][1]
    site.origin = f"http{'s' if context else ''}://{f'[{host}]' if ':' in host else host}:{port}"
    try:
        yield site
    finally:
        await runner.cleanup()


def write_notebook(home: Path, **polyfill: Any) -> None:
    """The polyfill, as one of this home's own."""
    folder = home / "polyfills" / "notebook"
    folder.mkdir(parents=True, exist_ok=True)
    manifest = {**MANIFEST, "polyfill": {**MANIFEST["polyfill"], **polyfill}}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (folder / "polyfill.js").write_text(POLYFILL, encoding="utf-8")
    (folder / "probe.js").write_text(PROBE, encoding="utf-8")
    (folder / "discover.js").write_text(DISCOVER, encoding="utf-8")


DISCOVER = """
discover(async ({ site }) => {
  const { files } = await (await fetch(`${site}/hosts.json`)).json();
  return { hosts: files.map((host) => ({ host, why: "where its files are" })) };
});
"""
NAMING = """
polyfill(async (host) => {
  const answer = await host.request(`${host.site}/hosts.json`);
  const named = answer.json.files.map((file) => ({host: file, why: "where its files are"}));
  const reached = await host.discovered(named);
  for (const place of answer.json.files) {
    const got = await fetch(`${place}/hosts.json`).catch(() => null);
    const data = {id: place, text: `${reached.includes(place)} ${got ? got.status : "kept out"}`};
    await host.emit({stream: "notes", key: place, data});
  }
  await host.enumerated("notes");
});
"""
