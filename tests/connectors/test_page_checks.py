"""What a script hands to its host is looked at first: a wrong call costs itself, in a real page (RS-1.6; ours)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fakes.page_runs import PageRuns, QuietCalls, collect
from fakes.site import SiteHost
from playbooks import MESSAGES, manifest, stream
from polyhost.connectors.page import stream_rules
from polyhost.protocol.positions import position_key

pytestmark = pytest.mark.requirement("RS-1.6")

RULES = stream_rules(
    manifest(MESSAGES, stream("pairs", primary_key=["id", "at"]), stream("quiet"), stream("details", required=False))
)
HERE = Path(__file__).parent
WRONG: dict[str, str] = json.loads((HERE / "wrong_calls.json").read_text(encoding="utf-8"))
"""Wrong calls, and a part of what the script is told."""
ATTEMPT = """
const said = {};
for (const call of CALLS) {
  try { await eval(`(async () => await ${call})()`); said[call] = "was taken"; }
  catch (error) { said[call] = `${error.name} ${error.code}: ${error.message}`; }
}
await host.emit({stream: 'messages', key: '1', data: {id: '1', said: JSON.stringify(said)}});
"""
STORM = (HERE / "storm.js").read_text(encoding="utf-8")


async def test_each_wrong_call_is_refused_to_the_script_with_a_sentence_and_the_run_goes_on(
    pages: PageRuns, site: SiteHost
) -> None:
    site.page()
    body = f"const CALLS = {json.dumps([*WRONG])}; {ATTEMPT}"
    got = await pages.run(site, body, polyfill={"rules": RULES})
    said = json.loads(got.of("RECORD")[-1]["data"]["said"])
    assert {call: told for call, told in said.items() if WRONG[call] not in told} == {}
    assert all(told.startswith("TypeError wrong_call: host.") for told in said.values())
    assert sum(got.traffic.refused.values()) == len(WRONG)
    assert got.done["status"] == "succeeded"
    assert [message["type"] for message in got.messages] == ["RECORD", "DONE"]


@pytest.mark.parametrize("seed", [7, 1234567])
async def test_whatever_a_script_throws_at_its_host_only_well_formed_messages_leave_the_page(
    pages: PageRuns, site: SiteHost, seed: int
) -> None:
    got = await pages.run(site, STORM.replace("SEED", str(seed)), polyfill={"rules": RULES})
    assert got.done["status"] == "succeeded"
    assert got.of("RECORD")[-1]["data"]["refused"] == sum(got.traffic.refused.values()) > 1000
    assert got.done["records_emitted"] == len(got.of("RECORD"))


POSITIONS = ["a\u00a0b", "a\u200db", "\u202eabc", "\ue000", "\u2028", "ﷺ", "a\tb", "\x00", "\x7f", "\x85"]
POSITIONS += ["\u00e9", "e\u0301", "\U0001f600" * 255, "\U0001f600" * 256, "x" * 255, "x" * 256, "\u0378"]
LEXICAL = stream(
    "messages",
    properties={"of": {"type": "string"}, "name": {"type": "string"}},
    selection={"resources": True, "resource_field": "of"},
    partition={"field": "of", "cursor_field": "name", "order": "lexical"},
)
CLAIMS = """
const taken = [];
const covered = (since, until) => host.covered({stream: 'messages', partition: 'P', since, until});
const claim = (since, until) => covered(since, until).then(() => true, () => false);
for (const position of POSITIONS) taken.push(await claim(null, position));
taken.push(await claim('\\uffff', '\\u{10000}'), await claim('\\u{10000}', '\\uffff'), await claim(null, 'a\\ud800'));
await host.emit({stream: 'messages', key: '1', data: {id: '1', taken}});
"""


async def test_page_and_host_take_the_same_texts_for_positions_and_in_the_same_order(
    pages: PageRuns, site: SiteHost
) -> None:
    """A text of units compares otherwise than one of characters: U+FFFF lies before U+10000."""
    site.page()
    body = f"const POSITIONS = {json.dumps(POSITIONS)}; {CLAIMS}"
    got = await pages.run(site, body, polyfill={"rules": stream_rules(manifest(LEXICAL))})
    wanted = [position_key("lexical", text) is not None for text in POSITIONS]
    assert got.of("RECORD")[-1]["data"]["taken"] == [*wanted, True, False, False]


async def test_a_wrong_call_nobody_catches_fails_the_run_with_its_place_in_the_script(
    pages: PageRuns, site: SiteHost
) -> None:
    script = "polyfill(async (host) => {\n  await host.sleep('long');\n});"
    async with pages.connector(site, script).open(QuietCalls()) as session:
        got = await collect(session)
    assert got.done["error"]["code"] == "polyfill_error"
    assert "host.sleep: ms is not milliseconds" in got.done["error"]["message"]
    assert "fake/polyfill.js:2:14" in got.done["error"]["message"]
