"""What a source may reach, and the owner's agreement to it (SE-1).

A polyfill of the home's own is connected; then its manifest changes, as a later version of it may.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from polyhost.browser.session import SessionReport
from polyhost.browser.signed_in import SignedIn
from polyhost.engine.sessions.saved import save_session
from polyhost.errors import NeedsOwnerError, PolyhostError, RefusedError
from polyhost.operations import entering
from polyhost.operations.collect import collect_as_typed, collect_wanted
from polyhost.operations.connect import ConnectRequest, connect
from polyhost.operations.context import Context
from polyhost.operations.hosts import HostsRequest, hosts
from polyhost.operations.polyfills import DevRequest, dev
from polyhost.operations.runs import RunRequest
from polyhost.operations.status import StatusRequest, status
from polyhost.store import memos

pytestmark = pytest.mark.requirement("SE-1")

MANIFEST: dict[str, Any] = {
    "protocol_version": "0.1.0",
    "connector_id": "https://example.org/polyfills/gulls",
    "version": "1.0.0",
    "display_name": "Gulls",
    "polyfill": {"script": "polyfill.js", "page": "https://gulls.example/", "hosts": ["gulls.example"]},
    "streams": [
        {
            "name": "notes",
            "schema": {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]},
            "primary_key": ["id"],
        }
    ],
}
Declare = Callable[..., None]
DIGEST = "c1b3ffb95f167c2134637ca6d13d158e"
"""Of these hosts; it is the same in every version, or what a page still shows is refused."""


@pytest.fixture
def declare(home: Path) -> Declare:
    """Write the manifest, with these hosts."""
    folder = home / "polyfills" / "gulls"
    folder.mkdir(parents=True)
    (folder / "polyfill.js").write_text("polyfill(async () => {});", encoding="utf-8")

    def write(*declared: Any, **session: Any) -> None:
        signs = {"signed_in": ["^https://gulls\\.example/home"], **session}
        polyfill = {**MANIFEST["polyfill"], "hosts": list(declared), "session": signs}
        (folder / "manifest.json").write_text(json.dumps({**MANIFEST, "polyfill": polyfill}), encoding="utf-8")

    write("gulls.example")
    return write


@pytest.fixture
async def context(home: Path, declare: Declare) -> Context:
    """With the connection `gulls`, made of its files alone, and a session put beside it."""

    def launcher(*_: object) -> Any:
        raise RefusedError("no browser is started here")

    context = Context(home=home, launcher=launcher)
    async with context.store() as store:
        await store.connections.create(
            name="gulls", source="gulls", nature="live", options={}, account={}, at=context.clock.iso()
        )
    save_session(home, "gulls", {"cookies": [], "origins": []})
    await hosts(context, HostsRequest(name="gulls", action="accept"))
    return context


async def run_typed(context: Context) -> object:
    return await collect_as_typed(context, RunRequest(name="gulls"))


async def run_asked_for(context: Context) -> object:
    return await collect_wanted(context, "gulls", {})


async def developed(context: Context) -> object:
    return await dev(context, DevRequest(polyfill="gulls", once=True))


RUNS = pytest.mark.parametrize("run", [run_typed, run_asked_for], ids=["command line", "owner API and schedule"])


async def asks(run: Callable[[Context], Any], context: Context) -> bool:
    """Whether its owner is asked to agree before it starts a browser."""
    try:
        await run(context)
    except PolyhostError as error:
        return error.code == "hosts_widened"
    return False


@RUNS
async def test_a_source_that_has_become_wider_is_not_run_until_its_owner_agrees(
    context: Context, declare: Declare, run: Callable[[Context], Any]
) -> None:
    assert not await asks(run, context)
    declare("gulls.example", "*.evil.example")
    with pytest.raises(NeedsOwnerError) as refused:
        await run(context)
    assert refused.value.code == "hosts_widened"
    assert "any name below evil.example" in refused.value.reason
    assert refused.value.instruction == "If that is right: polyhost hosts gulls accept"
    assert (await hosts(context, HostsRequest(name="gulls"))).value == {
        "connection": "gulls",
        "reaches": ["gulls.example", "any name below evil.example"],
        "unagreed": ["any name below evil.example"],
        "named": [],
        "digest": DIGEST,
    }
    agreed = (await hosts(context, HostsRequest(name="gulls", action="accept"))).value
    assert agreed["unagreed"] == []
    assert not await asks(run, context)


async def test_what_is_agreed_to_is_what_was_shown(context: Context, declare: Declare) -> None:
    declare("gulls.example", "new.example")
    shown = (await hosts(context, HostsRequest(name="gulls"))).value
    declare("gulls.example", "new.example", "*.evil.example")
    with pytest.raises(RefusedError, match="is not what was shown") as refused:
        await hosts(context, HostsRequest(name="gulls", action="accept", digest=shown["digest"]))
    assert refused.value.code == "hosts_changed"
    assert await asks(run_typed, context)
    shown = (await hosts(context, HostsRequest(name="gulls"))).value
    agreed = (await hosts(context, HostsRequest(name="gulls", action="accept", digest=shown["digest"]))).value
    assert agreed == {**shown, "unagreed": []}
    assert not await asks(run_typed, context)


async def test_without_a_name_the_hosts_of_every_connection_are_shown(context: Context, declare: Declare) -> None:
    """Also of one whose source is gone: what was agreed to."""
    async with context.store() as store:
        await store.connections.create(
            name="lost", source="lost", nature="live", options={}, account={}, at=context.clock.iso()
        )
    declare("gulls.example", "new.example")
    one = (await hosts(context, HostsRequest(name="gulls"))).value
    lost = {"connection": "lost", "reaches": [], "unagreed": [], "named": [], "digest": None}
    assert one["unagreed"] == ["new.example"]
    assert (await hosts(context, HostsRequest())).value == {"connections": [one, lost]}


async def test_a_home_without_a_store_has_no_hosts(home: Path) -> None:
    assert (await hosts(Context(home=home / "none"), HostsRequest())).value == {"connections": []}
    assert not (home / "none").exists()


async def test_that_it_wants_more_is_told_with_how_it_is(context: Context, declare: Declare) -> None:
    declare("gulls.example", *(f"h{number}.example" for number in range(5)))
    health = (await status(context, StatusRequest(name="gulls"))).value
    [told] = [one for one in health["next_actions"] if one["command"] == "polyhost hosts gulls"]
    assert told["message"].endswith("than you agreed to: h0.example; h1.example; h2.example; and 2 more.")
    await hosts(context, HostsRequest(name="gulls", action="accept"))
    health = (await status(context, StatusRequest(name="gulls"))).value
    assert "hosts_widened" not in [one["reason"] for one in health["conditions"]]


@pytest.mark.parametrize("way", ["window", "handed over"])
async def test_a_session_handed_over_to_a_connection_that_is_there_agrees_to_nothing_more(
    context: Context, declare: Declare, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    entered: list[str] = []

    async def enter(*_: object, **__: object) -> SignedIn:
        entered.append(way)
        return SignedIn({"cookies": [], "origins": []}, SessionReport(signed_in=True))

    monkeypatch.setattr(entering, "check_display", lambda: None)
    monkeypatch.setattr(entering, "enter_visibly", enter)
    monkeypatch.setattr(entering, "enter_running", enter)
    renew = ConnectRequest(
        source="gulls", name="gulls", renew=True, cdp="http://127.0.0.1:9" if way == "handed over" else None
    )
    await connect(context, renew)
    declare("gulls.example", "evil.example")
    if way == "handed over":
        with pytest.raises(NeedsOwnerError) as refused:
            await connect(context, renew)
        assert (refused.value.code, entered) == ("hosts_widened", [way])
        assert await asks(run_typed, context)
    else:
        await connect(context, renew)
        assert not await asks(run_typed, context)


@RUNS
async def test_a_source_that_has_become_narrower_asks_nothing(
    context: Context, declare: Declare, run: Callable[[Context], Any]
) -> None:
    declare("gulls.example", "*.gulls.example")
    await hosts(context, HostsRequest(name="gulls", action="accept"))
    declare("gulls.example", "a.gulls.example")
    assert not await asks(run, context)


async def test_a_private_address_and_a_wider_sign_in_ask_too(context: Context, declare: Declare) -> None:
    declare({"host": "gulls.example", "allow_private": True, "rationale": "So."})
    assert await asks(run_typed, context)
    declare("gulls.example", sign_in_anywhere="So.")
    assert await asks(run_typed, context)


async def test_no_session_is_given_to_a_wider_source_that_is_being_developed(
    context: Context, declare: Declare
) -> None:
    declare("gulls.example", "evil.example")
    assert await asks(developed, context)


async def test_many_new_hosts_are_named_by_the_first(context: Context, declare: Declare) -> None:
    declare("gulls.example", *(f"h{number}.example" for number in range(10)))
    with pytest.raises(NeedsOwnerError, match=r"h0\.example; h1\.example; h2\.example; and 7 more"):
        await run_typed(context)


async def test_of_a_connection_of_an_earlier_version_what_it_reaches_now_is_agreed_to(
    context: Context, declare: Declare
) -> None:
    async with context.store() as store:
        row = await context.connection(store, "gulls")
        await store.connections.save_memo(row.id, memos.REACH, None)
    declare("gulls.example", "more.example")
    assert (await hosts(context, HostsRequest(name="gulls"))).value["unagreed"] == []
    assert not await asks(run_typed, context)
    declare("gulls.example", "more.example", "evil.example")
    assert await asks(run_typed, context)


REACH = [
    "Gulls may reach, and nothing else:",
    "- gulls.example",
    "- any name below gulls.example",
    "- Only while you sign in: accounts.example",
]


@pytest.mark.parametrize("way", ["window", "handed over"])
async def test_an_owner_is_told_before_signing_in_and_agrees_by_connecting(
    context: Context, declare: Declare, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """The browser is left out: what a way in comes to is given."""
    seen: list[str] = []
    context.watch = lambda event: seen.append(getattr(event, "message", ""))
    told_before: list[list[str]] = []

    async def entered(*_: object, **__: object) -> SignedIn:
        told_before.append([*seen])
        return SignedIn({"cookies": [], "origins": []}, SessionReport(signed_in=True))

    monkeypatch.setattr(entering, "check_display", lambda: None)
    monkeypatch.setattr(entering, "enter_visibly", entered)
    monkeypatch.setattr(entering, "enter_running", entered)
    declare("gulls.example", "*.gulls.example", sign_in_hosts=["accounts.example"])
    cdp = "http://127.0.0.1:9" if way == "handed over" else None
    made = (await connect(context, ConnectRequest(source="gulls", name="more", cdp=cdp))).value
    assert [line for line in seen if line in REACH] == REACH
    assert [line for line in told_before[0] if line in REACH] == (REACH if way == "window" else [])
    assert "any name below gulls.example" in made["hosts"]
    declare("gulls.example", "evil.example")
    assert await asks(lambda context: collect_wanted(context, "more", {}), context)


async def test_a_word_that_is_no_action_is_refused(context: Context) -> None:
    with pytest.raises(RefusedError, match="use list or accept"):
        await hosts(context, HostsRequest(name="gulls", action="widen"))
