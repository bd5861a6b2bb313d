"""Broken and hostile files, each made in memory: what may come to an importer from careless and from evil hands.

Owns: the files, and for each how it may end. Must not know: how any of them is read.

    python -m artifacts.corpus DIR     writes them out, to look at
"""

from __future__ import annotations

import io
import json
import struct
import sys
import warnings
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["CORPUS", "TRUE", "Case"]

USERS = [{"id": "U1AAAAAAA", "team_id": "T1AAAAAAA", "name": "ada", "profile": {}}]
CHANNELS = [{"id": "C1AAAAAAA", "name": "general", "created": 1_600_000_000, "members": ["U1AAAAAAA"]}]
DAY = "general/2020-09-13.json"
TRUE = {f"1600000000.00000{number}" for number in range(1, 5)}
"""The messages that are in the sound part of these files; whatever is stored has to be one of them."""
MESSAGES = [{"type": "message", "user": "U1AAAAAAA", "text": "hello", "ts": ts} for ts in sorted(TRUE)]
SOUND: dict[str, Any] = {"users.json": USERS, "channels.json": CHANNELS, DAY: MESSAGES}


@dataclass(frozen=True, slots=True)
class Case:
    """`stored`: how many of the true messages come in; None: any number of them. `refused`: it may not come so far.
    `gap`: what has to be said of it."""

    name: str
    make: Callable[[], bytes]
    stored: int | None = None
    refused: bool = False
    gap: str | None = None
    file: str = "export.zip"


def encoded(content: Any) -> bytes:
    return content if isinstance(content, bytes) else json.dumps(content).encode()


def archive(files: dict[str, Any], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as zip_file:
        for name, content in files.items():
            zip_file.writestr(name, encoded(content))
    return made.getvalue()


def with_day(content: Any) -> Callable[[], bytes]:
    """A sound export whose day file is this."""
    return lambda: archive({**SOUND, DAY: content})


def beside(name: str, content: Any = b"[]") -> Callable[[], bytes]:
    """A sound export with one more entry."""
    return lambda: archive({**SOUND, name: content})


def patched(change: Callable[[bytearray], None]) -> Callable[[], bytes]:
    def make() -> bytes:
        content = bytearray(archive(SOUND))
        change(content)
        return bytes(content)

    return make


def nested(depth: int, opening: str = "[", closing: str = "]") -> bytes:
    deep = opening * depth + closing * depth
    return f'[{{"ts":"1600000000.000001","user":"U1AAAAAAA","text":"hello","blocks":{deep}}}]'.encode()


def end_at(content: bytes) -> int:
    return content.rindex(b"PK\x05\x06")


def central_at(content: bytes, number: int = 0) -> int:
    at = content.index(b"PK\x01\x02")
    for _ in range(number):
        at = content.index(b"PK\x01\x02", at + 4)
    return at


def put(fmt: str, place: Callable[[bytes], int], offset: int, value: int) -> Callable[[], bytes]:
    def change(content: bytearray) -> None:
        struct.pack_into(fmt, content, place(bytes(content)) + offset, value)

    return patched(change)


def set_flag(content: bytearray, flag: int) -> None:
    for sign, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(sign)
        while at >= 0:
            struct.pack_into("<H", content, at + offset, struct.unpack_from("<H", content, at + offset)[0] | flag)
            at = content.find(sign, at + 4)


def short_table(number: int) -> bytes:
    """The table's size says what it holds, and the last entry stands for bytes that make no sense."""
    content = archive(SOUND)
    at = central_at(content, number)
    return content[:at] + bytes(end_at(content) - at) + content[end_at(content) :]


def flagged(flag: int) -> Callable[[], bytes]:
    return patched(lambda content: set_flag(content, flag))


def bomb() -> bytes:
    """Some hundred megabytes of nothing, packed a thousand times smaller."""
    return archive({**SOUND, "general/2020-09-14.json": b"[" + b" " * (96 * 1024 * 1024) + b"]"})


def streamed_bomb() -> bytes:
    """The same, its sizes behind the data, and cut off behind them: only unpacking tells."""
    return streamed({**SOUND, "general/2020-09-14.json": b"[" + b" " * (96 * 1024 * 1024) + b"]"})[:-300]


def many_small_bombs() -> bytes:
    """Entries of which each alone would do; cut off."""
    return archive({**SOUND, **{f"general/2020-10-{day}.json": b" " * 8_000_000 for day in range(10, 26)}})[:-300]


def quiet_bomb() -> bytes:
    """The same, and the table of contents says it were small."""
    content = bytearray(bomb())
    struct.pack_into("<L", content, central_at(bytes(content), 3) + 24, 1000)
    return bytes(content)


def overlapping() -> bytes:
    """Many entries, all of them the same stretch of the file."""
    body = zlib.compress(b" " * 200_000, 9)[2:-4]
    name = b"general/2020-09-14.json"
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 0, 0, len(body), 200_000, len(name), 0) + name + body
    entries = 500
    central = b"".join(
        struct.pack(
            "<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, 0, len(body), 200_000, len(name), 0, 0, 0, 0, 0, 0
        )
        + name
        for _ in range(entries)
    )
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, entries, entries, len(central), len(local), 0)
    return local + central + end


def crowded(entries: int, *, said: int | None = None) -> bytes:
    """A table of contents of this many entries, which all stand for the same empty file."""
    name = b"a/2020-01-01.json"
    central = (
        struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, len(name), 0, 0, 0, 0, 0, 0) + name
    ) * entries
    count = min(entries if said is None else said, 0xFFFF)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(central), 0, 0)
    return b"PK\x03\x04"[:0] + central + end


def linked() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as zip_file:
        for name, content in SOUND.items():
            zip_file.writestr(name, encoded(content))
        link = zipfile.ZipInfo("general/2020-09-14.json")
        link.create_system = 3
        link.external_attr = 0o120777 << 16
        zip_file.writestr(link, "/etc/passwd")
    return made.getvalue()


def wide() -> bytes:
    """ZIP64, as every archive that was written as a stream may be."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as zip_file:
        for name, content in SOUND.items():
            with zip_file.open(name, "w", force_zip64=True) as entry:
                entry.write(encoded(content))
    return made.getvalue()


class _Pipe(io.RawIOBase):
    """A file one can only append to, so that sizes come behind their data."""

    def __init__(self) -> None:
        self.content = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.content += data
        return len(data)


def streamed(files: dict[str, Any] = SOUND) -> bytes:
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as zip_file:
        for name, content in files.items():
            zip_file.writestr(name, encoded(content))
    return bytes(pipe.content)


def twice() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as zip_file:
        for name, content in SOUND.items():
            zip_file.writestr(name, encoded(content))
    second = io.BytesIO(made.getvalue())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(second, "a") as zip_file:
            zip_file.writestr(DAY, encoded(MESSAGES))
    return second.getvalue()


def cut(share: float, make: Callable[[], bytes] = lambda: archive(SOUND)) -> Callable[[], bytes]:
    def made() -> bytes:
        content = make()
        return content[: int(len(content) * share)]

    return made


def message(**fields: Any) -> dict[str, Any]:
    return {"type": "message", "user": "U1AAAAAAA", "text": "hello", "ts": "1600000000.000001", **fields}


def odd_channels(channels: Any) -> Callable[[], bytes]:
    return lambda: archive({**SOUND, "channels.json": channels})


def odd_users(users: Any) -> Callable[[], bytes]:
    return lambda: archive({**SOUND, "users.json": users})


CHAT = "[13/09/2020, 12:26:40] Ada: hello\n"

CORPUS = (
    # not an archive
    Case("empty", lambda: b"", refused=True),
    Case("one byte", lambda: b"P", refused=True),
    Case("noise", lambda: bytes(range(256)) * 64, refused=True),
    Case("a sign and nothing", lambda: b"PK\x03\x04", refused=True),
    Case("an end and nothing", lambda: archive({}), refused=True),
    Case("an end of many", lambda: b"PK\x05\x06" * 50, refused=True),
    Case("a web page", lambda: b"<!doctype html><title>Sign in</title>", refused=True),
    Case("a picture", lambda: b"\x89PNG\r\n\x1a\n" + bytes(100), refused=True, file="export.png"),
    Case("nothing of Slack", lambda: archive({"readme.txt": b"hello"}), refused=True),
    Case("an archive inside", lambda: archive({"export.zip": archive(SOUND)}), refused=True),
    # too much
    Case("a bomb", bomb, refused=True),
    Case("a bomb that is cut", lambda: bomb()[:-300], refused=True),
    Case("a bomb that is cut and was written as a stream", streamed_bomb, refused=True),
    Case("many small bombs, cut", many_small_bombs, refused=True),
    Case("a bomb that lies", quiet_bomb, stored=4),
    Case("overlapping entries", overlapping, refused=True),
    Case("300,001 entries", lambda: crowded(300_001), refused=True),
    Case("300,001 entries that say one", lambda: crowded(300_001, said=1), refused=True),
    Case("a table that is said to be huge", put("<L", end_at, 12, 0xFFFFFF00), refused=True),
    Case("a message of five megabytes", with_day([message(text="a" * 5_000_000)]), stored=0),
    Case("a list of a million numbers", with_day(b"[" + b"1," * 999_999 + b"1]"), stored=0),
    Case("a million empty lists", with_day(b"[" + b"[]," * 999_999 + b"[]]"), stored=0),
    # escaping
    Case("up and out", beside("../../evil.json"), stored=4),
    Case("from the root", beside("/etc/cron.d/evil"), stored=4),
    Case("a drive", beside("C:\\Windows\\evil.json"), stored=4),
    Case("backslashes", beside("..\\..\\evil.json"), stored=4),
    Case("a name with a NUL", beside("general/2020-09-14.json\0.png"), stored=4),
    Case("control characters in a name", beside("general/\x1b[31m.json"), stored=4),
    Case("a name of 60,000 letters", beside("a" * 60_000), stored=4),
    Case("a link", linked, stored=4),
    Case("a folder that is a file", beside("general", b"x"), stored=4),
    Case("a folder of folders", beside("general/general/2020-09-14.json", MESSAGES), stored=4),
    # archives as such
    Case("encrypted", flagged(0x1), refused=True),
    Case("strongly encrypted", flagged(0x41), refused=True),
    Case("an unknown method", put("<H", lambda c: central_at(c, 2), 10, 99), stored=0),
    Case("LZMA", lambda: archive(SOUND, method=zipfile.ZIP_LZMA), refused=True),
    Case("one part of several", put("<H", end_at, 4, 3), refused=True),
    Case("ZIP64", wide, stored=4),
    Case("sizes behind the data", streamed, stored=4),
    Case("sizes behind the data, cut", cut(0.8, streamed)),
    Case("cut in the middle", cut(0.5)),
    Case("cut before the table", lambda: archive(SOUND)[: archive(SOUND).index(b"PK\x01\x02")], stored=4),
    Case("cut in the table", lambda: archive(SOUND)[: archive(SOUND).index(b"PK\x01\x02") + 60], stored=4),
    Case("a damaged table", put("<B", lambda c: central_at(c, 2), 1, 0), stored=4, gap="truncated_archive"),
    Case("a table without its last entry", lambda: short_table(2), stored=4, gap="truncated_archive"),
    Case("a table that says it has more", put("<L", end_at, 8, 0x90009), stored=4, gap="truncated_archive"),
    Case("a wrong letter in the table", put("<B", lambda c: central_at(c, 2), 50, 0x58), gap="unusable_entry"),
    Case("all but one byte", lambda: archive(SOUND)[:-1], stored=4),
    Case("something before it", lambda: b"#!/bin/sh\n" * 100 + archive(SOUND), stored=4),
    Case("something behind it", lambda: archive(SOUND) + b"\0" * 1000, stored=4),
    Case("a comment with an end in it", lambda: archive(SOUND)[:-2] + b"\x04\0PK\x05\x06", stored=None),
    Case("the same file twice", twice, stored=4),
    Case("a wrong checksum", put("<L", lambda c: central_at(c, 2), 16, 1), stored=0),
    Case("a wrong size", put("<L", lambda c: central_at(c, 2), 24, 5), stored=0),
    Case("a size that is too large", put("<L", lambda c: central_at(c, 2), 24, 100_000), stored=0),
    Case("a wrong offset", put("<L", lambda c: central_at(c, 2), 42, 7), refused=True),
    Case("an offset behind the end", put("<L", lambda c: central_at(c, 2), 42, 0x7FFFFFFF)),
    Case("data that is not deflated", patched(lambda c: c.__setitem__(slice(40, 60), b"\xff" * 20))),
    # JSON and text
    Case("no JSON", with_day(b"hello"), stored=0),
    Case("an object instead of a list", with_day({"messages": MESSAGES}), stored=0),
    Case("a list that is not closed", with_day(json.dumps(MESSAGES)[:-1].encode()), stored=4),
    Case("a list cut in a message", with_day(json.dumps(MESSAGES)[:-30].encode()), stored=3),
    Case("text behind the list", with_day(json.dumps(MESSAGES).encode() + b"[]"), stored=None),
    Case("nested 100,000 deep", with_day(nested(100_000)), stored=0),
    Case("nested 500 deep", with_day(nested(500)), stored=0),
    Case("objects nested 500 deep", with_day(nested(500, '{"a":', "1}")), stored=0),
    Case("brackets that never close", with_day(b"[" * 200_000), stored=0),
    Case("NaN", with_day(b'[{"ts": NaN}, {"ts": Infinity}]'), stored=0),
    Case("huge numbers", with_day([message(reply_count=10**400)]), stored=0),
    Case("a number as text is not a number", with_day([message(reply_count="3")]), stored=0),
    Case("half an emoji", with_day(b'[{"ts":"1600000000.000001","user":"U1","text":"\\ud83d"}]'), stored=1),
    Case("NUL in a text", with_day([message(text="a\0b")]), stored=1),
    Case("not UTF-8", with_day(json.dumps(MESSAGES).encode() + b"\xff\xfe\xfa"), stored=0),
    Case("UTF-16", with_day(json.dumps(MESSAGES).encode("utf-16")), stored=4),
    Case("UTF-8 with a mark", with_day(b"\xef\xbb\xbf" + json.dumps(MESSAGES).encode()), stored=4),
    Case("an empty day", with_day(b""), stored=0),
    Case("a day of nothing", with_day(b"[]"), stored=0),
    Case("null", with_day(b"null"), stored=0),
    # shapes
    Case("a ts that is a number", with_day([message(ts=1600000000.000001)]), stored=0),
    Case("a ts of eleven digits", with_day([message(ts="99999999999.000001")]), stored=0),
    Case("a ts with letters", with_day([message(ts="1600000000.00000a")]), stored=0),
    Case("no ts", with_day([{"text": "hello"}]), stored=0),
    Case("a text that is a list", with_day([message(text=["hello"])]), stored=0),
    Case("files that are text", with_day([message(files="F1")]), stored=None),
    Case("a file without an id", with_day([message(files=[{"name": "x"}])]), stored=1),
    Case("reactions without names", with_day([message(reactions=[{"count": 1}, None])]), stored=0),
    Case("a user that is an object", with_day([message(user={"id": "U1"})]), stored=1),
    Case("a thread_ts that is a list", with_day([message(thread_ts=["1600000000.000001"])]), stored=0),
    Case("keys that JavaScript reserves", with_day([message(__proto__={"ts": "1"}, constructor=1)]), stored=1),
    Case("channels that are null", odd_channels(None), stored=0),
    Case("channels that are names", odd_channels(["general"]), stored=0),
    Case("a channel without an id", odd_channels([{"name": "general"}]), stored=0),
    Case("a channel whose members are null", odd_channels([{**CHANNELS[0], "members": None}]), stored=4),
    Case("a channel whose topic is text", odd_channels([{**CHANNELS[0], "topic": "x"}]), stored=4),
    Case("the same channel a thousand times", odd_channels(CHANNELS * 1000), stored=4),
    Case("an id that leads elsewhere", odd_channels([{**CHANNELS[0], "id": "../../x"}]), stored=0),
    Case("users that are null", odd_users(None), stored=4),
    Case("a user without a profile", odd_users([{"id": "U1AAAAAAA"}]), stored=4),
    Case("a user whose id is a number", odd_users([{"id": 5}]), stored=4),
    Case("a user from the far future", odd_users([{**USERS[0], "updated": 10**30}]), stored=4),
    # chats
    Case("a chat in UTF-16", lambda: CHAT.encode("utf-16"), file="_chat.txt"),
    Case("a chat that breaks off in a letter", lambda: CHAT.encode() + b"\xc3", file="_chat.txt"),
    Case("a chat of one line of five megabytes", lambda: CHAT.encode() + b"a" * 5_000_000, file="_chat.txt"),
    Case("a chat on days that are none", lambda: b"[45/45/2020, 12:26:40] Ada: hello\n", file="_chat.txt"),
    Case(
        "a chat at hours that are none", lambda: b"[13/09/2020, 25:61:61] Ada: hello\n", refused=True, file="_chat.txt"
    ),
    Case("a chat of brackets", lambda: b"[" * 100_000, refused=True, file="_chat.txt"),
    Case("a chat of digits", lambda: b"1" * 1_000_000, refused=True, file="_chat.txt"),
)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, case in enumerate(CORPUS):
        (folder / f"{number:03d} {case.name.replace('/', ' ')} {case.file}").write_bytes(case.make())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
