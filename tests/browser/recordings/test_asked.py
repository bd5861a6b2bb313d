"""What an owner answers while a run is recorded is in no encoding in the recording, and the replay still joins."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Playwright

from fakes.page_fixtures import site, sites
from fakes.page_runs import QuietCalls, start_message
from fakes.site import SiteHost, Sites
from polyhost.browser.launch import BrowserOptions
from polyhost.browser.recordings.credentials import SENT
from polyhost.browser.recordings.fixture import Scenario, in_order, load_scenario, write_scenario
from polyhost.browser.recordings.har import Entry, Recording
from polyhost.browser.recordings.record import cleaned
from polyhost.browser.recordings.recording_rules import RecordingRules
from polyhost.browser.recordings.replay import Replayer
from polyhost.browser.recordings.scrub import scrub
from polyhost.connectors.base import Batch, ConnectorExited, ConnectorSession
from polyhost.connectors.page import PagePolyfill
from polyhost.engine.sources._recorded import RecordedConnector, ReplayConnector
from polyhost.engine.sources._recorded_session import Heard

from .planted import ENCODINGS, JSON, SITE, decoded, raw, texts_of
from .recording_site import chromium

__all__ = ["site", "sites"]

pytestmark = pytest.mark.requirement("SE-3")

TYPED = {"word": "swordfish", "code": "482913", "phrase": "Größe & <Mut>/7"}
"""A word that the site makes a key of, a number, and what is written otherwise in every encoding."""
ASKS = """polyfill(async (host) => {
  const { data } = await host.ask({ kind: "otp", message: "Who goes there?" });
  const posted = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(data) };
  const { shown } = await (await fetch("/sign-in", posted)).json();
  for (const word of Object.keys(shown)) {
    const kept = await (await fetch(`/kept?for=${encodeURIComponent(word)}`)).json();
    await host.emit({ stream: "notes", key: kept.id, data: { same: kept.said === word } });
  }
});"""


def serve(site: SiteHost) -> None:
    """The site says what it is told: under keys, in each encoding, and when asked about it."""

    async def sign_in(request: web.Request) -> web.Response:
        said: dict[str, str] = await request.json()
        shown = {text: {name: encode(text) for name, encode in ENCODINGS.items()} for text in said.values()}
        return web.json_response({"shown": shown})

    async def kept(request: web.Request) -> web.Response:
        word = request.query["for"]
        return web.json_response({"id": f"n{len(word)}", "said": word, "page": f"<b title='{word}'>{word}</b>"})

    site.route("/sign-in", sign_in)
    site.route("/kept", kept)


async def answered(session: ConnectorSession, data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The records of a whole run whose only question is answered with this."""
    records: list[dict[str, Any]] = []
    await session.send(start_message())
    async for event in session.events():
        assert isinstance(event, Batch | ConnectorExited)
        if isinstance(event, ConnectorExited):
            break
        await session.acknowledge(event)
        for message in event.messages:
            assert isinstance(message, dict)
            if message["type"] == "INTERACTION":
                answer = {"request_id": message["request_id"], "status": "success", "data": data}
                await session.send({"type": "INTERACTION_RESPONSE", **answer})
            elif message["type"] == "RECORD":
                records.append(message)
            elif message["type"] == "DONE":
                assert message["status"] == "succeeded"
                await session.finish()
    return [{"stream": record["stream"], "key": record["key"], "data": record["data"]} for record in records]


def left(folder: Path) -> set[str]:
    whole = "\0".join(set().union(*map(decoded, texts_of(folder))))
    return {value for value in TYPED.values() if value in whole}


async def test_what_the_owner_answered_is_nowhere_and_the_recording_replays(
    sites: Sites, site: SiteHost, tmp_path: Path
) -> None:
    serve(site)
    rules = RecordingRules.declared(None, (site.name,))
    polyfill = PagePolyfill(page=site.url(), hosts=(site.name,), script=ASKS)
    recorded = RecordedConnector(
        polyfill, rules, Heard(key_parts={"notes": 1}), browser=BrowserOptions(map_hosts=sites.mapping)
    )
    async with recorded.open(QuietCalls()) as session:
        expected = await answered(session, TYPED)
    assert [record["data"] for record in expected] == [{"same": True}] * len(TYPED)
    found = recorded.raw(expected)
    write_scenario(tmp_path / "raw", found)
    assert left(tmp_path / "raw") == set(TYPED.values()), "the search has to find what is there"
    write_scenario(tmp_path / "clean", cleaned([found], rules)[0])
    assert left(tmp_path / "clean") == set()

    scenario = load_scenario(tmp_path / "clean")
    [answer] = scenario.given["answers"]
    async with ReplayConnector(polyfill, scenario, rules).open(QuietCalls()) as session:
        replayed = await answered(session, answer["data"])
    assert in_order(replayed) == list(scenario.expected) == in_order(expected)


JOINED = """async (site) => {
  const listed = await (await fetch(`${site}/list`)).json();
  const found = await Promise.all(listed.map(async (value) => {
    const answer = await fetch(`${site}/item?of=${encodeURIComponent(value)}`);
    return (await answer.json()).by[value];
  }));
  return [listed.length, new Set(listed).size, found.filter((place, index) => place === index).length];
}"""


def secret(number: int) -> str:
    digest = hashlib.sha256(b"joined %d" % number).hexdigest()
    return f"{digest[:7]}{'/+=~.'[number % 5]}{digest[7:14].upper()}"


async def test_a_recording_with_hundreds_of_secrets_taken_out_is_replayed_and_joins(
    playwright: Playwright, tmp_path: Path
) -> None:
    """A page asks for each thing by the secret that a list named it by, and finds it under that key."""
    planted, values = raw(secret)

    def told(path: str, document: object) -> Entry:
        body = json.dumps(document).encode()
        return Entry(method="GET", url=f"{SITE}{path}", response_headers=JSON, body=body)

    page = Entry(method="GET", url=f"{SITE}/home", response_headers=(("content-type", "text/html"),), body=b"<p>home")
    items = [told(f"/item?of={_quoted(value)}", {"by": {value: place}}) for place, value in enumerate(values)]
    entries = (page, told("/list", values), *items, *planted.recording.entries)
    known = dict.fromkeys(values, SENT)
    whole = Scenario(Recording(entries), planted.storage_state, (), planted.redactions, known=known)
    write_scenario(tmp_path / "clean", scrub(whole, RecordingRules()))
    assert not [value for value in values if value in (tmp_path / "clean" / "recording.har").read_text()]
    replayer = Replayer(load_scenario(tmp_path / "clean").recording, RecordingRules.declared(None, ("a.test",)))
    async with chromium(playwright, offline=True) as context:
        await replayer.install(context)
        tab = await context.new_page()
        await tab.goto(f"{SITE}/home")
        assert await tab.evaluate(JOINED, SITE) == [len(values)] * 3
        await replayer.uninstall()
    assert replayer.unrecorded == ()


def _quoted(value: str) -> str:
    """As `encodeURIComponent` writes it."""
    return "".join(char if char.isalnum() or char in "-_.!~*'()" else f"%{ord(char):02X}" for char in value)
