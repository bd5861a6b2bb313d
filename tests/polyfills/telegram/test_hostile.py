"""Broken and hostile exports of Telegram: none crashes, hangs, or stores what is not in it.

Provenance: the requirement that owners' files are untrusted input; the archives are those of `artifacts.corpus`.
"""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artifacts.corpus import Case, archive, central_at, cut, end_at, nested, set_flag, streamed
from importing import Importing
from polyfills.telegram.writer import BEGIN, OTHER, chat, dumps, message
from polyhost.errors import RefusedError

TRUE = {str(number) for number in range(1, 5)}
"""The messages that are in the sound part of these files; whatever is stored has to be one of them."""
MESSAGES = [message(number, at=BEGIN + number) for number in range(1, 5)]
DOCUMENT = chat(MESSAGES)
SOUND: dict[str, Any] = {"result.json": DOCUMENT, "photos/photo_1.jpg": b"a picture"}


def packed(document: Any) -> Callable[[], bytes]:
    return lambda: archive({"result.json": document})


def said(*messages: Any) -> Callable[[], bytes]:
    """A chat of four sound messages, and these before the last."""
    return packed(chat([*MESSAGES[:3], *messages, MESSAGES[3]]))


def raw(piece: bytes) -> Callable[[], bytes]:
    """The same, with something that no writer would write."""
    mark = b'"here comes something"'
    return packed(json.dumps(chat([*MESSAGES[:3], json.loads(mark), MESSAGES[3]])).encode().replace(mark, piece))


def patched(fmt: str, place: Callable[[bytes], int], offset: int, value: int) -> Callable[[], bytes]:
    def make() -> bytes:
        content = bytearray(archive(SOUND))
        struct.pack_into(fmt, content, place(bytes(content)) + offset, value)
        return bytes(content)

    return make


def encrypted() -> bytes:
    content = bytearray(archive(SOUND))
    set_flag(content, 0x1)
    return bytes(content)


def large_and_wrong() -> bytes:
    """What is recognised before the damage is come to."""
    content = bytearray(archive({"result.json": chat([*MESSAGES, message(5, "a" * 1_000_000)])}))
    struct.pack_into("<L", content, central_at(bytes(content)) + 16, 1)
    return bytes(content)


def bomb() -> bytes:
    return archive({"result.json": b'{"messages":[' + b" " * (96 * 1024 * 1024) + b"]}"})


def fields(**given: Any) -> Callable[[], bytes]:
    return said(message(9) | given)


LONG = 5_000_000
CASES = (
    # archives as such
    Case("sound", lambda: archive(SOUND), stored=4),
    Case("encrypted", encrypted, refused=True),
    Case("a bomb", bomb, refused=True),
    Case("an unknown method", patched("<H", central_at, 10, 99), refused=True),
    Case("one part of several", patched("<H", end_at, 4, 3), refused=True),
    Case("sizes behind the data", lambda: streamed(SOUND), stored=4),
    Case("sizes behind the data, cut", cut(0.5, lambda: streamed(SOUND))),
    Case("cut in the middle", cut(0.4, lambda: archive(SOUND, method=zipfile.ZIP_STORED)), gap="truncated_archive"),
    Case("a damaged table", patched("<B", central_at, 1, 0), stored=4, gap="truncated_archive"),
    Case("a wrong checksum", patched("<L", central_at, 16, 1), stored=0, gap="unparsable"),
    Case("a wrong checksum of a large one", large_and_wrong, stored=0, gap="unparsable"),
    Case("up and out", lambda: archive({**SOUND, "../../result.json": DOCUMENT}), stored=4, gap="unusable_entry"),
    Case("an archive inside", lambda: archive({"export.zip": archive(SOUND)}), refused=True),
    Case("a document further down", lambda: archive({"x/y/result.json": DOCUMENT, "z.txt": b"x"}), stored=4),
    # JSON and text
    Case("no JSON", packed(b"hello"), refused=True),
    Case("nothing", packed(b""), refused=True),
    Case("null", packed(b"null"), refused=True),
    Case("a list", packed([DOCUMENT]), refused=True),
    Case("cut in a message", packed(dumps(DOCUMENT)[:-200].encode()), stored=3, gap="unparsable"),
    Case("not closed", packed(dumps(DOCUMENT)[:-3].encode()), stored=4, gap="unparsable"),
    Case("brackets that never close", raw(b"[" * 200_000), stored=3, gap="unparsable"),
    Case("nested 100,000 deep", raw(nested(100_000)[1:-1]), stored=4, gap="unparsable"),
    Case("nested 500 deep", raw(nested(500, '{"a":', "1}")[1:-1]), stored=4, gap="unparsable"),
    Case("a message of five megabytes", said(message(9, "a" * LONG)), stored=4, gap="unparsable"),
    Case("fifteen megabytes of brackets", raw(b"[" + b"[]," * LONG + b"1]"), stored=4, gap="unparsable"),
    Case("a text of twenty megabytes", said("a" * 4 * LONG), stored=3, gap="unparsable"),
    Case("a number of five megabytes", raw(b"1" * LONG), stored=3, gap="unparsable"),
    Case("a comma too many", raw(b"1,,2"), stored=3, gap="unparsable"),
    Case("NaN", raw(b'{"id": NaN}'), stored=4, gap="unparsable"),
    Case("words", raw(b"nothing"), stored=4, gap="unparsable"),
    Case("a number beyond all", raw(b'{"id": 1e999}'), stored=4, gap="unparsable"),
    Case("not UTF-8", raw(b'{"id": 5, "text": "\xff\xfe"}'), stored=4, gap="unparsable"),
    Case("UTF-16", packed(json.dumps(DOCUMENT).encode("utf-16")), stored=4),
    Case("UTF-8 with a mark", packed(b"\xef\xbb\xbf" + json.dumps(DOCUMENT).encode()), stored=4),
    Case("text behind it", packed(json.dumps(DOCUMENT).encode() + b"[]"), stored=4),
    # shapes
    Case("null in place of a message", said(None), stored=4, gap="unparsable"),
    Case("a list in place of a message", said([]), stored=4, gap="unparsable"),
    Case("a message of nothing", said({}), stored=4, gap="unparsable"),
    Case("an id that is text", fields(id="9"), stored=4, gap="unparsable"),
    Case("an id that is true", fields(id=True), stored=4, gap="unparsable"),
    Case("an id that no reader keeps", fields(id=2**60), stored=4, gap="unparsable"),
    Case("a time to come", fields(date_unixtime="99999999999"), stored=4, gap="unparsable"),
    Case("messages that are null", packed(DOCUMENT | {"messages": None}), stored=0, gap="unparsable"),
    Case("messages that are an object", packed(DOCUMENT | {"messages": {"1": {}}}), stored=0, gap="unparsable"),
    Case("a chat without an id", packed(DOCUMENT | {"id": None}), stored=0, gap="unparsable"),
    Case("a chat whose id is text", packed(DOCUMENT | {"id": "../../x"}), stored=0, gap="unparsable"),
    Case("a name of a megabyte", packed({**DOCUMENT, "name": "a" * 1_000_000}), stored=4, gap="unparsable"),
    Case("chats that are null", packed({"about": "x", "personal_information": None, "chats": None}), stored=0),
    Case("200,000 empty chats", packed({"personal_information": {}, "chats": {"list": [{}] * 200_000}}), stored=0),
    Case("too many chats", packed({"chats": {"list": [{"type": None}] * 100_001}}), refused=True),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_bad_file_comes_to_a_clear_end(case: Case, tmp_path: Path):
    folder = tmp_path / "given"
    folder.mkdir()
    file = folder / case.file
    file.write_bytes(case.make())
    owner = Importing(tmp_path / "home")
    if case.refused:
        with pytest.raises(RefusedError) as refused:
            await owner.run(file)
        assert refused.value.reason
        assert len(str(refused.value)) < 400
        return
    preview = await owner.run(file, preview=True)
    result = await owner.run(file)
    assert result["receipt"]["counts"] == preview["receipt"]["counts"]
    found = {one["data"]["id"] for one in await owner.records()}
    assert found <= TRUE
    assert case.stored is None or len(found) == case.stored
    assert result["status"] in {"complete", "complete_with_gaps"}
    assert case.gap is None or case.gap in str(result["diagnostics"])
    assert {path.name for path in folder.iterdir()} == {case.file}, "nothing is unpacked"
    assert {one["partition"] for one in await owner.records()} <= {f"user{OTHER}"}
