"""RS-4.1, RS-4.2: tokens in the program's own runs: kept with their ranges, given back, and forgotten when refused."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from engine import rig as rig_module
from engine.naive_source import NaiveSource
from engine.rig import Rig, message, says
from engine.test_naive_sources import arrived, declared, refused
from playbooks import MESSAGES, coverage, done, inventory, manifest, record, skip, state, stream, strict
from polyhost.connectors.scripted import FLUSH, RESTART, SETTLED, Said, ScriptHost
from polyhost.coverage.facts import ArtifactFacts
from polyhost.errors import RefusedError
from polyhost.ledger import exceptions
from polyhost.ledger.retire import restore, retire
from polyhost.store.base import SavePartitions

pytestmark = pytest.mark.requirement("RS-4.1", "RS-4.2")

OURS = {"runtime_requirements": {"bindings": {"polyhost/partitions": {"required": True}}}}
STRICT = strict({**MESSAGES, "partition": {**MESSAGES["partition"], "refresh": {"requests_per_run": 0}}}, "text")
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
    await rig.connected(manifest(MESSAGES, **OURS))
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


async def read_to_its_end(rig: Rig, *said: Said) -> None:
    """A run that follows A by `said`, with one record at 5 and nothing above it."""
    await rig.connected(declared("any_order"))
    await rig.run(
        says(inventory("messages", "A"), *said, message("a", "A", "5"), coverage("messages", "A", None, None))
    )
    assert await wanted(rig, "A") == []


@pytest.mark.parametrize("then", [[arrived("t1", "A")], [refused("t0", "A"), arrived("t1", "A")]])
async def test_a_claim_again_as_a_whole_deletes_nothing_whatever_was_told_of_tokens_between(rig: Rig, then: list[Said]):
    await rig.connected(declared("any_order"))
    records = [message(key, "A", str(at)) for at, key in enumerate("abc", start=1)]
    said = [*records, coverage("messages", "A", None, "3"), *then, coverage("messages", "A", None, None)]
    await rig.run(says(inventory("messages", "A"), arrived("t0", "A"), *said))
    assert await rig.keys("messages") == ["a", "b", "c"]


async def test_an_edge_is_one_however_it_is_written(rig: Rig):
    await rig.connected(PAGED)
    await rig.run(says(message("b", "C1", "2.0"), coverage("messages", "C1", "2.0", "2.0")))
    await rig.run(says(message("a", "C1", "1.0"), coverage("messages", "C1", None, "2")))
    assert await rig.keys("messages") == ["a", "b"]


async def test_a_full_run_finds_what_is_gone_where_two_of_its_claims_meet(rig: Rig):
    await rig.connected(PAGED)
    await rig.run(says(message("a", "C1", "5.0"), coverage("messages", "C1", "5.0", "5.0")))
    await rig.run(says(coverage("messages", "C1", "5.0", None), coverage("messages", "C1", None, "5.0")), full=True)
    assert await rig.keys("messages") == []


async def test_a_group_that_was_read_whole_at_an_edge_keeps_no_member_that_is_gone(rig: Rig):
    await rig.connected(PAGED)
    head = message("h", "C1", "5.0")
    reply = message("m", "C1", "5.5", thread="5.0")
    await rig.run(says(head, reply, coverage("messages", "C1", None, None, groups=["5.0"])))
    await rig.run(says(head, coverage("messages", "C1", "5.0", None, groups=["5.0"])))
    assert await rig.keys("messages") == ["h"]


async def test_a_record_whose_data_are_another_ones_spares_both(rig: Rig):
    await rig.connected(PAGED)
    x, y = message("x", "C1", "4.0"), message("y", "C1", "5.0")
    await rig.run(says(x, y, coverage("messages", "C1", None, "6.0")))
    await rig.run(says(x, {**y, "key": "x"}, coverage("messages", "C1", None, "6.0")))
    assert await rig.keys("messages") == ["x", "y"]


@pytest.mark.parametrize(("first", "then"), [("A", None), (None, "A")])
async def test_a_token_of_another_kind_begins_anew(rig: Rig, first: str | None, then: str | None):
    """What arrived between the last of the one and the first of the other was told to nobody."""
    await read_to_its_end(rig, arrived("one", first))
    await rig.run(says(inventory("messages", "A"), arrived("two", then)))
    assert await wanted(rig, "A") == [("5", None, None, None), (None, "5", None, None)]
    assert (await rig.partitions())["A"].covered == ()


@pytest.mark.parametrize("away", ["missing", "retired"])
async def test_what_was_away_is_read_again_when_it_is_back(rig: Rig, away: str):
    await read_to_its_end(rig, arrived("one", None))
    await rig.run(says(inventory("messages", "B"), arrived("two", None)))
    if away == "retired":
        gone = retire((await rig.partitions())["A"], "A", reason="left", at="2026-01-01T00:00:00Z")
        await rig.store.write(rig.connection.id, None, [SavePartitions([gone])])
        await rig.run(says(inventory("messages", "A", "B"), arrived("three", None)))
        await rig.store.write(rig.connection.id, None, [SavePartitions([restore((await rig.partitions())["A"], "A")])])
    await rig.run(says(inventory("messages", "A", "B"), arrived("four", None)))
    state = (await rig.partitions())["A"]
    assert (state.covered, state.to_end) == ((), False)


async def test_a_token_told_while_the_order_of_arrival_was_another_counts_for_nothing(rig: Rig):
    await rig.connected(declared("in_order"))
    claims = (message("a", "A", "5"), coverage("messages", "A", None, None))
    await rig.run(says(inventory("messages", "A"), *claims, arrived("one", "A"), arrived("all", None)))
    rig.manifest = declared("any_order")
    await rig.run(says(inventory("messages", "A"), arrived("two", "A")))
    assert (await rig.partitions())["A"].covered == ()


async def test_what_arrives_below_the_horizon_makes_no_range(rig: Rig):
    await rig.connected(declared("any_order"))
    limited = coverage("messages", "A", None, None, limited_before="10")
    await rig.run(says(inventory("messages", "A"), arrived("one", "A"), limited))
    await rig.run(says(inventory("messages", "A"), message("x", "A", "5"), arrived("two", "A")))
    assert (await rig.partitions())["A"].covered == ()
    await rig.run(says(inventory("messages", "A"), message("y", "A", "20"), arrived("three", "A")))
    assert [(span.since, span.until) for span in (await rig.partitions())["A"].covered] == [("10", "20")]


@pytest.mark.parametrize("beside", [[], [message("a", "A", "1.0", text="t")]])
async def test_an_exception_above_all_that_is_well_heals_when_it_is_gone(rig: Rig, beside: list[Said]):
    await rig.connected(manifest(STRICT))
    odd = message("b", "A", "9.0", text=5)
    first = await rig.run(says(inventory("messages", "A"), *beside, odd, coverage("messages", "A", None, None)))
    assert ("record_exception", "messages") in rig.codes(first)
    last = await rig.run(says(inventory("messages", "A"), *beside, coverage("messages", "A", None, None)))
    assert last["status"] == "complete"


async def test_an_order_that_the_stored_positions_do_not_have_is_refused(rig: Rig):
    await rig.connected(PAGED)
    await rig.run(says(message("a", "C1", "5.1"), coverage("messages", "C1", None, "5.1")))
    rig.manifest = declared("in_order")
    with pytest.raises(RefusedError, match="are numeric, and those stored are not"):
        await rig.run(says())


async def test_a_run_narrowed_by_time_undoes_no_range(rig: Rig):
    await read_to_its_end(rig, arrived("one", "A"))
    narrowed = {"streams": ["messages"], "time_range": {"since": "2026-01-01T00:00:00Z"}}
    await rig.run(says(inventory("messages", "A"), refused("one", "A")), narrowed)
    assert await wanted(rig, "A") == []


def person(key: str, text: Any = "t") -> Said:
    return record("people", key, {"text": text})


async def test_a_cursor_that_stands_for_another_stream_too_waits_for_the_end(rig: Rig):
    child = stream("replies", state_stream="people", coverage_strategy="checkpoint_window", required=False)
    await rig.connected(manifest(stream("people"), child, **OURS))
    await rig.run(says(person("a"), state("people", {"page": 9}), skip("replies")))
    assert await rig.cursors() == {}


async def test_no_cursor_is_kept_past_what_is_neither_stored_nor_named(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exceptions, "MAX_STANDING", 1)
    await rig.connected(manifest(strict(stream("people"), "text"), **OURS))
    await rig.run(says(person("a", 5), person("b", 5), state("people", {"page": 9}), done(2, "failed")))
    assert await rig.cursors() == {}


async def test_a_connector_that_starts_again_is_given_the_cursor_that_was_kept(rig: Rig):
    await rig.connected(manifest(stream("people"), **OURS))

    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        if "resume" not in host.start:
            yield person("a")
            yield state("people", {"page": 2})
            yield FLUSH
            yield RESTART
        yield done(1)

    await rig.run(script)
    assert [start["state"] for start in rig.starts] == [None, {"people": {"page": 2}}]


async def test_a_partition_that_was_deleted_before_anybody_knew_it_is_not_asked_for_and_never_missing(rig: Rig):
    await rig.connected(PAGED)
    wanted: list[Any] = []

    async def asks(host: ScriptHost) -> AsyncGenerator[Said]:
        over = {"key": "C2", "deleted": True}
        yield {**inventory("messages", "C1"), "partitions": [{"key": "C1"}, over]}
        yield SETTLED
        wanted.extend(await host.windows("messages", "C2"))
        yield coverage("messages", "C1", None, None)
        yield message("a", "C2", "1.0")
        yield coverage("messages", "C2", None, "1.0")  # the source serves it still
        yield done(1)

    result = await rig.run(asks)
    assert (result["status"], result["diagnostics"], wanted) == ("complete", [], [])
    assert {key: state.status for key, state in (await rig.partitions()).items()} == {"C1": "present", "C2": "deleted"}


async def test_the_first_token_leaves_what_is_not_there_as_it_was(rig: Rig):
    """Nobody could read it again."""
    await rig.connected(declared("any_order"))
    await rig.run(says(inventory("messages", "A", "B"), message("b", "B", "5"), coverage("messages", "B", None, None)))
    await rig.run(says(inventory("messages", "A"), arrived("one", None)))
    assert [(span.since, span.until) for span in (await rig.partitions())["B"].covered] == [(None, "5")]


async def test_a_file_follows_nothing_and_moves_no_cursor(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    """What it says of tokens is of when it was made."""
    await read_to_its_end(rig, arrived("one", "A"))
    before = await rig.partitions(), await rig.cursors()
    live = rig_module.Collection
    facts = ArtifactFacts(digest="0" * 64, format="test")
    monkeypatch.setattr(rig_module, "Collection", lambda **of: live(**of, artifact=facts))
    rig.manifest = declared("any_order", **OURS)
    said = [arrived("file", None), arrived("file", "A"), refused("one", "A"), state("messages", {"page": 9})]
    await rig.run(says(inventory("messages", "A"), *said, done(0, "failed")))
    assert (await rig.partitions(), await rig.cursors()) == before
