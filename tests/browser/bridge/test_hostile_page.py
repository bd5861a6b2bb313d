"""A page that tries everything against the polyfill beside it (HO-1; docs/bridge.md).

The page writes what it gets hold of into the document, the one thing both worlds share; the polyfill reads it there at
the end and emits it, so each test sees both sides.
"""

import json
from typing import Any

import pytest

from fakes.page_runs import Collected, PageRuns, QuietCalls, start_message
from fakes.site import SiteHost
from polyhost.connectors.base import Restarted
from polyhost.connectors.page import PageSession

pytestmark = pytest.mark.requirement("HO-1")

LOOT = """
const loot = new Set();
const real = {stringify: JSON.stringify, from: Array.from};
const {setAttribute} = Element.prototype, {includes} = String.prototype;
function steal(how, what) {
  let text = typeof what;
  try { text = String(what); } catch {}
  loot.add(how + ": " + text.slice(0, 300));
  setAttribute.call(document.documentElement, "data-loot", real.stringify(real.from(loot)));
}
"""
REPORT = """
const loot = JSON.parse(document.documentElement.dataset.loot || "[]");
await host.emit({stream: "m", key: "loot", data: {loot}});
"""
COLLECT = (
    """
    const answer = await host.request("/api");
    const data = {text: "s3cret", from: answer.json.from};
    for (let i = 0; i < 150; i++) await host.emit({stream: "m", key: "k" + i, data});
    await host.windows("m", "C1");
    await host.covered({stream: "m", partition: "C1", since: null, until: "s3cret"});
    """
    + REPORT
)
FORGED_RECORD = '{"type":"RECORD","stream":"m","key":"forged","data":{},"emitted_at":"2026-01-01T00:00:00Z"}'
FORGED = f'{{"batch":1,"messages":[{FORGED_RECORD}]}}'


async def attacked(
    pages: PageRuns, site: SiteHost, attack: str, body: str = COLLECT, **more: Any
) -> tuple[Collected, list[str]]:
    site.page(f"<script>{LOOT}{attack}</script>")
    site.text("/api", '{"from": "server s3cret"}')
    got = await pages.run(site, body, **more)
    assert got.done["status"] == "succeeded", got.done
    return got, got.data[-1]["loot"]


def assert_untouched(got: Collected) -> None:
    """150 records as the polyfill made them, in order, one coverage, nothing else."""
    kinds = [message["type"] for message in got.messages]
    assert kinds == ["RECORD"] * 150 + ["PARTITION_COVERAGE", "RECORD", "DONE"]
    for number, record in enumerate(got.of("RECORD")[:150]):
        assert (record["key"], record["data"]) == (f"k{number}", {"text": "s3cret", "from": "server s3cret"})


async def test_the_loot_of_an_attack_that_works_is_seen(pages: PageRuns, site: SiteHost) -> None:
    """The tests below would be worth nothing if the page could not report what it stole."""
    _, loot = await attacked(
        pages,
        site,
        "fetch = new Proxy(fetch, {apply: (...a) => (steal('fetch', a[2][0]), Reflect.apply(...a))}); fetch('/mine');",
    )
    assert loot == ["fetch: /mine"]


async def test_patched_built_ins_are_not_what_the_polyfill_calls(pages: PageRuns, site: SiteHost) -> None:
    """Every function of every global the page can reach is replaced by one that steals and lies."""
    attack = """
    const reflect = Object.fromEntries(Object.getOwnPropertyNames(Reflect).map(n => [n, Reflect[n]]));
    function patch(holder, where) {
      for (const name of Object.getOwnPropertyNames(holder)) {
        let d; try { d = Object.getOwnPropertyDescriptor(holder, name); } catch { continue; }
        if (!d || !d.configurable || typeof d.value !== "function" || name === "constructor") continue;
        const original = d.value;
        try {
          Object.defineProperty(holder, name, {...d, value: new Proxy(original, {
            apply: (t, self, args) => { note(where + name, args); return reflect.apply(t, self, args); },
            construct: (t, args, n) => { note("new " + name, args); return reflect.construct(t, args, n); },
          })});
        } catch {}
      }
    }
    const has = (text, part) => reflect.apply(includes, text, [part]);
    let busy = false;
    function note(how, args) {
      if (busy) return; busy = true;
      try { for (let i = 0; i < args.length; i++) { const a = args[i];
        const text = typeof a === "string" ? a : "";
        if (has(text, "s3cret") || has(text, "polyhost")) steal(how, text); } }
      finally { busy = false; }
    }
    for (const holder of [JSON, Object, Array.prototype, String.prototype, Promise.prototype, Map.prototype,
                          RegExp.prototype, Response.prototype, Headers.prototype, Number.prototype, Date.prototype,
                          EventTarget.prototype])
      patch(holder, (holder.constructor?.name ?? "") + ".");
    patch(globalThis, "global ");
    reflect.defineProperty(Object.prototype, "then", {configurable: true, get() { note("then", [this]); }});
    for (const name of ["batch", "messages", "call", "calls", "ack", "message", "code"])
      reflect.defineProperty(Object.prototype, name, {configurable: true, get() {}, set(v) { steal(name, v); }});
    """
    got, loot = await attacked(pages, site, attack)
    assert_untouched(got)
    assert loot == []


async def test_lying_built_ins_change_nothing(pages: PageRuns, site: SiteHost) -> None:
    attack = """
    window.fetch = async () => new Response('{"from": "forged"}');
    XMLHttpRequest.prototype.send = () => {};
    JSON.parse = () => ({from: "forged"}); JSON.stringify = () => "forged";
    Response.prototype.text = async () => '{"from": "forged"}';
    Array.prototype.join = () => "forged"; Array.prototype.splice = () => []; Array.prototype.push = () => 0;
    String.prototype.replace = () => "forged"; String.prototype.slice = () => "forged";
    window.Promise = class { then() {} }; window.URL = class { hostname = "forged"; pathname = "forged"; };
    window.setTimeout = () => 0; window.queueMicrotask = () => {}; window.Map = class {}; window.Error = class {};
    Date.prototype.toISOString = () => "forged"; globalThis.polyfill = () => {};
    """
    got, _ = await attacked(pages, site, attack + "real.from = () => [];")
    assert_untouched(got)


async def test_the_binding_cannot_be_found_called_or_shadowed(pages: PageRuns, site: SiteHost) -> None:
    """Globals of the binding's very name; a scan of all that is reachable from window, prototypes and symbols too."""
    attack = f"""
    for (const name of ["__polyhost_send", "__polyhost_receive", "polyfill", "host"]) {{
      if (name in window) steal("found", name);
      window[name] = (...a) => steal("called " + name, a);
    }}
    const seen = new Set();
    const native = (f) => typeof f === "function" && /\\[native code\\]/.test(Function.prototype.toString.call(f));
    const known = ["send", "sendBeacon"];
    (function scan(object, path, depth) {{
      if (depth > 4 || object === null || !["object", "function"].includes(typeof object) || seen.has(object)) return;
      seen.add(object);
      for (const key of Reflect.ownKeys(object)) {{
        const name = String(key);
        if (/polyhost|polyfill|__ph/i.test(name) && depth > 0) steal("found", path + name);
        let value; try {{ value = object[key]; }} catch {{ continue; }}
        if (native(value) && /send|receive|binding/i.test(name) && !known.includes(name))
          {{ try {{ value.call(object, {json.dumps(FORGED)}); }} catch {{}} }}
        scan(value, path + name + ".", depth + 1);
      }}
      try {{ scan(Object.getPrototypeOf(object), path + "^", depth + 1); }} catch {{}}
    }})(window, "", 0);
    window.__polyhost_send({json.dumps(FORGED)});
    loot.clear();
    const mine = new Set(Object.getOwnPropertyNames(window));
    const late = () => Object.getOwnPropertyNames(window).filter((name) => !mine.has(name));
    const look = setInterval(() => {{ for (const name of late()) steal("late", name); }}, 1);
    """
    got, loot = await attacked(pages, site, attack)
    assert_untouched(got)
    assert [item for item in loot if not item.startswith("called __polyhost_send")] == []
    assert not any("s3cret" in item for item in loot)


async def test_frames_share_neither_the_binding_nor_the_voice(pages: PageRuns, site: SiteHost) -> None:
    """The scripts are injected into frames too; there they must be mute, for the page owns its frames' globals."""
    attack = f"""
    addEventListener("DOMContentLoaded", () => {{
      for (const source of ["about:blank", "/frame", "srcdoc"]) {{
        const frame = document.createElement("iframe");
        if (source === "srcdoc") frame.srcdoc = "<script>parent.steal('srcdoc', typeof __polyhost_send)<\\/script>";
        else frame.src = source;
        frame.name = "polyfill"; frame.id = "__polyhost_send";
        document.body.append(frame);
        const look = () => {{ for (const name of Object.getOwnPropertyNames(frame.contentWindow)) {{
          if (!/polyhost|polyfill/.test(name)) continue;
          steal("frame", name);
          frame.contentWindow[name]({json.dumps(FORGED)});
        }} }};
        look(); frame.addEventListener("load", look);
      }}
    }});
    """
    site.page("<p>in a frame</p>", path="/frame")
    got, loot = await attacked(pages, site, attack, "while (frames.length < 3) await host.sleep(5);" + COLLECT)
    assert_untouched(got)
    assert [item for item in loot if item != "srcdoc: undefined"] == []
    assert len(got.restarts) == 0


async def test_messages_and_events_of_the_page_reach_nobody(pages: PageRuns, site: SiteHost) -> None:
    attack = f"""
    const forged = {FORGED};
    for (const target of [window, document])
      for (const kind of ["message", "polyhost", "error", "unhandledrejection", "DOMContentLoaded", "readystatechange"])
        target.dispatchEvent(Object.assign(new MessageEvent(kind, {{data: forged}}), {{}}));
    setInterval(() => {{
      postMessage(forged, "*"); postMessage({FORGED!r}, "*");
      window.dispatchEvent(new ErrorEvent("error", {{error: new Error("forged"), filename: "polyhost://fake/polyfill.js"}}));
      try {{ new BroadcastChannel("polyhost").postMessage(forged); }} catch {{}}
    }}, 1);
    setTimeout(() => {{ throw new Error("the page's own"); }}, 1);
    Promise.reject(new Error("the page's own"));
    //# sourceURL=polyhost://fake/polyfill.js
    """.replace("//#", "\n//#")
    got, _ = await attacked(pages, site, attack)
    assert_untouched(got)


async def test_a_service_worker_cannot_answer_for_the_site(pages: PageRuns, site: SiteHost) -> None:
    """Registered, active, in control of the page: a browser takes the requests of other worlds past it."""
    site.text(
        "/worker.js",
        """addEventListener("install", () => skipWaiting());
        addEventListener("activate", (event) => event.waitUntil(clients.claim()));
        addEventListener("fetch", (event) => event.respondWith(new Response('{"from": "forged"}')));""",
        "text/javascript",
    )
    attack = """
    navigator.serviceWorker.register("/worker.js");
    const root = document.documentElement;
    navigator.serviceWorker.addEventListener("controllerchange", () => root.setAttribute("data-controlled", "yes"));
    """
    wait = "while (!document.documentElement.dataset.controlled) await host.sleep(5);"
    allowed = {"service_workers": "allow"}  # Playwright's own block is a patch in the page; this must hold without it
    got, _ = await attacked(pages, site, attack, wait + COLLECT, context_options=allowed)
    assert_untouched(got)
    assert "/api" in site.seen


async def test_a_document_that_is_opened_again_does_not_strand_the_polyfill(pages: PageRuns, site: SiteHost) -> None:
    """document.open() removes every listener; the SDK keeps none."""
    got, _ = await attacked(
        pages,
        site,
        "addEventListener('load', () => { document.open(); document.write('<p>other</p>'); document.close(); });",
    )
    assert_untouched(got)


async def test_a_page_that_leads_away_is_left_and_the_polyfill_starts_again(pages: PageRuns, site: SiteHost) -> None:
    """The fence stops the navigation; the polyfill is brought back to its own page."""
    other = pages.sites.new("other")
    other.page(path="/landing")
    script = "polyfill(async (host) => host.sleep(60000));"
    async with pages.connector(site, script, own_browser=True).open(QuietCalls()) as session:
        assert isinstance(session, PageSession)
        assert session.tab.page is not None
        await session.send(start_message())
        await session.tab.page.evaluate(f"location.href = {other.url('/landing')!r}")
        assert await anext(session.events()) == Restarted("navigation", 1)
        assert session.tab.url == site.url()
    assert other.seen == []
    assert session.traffic.blocked == {other.name: 1}
