"""A polyfill in a real Chromium page, from START to DONE (docs/bridge.md; PROTOCOL: messages; ours)."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from background import background
from fakes.page_runs import PageRuns, QuietCalls, collect, start_message
from fakes.site import SiteHost
from polyhost.browser.bridge.wire import CREDIT
from polyhost.browser.locate import find_browser
from polyhost.connectors.base import Batch, ConnectorExited
from polyhost.connectors.page import PagePolyfill
from polyhost.errors import NeedsOwnerError, RefusedError, RunFailedError

RECORDS = (
    "for (let i = 0; i < {n}; i++) await host.emit({{stream: 'messages', key: String(i), data: {{id: String(i)}}}});"
)


async def test_records_come_out_in_order_in_batches_of_at_most_200(pages: PageRuns, site: SiteHost) -> None:
    """The bridge: one string per batch, of 200 records or 256 KiB."""
    got = await pages.run(site, RECORDS.format(n=1234))
    assert [record["data"]["id"] for record in got.of("RECORD")] == [str(number) for number in range(1234)]
    assert max(len(batch.messages) for batch in got.batches) == 200
    assert [batch.number for batch in got.batches] == list(range(1, len(got.batches) + 1))
    assert got.done == {"type": "DONE", "status": "succeeded", "records_emitted": 1234}
    assert got.exited == ConnectorExited()


async def test_the_browser_that_sites_see_does_the_same(pages: PageRuns, site: SiteHost) -> None:
    """A whole one; the other tests make do with a headless shell, where there is one."""
    got = await pages.run(site, RECORDS.format(n=1234), own_browser=True, executable=find_browser())
    assert [record["data"]["id"] for record in got.of("RECORD")] == [str(number) for number in range(1234)]
    assert got.exited == ConnectorExited()


async def test_a_batch_of_large_records_stays_near_256_kib(pages: PageRuns, site: SiteHost) -> None:
    got = await pages.run(site, "for (let i = 0; i < 40; i++) await say({text: 'x'.repeat(20000)});")
    assert len(got.of("RECORD")) == 40
    assert all(batch.size < 256 * 1024 + 1024 for batch in got.batches)


async def test_all_kinds_of_messages_keep_the_order_in_which_they_were_said(pages: PageRuns, site: SiteHost) -> None:
    got = await pages.run(
        site,
        """
        await host.progress("looking", {stream: "messages", count: 0});
        await host.inventory("messages", [{key: "C1", label: "general"}], true);
        const deletion = {stream: "messages", key: "gone", data: null, op: "delete"};
        await host.emit({stream: "messages", key: ["C1", "1.0"], data: {ts: "1.0"}}, deletion);
        await host.covered({stream: "messages", partition: "C1", since: null, until: "1.0", groups: ["1.0"]});
        await host.state("users", {page: 2});
        await host.skip({stream: "files", reason: "not_visible"});
        """,
    )
    assert [message["type"] for message in got.messages] == [
        "PROGRESS", "PARTITION_INVENTORY", "RECORD", "RECORD", "PARTITION_COVERAGE", "STATE", "SKIP_RESULT", "DONE",
    ]  # fmt: skip
    record, deletion = got.of("RECORD")
    assert record["key"] == ["C1", "1.0"]
    assert (deletion["op"], deletion["data"]) == ("delete", None)
    assert "op" not in record


async def test_a_long_inventory_is_sent_in_parts_and_only_the_last_may_be_complete(
    pages: PageRuns, site: SiteHost
) -> None:
    body = "await host.inventory('messages', Array.from({length: 1201}, (_, i) => ({key: 'C' + i})), true);"
    parts = (await pages.run(site, body)).of("PARTITION_INVENTORY")
    assert [len(part["partitions"]) for part in parts] == [500, 500, 201]
    assert [part["complete"] for part in parts] == [False, False, True]


async def test_records_arrive_as_json_would_carry_them_however_they_travel(pages: PageRuns, site: SiteHost) -> None:
    """Same fields in a row, other fields, no fields, a field JSON leaves out, a time of its own, an op: in the order
    they were emitted (ours)."""
    script = """polyfill(async (host) => {
      const at = "2026-01-02T03:04:05.000Z";
      await host.emit(
        {stream: "m", key: "1", data: {a: 1, b: [null, {c: "Grüße"}]}},
        {stream: "m", key: "2", data: {a: 2, b: null}},
        {stream: "m", key: "3", data: {b: 3, a: 3}},
        {stream: "m", key: "4", data: {b: 4, a: undefined}},
        {stream: "m", key: "5", data: {b: 5, a: () => 5}},
        {stream: "m", key: "6", data: {b: 6, a: 6}, emitted_at: at},
        {stream: "m", key: "7", data: {b: 7, a: 7}, emitted_at: at, op: "upsert"},
        {stream: "n", key: ["8", "x"], data: {}},
        {stream: "n", key: "9", data: null, op: "delete"},
        {stream: "n", key: "10", data: {said: "so", more: NaN}, op: "upsert"},
        {stream: "n", key: "11", data: JSON.parse('{"__proto__": 1, "rows": []}')},
      );
    });"""
    async with pages.connector(site, script).open(QuietCalls()) as session:
        await session.send(start_message())
        batch = await anext(session.events())
        assert isinstance(batch, Batch)
    *records, done = batch.messages
    assert done["records_emitted"] == len(records) == 11
    assert [(record["stream"], record["key"], record["data"]) for record in records] == [
        ("m", "1", {"a": 1, "b": [None, {"c": "Grüße"}]}),
        ("m", "2", {"a": 2, "b": None}),
        ("m", "3", {"b": 3, "a": 3}),
        ("m", "4", {"b": 4}),
        ("m", "5", {"b": 5}),
        ("m", "6", {"b": 6, "a": 6}),
        ("m", "7", {"b": 7, "a": 7}),
        ("n", ["8", "x"], {}),
        ("n", "9", None),
        ("n", "10", {"said": "so"}),
        ("n", "11", {"__proto__": 1, "rows": []}),
    ]
    assert [record.get("op") for record in records] == [None] * 6 + ["upsert", None, "delete", "upsert", None]
    assert records[5]["emitted_at"] == records[6]["emitted_at"] == "2026-01-02T03:04:05.000Z"
    assert all(record["type"] == "RECORD" for record in records)


async def test_a_polyfill_waits_for_acknowledgements_beyond_its_credit(pages: PageRuns, site: SiteHost) -> None:
    """Credit: what the page has counted itself stops at what its batches hold, and goes on by one batch each time."""
    script = """polyfill(async (host) => {
      for (let i = 0; i < 5000; i++) {
        document.title = String(i);
        await host.emit({stream: "m", key: "k" + i, data: {}});
      }
    });"""
    async with pages.connector(site, script).open(QuietCalls()) as session:
        await session.send(start_message())
        events = session.events()
        held = [await anext(events) for _ in range(CREDIT)]
        await pages.page.wait_for_function("document.title === '2599'")  # 2400 in its batches, 200 more in the queue
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await anext(events)
        assert await pages.page.title() == "2599"
        assert isinstance(held[0], Batch)
        await session.acknowledge(held[0])
        following = await anext(session.events())
        assert isinstance(following, Batch)
        assert following.messages[0]["key"] == "k2400"


async def test_windows_and_groups_are_asked_and_answered_by_the_host(pages: PageRuns, site: SiteHost) -> None:
    got = await pages.run(
        site,
        """
        const asked = [host.windows("messages", "C1"), host.groups("messages", "C1", ["a", "bb"])];
        const [windows, groups] = await Promise.all(asked);
        await say({windows, groups});
        """,
    )
    assert got.data[0]["windows"][0]["purpose"] == "new"
    assert got.data[0]["groups"] == {"a": {"count": 1, "latest": None}, "bb": {"count": 2, "latest": None}}


async def test_start_arrives_as_data_whatever_its_keys_are(pages: PageRuns, site: SiteHost) -> None:
    """A key `__proto__` is a key, a line separator is text (ours)."""
    state = {"messages": {"__proto__": {"x": 1}, "text": "\u2028</script>`${1}"}}
    script = "polyfill(async (host) => { await host.state('m', host.start.state); });"
    async with pages.connector(site, script).open(QuietCalls()) as session:
        await session.send(start_message(state=state))
        event = await anext(session.events())
    assert isinstance(event, Batch)
    assert event.messages[0] == {"type": "STATE", "stream": "m", "cursor": state}


async def test_what_the_host_refuses_is_thrown_in_the_polyfill(pages: PageRuns, site: SiteHost) -> None:
    class Refusing(QuietCalls):
        async def windows(self, stream: str, partition: str) -> list[dict[str, Any]]:
            raise RefusedError(f"no stream {stream}", "Name another.")

    script = "polyfill(async (host) => { await host.windows('nonsense', 'C1'); });"
    async with pages.connector(site, script).open(Refusing()) as session:
        got = await collect(session)
    assert got.done["error"]["code"] == "polyfill_error"
    assert "no stream nonsense" in got.done["error"]["message"]


async def test_an_answer_reaches_the_question_and_nothing_is_said_in_between(pages: PageRuns, site: SiteHost) -> None:
    """PROTOCOL: the connector is silent until answered, even where the polyfill goes on beside its question."""
    script = """polyfill(async (host) => {
        const asked = host.ask({kind: "otp", message: "Code?"});
        for (let i = 0; i < 99; i++) await host.emit({stream: "messages", key: "meanwhile", data: {}});
        host.emit({stream: "messages", key: "meanwhile", data: {}});
        document.title = "went on";
        await host.emit({stream: "messages", key: "after", data: await asked});
    });"""
    async with pages.connector(site, script).open(QuietCalls()) as session:
        await session.send(start_message())
        events = session.events()
        question = await anext(events)
        assert isinstance(question, Batch)
        (asked,) = question.messages
        await session.acknowledge(question)
        async with background(anext(events)) as following:
            await pages.page.wait_for_function("document.title === 'went on'")
            assert not following.done()
            answer = {"request_id": asked["request_id"], "status": "success", "data": {"code": "1"}}
            await session.send({"type": "INTERACTION_RESPONSE", **answer})
            meanwhile = await following
        assert isinstance(meanwhile, Batch)
        assert [message["key"] for message in meanwhile.messages] == ["meanwhile"] * 100
        await session.acknowledge(meanwhile)
        last = await anext(session.events())
        assert isinstance(last, Batch)
        assert last.messages[0]["data"] == {"status": "success", "data": {"code": "1"}}


async def test_the_count_goes_on_where_a_resumed_run_left_off(pages: PageRuns, site: SiteHost) -> None:
    script = "polyfill(async (host) => { await host.emit({stream: 'messages', key: 'k', data: {}}); });"
    async with pages.connector(site, script).open(QuietCalls()) as session:
        await session.send(start_message(resume={"records_emitted": 41}))
        event = await anext(session.events())
        assert isinstance(event, Batch)
        assert event.messages[-1]["records_emitted"] == 42


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("polyfill(async () => { none(); });", "ReferenceError: none is not defined (fake/polyfill.js:1:24)"),
        ("\npolyfill(async () => { JSON.parse('xoxc-1'); });", "SyntaxError (fake/polyfill.js:2:29)"),
        ("\npolyfill((h) => { Promise.reject(Error(0)); return h.sleep(9e4); });", "Error: 0 (fake/polyfill.js:2:34)"),
        ("undefinedThing();", "ReferenceError: undefinedThing is not defined (fake/polyfill.js:1:1)"),
        ("polyfill(async () => { throw 'text'; });", "string"),
        ("/* nothing */", "the script never called polyfill(…)"),
    ],
    ids=["throws", "bad-json", "rejected-unseen", "throws-at-top", "throws-text", "never-registers"],
)  # fmt: skip
async def test_an_error_of_the_polyfill_fails_the_run_with_its_place(
    pages: PageRuns, site: SiteHost, script: str, said: str
) -> None:
    """Name, bounded first line, place under the script's own name; never the data a parser quotes (PR-4.5, ours)."""
    async with pages.connector(site, script).open(QuietCalls()) as session:
        got = await collect(session)
    assert got.done == {
        "type": "DONE",
        "status": "failed",
        "records_emitted": 0,
        "error": {"code": "polyfill_error", "message": said, "retryable": False},
    }


async def test_a_polyfill_fails_with_a_code_and_a_hint_of_its_own(pages: PageRuns, site: SiteHost) -> None:
    got = await pages.run(site, "throw host.fail('plan_changed', 'The plan changed', 'manual_action_required', true);")
    assert got.done["error"] == {
        "code": "plan_changed",
        "message": "The plan changed",
        "retryable": True,
        "recovery_hint": "manual_action_required",
    }  # fmt: skip


async def test_a_script_that_does_not_parse_is_refused_with_file_and_line(pages: PageRuns, site: SiteHost) -> None:
    with pytest.raises(RefusedError, match=r"fake/polyfill\.js:3:5: SyntaxError: Unexpected identifier 'brown'"):
        async with pages.connector(site, "\n\nthe brown fox").open(QuietCalls()):
            pass
    assert site.seen == []


async def test_the_page_is_parsed_without_running_or_loading_anything(pages: PageRuns, site: SiteHost) -> None:
    got = await pages.run(
        site,
        """
        const html = `<b>bold</b><script>document.title = "ran"</script><link rel=stylesheet href="/style">`;
        const page = host.parse(html);
        await host.sleep(1);
        await say({text: page.querySelector("b").textContent, title: document.title});
        """,
    )
    assert got.data == [{"text": "bold", "title": ""}]
    assert "/style" not in site.seen


async def test_the_document_is_there_when_the_polyfill_starts(pages: PageRuns, site: SiteHost) -> None:
    site.page("<main>content</main>")
    got = await pages.run(site, "await say({text: document.querySelector('main').textContent});")
    assert got.data == [{"text": "content"}]


async def test_storage_state_becomes_the_pages_session(pages: PageRuns, site: SiteHost) -> None:
    cookie = {
        "name": "d",
        "value": "session",
        "domain": site.name,
        "path": "/",
        "expires": -1,
        "httpOnly": True,
        "secure": False,
        "sameSite": "Lax",
    }
    state = {
        "cookies": [cookie],
        "origins": [{"origin": f"http://{site.name}", "localStorage": [{"name": "token", "value": "t1"}]}],
    }

    async def echo(request: web.Request) -> web.Response:
        return web.json_response({"cookie": request.headers.get("Cookie")})

    site.route("/me", echo)
    got = await pages.run(
        site,
        "await say({...(await host.request('/me')).json, token: localStorage.token});",
        storage_state=state,
    )
    assert got.data == [{"cookie": "d=session", "token": "t1"}]


@pytest.mark.requirement("HO-4")
async def test_a_signed_out_owner_is_recognised_before_collection(pages: PageRuns, site: SiteHost) -> None:
    site.redirect("/", site.url("/signin"))
    site.page(path="/signin")
    connector = pages.connector(site, "polyfill(async () => {});", polyfill={"signed_out": ("/signin$",)})
    with pytest.raises(NeedsOwnerError) as refused:
        async with connector.open(QuietCalls()):
            pass
    assert refused.value.code == "signed_out"


@pytest.mark.requirement("HO-4")
async def test_a_sign_in_page_beyond_the_fence_is_recognised_by_its_address(pages: PageRuns, site: SiteHost) -> None:
    """The fence stops the redirect; where it wanted to go says enough."""
    site.redirect("/", "http://login.elsewhere.test/signin?next=1")
    connector = pages.connector(
        site, "polyfill(async () => {});", polyfill={"signed_out": (r"^http://login\.elsewhere\.test/signin",)}
    )
    with pytest.raises(NeedsOwnerError):
        async with connector.open(QuietCalls()):
            pass


@pytest.mark.requirement("HO-4")
async def test_an_owner_who_is_signed_out_while_collecting_is_asked_to_sign_in(pages: PageRuns, site: SiteHost) -> None:
    site.page(path="/signin")
    script = "polyfill(async (host) => { location.href = '/signin'; await host.sleep(60000); });"
    async with pages.connector(site, script, polyfill={"signed_out": ("/signin$",)}).open(QuietCalls()) as session:
        with pytest.raises(NeedsOwnerError):
            await collect(session)


@pytest.mark.requirement("HO-4")
async def test_a_session_lost_by_the_end_of_a_run_is_noticed(pages: PageRuns, site: SiteHost) -> None:
    """An address within the document: single-page sites sign out without loading anything."""
    script = "polyfill(async () => { history.pushState({}, '', '/signin'); });"
    async with pages.connector(site, script, polyfill={"signed_out": ("/signin$",)}).open(QuietCalls()) as session:
        with pytest.raises(NeedsOwnerError):
            await collect(session)


async def test_a_site_that_cannot_be_reached_says_so(pages: PageRuns, site: SiteHost) -> None:
    page = {"page": "http://nowhere.invalid/", "hosts": ("nowhere.invalid",)}
    connector = pages.connector(site, "polyfill(async () => {});", polyfill=page, own_browser=True)
    why = r"could not be opened: nowhere\.invalid is not a host that this run may reach"  # it is not mapped
    with pytest.raises(RunFailedError, match=why):
        async with connector.open(QuietCalls()):
            pass


def test_a_page_outside_the_declared_hosts_is_refused() -> None:
    with pytest.raises(RefusedError, match=r"elsewhere\.test"):
        PagePolyfill(page="https://elsewhere.test/", hosts=("site.test",), script="")


async def test_what_the_caller_raises_leaves_the_session_as_it_is(pages: PageRuns, site: SiteHost) -> None:
    with pytest.raises(KeyError, match="mine"):
        async with pages.connector(site, "polyfill(async () => {});").open(QuietCalls()):
            raise KeyError("mine")


async def test_terminate_ends_the_events_and_may_be_called_twice(pages: PageRuns, site: SiteHost) -> None:
    async with pages.connector(site, "polyfill(async (host) => host.sleep(60000));").open(QuietCalls()) as session:
        await session.send(start_message())
        await session.terminate()
        await session.terminate()
        assert [event async for event in session.events()] == [ConnectorExited(detail="ended by the host")]
