r"""Writes what Telegram Desktop writes: a `result.json`, laid out sign for sign like it, one item at a time.

Owns: that layout: an indent of one space a level, members that are left out rather than null, control characters as
`\x1F`, which is no JSON. Must not know: who reads it.

    python -m polyfills.telegram.writer --messages 1000000 result.json     writes a large one, to measure with
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, cast

__all__ = [
    "BEGIN",
    "NOT_INCLUDED",
    "OTHER",
    "OWNER",
    "account",
    "chat",
    "dumps",
    "local",
    "many",
    "message",
    "service",
    "write",
]

BEGIN = 1_600_000_000
OWNER, OTHER = 5_000_000_001, 42
_WORDS = ("the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "and", "then", "runs", "away", "from")
_WORDS_OF_JSON = {None: "null", True: "true", False: "false"}
NOT_INCLUDED = "(File not included. Change data exporting settings to download.)"


def text(value: str) -> str:
    """As Telegram Desktop escapes a text."""
    if value.isascii() and value.isprintable() and '"' not in value and "\\" not in value:
        return f'"{value}"'
    made: list[str] = []
    for sign in value:
        if sign in '"\\':
            made.append("\\" + sign)
        elif sign in "\n\r\t":
            made.append({"\n": "\\n", "\r": "\\r", "\t": "\\t"}[sign])
        elif ord(sign) < 32:
            made.append(f"\\x{ord(sign):02X}")
        elif sign in "\u2028\u2029" or 0xD800 <= ord(sign) < 0xE000:
            made.append(f"\\u{ord(sign):04x}")
        else:
            made.append(sign)
    return '"' + "".join(made) + '"'


def dumps(value: Any, level: int = 0) -> str:
    """A value that stands `level` levels deep."""
    inner, end = "\n" + " " * (level + 1), "\n" + " " * level
    if isinstance(value, dict):
        members = cast("Mapping[str, Any]", value)
        return "{" + ",".join(f"{inner}{text(k)}: {dumps(v, level + 1)}" for k, v in members.items()) + end + "}"
    if isinstance(value, list):
        return "[" + ",".join(inner + dumps(one, level + 1) for one in cast("list[Any]", value)) + end + "]"
    if isinstance(value, str):
        return text(value)
    return _WORDS_OF_JSON[value] if value is None or isinstance(value, bool) else repr(value)


def local(seconds: int) -> str:
    """A computer in UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def message(number: int, said: Any = "hello", *, at: int = BEGIN, who: int = OTHER, **more: Any) -> dict[str, Any]:
    """A message; `said`: a text, or parts as Telegram lists them."""
    parts = [{"type": "plain", "text": said}] if isinstance(said, str) and said else said or []
    return {
        "id": number,
        "type": "message",
        "date": local(at),
        "date_unixtime": str(at),
        "from": f"Person {who}",
        "from_id": f"user{who}",
        **more,
        "text": said,
        "text_entities": [one if isinstance(one, dict) else {"type": "plain", "text": one} for one in parts],
    }


def service(number: int, action: str, *, at: int = BEGIN, who: int = OTHER, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "type": "service",
        "date": local(at),
        "date_unixtime": str(at),
        "actor": f"Person {who}",
        "actor_id": f"user{who}",
        "action": action,
        **more,
        "text": "",
        "text_entities": [],
    }


def chat(
    messages: Iterable[Any] = (), *, number: Any = OTHER, kind: Any = "personal_chat", name: Any = "Ada"
) -> dict[str, Any]:
    return {"name": name, "type": kind, "id": number, "messages": messages}


def account(chats: Sequence[Any], *, left: Sequence[Any] = (), **sections: Any) -> dict[str, Any]:
    """A whole account, in the order of the real one; `sections` come before the chats."""
    return {
        "about": "Here is the data you requested.",
        "personal_information": {"user_id": OWNER, "first_name": "Me", "last_name": "", "phone_number": "+1 555"},
        **sections,
        "chats": {"about": "This page lists all chats.", "list": chats},
        **({"left_chats": {"about": "Left.", "list": left}} if left else {}),
    }


def pieces(value: Any, level: int = 0) -> Iterator[str]:
    """The same as `dumps`, and nothing of a long list of messages is held."""
    if isinstance(value, dict):
        yield "{"
        for index, (name, one) in enumerate(cast("Mapping[str, Any]", value).items()):
            yield ("," if index else "") + "\n" + " " * (level + 1) + text(name) + ": "
            yield from pieces(one, level + 1)
        yield "\n" + " " * level + "}"
    elif value is None or isinstance(value, str | int | float):
        yield dumps(value)
    else:
        yield "["
        for index, one in enumerate(value):
            yield ("," if index else "") + "\n" + " " * (level + 1)
            yield from (
                pieces(one, level + 1) if isinstance(one, dict) and "messages" in one else (dumps(one, level + 1),)
            )
        yield "\n" + " " * level + "]"


def write(document: Any, path: Path) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        _write(file, pieces(document))
    return path


def _write(file: IO[str], found: Iterable[str]) -> None:
    for piece in found:
        file.write(piece)


def many(count: int, *, chats: int = 20, seed: int = 1) -> dict[str, Any]:
    """An account with so many messages of some 600 bytes, a third of them with a link, a reply or a photo."""
    chance = random.Random(seed)
    share = [count // chats + (number < count % chats) for number in range(chats)]
    listed = [
        chat(_said(length, chance), number=1000 + number, kind="private_supergroup", name=f"Group {number}")
        for number, length in enumerate(share)
    ]
    return account(listed)


def _said(count: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    for number in range(1, count + 1):
        said: Any = " ".join(chance.choices(_WORDS, k=20))
        more: dict[str, Any] = {}
        match chance.randrange(9):
            case 0:
                more["reply_to_message_id"] = max(1, number - chance.randrange(50))
            case 1:
                more |= {"photo": NOT_INCLUDED, "photo_file_size": 90_000, "width": 1280, "height": 960}
            case 2:
                said = [said + " ", {"type": "link", "text": f"https://example.org/{number}"}]
            case _:
                pass
        yield message(number, said, at=BEGIN + number * 60, who=100 + chance.randrange(50), **more)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("file", type=Path)
    options = parser.parse_args()
    write(many(options.messages), options.file)


if __name__ == "__main__":
    main()
