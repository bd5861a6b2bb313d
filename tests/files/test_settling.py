"""What has come is kept and noted many at a time: all of it on the disk before any of it is noted."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from polyhost.files import contents as contents_module
from polyhost.files import partial as partial_module
from polyhost.files.contents import Contents
from polyhost.files.partial import Origin, Partial
from polyhost.files.settling import MOST_TOGETHER, Settling
from polyhost.ledger.files import Content

pytestmark = pytest.mark.requirement("SL-2")

FILES = MOST_TOGETHER + 8


@pytest.fixture
def contents(home: Path) -> Contents:
    return Contents(home)


def whole(contents: Contents, number: int) -> Partial:
    partial = contents.partial(str(number))
    partial.begin(Origin.of("a", validator='"1"'))
    partial.write(data_of(number))
    return partial


def data_of(number: int) -> bytes:
    return b"file %d" % number


class Noting:
    """Notes, and looks then whether all is as a store may rely on."""

    def __init__(self, contents: Contents) -> None:
        self.contents = contents
        self.noted: list[list[int]] = []

    async def __call__(self, kept: Sequence[tuple[int, Content]]) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01), self.contents.held():
                pass
        for number, content in kept:
            assert self.contents.path(content.digest).read_bytes() == data_of(number)
        self.noted.append([number for number, _ in kept])


async def test_many_are_kept_under_one_hold_of_the_lock_and_noted_at_once(contents: Contents, home: Path):
    note = Noting(contents)
    settling = Settling(contents, note)
    kept = await asyncio.gather(*(settling.settle(whole(contents, each), each) for each in range(FILES)))
    assert [content.size for content in kept] == [len(data_of(each)) for each in range(FILES)]
    assert [len(some) for some in note.noted] == [MOST_TOGETHER, FILES - MOST_TOGETHER]
    assert sorted(number for some in note.noted for number in some) == [*range(FILES)]
    assert list((home / "files" / "partial").iterdir()) == []


async def test_all_is_on_the_disk_before_any_is_noted(contents: Contents, monkeypatch: pytest.MonkeyPatch):
    """Each content by its own name: its bytes, before its name is its own, and then the folder that holds the name."""
    happened: list[tuple[str, object]] = []
    fsync, place, sync = os.fsync, Contents._place, contents_module.sync_folder
    monkeypatch.setattr(partial_module.os, "fsync", lambda handle: (happened.append(("bytes", None)), fsync(handle)))

    def placed(self: Contents, part: Path, content: Content) -> None:
        place(self, part, content)
        happened.append(("named", self.path(content.digest).parent))

    def synced(folder: Path) -> None:
        sync(folder)
        happened.append(("folder", folder))

    async def note(_kept: Sequence[tuple[int, Content]]) -> None:
        happened.append(("noted", None))

    monkeypatch.setattr(Contents, "_place", placed)
    settling = Settling(contents, note)
    partials = [whole(contents, each) for each in range(8)]
    monkeypatch.setattr(contents_module, "sync_folder", synced)
    happened.clear()
    await asyncio.gather(*(settling.settle(partial, each) for each, partial in enumerate(partials)))
    kinds = [kind for kind, _ in happened]
    named = [folder for kind, folder in happened if kind == "named"]
    assert kinds.count("named") == 8
    assert kinds[:8] == ["bytes"] * 8
    assert kinds[-1] == "noted"
    last_named = len(kinds) - 1 - kinds[::-1].index("named")
    assert set(named) <= {folder for kind, folder in happened[last_named:] if kind == "folder"}


async def test_what_the_disk_does_not_take_is_noted_for_none(contents: Contents, monkeypatch: pytest.MonkeyPatch):
    note = Noting(contents)
    settling = Settling(contents, note)
    partials = [whole(contents, each) for each in range(4)]

    def full(_partial: Partial) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Partial, "sync", full)
    found = await asyncio.gather(
        *(settling.settle(partial, each) for each, partial in enumerate(partials)), return_exceptions=True
    )
    assert [str(each) for each in found] == ["[Errno 28] No space left on device"] * 4
    assert (note.noted, [*contents.digests()]) == ([], [])
    monkeypatch.undo()
    assert (await settling.settle(partials[0], 0)).size == len(data_of(0))


async def test_one_that_is_cancelled_is_left_as_it_was_and_the_others_go_on(contents: Contents):
    note = Noting(contents)
    settling = Settling(contents, note)
    partials = [whole(contents, each) for each in range(3)]
    async with asyncio.TaskGroup() as tasks:
        waiting = [tasks.create_task(settling.settle(partial, each)) for each, partial in enumerate(partials)]
        await asyncio.sleep(0)
        waiting[1].cancel()
    assert note.noted == [[0, 2]]
    assert (waiting[1].cancelled(), partials[1].has_ended, partials[1].size) == (True, False, len(data_of(1)))


async def test_cancelled_while_it_is_noted_it_ends_noted(contents: Contents):
    begun, may_end = asyncio.Event(), asyncio.Event()
    noted: list[int] = []

    async def note(kept: Sequence[tuple[int, Content]]) -> None:
        begun.set()
        await may_end.wait()
        noted.extend(number for number, _ in kept)

    partial = whole(contents, 1)
    settling = Settling(contents, note)
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(settling.settle(partial, 1))
        await begun.wait()
        waiting.cancel()
        await asyncio.sleep(0)
        assert not waiting.done()
        may_end.set()
    assert (waiting.cancelled(), noted, partial.has_ended) == (True, [1], True)
