"""What an export says of its conversations: its index files, and which folder is which conversation.

Owns: joining folders and ids, and naming direct messages. Must not know: messages, records.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from polyhost.artifacts.base import Artifact
from polyhost.artifacts.json_items import Unparsable, objects

__all__ = ["Conversation", "Index", "Kind", "read_index"]

Kind = Literal["public", "private", "dm", "group_dm"]
_FILES: Mapping[str, Kind] = {
    "channels.json": "public",
    "groups.json": "private",
    "dms.json": "dm",
    "mpims.json": "group_dm",
}
_ID = re.compile(r"[CDG][A-Z0-9]{6,20}")


@dataclass(slots=True)
class Conversation:
    id: str
    kind: Kind
    info: dict[str, Any]

    @property
    def label(self) -> str:
        name = self.info.get("name") or self.info.get("user")
        return name if isinstance(name, str) and name else self.id


@dataclass(slots=True)
class Index:
    conversations: list[Conversation] = field(default_factory=list[Conversation])
    _folders: dict[str, str] = field(default_factory=dict[str, str])

    def settle(self, account: str | None, known: Mapping[str, str]) -> None:
        """Say who the other one of each direct message is; take in names of conversations known from elsewhere."""
        directs = [one for one in self.conversations if one.kind == "dm"]
        account = account or _common_member(directs)
        for one in directs:
            members = [who for who in one.info.get("members") or [] if isinstance(who, str)]
            others = [who for who in members if who != account]
            if "user" not in one.info and members:
                one.info["user"] = (others or members)[0]
        for name, key in known.items():
            self._folders.setdefault(name, key)
        for one in self.conversations:
            if one.kind != "dm" and isinstance(name := one.info.get("name"), str):
                self._folders[name] = one.id
            self._folders[one.id] = one.id

    def by_folder(self, folder: str) -> str | None:
        """The conversation a folder holds: by its name, by its id; None where neither is known."""
        found = self._folders.get(folder)
        return found or (folder if _ID.fullmatch(folder) else None)


def read_index(artifact: Artifact, broken: Callable[[str, Unparsable], None]) -> Index:
    """Every conversation the index files list, whichever of them are there; each once."""
    index = Index()
    seen: set[str] = set()
    for entry in artifact.entries:
        kind = _FILES.get(entry.name)
        if kind is None:
            continue
        for info in objects(artifact, entry):
            if isinstance(info, Unparsable):
                broken("channels", info)
            elif isinstance(key := info.get("id"), str) and _ID.fullmatch(key) and key not in seen:
                seen.add(key)
                index.conversations.append(Conversation(key, kind, info))
    return index


def _common_member(directs: list[Conversation]) -> str | None:
    """In an owner's own export every direct message has the owner in it; in a company's, nobody is in all."""
    counted = Counter(who for one in directs for who in {*(one.info.get("members") or [])} if isinstance(who, str))
    everywhere = [who for who, times in counted.items() if times == len(directs)]
    return everywhere[0] if len(directs) > 1 and len(everywhere) == 1 else None
