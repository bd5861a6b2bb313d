"""What a file may be called on the owner's disk, whatever a source wrote.

Owns: one safe name, and names that differ within a folder. Pure. Must not know: disks, what the files are.

A name is safe on every system that polyhost's owner may carry the folder to: not a path, no letter that a system
forbids or that makes a name look like another, no device of Windows, 255 bytes of UTF-8 at most.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["MAX_NAME_BYTES", "FolderNames", "safe_name"]

MAX_NAME_BYTES = 255
_MAX_SUFFIX_BYTES = 20
"""What is longer is part of a name that holds a dot."""
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_JOINERS = "\u200c\u200d"
"""Invisible, and part of how words and emoji are written."""
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Controls, what turns the direction of text, halves of letters, letters that nobody has given a meaning."""
_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])\s*(?:\..*)?\Z", re.IGNORECASE | re.DOTALL
)


def safe_name(written: str | None, *, otherwise: str = "file") -> str:
    """The name a source wrote, made safe; `otherwise` where nothing of it is left."""
    last = re.split(r"[/\\]", written or "")[-1]
    seen = "".join(letter for letter in unicodedata.normalize("NFC", last) if _is_seen(letter))
    name = _FORBIDDEN.sub("_", re.sub(r"\s+", " ", seen)).strip().rstrip(". ")
    if not name.strip("._ " + _JOINERS):
        return otherwise
    if name.startswith((".", "-")) or _DEVICE.match(name):
        name = f"_{name}"
    return _shortened(name, "")


class FolderNames:
    """Names of one folder. Two that differ in capitals alone are one on many disks."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._next: dict[str, int] = {}

    def take(self, written: str | None, *, otherwise: str = "file") -> str:
        """A safe name like this one that no other file has: `photo.png`, then `photo (2).png`."""
        name = given = safe_name(written, otherwise=otherwise)
        number = self._next.get(_same(name), 2)
        while _same(given) in self._taken:
            given = _shortened(name, f" ({number})")
            number += 1
        self._next[_same(name)] = number
        self._taken.add(_same(given))
        return given


def _is_seen(letter: str) -> bool:
    return letter in _JOINERS or unicodedata.category(letter) not in _UNSEEN


def _shortened(name: str, addition: str) -> str:
    """The name with this before its suffix, cut before it so that the whole fits."""
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix.encode()) > _MAX_SUFFIX_BYTES:
        stem, dot, suffix = name, "", ""
    ending = f"{addition}{dot}{suffix}"
    room = MAX_NAME_BYTES - len(ending.encode())
    if len(stem.encode()) > room:
        stem = stem.encode()[:room].decode(errors="ignore").rstrip(". " + _JOINERS)
    return stem + ending


def _same(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
