"""A wiki with its people, and an owner's connection to it by the real command.

Owns: signing in without a window, what is compared with the truth. Must not know: what happens at the wiki, and when.
"""

from __future__ import annotations

import asyncio
import http.cookiejar
import json
import sqlite3
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from e2e.command import UNSEEN, CommandLine, Finished
from e2e.processes import browser_of, gone, kill
from polyhost.ledger.state import PartitionState
from polyhost.operations.context import Context
from polyhost.store.base import RecordQuery
from servers.mediawiki.client import People, people_of
from servers.mediawiki.front import Front, a_front
from servers.mediawiki.wiki import PASSWORD, Wiki, a_copy, started

__all__ = ["NAME", "OWNER", "World", "a_world", "session_of"]

NAME = "wiki"
OWNER = "Adelaide"
BROWSER_SECONDS = 30
FLAGS = {
    "is_minor": "minor",
    "text_hidden": "texthidden",
    "comment_hidden": "commenthidden",
    "suppressed": "suppressed",
}


@dataclass(slots=True)
class World:
    wiki: Wiki
    front: Front
    people: People
    command: CommandLine
    called: str = OWNER
    """What the owner's account is called by now."""
    known: set[int] = field(default_factory=set[int])
    """Pages that were the owner's at some time: they are read for as long as they are there."""

    async def connect(self, *words: str) -> None:
        """With a session of the account as it is called now."""
        session = await asyncio.to_thread(session_of, self.front.address, self.called, self.command.folder)
        named = ("--site", self.front.address, "--name", NAME, "--storage-state", str(session))
        ended = await self.command("connect", "mediawiki", *named, *words)
        assert ended.exit_code == 0, ended.stderr

    async def run(self, *words: str) -> Finished:
        self.front.asked.clear()
        return await self.command("run", NAME, "--json", *words)

    async def records(self, stream: str) -> dict[str, dict[str, Any]]:
        """What is stored of a stream and not called deleted, by key."""
        return (await self._stored(stream))[0]

    async def _stored(self, stream: str) -> tuple[dict[str, dict[str, Any]], list[PartitionState]]:
        async with Context(home=self.command.home).store(create=False) as store:
            row = await store.connections.get(NAME)
            assert row is not None
            page = await store.records.page(row.id, stream, RecordQuery(limit=10_000))
            states = await store.ledger.partitions(row.id, stream)
        return {one.key: one.data for one in page.records if one.data is not None}, list(states)

    async def be_killed(self, number: int, *words: str) -> None:
        """A run that is killed with -9, browser and all, at its question of this number."""
        self.front.hold(number)
        async with self.command.running("run", NAME, "--json", *words) as running:
            await self.front.reached.wait()
            browser = await browser_of(running.process.pid)
            running.kill()
            kill(browser)
            code = await running.process.wait()
            self.front.release()
        assert await gone(browser, within=BROWSER_SECONDS)
        assert code == -9

    # what has to hold

    async def check(self) -> dict[str, Any]:
        """The store is what the independent client reads. Of a page that was deleted there is what was read of it."""
        true = await self.people.truth(self.called, self.called, self.known)
        self.known = {int(page["pageid"]) for page in true["pages"]}
        here = {name: await self.records(name) for name in ("contributions", "revisions", "watchlist", "uploads")}
        assert {key: _contribution(one) for key, one in here["contributions"].items()} == {
            str(edit["revid"]): _true_contribution(edit) for edit in true["contributions"]
        }
        pages = {str(page["pageid"]): page["title"] for page in true["pages"]}
        stored = {key: _revision(one) for key, one in here["revisions"].items() if one["page_id"] in pages}
        assert stored == {key: _true_revision(one) for key, one in true["revisions"].items()}
        assert sorted(here["watchlist"]) == sorted(true["watchlist"])
        assert {key: _upload(one) for key, one in here["uploads"].items()} == {
            one["title"]: _true_upload(one) for one in true["uploads"]
        }
        await self._check_partitions(pages)
        return true

    async def _check_partitions(self, pages: dict[str, str]) -> None:
        """Each page is there under its name as of now; the others are called deleted, and nobody is called missing."""
        _, states = await self._stored("revisions")
        assert {one.key: one.label for one in states if one.status == "present"} == pages
        assert {str(one.status) for one in states} <= {"present", "deleted"}
        for one in states:
            assert one.key not in pages or [piece.since for piece in one.covered] == [None], one

    def check_file(self) -> None:
        with closing(sqlite3.connect(self.command.home / "store.db")) as db:
            assert list(db.execute("PRAGMA integrity_check")) == [("ok",)]

    async def check_claims(self) -> None:
        """Whatever a killed run claims, it has stored: what lies in a covered range and is not there was not read."""
        self.check_file()
        true = await self.people.truth(self.called, self.called)
        places = {
            "contributions": [
                (OWNER, _place(one["timestamp"], one["revid"]), one["revid"]) for one in true["contributions"]
            ],
            "revisions": [
                (str(one["page_id"]), _place(one["at"], one["revid"]), one["revid"])
                for one in true["revisions"].values()
            ],
        }
        for stream, items in places.items():
            here, states = await self._stored(stream)
            for one in states:
                for piece in one.covered:
                    since, until = _at(piece.since), _at(piece.until)
                    inside = [
                        number for key, place, number in items if key in (one.key, OWNER) and since <= place <= until
                    ]
                    assert [number for number in inside if str(number) not in here] == [], (stream, one.key, piece)


def _place(time: str, number: Any) -> tuple[str, int]:
    return time, int(number)


def _at(position: str | None) -> tuple[str, int]:
    if position is None:
        return "", 0
    seconds, number = position.split(".")
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), int(number)


def _contribution(one: dict[str, Any]) -> dict[str, Any]:
    names = ("page_id", "namespace", "title", "edited_at", "comment", "size", "size_change", "is_new", "tags", *FLAGS)
    return {name: one[name] for name in names} | {"tags": sorted(one["tags"])}


def _true_contribution(edit: dict[str, Any]) -> dict[str, Any]:
    return {
        "page_id": str(edit["pageid"]),
        "namespace": edit["ns"],
        "title": edit["title"],
        "edited_at": edit["timestamp"],
        "comment": edit.get("comment"),
        "size": edit.get("size"),
        "size_change": edit.get("sizediff"),
        "is_new": "new" in edit,
        "tags": sorted(edit["tags"]),
        **{ours: theirs in edit for ours, theirs in FLAGS.items()},
    }


def _revision(one: dict[str, Any]) -> dict[str, Any]:
    names = ("page_id", "user", "edited_at", "comment", "size", "sha1", "text", "user_hidden", *FLAGS)
    return {name: one[name] for name in names} | {"tags": sorted(one["tags"])}


def _true_revision(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "page_id": str(one["page_id"]),
        "user": one.get("user"),
        "edited_at": one["at"],
        "comment": one.get("comment"),
        "size": one.get("size"),
        "sha1": one.get("sha1"),
        "text": one.get("*"),
        "user_hidden": "userhidden" in one,
        "tags": sorted(one["tags"]),
        **{ours: theirs in one for ours, theirs in FLAGS.items()},
    }


def _upload(one: dict[str, Any]) -> tuple[Any, ...]:
    return one["name"], one["sha1"], one["size"], one["comment"], one["url"], one["uploaded_at"]


def _true_upload(one: dict[str, Any]) -> tuple[Any, ...]:
    return one["name"], one["sha1"], one["size"], one["comment"], one["url"], one["timestamp"]


def session_of(address: str, name: str, folder: Path) -> Path:
    """What a browser keeps after signing in, as a file; by the API, without a window."""
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))

    def asked(**parameters: str) -> dict[str, Any]:
        body = urllib.parse.urlencode({"format": "json", "formatversion": "2", **parameters}).encode()
        with opener.open(f"{address}/api.php", body, timeout=30) as answer:
            return json.load(answer)

    token = asked(action="query", meta="tokens", type="login")["query"]["tokens"]["logintoken"]
    returned = {"loginreturnurl": address, "rememberMe": "1"}
    said = asked(action="clientlogin", username=name, password=PASSWORD, logintoken=token, **returned)
    assert said["clientlogin"]["status"] == "PASS", said
    cookies = [
        {
            "name": cookie.name,
            "value": cookie.value,
            "domain": "127.0.0.1",
            "path": cookie.path,
            "expires": cookie.expires or -1,
            "httpOnly": True,
            "secure": False,
            "sameSite": "Lax",
        }
        for cookie in jar
    ]
    file = folder / "session.json"
    file.write_text(json.dumps({"cookies": cookies, "origins": []}), encoding="utf-8")
    return file


@asynccontextmanager
async def a_world(
    template: Wiki, folder: Path, ports: tuple[int, int], *, connected: bool = True
) -> AsyncIterator[World]:
    """A copy of the wiki that answers, its people, and the owner's connection; nothing is collected yet."""
    port, behind = ports
    async with (
        a_front(port, behind) as front,
        started(a_copy(template, folder / "wiki"), front.address, behind) as wiki,
        people_of(front.address) as people,
    ):
        world = World(wiki, front, people, CommandLine(folder / "home", folder, UNSEEN))
        if connected:
            await world.connect()
        yield world
