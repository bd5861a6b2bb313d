"""RS-4.1, RS-4.2: tokens in the program's own runs: kept with their ranges, given back, and forgotten when refused."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from engine.naive_source import NaiveSource
from engine.rig import Rig, message, says
from engine.test_naive_sources import arrived, declared, refused
from playbooks import MESSAGES, coverage, done, inventory, manifest, state
from polyhost.connectors.scripted import SETTLED, Said, ScriptHost

pytestmark = pytest.mark.requirement("RS-4.1", "RS-4.2")

PAGED = manifest({**MESSAGES, "partition": {**MESSAGES["partition"], "refresh": {"requests_per_run": 0}}})


async def wanted(rig: Rig, partition: str = "C1") -> list[tuple[Any, ...]]:
    """What the next run is told to read first, with the tokens."""
    found: list[tuple[Any, ...]] = []

    async def asks(host: ScriptHost) -> AsyncGenerator[Said]:
        yield inventory("messages", partition)
        yield SETTLED
        due = [one for one in await host.windows("messages", partition) if one["when"] == "due"]
        found.extend((one["since"], one["until"], one["older"], one["newer"]) for one in due)
        yield done(0)

    await rig.run(asks)
    return found


async def test_a_first_sync_that_was_cut_goes_on_from_its_token_also_in_a_run_after_the_next(rig: Rig):
    await rig.connected(PAGED)
    cut = (message("c", "C1", "3.0"), coverage("messages", "C1", "3.0", "4.0", older="page 2"))
    await rig.run(says(inventory("messages", "C1"), *cut, done(1, "failed")))
    assert await wanted(rig) == [("4.0", None, None, None), (None, "3.0", "page 2", None)]
    assert await wanted(rig) == [("4.0", None, None, None), (None, "3.0", "page 2", None)]
    await rig.run(says(message("b", "C1", "2.0"), coverage("messages", "C1", "2.0", "3.0", older="page 3")))
    assert (await wanted(rig))[1] == (None, "2.0", "page 3", None)
    await rig.run(says(message("a", "C1", "1.0"), coverage("messages", "C1", None, "2.0")))
    assert await wanted(rig) == [("4.0", None, None, None)]
    assert await rig.keys("messages") == ["a", "b", "c"]


async def test_a_page_that_goes_on_by_token_deletes_nothing_that_lies_where_it_begins(rig: Rig):
    """The pages share their edges, and only one of them brings what lies there."""
    await rig.connected(PAGED)
    await rig.run(says(message("b", "C1", "2.0"), coverage("messages", "C1", "2.0", "2.0", older="o", newer="n")))
    await rig.run(says(message("a", "C1", "1.0"), coverage("messages", "C1", None, "2.0")))
    await rig.run(says(message("c", "C1", "3.0"), coverage("messages", "C1", "2.0", "3.0")))
    assert await rig.keys("messages") == ["a", "b", "c"]


async def test_a_token_that_the_source_refuses_is_not_given_back(rig: Rig):
    await rig.connected(PAGED)
    await rig.run(says(message("c", "C1", "3.0"), coverage("messages", "C1", "3.0", "4.0", older="old")))
    await rig.run(says({**refused("old", "C1")}))
    assert await wanted(rig) == [("4.0", None, None, None), (None, "3.0", None, None)]
    assert await rig.covered("C1") == [("3.0", "4.0")], "what was read stays read"


async def test_what_was_above_all_that_is_there_is_gone_once_the_end_was_reached(rig: Rig):
    """A cut run left it, and it was deleted since. No position that the source still shows lies as high."""
    await rig.connected(PAGED)
    await rig.run(says(message("a", "C1", "1.0"), message("z", "C1", "9.0"), done(2, "failed")))
    await rig.run(says(message("a", "C1", "1.0"), coverage("messages", "C1", None, None)))
    assert await rig.keys("messages") == ["a"]
    await rig.run(says(coverage("messages", "C1", None, None)))
    assert await rig.keys("messages") == []


async def test_a_partition_with_nothing_in_it_is_read_whole(rig: Rig):
    await rig.connected(PAGED)
    result = await rig.run(says(inventory("messages", "C1"), coverage("messages", "C1", None, None)))
    assert (result["status"], result["coverage"]["messages"]["complete"]) == ("complete", 1)


def follows(source: NaiveSource, *said: Said) -> Any:
    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        yield inventory("messages", "A", "B")
        yield arrived(source.head(), None)
        yield SETTLED
        for one in said:
            yield one
        yield done(sum(isinstance(one, dict) and one["type"] == "RECORD" for one in said))

    return script


async def test_what_was_read_before_it_was_followed_is_read_again(rig: Rig):
    """Something may have come below it between the two."""
    await rig.connected(declared("any_order"))
    await rig.run(says(inventory("messages", "A", "B"), coverage("messages", "A", None, "5")))
    assert [(span.since, span.until) for span in (await rig.partitions())["A"].covered] == [(None, "5")]
    result = await rig.run(follows(NaiveSource(), coverage("messages", "B", None, None)))
    states = await rig.partitions()
    assert (states["A"].covered, states["B"].followed, states["B"].to_end) == ((), True, True)
    assert rig.codes(result) == [("range_unproven", "messages")]


@pytest.mark.parametrize("room", [None, "A"])
async def test_all_is_read_again_once_the_token_is_refused(rig: Rig, room: str | None):
    await rig.connected(declared("any_order"))
    claims = [coverage("messages", one, None, None) for one in "AB"]
    token = arrived("t", room)
    await rig.run(says(inventory("messages", "A", "B"), token, message("a", "A", "5"), *claims))
    assert (await rig.partitions())["A"].followed
    await rig.run(says(inventory("messages", "A", "B"), refused("another", room)))
    assert (await rig.partitions())["A"].covered, "it was not this one"
    await rig.run(says(inventory("messages", "A", "B"), refused("t", room)))
    assert ((await rig.partitions())["A"].covered, (await rig.partitions())["A"].followed) == ((), False)
    assert await rig.keys("messages") == ["a"], "and nothing is deleted for it"


async def test_a_narrowed_run_follows_and_forgets_its_own_partitions_only(rig: Rig):
    await rig.connected(declared("any_order"))
    claims = [coverage("messages", one, None, None) for one in "AB"]
    await rig.run(says(inventory("messages", "A", "B"), arrived("all", None), *claims))
    before = await rig.partitions()
    narrowed = {"streams": ["messages"], "resources": {"messages": ["A"]}}
    result = await rig.run(says(arrived("later", None), refused("all", None), arrived("own", "B")), narrowed)
    assert {**await rig.partitions()} == before
    assert await rig.cursors() == {"messages\narrivals": "all"}
    assert ("out_of_scope_record", "messages") in rig.codes(result)
    fewer = {"streams": ["messages"], "fields": {"messages": ["text"]}}
    await rig.run(says(arrived("later", None)), fewer)
    assert await rig.cursors() == {"messages\narrivals": "all"}


async def test_a_token_waits_for_what_was_refused_without_a_name(rig: Rig):
    """Whatever it was, it arrived, and nobody would ask for it again."""
    await rig.connected(declared("any_order"))
    nameless = {**message("", "A", "1"), "key": ""}
    result = await rig.run(says(inventory("messages", "A"), arrived("one", "A"), nameless, arrived("two", "A")))
    assert (await rig.partitions())["A"].arrivals == "one"
    assert ("range_unproven", "messages") in rig.codes(result)


async def test_a_cursor_is_kept_on_the_way_where_the_connector_speaks_our_extension(rig: Rig):
    ours = {"runtime_requirements": {"bindings": {"polyhost/partitions": {"required": True}}}}
    await rig.connected(manifest(MESSAGES, **ours))
    said = (inventory("messages", "C1"), message("a", "C1", "1.0"), state("messages", {"page": 2}))
    await rig.run(says(*said, message("b", "C1", "2.0"), done(2, "failed")))
    assert await rig.cursors() == {"messages": {"page": 2}}
    order = [what for what, _ in rig.log if what in ("stored", "cursors")]
    assert order[:2] == ["stored", "cursors"], "with the records before it, not earlier"
    narrowed = {"streams": ["messages"], "resources": {"messages": ["C1"]}}
    await rig.run(says(state("messages", {"page": 9})), narrowed)
    assert await rig.cursors() == {"messages": {"page": 2}}


async def test_a_cursor_of_the_profiles_own_connectors_waits_for_a_good_end(rig: Rig):
    await rig.connected(PAGED)
    await rig.run(says(message("a", "C1", "1.0"), state("messages", {"page": 2}), done(1, "failed")))
    assert await rig.cursors() == {}
