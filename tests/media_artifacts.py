"""Artifacts with files in them: a chat with media, written as WhatsApp writes one; and where the home keeps them.

Must not know: who imports them.
"""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from checkout import ROOT

__all__ = [
    "PNG",
    "chat_lines",
    "digest",
    "import_command",
    "kept",
    "kept_digests",
    "leftovers",
    "write_chat",
    "write_many",
]

PNG = b"\x89PNG\r\n\x1a\n"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def chat_lines(names: Sequence[str], *, day: int = 13) -> str:
    """A message for each of these media, a second apart, on this day of a month."""
    stamps = (f"[{day}/09/2020, {12 + at // 3600:02}:{at // 60 % 60:02}:{at % 60:02}]" for at in range(len(names)))
    said = "".join(f"{stamp} Ada: \u200e<attached: {name}>\n" for stamp, name in zip(stamps, names, strict=True))
    return said + f"[{day + 1}/09/2020, 12:00:00] Bob: bye\n"


def write_chat(
    path: Path,
    media: Mapping[str, bytes],
    *,
    named: Sequence[str] | None = None,
    day: int = 13,
    packing: int = zipfile.ZIP_STORED,
) -> Path:
    """A ZIP of a chat with these media. `named`: what its messages name, where that is something else."""
    with zipfile.ZipFile(path, "w", packing) as archive:
        archive.writestr("_chat.txt", chat_lines([*media] if named is None else named, day=day))
        for name, content in media.items():
            archive.writestr(name, content)
    return path


def write_many(path: Path, sizes: Sequence[int]) -> Counter[str]:
    """A ZIP of a chat with media of these sizes, no two alike; how often each digest is in it."""
    digests: Counter[str] = Counter()
    names = [f"file-{number}.bin" for number in range(len(sizes))]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("_chat.txt", chat_lines(names))
        for number, (name, size) in enumerate(zip(names, sizes, strict=True)):
            made, summed = random.Random(number), hashlib.sha256()
            with archive.open(name, "w", force_zip64=True) as entry:
                for at in range(0, size, 1 << 20):
                    piece = made.randbytes(min(1 << 20, size - at))
                    summed.update(piece)
                    entry.write(piece)
            digests[summed.hexdigest()] += 1
    return digests


def import_command(home: Path, file: Path, *, dying: tuple[str, int] | None = None) -> tuple[int, int]:
    """The real command, asked for files: its exit status, and its memory at the most, in MiB. `dying`: the function
    that it is killed before, and before which call of it."""
    script = ["-m", "polyhost"] if dying is None else ["-m", "e2e.dying", dying[0], str(dying[1])]
    path = os.pathsep.join(str(ROOT / part) for part in ("host", "tests"))
    words = [sys.executable, *script, "--home", str(home), "import", "work", str(file), "--files"]
    with subprocess.Popen(
        words, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, used.ru_maxrss // 1024


def kept_digests(home: Path) -> set[str]:
    """Of what lies under the names of whole contents, each read through; AssertionError where a name is not its own."""
    found: set[str] = set()
    for path in (home / "files").glob("[0-9a-f][0-9a-f]/*"):
        with path.open("rb") as file:
            assert hashlib.file_digest(file, "sha256").hexdigest() == path.name
        found.add(path.name)
    return found


def kept(home: Path) -> dict[str, bytes]:
    """What lies under the names of whole contents."""
    folder = home / "files"
    return {path.name: path.read_bytes() for path in folder.glob("[0-9a-f][0-9a-f]/*")}


def leftovers(home: Path) -> list[str]:
    """What lies there of files that did not come whole."""
    return [path.name for path in (home / "files" / "partial").glob("*")]
