"""Which file is fetched next, and when it is enough."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from polyhost.engine.events import FilesTaken, RunEvent
from polyhost.engine.files.step import AT_ONCE, Fetch, FileStep
from polyhost.engine.files.wanted import FilesWanted
from polyhost.errors import RunFailedError
from polyhost.ledger.files import Content, FileReason, FileState
from polyhost.protocol.scope import Scope, StreamScope
from polyhost.store.base import FileResult, FileRow, Store
from store.conftest import make_home, store
from store.making import LATER
from store.test_files import RULES, file, filled, here, holding, numbers, put, states

__all__ = ["make_home", "store"]

pytestmark = pytest.mark.requirement("SL-2")

EVERYTHING = Scope(streams=(StreamScope(name="messages"),))

Becomes = Callable[[FileRow], FileResult]


def arrives(row: FileRow) -> FileResult:
    return here(row.id, Content(f"{row.id:064x}", row.facts.size or 1, "image/png"))


class Fetching:
    """A fetch that is told what becomes of each; notes what was asked for."""

    def __init__(self, store: Store, connection_id: int, becomes: Becomes = arrives) -> None:
        self.store, self.connection_id, self.becomes = store, connection_id, becomes
        self.asked: list[str] = []
        self.at_once = self.most = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.crowded = asyncio.Event()
        self.noting = asyncio.Event()
        self.noting.set()

    async def __call__(self, row: FileRow, max_size: int, came: Callable[[int], None]) -> FileResult:
        self.asked.append(row.facts.identity.removeprefix("id:"))
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        if self.at_once == AT_ONCE:
            self.crowded.set()
        await self.gate.wait()
        self.at_once -= 1
        result = self.becomes(row)
        if result.content is not None:
            came(result.content.size)
            await self.noting.wait()
        await self.store.files.save(self.connection_id, [result])
        return result

    @asynccontextmanager
    async def open(self, _: Any) -> AsyncIterator[Fetch]:
        yield self

    async def run(self, watch: Callable[[RunEvent], None] = lambda _: None, **wanted: Any) -> FileStep:
        step = FileStep(wanted=FilesWanted(**wanted), scope=EVERYTHING, rules=RULES, open_fetch=self.open)
        await step.fetch(self.store, self.connection_id, None, watch)  # type: ignore[arg-type]  no site is asked
        return step


async def test_the_newest_come_first_and_a_few_at_once(store: Store):
    number = await filled(store, *(holding(one, file(f"f{one}")) for one in range(9)))
    fetching = Fetching(store, number)
    fetching.gate.clear()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(fetching.run())
        await fetching.crowded.wait()
        fetching.gate.set()
    step = running.result()
    assert fetching.asked == [f"f{one}" for one in reversed(range(9))]
    assert fetching.most == AT_ONCE
    ended = await step.ended(store, number)
    assert (ended.taken["taken"], ended.taken["known"]["here"], ended.diagnostics) == (9, 9, [])


async def test_others_are_asked_for_while_those_that_came_are_noted(store: Store):
    number = await filled(store, *(holding(one, file(f"f{one}", size=10)) for one in range(20)))
    fetching = Fetching(store, number)
    fetching.noting.clear()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(fetching.run(budget=51))
        async with asyncio.timeout(10):
            while len(fetching.asked) < 6:  # noqa: ASYNC110  nobody tells
                await asyncio.sleep(0)
        fetching.noting.set()
    taken = (await running.result().ended(store, number)).taken["taken"]
    assert 6 <= taken < 6 + AT_ONCE, "what came counts against the budget before it is noted"


async def test_what_no_page_can_be_asked_for_is_passed_over(store: Store):
    gone, external = file("gone", mode="tombstone"), file("external", mode="external")
    number = await filled(store, holding(1, gone, external, {"id": "nowhere"}, file("there")))
    fetching = Fetching(store, number)
    await fetching.run()
    assert fetching.asked == ["there"]


async def test_what_was_refused_is_asked_for_again_last_and_once(store: Store):
    number = await filled(store, holding(1, file("a")), holding(2, file("b")))
    ids = await numbers(store, number)
    await store.files.save(number, [FileResult(ids["b"], FileState.REFUSED, FileReason.NOT_ALLOWED, LATER)])
    fetching = Fetching(store, number, lambda row: FileResult(row.id, FileState.REFUSED, FileReason.NOT_ALLOWED, LATER))
    step = await fetching.run()
    assert fetching.asked == ["a", "b"]
    (gap,) = (await step.ended(store, number)).diagnostics
    assert (gap.code, gap.stream, gap.count) == ("media_missing", "messages", 2)
    assert gap.message == "Files could not be fetched (not allowed: 2)."


async def test_a_narrowed_run_tells_of_what_lies_inside_its_boundary_alone(store: Store):
    number = await filled(store, holding(1, file("a"), file("b")), holding(2, file("b"), file("c"), file("d")))
    ids = await numbers(store, number)
    refused = [FileResult(ids[name], FileState.REFUSED, FileReason.NOT_ALLOWED, LATER) for name in "abc"]
    await store.files.save(number, refused)
    narrowed = Scope(streams=(StreamScope(name="messages", resources=("k2",), wanted=frozenset({"k2"})),))
    for scope, refusals, to_come in ((EVERYTHING, 3, 1), (narrowed, 2, 1), (Scope(streams=()), 0, 0)):
        step = FileStep(wanted=FilesWanted(), scope=scope, rules=RULES, open_fetch=Fetching(store, number).open)
        ended = await step.ended(store, number)
        assert [gap.count for gap in ended.diagnostics] == ([refusals] if refusals else [])
        assert ended.taken["known"]["refused"] == 3, "of the connection, whatever was asked for"
        assert await step._how_many(store, number) == to_come


async def test_what_was_too_large_is_asked_for_once_more_may_be(store: Store):
    number = await filled(store, holding(1, file("a", size=500)), holding(2, file("b")))
    ids = await numbers(store, number)
    over = [FileResult(ids[name], FileState.OVER_LIMIT, FileReason.TOO_LARGE, LATER) for name in ids]
    await store.files.save(number, over)
    small = Fetching(store, number, lambda row: FileResult(row.id, FileState.OVER_LIMIT, FileReason.TOO_LARGE, LATER))
    await small.run(max_size=499)
    assert small.asked == ["b"], "of which nothing is known"
    large = Fetching(store, number)
    await large.run(max_size=500)
    assert large.asked == ["b", "a"]


async def test_a_run_takes_no_more_than_its_budget_and_the_next_goes_on(store: Store):
    number = await filled(store, *(holding(one, file(f"f{one}", size=10)) for one in range(20)))
    fetching = Fetching(store, number)
    await fetching.run(budget=50)
    taken = len(fetching.asked)
    assert 5 <= taken < 5 + AT_ONCE
    await fetching.run(budget=1_000)
    assert sorted(fetching.asked) == sorted(f"f{one}" for one in range(20))


async def test_cancelled_it_stops_and_tells_what_was_taken(store: Store):
    number = await filled(store, *(holding(one, file(f"f{one}")) for one in range(9)))
    fetching = Fetching(store, number)
    fetching.gate.clear()
    step = FileStep(wanted=FilesWanted(), scope=EVERYTHING, rules=RULES, open_fetch=fetching.open)
    seen: list[RunEvent] = []
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(step.fetch(store, number, None, seen.append))  # type: ignore[arg-type]
        await fetching.crowded.wait()
        running.cancel()
    assert (seen, (await step.ended(store, number)).taken["taken"]) == ([], 0)
    assert set((await states(store, number)).values()) == {("to_come", None)}


async def test_a_fault_that_is_no_files_own_ends_all_of_it(store: Store):
    number = await filled(store, *(holding(one, file(f"f{one}")) for one in range(9)))

    def full(_: FileRow) -> FileResult:
        raise RunFailedError("The disk is full", "Make room.", code="disk_full")

    fetching = Fetching(store, number, full)
    with pytest.raises(ExceptionGroup) as failed:
        await fetching.run()
    assert failed.value.split(RunFailedError)[1] is None
    assert len(fetching.asked) <= AT_ONCE


async def test_who_watches_is_told_how_far_it_is(store: Store):
    number = await filled(store, *(holding(one, file(f"f{one}", size=2)) for one in range(3)))
    seen: list[RunEvent] = []
    await Fetching(store, number).run(seen.append)
    assert seen == [FilesTaken(1, 2, 2), FilesTaken(2, 4, 1), FilesTaken(3, 6, 0)]


NOT_IT = [FileReason.WRONG_SIZE, FileReason.WRONG_TYPE, FileReason.BROKEN_ENCODING]


@pytest.mark.parametrize(
    ("reason", "kind"),
    [*((reason, "image/png") for reason in NOT_IT), *((FileReason.SIGN_IN_PAGE, one) for one in (None, "text/plain"))],
)
async def test_what_comes_as_something_else_every_time_is_given_up_until_all_is_read_again(
    store: Store, reason: FileReason, kind: str | None
):
    number = await filled(store, holding(1, {**file("a", type=kind, size=5), "name": "a"}))
    fetching = Fetching(store, number, lambda row: FileResult(row.id, FileState.TO_COME, reason, LATER))
    for _ in range(4):
        await fetching.run()
    assert await states(store, number) == {"a": ("to_come", str(reason))}
    for _ in range(4):
        step = await fetching.run()
    assert len(fetching.asked) == 5
    assert await states(store, number) == {"a": ("refused", str(reason))}
    (gap,) = (await step.ended(store, number)).diagnostics
    assert gap.count == 1
    await fetching.run(again=True)
    assert len(fetching.asked) == 6


async def test_what_was_given_up_is_asked_for_again_once_its_source_says_another_size(store: Store):
    number = await filled(store, holding(1, file("a", size=5)))
    fetching = Fetching(store, number, lambda row: FileResult(row.id, FileState.TO_COME, FileReason.WRONG_SIZE, LATER))
    for _ in range(6):
        await fetching.run()
    await put(store, number, holding(1, file("a", size=6)))
    for _ in range(4):
        await fetching.run()
    assert await states(store, number) == {"a": ("to_come", "wrong_size")}
    for _ in range(4):
        await fetching.run()
    assert (len(fetching.asked), await states(store, number)) == (10, {"a": ("refused", "wrong_size")})


@pytest.mark.parametrize("kind", ["image/png", "application/zip"])
async def test_a_page_in_place_of_a_picture_is_asked_for_in_every_run(store: Store, kind: str):
    """It shows that a session has ended."""
    number = await filled(store, holding(1, file("a", type=kind)))
    page = FileReason.SIGN_IN_PAGE
    fetching = Fetching(store, number, lambda row: FileResult(row.id, FileState.TO_COME, page, LATER))
    for _ in range(8):
        await fetching.run()
    assert (len(fetching.asked), await states(store, number)) == (8, {"a": ("to_come", "sign_in_page")})


async def test_what_was_cut_off_is_asked_for_in_every_run(store: Store):
    number = await filled(store, holding(1, file("a")))
    fetching = Fetching(store, number, lambda row: FileResult(row.id, FileState.TO_COME, FileReason.CUT_OFF, LATER))
    for _ in range(8):
        await fetching.run()
    assert len(fetching.asked) == 8
