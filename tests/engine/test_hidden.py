"""What a source hides, from connector to store: neither covered nor deleted, asked again, and read once it is shown
(RS-4.3; ours)."""

from __future__ import annotations

from typing import Any

import pytest

from engine.rig import Rig, message, says
from playbooks import MESSAGES, coverage, done, inventory, manifest
from polyhost.connectors.scripted import FLUSH, RESTART, SETTLED
from polyhost.ledger.state import HiddenStretch

pytestmark = pytest.mark.requirement("RS-4.3")

CHATS = manifest(MESSAGES)
ALL = [message(key, "C1", f"{at}.0") for at, key in enumerate("abcdef", start=1)]
DAY = 25 * 3600


def hidden(since: str | None, until: str, **over: Any) -> dict[str, Any]:
    return {"type": "PARTITION_HIDDEN", "stream": "messages", "partition": "C1", "since": since, "until": until, **over}


WHOLE = coverage("messages", "C1", None, "6.0")
SHOWN = [ALL[0], ALL[1], ALL[4], ALL[5]]
"""What is left to be seen of the six while c and d are hidden, between b and e."""


async def first(rig: Rig, *told: Any) -> dict[str, Any]:
    await rig.connected(CHATS)
    return await rig.run(says(inventory("messages", "C1"), *told))


async def windows(rig: Rig) -> list[tuple[str | None, str | None, str]]:
    found: list[Any] = []

    async def asks(host: Any) -> Any:
        yield inventory("messages", "C1")
        yield FLUSH
        found.extend(await host.windows("messages", "C1"))
        yield done()

    await rig.run(asks)
    return [(one["since"], one["until"], one["purpose"]) for one in found]


async def test_what_is_hidden_is_not_covered_not_missing_and_not_asked_for_in_every_run(rig: Rig) -> None:
    result = await first(rig, *SHOWN, hidden("2.0", "5.0", reason="left_then"), WHOLE)
    assert (result["status"], rig.codes(result)) == ("complete", [("source_limited", "messages")])
    assert await rig.covered("C1") == [(None, "2.0"), ("5.0", "6.0")]
    state = (await rig.partitions())["C1"]
    assert state.hidden == (HiddenStretch("2.0", "5.0", state.hidden[0].told_at, "left_then"),)
    assert (state.high_water, result["coverage"]["messages"]["limited"]) == ("6.0", 1)
    asked = await windows(rig)
    assert [one for one in asked if one[2] != "refresh"] == [("6.0", None, "new")]
    assert ("2.0", "5.0", "refresh") not in asked


async def test_what_was_stored_of_it_is_kept_and_what_is_gone_beside_it_is_not(rig: Rig) -> None:
    await first(rig, *ALL, WHOLE)
    await rig.run(says(*SHOWN[1:], hidden("2.0", "5.0"), WHOLE))
    assert await rig.keys("messages") == ["b", "c", "d", "e", "f"], "a was deleted, c and d are hidden"
    assert await rig.covered("C1") == [(None, "6.0")], "it was read before"


async def test_it_is_asked_for_again_after_the_interval_and_lifted_by_a_claim_that_states_none(rig: Rig) -> None:
    await first(rig, *SHOWN, hidden("2.0", "5.0"), WHOLE)
    rig.clock.seconds += DAY
    assert ("2.0", "5.0", "refresh") in await windows(rig)
    piece = coverage("messages", "C1", "2.0", "5.0")
    still = await rig.run(says(inventory("messages", "C1"), hidden("2.0", "5.0"), piece))
    assert ("source_limited", "messages") in rig.codes(still)
    assert ("2.0", "5.0", "refresh") not in await windows(rig)
    rig.clock.seconds += DAY
    read = await rig.run(says(inventory("messages", "C1"), *ALL[1:5], piece))
    assert (read["status"], rig.codes(read)) == ("complete", [])
    assert await rig.covered("C1") == [(None, "6.0")]
    assert await rig.keys("messages") == [*"abcdef"]


@pytest.mark.parametrize("was_read", [False, True])
async def test_a_claim_to_the_end_over_what_is_all_hidden_deletes_nothing(rig: Rig, was_read: bool) -> None:
    """Also where nothing was covered before: a run that was cut left these records."""
    to_end = coverage("messages", "C1", None, None)  # type: ignore[arg-type]
    await first(rig, *ALL, *([WHOLE] if was_read else []))
    await rig.run(says(hidden(None, "9.0"), to_end))
    assert await rig.keys("messages") == [*"abcdef"]


async def test_after_a_restart_it_stands_as_it_was_stated_in_the_run(rig: Rig) -> None:
    await rig.connected(CHATS)

    async def restarts(host: Any) -> Any:
        resumed = host.start.get("resume")
        told = [inventory("messages", "C1"), *SHOWN, hidden("2.0", "5.0"), SETTLED, RESTART]
        for one in [WHOLE, done(resumed["records_emitted"])] if resumed else told:
            yield one

    await rig.run(restarts)
    assert await rig.covered("C1") == [(None, "2.0"), ("5.0", "6.0")]


@pytest.mark.parametrize("request_", [{"resources": {"messages": ["C2"]}}, {"fields": {"messages": ["text"]}}])
async def test_outside_of_its_scope_a_run_states_nothing(rig: Rig, request_: dict[str, Any]) -> None:
    await first(rig, *ALL, WHOLE)
    await rig.run(says(hidden("2.0", "5.0")), request_)
    assert (await rig.partitions())["C1"].hidden == ()
