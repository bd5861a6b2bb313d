"""Make a home as an owner of this version has one, and write down what is in it. Used by scripts/stored-home.

Everything in it is made up: the fake workspace, a chat of three people, a session that opens nothing but the fake.
Must not know: what later versions do with it (tests/e2e/test_stored_homes.py).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fakes.slack import FakeSlack, play, scenarios

PORT = 8443
CHAT = """\
[14.11.26, 07:58:12] Lantern Bay Rowing: Messages and calls are end-to-end encrypted.
[14.11.26, 08:01:40] Solveig: The blue boat leaks again.
[14.11.26, 08:03:05] Theo: Which one is the blue boat?
[14.11.26, 08:03:59] Solveig: The one under water.
[15.11.26, 18:20:00] Theo: image omitted
[15.11.26, 18:21:31] Mina: Rowing on Sunday, at seven.
It rains, we know.
"""
SETTINGS = """\
[run]
allow_gaps = false

[schedule]
quiet_hours = "23:00-06:00"
time_zone = "Europe/Berlin"
"""
SEARCHED = ("boat", "sourdough", '"salted"')
STREAMS = {"slack": ("workspace", "users", "channels", "messages"), "whatsapp": ("messages",)}
CONNECTIONS = {"slack": "slack", "bay": "slack", "rowing": "whatsapp"}
GAPS = 3
PARTITION_FACTS = ("status", "high_water", "covered", "imported", "holes", "limited_before")


ENVIRONMENT = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring", "PYTHONUNBUFFERED": ""}
"""No keyring of whoever runs this; and 0.1.0 cuts long output off where Python does not buffer it."""


@dataclass(frozen=True, slots=True)
class Command:
    """`polyhost` of the version that is on the path."""

    home: Path
    scratch: Path

    async def __call__(self, *words: str, status: int = 0) -> str:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "polyhost", "--home", str(self.home), *words),
            cwd=self.scratch,
            env={**os.environ, **ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        printed = (await process.communicate())[0].decode()
        if process.returncode != status:
            raise SystemExit(f"polyhost {' '.join(words)} ended with {process.returncode}:\n{printed}")
        return printed

    async def value(self, *words: str) -> Any:
        return json.loads(await self(*words, "--json"))


async def collect(polyhost: Command) -> None:
    """The demo, and two runs of a workspace: between them messages are edited and deleted, and a channel vanishes."""
    await polyhost("demo")
    async with FakeSlack(scenarios.small(), port=PORT) as slack:
        state = slack.write_storage_state(polyhost.scratch / "session.json")
        maps = [word for rule in slack.map_host for word in ("--map-host", rule)]
        await polyhost("connect", "slack", "--name", "bay", "--storage-state", str(state), *maps, "--insecure-tls")
        await polyhost("run", "bay")
        play(slack.world, scenarios.second())
        await polyhost("run", "bay", status=GAPS)


async def bring(polyhost: Command, chat: Path) -> None:
    """A chat without its media, twice; schedules; an index for searching."""
    await polyhost("import", "rowing", str(chat), "--source", "whatsapp", status=GAPS)
    await polyhost("import", "rowing", str(chat), status=GAPS)
    await polyhost("schedule", "set", "bay", "--every", "6h", "--quiet-hours", "22:00-07:00")
    await polyhost("schedule", "pause", "rowing")
    await polyhost("search", "boat")


async def contents(polyhost: Command) -> AsyncIterator[dict[str, Any]]:
    """What every later version has to find in it, a fact a line."""
    for name, source in CONNECTIONS.items():
        for stream in STREAMS[source]:
            for one in (await polyhost.value("records", name, stream, "--deleted", "--limit", "0"))["records"]:
                facts = {fact: one[fact] for fact in ("partition", "version", "deleted")}
                yield {"record": [name, stream, one["key"]], **facts, "digest": digest(one["data"])}
        for stream, told in (await polyhost.value("coverage", name))["streams"].items():
            for view in told["partitions"] or ():
                yield {"ranges_of": [name, stream, view["key"]], **{fact: view[fact] for fact in PARTITION_FACTS}}
    for text in SEARCHED:
        found = (await polyhost.value("search", text))["hits"]
        yield {"search": text, "hits": sorted([hit["connection"], hit["stream"], hit["key"]] for hit in found)}


def digest(data: Any) -> str:
    canonical = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


async def lived_in(polyhost: Command, chat: Path) -> list[dict[str, Any]]:
    await collect(polyhost)
    await bring(polyhost, chat)
    return [fact async for fact in contents(polyhost)]


def main(target: Path) -> None:
    target.mkdir(parents=True)
    home, chat = target / "home", target / "WhatsApp Chat with Lantern Bay Rowing.txt"
    chat.write_text(CHAT, encoding="utf-8")
    with tempfile.TemporaryDirectory() as scratch:
        facts = asyncio.run(lived_in(Command(home, Path(scratch)), chat))
    (home / "config.toml").write_text(SETTINGS, encoding="utf-8")
    lines = [json.dumps(fact, ensure_ascii=False) + "\n" for fact in facts]
    (target / "contents.jsonl").write_text("".join(lines), encoding="utf-8")
    for path in home.rglob("*.lock"):
        path.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
