"""A source of one test: a site on a loopback port, and a polyfill for it in a folder, collected by the real command.

    async with a_source(command, tmp_path, [stream], SCRIPT) as source:
        source.says("/people", {"people": []})
        ended = await source.run()

Must not know: what any script does.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from e2e.command import CommandLine, Finished, Running
from fakes.site import SiteHost, Sites, serve_sites

__all__ = ["NAME", "Source", "a_source"]

DYING = str(Path(__file__).parent / "dying.py")
NAME = "mine"


@dataclass(slots=True)
class Source:
    """The site, and the owner's connection to it."""

    command: CommandLine
    site: SiteHost
    sites: Sites

    @property
    def _mapped(self) -> tuple[str, ...]:
        return ("--map-host", f"{self.site.name}=127.0.0.1:{self.sites.port}")

    def says(self, path: str, answer: Any) -> None:
        """From now on the site answers so."""
        self.site.text(path, json.dumps(answer))

    async def run(self, *words: str) -> Finished:
        return await self.command("run", NAME, *self._mapped, "--json", *words)

    def running(self) -> AbstractAsyncContextManager[Running]:
        """A run that has not ended."""
        return self.command.running("run", NAME, *self._mapped, "--json")

    async def dies(self, where: str, number: int = 1) -> Finished:
        """A run that is killed with -9 as it is about to call a function for so many times."""
        dying = replace(self.command, program=(DYING, where, str(number)))
        ended = await dying("run", NAME, *self._mapped, "--json")
        assert ended.exit_code == -9, ended.stderr
        return ended

    async def asks(self, *words: str) -> dict[str, Any]:
        """What another command says of the connection."""
        ended = await self.command(words[0], NAME, *words[1:], "--json")
        assert ended.exit_code == 0, ended.stderr
        return ended.value

    async def keys(self, stream: str, *words: str) -> list[str]:
        return [one["key"] for one in (await self.asks("records", stream, "--limit", "0", *words))["records"]]


@asynccontextmanager
async def a_source(
    command: CommandLine, folder: Path, streams: Sequence[dict[str, Any]], script: str
) -> AsyncIterator[Source]:
    """Connected, and nothing collected yet. The site needs no session; one is given all the same, as to any."""
    async with serve_sites() as sites:
        site = sites.new("source")
        site.page()
        made = folder / "source"
        made.mkdir()
        polyfill = {
            "script": "polyfill.js",
            "page": site.url(),
            "hosts": [site.name],
            "session": {"signed_out": ["/signin"], "signed_in": ["/"]},
        }
        manifest = {
            "protocol_version": "0.1.0",
            "connector_id": "https://example.org/polyfills/source",
            "version": "1.0.0",
            "display_name": "Source",
            "polyfill": polyfill,
            "streams": list(streams),
        }
        (made / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        (made / "polyfill.js").write_text(f"polyfill(async (host) => {{\n{script}\n}});\n", encoding="utf-8")
        cookie = {"name": "a", "value": "b", "domain": site.name, "path": "/", "expires": -1}
        session = folder / "session.json"
        state = {"cookies": [{**cookie, "httpOnly": False, "secure": False, "sameSite": "Lax"}], "origins": []}
        session.write_text(json.dumps(state), encoding="utf-8")
        source = Source(command, site, sites)
        words = ("connect", str(made), "--name", NAME, "--storage-state", str(session), *source._mapped)
        ended = await command(*words)
        assert ended.exit_code == 0, ended.stderr
        yield source
