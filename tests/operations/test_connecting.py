"""Connections made of a session: their names, their workspaces, and whose they stay (HO-4; ours).

The browser is left out: what a way in comes to is given, everything after it is real.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from polyhost.browser.session import SessionReport
from polyhost.engine.sessions.saved import load_session
from polyhost.errors import RefusedError
from polyhost.operations import connecting
from polyhost.operations.connect import ConnectRequest, connect
from polyhost.operations.context import Context
from polyhost.operations.entering import Entered
from polyhost.operations.status import StatusRequest, status

MINA = {"id": "U1", "label": "mina"}
BAY = {"id": "T1", "label": "Lantern Bay", "url": "https://app.slack.com/client/T1"}
PLENTY = {"id": "T2", "label": "Plenty", "url": "https://app.slack.com/client/T2"}


@dataclass
class Site:
    """What the site says of whoever comes in, and with which session."""

    account: dict[str, str] | None = field(default_factory=lambda: dict(MINA))
    elsewhere: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    """The account in a workspace that is looked at by itself, where it is another."""
    workspaces: list[dict[str, str]] = field(default_factory=lambda: [BAY])
    state: dict[str, Any] = field(default_factory=lambda: {"cookies": [{"name": "d"}], "origins": []})

    async def __call__(self, *_: object, **__: object) -> Entered:
        return Entered(self.state, self._report(self.account, self.workspaces))

    async def at_workspace(self, *given: Any) -> SessionReport:
        place = given[-1]
        if place is None or place.id == self.workspaces[0]["id"]:
            return self._report(self.account, self.workspaces)
        return self._report(self.elsewhere.get(place.id), [place.model_dump(), *self.workspaces])

    def _report(self, account: dict[str, str] | None, workspaces: list[Any]) -> SessionReport:
        return SessionReport.model_validate({"signed_in": True, "account": account, "workspaces": workspaces})


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Site:
    given = Site()
    monkeypatch.setattr(connecting, "enter", given)
    monkeypatch.setattr(connecting, "at_workspace", given.at_workspace)
    return given


@pytest.fixture
def context(home: Path) -> Context:
    return Context(home=home)


async def connected(context: Context, **options: Any) -> dict[str, Any]:
    request = ConnectRequest(source="slack", cdp="http://127.0.0.1:9", **options)
    return (await connect(context, request)).value


async def accounts(context: Context) -> dict[str, Mapping[str, Any]]:
    async with context.store() as store:
        return {row.name: row.account for row in await store.connections.all()}


async def test_a_connection_keeps_whose_it_is_and_which_page_it_is_collected_from(context: Context, site: Site) -> None:
    value = await connected(context)
    assert (value["name"], value["account"], value["workspaces"]) == ("slack", "mina", ["Lantern Bay"])
    assert (await accounts(context))["slack"] == {**MINA, "workspace": BAY}
    assert load_session(context.home, "slack") == site.state


async def test_each_workspace_gets_a_name_of_its_own_and_none_is_taken_twice(context: Context, site: Site) -> None:
    site.workspaces = [BAY, {**PLENTY, "label": "Lantern  Bay!"}, {"id": "T3", "label": "日本"}]
    value = await connected(context, all=True)
    assert value["connections"] == ["slack-lantern-bay", "slack-lantern-bay-2", "slack-t3"]


async def test_a_workspace_that_is_connected_already_gets_the_new_session(context: Context, site: Site) -> None:
    await connected(context, name="work")
    site.workspaces, site.state = [BAY, PLENTY], {"cookies": [{"name": "newer"}], "origins": []}
    value = await connected(context, all=True)
    assert value["connections"] == ["work", "slack-plenty"]
    assert load_session(context.home, "work") == site.state


@pytest.mark.parametrize("word", ["T2", "Plenty", "plenty"])
async def test_a_workspace_is_named_by_id_or_name(context: Context, site: Site, word: str) -> None:
    site.workspaces = [BAY, PLENTY]
    assert (await connected(context, workspace=(word,)))["workspaces"] == ["Plenty"]


async def test_a_workspace_the_session_does_not_open_is_refused_with_those_it_does(
    context: Context, site: Site
) -> None:
    with pytest.raises(RefusedError) as refused:
        await connected(context, workspace=("T9",))
    assert refused.value.code == "unknown_workspace"
    assert "Lantern Bay (T1)" in refused.value.instruction
    assert await accounts(context) == {}


async def test_with_nobody_to_ask_several_workspaces_are_refused(context: Context, site: Site) -> None:
    site.workspaces = [BAY, PLENTY]
    with pytest.raises(RefusedError) as refused:
        await connected(context)
    assert refused.value.code == "which_workspace"
    assert "--all" in refused.value.instruction


async def test_the_owner_who_is_asked_may_take_all(context: Context, site: Site) -> None:
    async def choose(question: str, answers: Mapping[str, str]) -> str | None:
        return "all" if "Which one" in question else "no"

    context.choose = choose
    site.workspaces = [BAY, PLENTY]
    assert (await connected(context))["connections"] == ["slack-lantern-bay", "slack-plenty"]


@pytest.mark.requirement("HO-4")
@pytest.mark.parametrize("kind", ["another workspace", "another account", "another account of no workspace"])
async def test_another_owners_session_never_replaces_the_saved_one(context: Context, site: Site, kind: str) -> None:
    if kind == "another account of no workspace":
        site.workspaces = []
    await connected(context)
    before = load_session(context.home, "slack")
    site.account, site.state = {"id": "U9", "label": "theo"}, {"cookies": [{"name": "theirs"}], "origins": []}
    if kind == "another workspace":
        site.workspaces = [PLENTY]
    with pytest.raises(RefusedError) as refused:
        await connected(context, renew=True)
    assert refused.value.code == "other_account"
    assert "theo" not in str(refused.value)
    assert load_session(context.home, "slack") == before


@pytest.mark.requirement("HO-4")
async def test_a_session_of_nobody_knows_whom_never_replaces_the_saved_one(context: Context, site: Site) -> None:
    await connected(context)
    before = load_session(context.home, "slack")
    site.account, site.state = None, {"cookies": [{"name": "somebody's"}], "origins": []}
    with pytest.raises(RefusedError) as refused:
        await connected(context, renew=True)
    assert refused.value.code == "account_unknown"
    assert load_session(context.home, "slack") == before


async def test_an_account_of_another_workspace_is_not_taken_for_the_one_there(context: Context, site: Site) -> None:
    site.workspaces, site.elsewhere = [BAY, PLENTY], {"T2": {"id": "U7", "label": "mina.k"}}
    await connected(context, all=True)
    assert {name: account["id"] for name, account in (await accounts(context)).items()} == {
        "slack-lantern-bay": "U1",
        "slack-plenty": "U7",
    }
    site.account, site.workspaces = {"id": "U7", "label": "mina.k"}, [PLENTY, BAY]
    await connected(context, name="slack-plenty", renew=True)


@pytest.mark.requirement("HO-4")
async def test_a_colleague_who_connects_all_workspaces_gets_connections_of_their_own(
    context: Context, site: Site
) -> None:
    await connected(context, all=True)
    before = load_session(context.home, "slack")
    site.account, site.workspaces = {"id": "U9", "label": "theo"}, [BAY, PLENTY]
    site.state = {"cookies": [{"name": "theirs"}], "origins": []}
    value = await connected(context, all=True, name="theirs")
    assert value["connections"] == ["theirs-lantern-bay", "theirs-plenty"]
    assert load_session(context.home, "slack") == before


async def test_files_of_another_workspace_refuse_a_session(context: Context, site: Site, tmp_path: Path) -> None:
    await connect(context, ConnectRequest(source="slack", watch=str(tmp_path)))
    async with context.store() as store:
        row = await store.connections.get("slack")
        assert row is not None
        await store.connections.update(row.id, account={"accounts": ["T9"]})
    with pytest.raises(RefusedError) as refused:
        await connected(context, renew=True)
    assert refused.value.code == "other_account"


async def test_the_owners_own_new_session_does(context: Context, site: Site) -> None:
    await connected(context)
    site.state = {"cookies": [{"name": "newer"}], "origins": []}
    await connected(context, renew=True)
    assert load_session(context.home, "slack") == site.state


async def test_a_name_that_is_taken_is_refused_before_the_owner_signs_in(
    context: Context, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await connected(context)
    monkeypatch.delattr(connecting, "enter")
    with pytest.raises(RefusedError) as refused:
        await connected(context)
    assert refused.value.code == "name_taken"


@pytest.mark.parametrize(
    ("source", "watches", "expected"),
    [
        ("whatsapp", False, "polyhost import mine FILE"),
        ("whatsapp", True, "polyhost import mine --watched"),
        ("slack", True, "polyhost import mine --watched"),
    ],
)
async def test_what_comes_next_is_what_fills_the_connection(
    context: Context, tmp_path: Path, source: str, watches: bool, expected: str
) -> None:
    """What lives on files is not run, and not asked to sign in."""
    (tmp_path / "files").mkdir()
    watch = str(tmp_path / "files") if watches else None
    value = (await connect(context, ConnectRequest(source=source, name="mine", watch=watch))).value
    assert value["next"] == expected
    told = (await status(context, StatusRequest(name="mine"))).value
    assert "polyhost run" not in str(told)
    assert "--renew" not in str(told)
