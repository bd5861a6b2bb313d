"""What the source removed from a stream without partitions is deleted once a run has read all of it (RS-4.5; ours)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.rig import Rig, message, says
from playbooks import MESSAGES, coverage, done, inventory, manifest, record, skip, stream, strict
from polyhost.connectors.scripted import Said
from polyhost.engine.run import _translate, _walks
from polyhost.store.memory import MemoryStore

pytestmark = pytest.mark.requirement("RS-4.5")

PEOPLE = manifest(strict(stream("people", coverage_strategy="full_inventory"), "text"))
ENUMERATED = {"type": "STREAM_ENUMERATED", "stream": "people"}
NAMES = ("ada", "bob", "cleo", "dan")
names = st.sets(st.sampled_from(NAMES))


def person(name: str, text: object = "t") -> dict[str, Any]:
    return record("people", name, {"text": text})


@dataclass(frozen=True)
class Run:
    """What one run finds at its source, and what becomes of it."""

    there: frozenset[str]
    odd: frozenset[str] = frozenset()
    """Those that come in a shape nobody can store."""
    unsaid: frozenset[str] = frozenset()
    """Those that the connector does not come to."""
    states: bool = True
    skips: bool = False
    nameless: bool = False
    fails: bool = False
    narrowed: bool = False

    @property
    def came(self) -> frozenset[str]:
        return self.there - self.unsaid

    def says(self) -> list[Said]:
        said: list[Said] = [person(name, 5 if name in self.odd else "t") for name in sorted(self.came)]
        said += [skip("people", "limit_reached")] if self.skips else []
        said += [record("people", "", {"text": 5})] if self.nameless else []
        said += [ENUMERATED] if self.states and not self.unsaid else []
        count = sum(isinstance(one, dict) and one["type"] == "RECORD" for one in said)
        return [*said, done(count, "failed", code="broken") if self.fails else done(count)]

    def proves(self) -> bool:
        """Said a second time, and as simply as it can be."""
        return self.states and not (self.unsaid or self.skips or self.nameless or self.fails or self.narrowed)


runs = st.builds(
    Run,
    there=names.map(frozenset),
    odd=names.map(frozenset),
    unsaid=st.just(frozenset()) | names.map(frozenset),
    states=st.booleans(),
    skips=st.integers(0, 4).map(lambda n: n == 0),
    nameless=st.integers(0, 4).map(lambda n: n == 0),
    fails=st.integers(0, 4).map(lambda n: n == 0),
    narrowed=st.integers(0, 4).map(lambda n: n == 0),
)


async def after(history: list[Run]) -> None:
    rig = await Rig(MemoryStore()).connected(PEOPLE)
    live: set[str] = set()
    ever: set[str] = set()
    for run in history:
        before = set(live)
        request = {"resources": {"people": list(NAMES)}} if run.narrowed else {}
        result = await rig.run(says(*run.says()), request)
        well = run.came - run.odd
        live |= well
        ever |= well
        if run.proves():
            assert not run.came - run.there
            live &= well | run.odd
        assert set(await rig.keys("people")) == live, (run, before)
        assert set(await rig.keys("people", deleted=True)) == ever, "what is gone keeps its last content"
        assert result["streams"]["people"]["deleted"] == len(before - live)
        assert live >= before & run.there, "nothing is called deleted that exists"


@settings(max_examples=60)
@given(st.lists(runs, max_size=6))
async def test_exactly_what_a_whole_reading_did_not_meet_is_deleted(history: list[Run]) -> None:
    await after(history)


async def test_what_comes_back_is_there_again(rig: Rig) -> None:
    await rig.connected(PEOPLE)
    for there, text in ((NAMES[:2], "t"), (NAMES[:1], "t"), (NAMES[:2], "new")):
        await rig.run(says(*[person(name, text) for name in there], ENUMERATED))
    assert {key: data["text"] for key, data in (await rig.data("people")).items()} == {"ada": "new", "bob": "new"}


async def test_more_than_a_run_remembers_is_not_guessed_and_said(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_walks, "MAX_SEEN", 2)
    await rig.connected(PEOPLE)
    await rig.run(says(*map(person, NAMES)))
    result = await rig.run(says(*map(person, NAMES[:3]), ENUMERATED))
    assert await rig.keys("people") == sorted(NAMES)
    assert rig.codes(result) == [("limit_reached", "people")]
    assert result["status"] == "complete"


async def test_an_exception_that_a_whole_reading_did_not_meet_stands_no_longer(rig: Rig) -> None:
    await rig.connected(PEOPLE)
    await rig.run(says(person("ada"), person("bob", 5), ENUMERATED))
    result = await rig.run(says(person("ada"), ENUMERATED))
    assert (result["status"], result["exceptions"]) == ("complete", [])


async def test_all_is_written_in_one_transaction_with_the_end(rig: Rig) -> None:
    await rig.connected(PEOPLE)
    await rig.run(says(*map(person, NAMES)))
    rig.store.fails = lambda ops: any(isinstance(op, _translate.TombstoneUnseen) for op in ops)
    with pytest.raises(ExceptionGroup):
        await rig.run(says(person("ada"), ENUMERATED))
    assert await rig.keys("people") == sorted(NAMES)


MOVES = manifest(MESSAGES)


@pytest.mark.parametrize("to_first", [False, True])
async def test_a_record_that_moved_to_another_partition_is_there_and_nowhere_else(rig: Rig, to_first: bool) -> None:
    """Whichever of the two is read first: it is neither deleted nor left where it was."""
    await rig.connected(MOVES)
    both = inventory("messages", "C1", "C2")
    claims = [coverage("messages", channel, None, "9.0") for channel in ("C1", "C2")]
    await rig.run(says(both, message("m", "C1", "5.0"), *claims))
    moved = message("m", "C2", "5.0")
    order = [moved, claims[1], claims[0]] if to_first else [claims[0], moved, claims[1]]
    await rig.run(says(both, *order))
    page = await rig.store.records.page(rig.connection.id, "messages")
    assert [(one.key, one.partition) for one in page.records] == [("m", "C2")]


async def test_a_member_that_moved_to_another_group_is_in_that_one(rig: Rig) -> None:
    await rig.connected(MOVES)
    heads = [message(key, "C1", f"{key}.0", thread=f"{key}.0") for key in ("1", "2")]
    whole = coverage("messages", "C1", None, "9.0", groups=["1.0", "2.0"])
    await rig.run(says(inventory("messages", "C1"), *heads, message("m", "C1", "3.0", thread="1.0"), whole))
    await rig.run(says(*heads, message("m", "C1", "3.0", thread="2.0", text="renamed"), whole))
    groups: Mapping[str, Any] = await rig.data("messages")
    assert (groups["m"]["thread"], groups["m"]["text"]) == ("2.0", "renamed")
    assert await rig.keys("messages") == ["1", "2", "m"]
