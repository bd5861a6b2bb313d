"""Contents lie there whole, once, and for their owner alone; what is not whole is gone on with (SL-2)."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import io
import os
import random
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from polyhost.errors import RunFailedError
from polyhost.files import partial as partial_module
from polyhost.files.contents import CONTENT_SECONDS, PARTIAL_SECONDS, Contents, Strays
from polyhost.files.partial import Origin
from polyhost.ledger.files import Content
from polyhost.small_files import TooLargeError

pytestmark = pytest.mark.requirement("SL-2")

DATA = b"\x89PNG\r\n\x1a\n" + bytes(3_000_000)
OF_DATA = hashlib.sha256(DATA).hexdigest()
ORIGIN = Origin.of("https://files.example/a", validator='"1"', total=len(DATA))


@pytest.fixture
def contents(home: Path) -> Contents:
    return Contents(home)


@pytest.fixture(params=[0o000, 0o022, 0o777])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def files(home: Path) -> list[str]:
    """Contents, and what is left of others."""
    return sorted(str(path.relative_to(home / "files")) for path in (home / "files").rglob("*") if path.is_file())


def test_a_stream_is_kept_by_its_digest(contents: Contents, home: Path):
    content = contents.add(io.BytesIO(DATA), len(DATA))
    assert content == Content(OF_DATA, len(DATA), "image/png")
    assert files(home) == [f"{OF_DATA[:2]}/{OF_DATA}"]
    assert contents.path(OF_DATA).read_bytes() == DATA
    assert contents.check(content) == "whole"


def test_what_is_added_twice_is_there_once(contents: Contents, home: Path):
    contents.add(io.BytesIO(DATA), len(DATA))
    first = contents.path(OF_DATA).stat().st_ino
    contents.add(io.BytesIO(DATA), len(DATA))
    assert files(home) == [f"{OF_DATA[:2]}/{OF_DATA}"]
    assert contents.path(OF_DATA).stat().st_ino == first


def test_an_empty_stream_is_a_content(contents: Contents):
    assert contents.add(io.BytesIO(), 0).size == 0


def test_more_than_the_limit_is_not_kept(contents: Contents, home: Path):
    with pytest.raises(TooLargeError):
        contents.add(io.BytesIO(DATA), len(DATA) - 1)
    assert files(home) == []


def test_a_stream_that_breaks_leaves_nothing(contents: Contents, home: Path):
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(size) or self._break()

        def _break(self) -> bytes:
            raise OSError("the archive ends here")

    with pytest.raises(OSError, match="ends here"):
        contents.add(Broken(DATA), 1 << 30)
    assert files(home) == []


def test_all_of_it_is_the_owners_alone(contents: Contents, home: Path, umask: int):
    later = contents.partial("later")
    later.begin(ORIGIN)
    later.write(DATA)
    contents.add(io.BytesIO(DATA), len(DATA))
    for path in [home, *home.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.parametrize("digest", ["", "../../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n"])
def test_what_is_no_digest_has_no_path(contents: Contents, digest: str):
    with pytest.raises(ValueError, match="SHA-256"):
        contents.path(digest)


def test_what_was_changed_is_damaged_and_what_is_gone_is_lost(contents: Contents):
    content = contents.add(io.BytesIO(DATA), len(DATA))
    path = contents.path(content.digest)
    changed = bytearray(DATA)
    changed[-1] ^= 1
    path.write_bytes(changed)
    assert contents.check(content) == "damaged"
    path.write_bytes(DATA[:-1])
    assert contents.check(content) == "damaged"
    path.unlink()
    assert contents.check(content) == "lost"
    path.symlink_to("/dev/zero")
    assert contents.check(content) == "damaged"


def test_a_damaged_content_is_replaced_by_a_whole_one(contents: Contents):
    content = contents.add(io.BytesIO(DATA), len(DATA))
    contents.path(content.digest).write_bytes(bytes(len(DATA)))
    contents.add(io.BytesIO(DATA), len(DATA))
    assert contents.check(content) == "whole"


def test_a_partial_is_gone_on_with(contents: Contents, home: Path):
    first = contents.partial("a")
    first.begin(ORIGIN)
    first.write(DATA[:1_500_000])
    first.close()
    again = Contents(home).partial("a")
    assert (again.size, again.origin) == (1_500_000, ORIGIN)
    assert again.origin is not None
    assert again.origin.is_of("https://files.example/a")
    assert not again.origin.is_of("https://files.example/b")
    again.write(DATA[1_500_000:])
    assert again.keep().digest == OF_DATA
    assert files(home) == [f"{OF_DATA[:2]}/{OF_DATA}"]


def test_an_address_is_not_written_beside_its_bytes(contents: Contents, home: Path):
    partial = contents.partial("a")
    partial.begin(Origin.of("https://files.example/a?t=xoxe-secret", validator='"1"'))
    partial.write(b"half")
    partial.close()
    written = [path.read_bytes() for path in home.rglob("*") if path.is_file()]
    assert any(b'\\"1\\"' in data for data in written)
    assert not any(b"secret" in data for data in written)


def test_a_partial_that_is_begun_anew_holds_nothing_of_before(contents: Contents):
    partial = contents.partial("a")
    partial.begin(ORIGIN)
    partial.write(b"old and longer than the new")
    partial.begin(ORIGIN)
    partial.write(b"new")
    assert partial.keep() == Content(hashlib.sha256(b"new").hexdigest(), 3, "text/plain")


def test_a_partial_without_its_origin_or_of_another_boot_is_empty(
    contents: Contents, home: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("a", "b"):
        partial = contents.partial(name)
        partial.begin(ORIGIN)
        partial.write(DATA)
        partial.close()
    monkeypatch.setattr(partial_module, "boot_id", lambda: "another")
    assert contents.partial("a").size == 0
    monkeypatch.undo()
    for beside in (home / "files" / "partial").glob("*.json"):
        beside.write_bytes(b'{"address": ')
    assert contents.partial("b").size == 0


def test_a_partial_that_names_no_version_is_empty_when_it_is_opened_again(contents: Contents):
    for origin in (ORIGIN, Origin.of("https://files.example/a")):
        partial = contents.partial("a")
        partial.begin(origin)
        partial.write(b"half")
        partial.close()
    assert contents.partial("a").size == 0


def test_a_partial_is_of_one_at_a_time(contents: Contents, home: Path):
    mine = contents.partial("a")
    mine.begin(ORIGIN)
    mine.write(b"mine")
    other = contents.partial("a")
    other.begin(ORIGIN)
    other.write(b"other's")
    other.close()
    assert mine.keep().size == 4
    assert files(home) == [f"{(digest := hashlib.sha256(b'mine').hexdigest())[:2]}/{digest}"]


def test_a_partial_that_was_kept_just_before_it_was_locked_is_opened_anew(
    contents: Contents, home: Path, monkeypatch: pytest.MonkeyPatch
):
    parts, lock = home / "files" / "partial", fcntl.flock

    def kept_meanwhile(handle: int, how: int) -> None:
        monkeypatch.undo()
        next(parts.glob("*.part")).unlink()
        lock(handle, how)

    monkeypatch.setattr(fcntl, "flock", kept_meanwhile)
    partial = contents.partial("a")
    partial.begin(ORIGIN)
    partial.write(DATA)
    assert partial.keep().digest == OF_DATA


def test_an_ended_partial_takes_nothing_more(contents: Contents, home: Path):
    partial = contents.partial("a")
    partial.discard()
    with pytest.raises(ValueError, match="ended"):
        partial.write(b"x")
    partial.discard()
    partial.close()
    assert files(home) == []


def test_strays_are_what_nobody_knows_and_nobody_goes_on_with(contents: Contents, home: Path):
    known = contents.add(io.BytesIO(b"known"), 10)
    unknown = contents.add(io.BytesIO(b"unknown"), 10)
    partial = contents.partial("a")
    partial.begin(ORIGIN)
    partial.write(DATA)
    (home / "files" / "ab").mkdir(exist_ok=True)
    (home / "files" / "ab" / ".DS_Store").touch()
    now = contents.path(unknown.digest).stat().st_mtime
    assert contents.strays({known.digest}, now=now) == Strays((), ())
    assert contents.strays({known.digest}, now=now + CONTENT_SECONDS + 60) == Strays((unknown.digest,), ())
    late = contents.strays({known.digest}, now=now + PARTIAL_SECONDS + 60)
    assert late.digests == (unknown.digest,)
    assert len(late.partials) == 2

    contents.remove(late.digests)
    contents.remove_partials(late.partials)
    assert list(contents.digests()) == [known.digest]
    assert partial.size == len(DATA)
    partial.write(b"still written, and so not taken away")
    partial.close()
    contents.remove_partials(late.partials)
    assert contents.strays({known.digest}, now=now + PARTIAL_SECONDS + 60) == Strays((), ())


def test_nothing_is_made_before_something_is_kept(contents: Contents, home: Path):
    assert list(contents.digests()) == []
    assert contents.strays(set()) == Strays((), ())
    assert contents.check(Content("0" * 64, 1, "text/plain")) == "lost"
    contents.remove(["0" * 64])
    contents.remove_partials([])
    assert not home.exists()


def test_nothing_is_done_through_a_link_in_place_of_a_folder(contents: Contents, home: Path, tmp_path: Path):
    """The owner's own file there has a content's name, and is not touched."""
    content = contents.add(io.BytesIO(DATA), len(DATA))
    elsewhere, folder = tmp_path / "elsewhere", contents.path(OF_DATA).parent
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)
    assert contents.links() == [folder]
    assert contents.check(content) == "damaged"
    assert [*contents.digests()] == []
    assert contents.strays(set(), now=1e12).digests == ()
    contents.remove([OF_DATA])
    with pytest.raises(RunFailedError, match=f"{folder} is a link") as refused:
        contents.add(io.BytesIO(DATA), len(DATA))
    assert (refused.value.code, str(folder) in (refused.value.instruction or "")) == ("link_in_home", True)
    assert {path.name: path.read_bytes() for path in elsewhere.iterdir()} == {OF_DATA: DATA}
    folder.unlink()
    assert contents.add(io.BytesIO(DATA), len(DATA)) == content


def test_nothing_is_done_through_a_link_in_place_of_what_is_begun(contents: Contents, home: Path, tmp_path: Path):
    contents.add(io.BytesIO(b"x"), 1)
    theirs, partials = tmp_path / "theirs", home / "files" / "partial"
    partials.rmdir()
    theirs.mkdir()
    (theirs / "a.part").write_bytes(b"theirs")
    os.utime(theirs / "a.part", (0, 0))
    partials.symlink_to(theirs)
    assert contents.links() == [partials]
    late = contents.strays({hashlib.sha256(b"x").hexdigest()})
    assert late.partials == ()
    contents.remove_partials(["a.part"])
    with pytest.raises(RunFailedError, match=f"{partials} is a link"):
        contents.partial("a")
    assert [path.read_bytes() for path in theirs.iterdir()] == [b"theirs"]


def test_nothing_is_done_through_a_link_in_place_of_a_file(contents: Contents, home: Path, tmp_path: Path):
    theirs = tmp_path / "theirs"
    theirs.write_bytes(DATA)
    content = contents.add(io.BytesIO(DATA), len(DATA))
    place = contents.path(OF_DATA)
    place.unlink()
    place.symlink_to(theirs)
    begun = contents.partial("a")
    begun.begin(ORIGIN)
    begun.write(DATA[:9])
    begun.close()
    part = next((home / "files" / "partial").glob("*.part"))
    for beside in (part.with_suffix(".json"), part.with_suffix(".new")):
        beside.unlink(missing_ok=True)
        beside.symlink_to(theirs)
    assert contents.check(content) == "damaged"
    assert contents.links() == sorted([place, part.with_suffix(".json"), part.with_suffix(".new")])
    again = contents.partial("a")
    assert again.size == 0, "nobody says of what it is"
    again.begin(ORIGIN)
    with pytest.raises(OSError, match="Too many levels"):
        again.write(bytes(1 << 20))
    again.discard()
    part.symlink_to(theirs)
    with pytest.raises(RunFailedError, match=f"{part} is a link"):
        contents.partial("a")
    contents.add(io.BytesIO(DATA), len(DATA))
    assert (place.is_symlink(), contents.check(content)) == (False, "whole"), "a whole one takes its place"
    contents.remove([OF_DATA])
    assert theirs.read_bytes() == DATA


def test_all_of_it_may_lie_on_a_larger_disk(contents: Contents, home: Path, tmp_path: Path):
    home.mkdir(exist_ok=True)
    (tmp_path / "large").mkdir()
    (home / "files").symlink_to(tmp_path / "large")
    content = contents.add(io.BytesIO(DATA), len(DATA))
    assert (contents.check(content), contents.links()) == ("whole", [])


async def test_the_lock_is_held_by_one_at_a_time(home: Path):
    told: list[str] = []

    async def work(name: str) -> None:
        async with Contents(home).held():
            told.append(name)
            await asyncio.sleep(0)
            told.append(name)

    async with asyncio.TaskGroup() as group:
        for name in "abcdefgh":
            group.create_task(work(name))
    assert [*told[::2]] == [*told[1::2]]


HOLDER = """
import asyncio, sys
from pathlib import Path
from polyhost.files.contents import Contents
async def main():
    async with Contents(Path(sys.argv[1])).held():
        print("held", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
asyncio.run(main())
"""


async def test_the_lock_holds_between_processes_and_goes_with_one_that_is_killed(home: Path):
    with subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", HOLDER, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        try:
            assert holder.stdout is not None
            assert await asyncio.to_thread(holder.stdout.readline) == "held\n"
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05), Contents(home).held():
                    pass
        finally:
            holder.kill()
    async with Contents(home).held():
        pass


KEEPER = """
import sys
from pathlib import Path
from polyhost.files.contents import Contents
from polyhost.files.partial import Origin
contents, seed = Contents(Path(sys.argv[1])), int(sys.argv[2])
for number in range(seed * 1000, seed * 1000 + 1000):
    partial = contents.partial(f"{number % 3}")
    partial.begin(Origin.of("x", validator='"1"'))
    for part in range(8):
        partial.write((b"%d %d " % (number, part)) * 4000)
    if number % 5 == 0:
        partial.close()
    else:
        partial.keep()
        print(number, flush=True)
"""


def test_a_process_that_is_killed_at_any_moment_leaves_no_half_file_under_a_final_name(home: Path):
    chance = random.Random(7)
    for seed in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", KEEPER, str(home), str(seed)], stdout=subprocess.PIPE, text=True
        ) as keeper:
            assert keeper.stdout is not None
            for _ in range(chance.randrange(1, 12)):
                keeper.stdout.readline()
            keeper.kill()
    contents = Contents(home)
    kept = list(contents.digests())
    assert kept
    for digest in kept:
        assert hashlib.sha256(contents.path(digest).read_bytes()).hexdigest() == digest
    finals = [path for path in files(home) if not path.startswith((".", "partial/"))]
    assert [path.partition("/")[2] for path in finals] == kept
