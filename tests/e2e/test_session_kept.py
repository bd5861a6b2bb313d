"""The saved session through good and bad runs: renewed, never overwritten by a worse or an older one; and who is asked.

Provenance: HO-4; ours.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from e2e.owner import NAME, Owner
from e2e.truth import difference
from polyhost.engine.events import OwnerAsked, PartitionAdvanced
from polyhost.engine.sessions.saved import load_session, save_session
from polyhost.operations.runs import RunRequest, run


@pytest.fixture(autouse=True)
def _no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)


class Asked:
    """An owner at a terminal: does something, then presses Enter; or has gone home."""

    def __init__(self, does: Any = None, *, says: str = "success") -> None:
        self.questions: list[OwnerAsked] = []
        self._does = does
        self._says = says

    async def __call__(self, asked: OwnerAsked) -> tuple[str, Any]:
        self.questions.append(asked)
        if self._does is not None:
            await self._does()
        return self._says, None


async def run_asking(owner: Owner, asked: Asked) -> dict[str, Any]:
    context = owner.context()
    context.answer = asked
    owner.slack.log.clear()
    request = RunRequest(name=NAME, map_host=tuple(owner.slack.map_host), insecure_tls=True)
    return (await run(context, request)).value


def renewing(owner: Owner) -> Any:
    """Sign in again in another terminal."""

    async def renew() -> None:
        state = owner.slack.write_storage_state(owner.home.with_suffix(".again.json"))
        await owner.renew(state)

    return renew


@pytest.mark.requirement("HO-4")
async def test_an_owner_without_a_screen_renews_elsewhere_and_the_run_goes_on_where_it_was(newcomer: Owner) -> None:
    slack = newcomer.slack
    slack.behaviour.page_cap = 20
    slack.faults.expire_session_at(8, "conversations.history")
    whole: set[str] = set()
    renew = renewing(newcomer)

    async def renew_later() -> None:
        advanced = (event for event in newcomer.events if isinstance(event, PartitionAdvanced))
        whole.update(event.partition for event in advanced if event.finished)
        slack.log.clear()
        await renew()

    asked = Asked(renew_later)
    ran = await run_asking(newcomer, asked)
    assert ran["status"] == "complete"
    assert await difference(newcomer) == {}
    (question,) = asked.questions
    assert question.kind == "manual_action"
    assert f"polyhost connect slack --name {NAME} --renew" in question.message
    read_after = {seen.params["channel"] for seen in slack.requests("conversations.history")}
    counted = {key for key, view in (await newcomer.partitions()).items() if view["source_status"] == "active"}
    whole &= counted  # of an archived one Slack does not say how far it reaches: only asking again tells
    assert whole, "something was read to its end before the pause"
    assert read_after, "something was left for after it"
    assert not whole & read_after, "nothing that was whole was read again"
    assert ran["streams"]["messages"]["new"] == len(await newcomer.records("messages"))


@pytest.mark.requirement("HO-4")
async def test_an_owner_signed_out_before_a_run_is_asked_before_anything_is_collected(owner: Owner) -> None:
    owner.slack.sign_out_elsewhere()
    asked = Asked(renewing(owner))
    ran = await run_asking(owner, asked)
    assert (ran["status"], len(asked.questions)) == ("complete", 1)


@pytest.mark.requirement("HO-4")
async def test_enter_without_signing_in_is_asked_again_and_then_the_run_needs_its_owner(newcomer: Owner) -> None:
    newcomer.slack.behaviour.page_cap = 20
    newcomer.slack.faults.expire_session_at(4, "conversations.history")
    before = load_session(newcomer.home, NAME)
    asked = Asked()
    ran = await run_asking(newcomer, asked)
    assert ran["status"] == "needs_owner"
    assert len(asked.questions) == 3
    assert 0 < ran["streams"]["messages"]["new"] == len(await newcomer.records("messages"))
    assert load_session(newcomer.home, NAME) == before


async def test_a_run_can_be_cancelled_while_it_waits_for_its_owner(newcomer: Owner) -> None:
    newcomer.slack.faults.expire_session_at(2, "conversations.history")
    context = newcomer.context()

    async def cancel_instead(asked: OwnerAsked) -> tuple[str, Any]:
        del asked
        context.cancelled.set()
        await asyncio.Event().wait()
        raise AssertionError

    context.answer = cancel_instead
    request = RunRequest(name=NAME, map_host=tuple(newcomer.slack.map_host), insecure_tls=True)
    cancelled = (await run(context, request)).value
    assert cancelled["status"] == "cancelled"
    assert "signed_out" in [found["code"] for found in cancelled["diagnostics"]]


@pytest.mark.requirement("HO-4")
async def test_a_session_saved_while_a_run_goes_on_is_not_lost_to_the_runs_older_one(newcomer: Owner) -> None:
    newer = {**newcomer.slack.storage_state(), "marker": "saved by somebody else"}
    gate = newcomer.slack.faults.hold("conversations.history")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(newcomer.run())
        await gate.reached.wait()
        save_session(newcomer.home, NAME, newer)
        gate.release()
    assert running.result().status == "complete"
    assert load_session(newcomer.home, NAME) == newer


@pytest.mark.requirement("HO-4")
async def test_what_the_site_renews_during_a_good_run_is_kept(newcomer: Owner) -> None:
    """A client that is upgraded moves its storage; the saved session follows."""
    newcomer.slack.behaviour.token_key = "localConfig_v3"
    assert (await newcomer.run()).status == "complete"
    state = load_session(newcomer.home, NAME)
    assert state is not None
    assert {item["name"] for origin in state["origins"] for item in origin["localStorage"]} >= {"localConfig_v3"}
    assert {cookie["domain"] for cookie in state["cookies"]} == {".slack.com"}


@pytest.mark.requirement("HO-4")
async def test_a_session_lost_at_the_very_end_is_noticed_and_not_saved(newcomer: Owner) -> None:
    """The API answered to the last; the page would not have: what looked complete may have been an empty site."""
    before = load_session(newcomer.home, NAME)
    gate = newcomer.slack.faults.hold("users.list")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(newcomer.run(stream=("users",)))
        await gate.reached.wait()
        newcomer.slack.behaviour.front_counts_nobody = True
        gate.release()
    assert running.result().status == "needs_owner"
    assert load_session(newcomer.home, NAME) == before
