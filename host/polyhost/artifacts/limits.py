"""Bounds on what an artifact may cost. Each is far above what real exports need, and far below what hurts.

Must not know: what is inside an artifact.
"""

from __future__ import annotations

__all__ = [
    "CHUNK_BYTES",
    "MAX_DIRECTORY_BYTES",
    "MAX_ENTRIES",
    "MAX_ITEM_BYTES",
    "MAX_NAME_BYTES",
    "MAX_RATIO",
    "MAX_READINGS",
    "RATIO_FREE_BYTES",
    "WHOLE_BYTES",
]

MAX_ENTRIES = 300_000
"""Files in one artifact: some 400 bytes each while it is open. A thousand channels with a file for each working day of
a year are 250,000."""
MAX_DIRECTORY_BYTES = 64 * 1024 * 1024
"""A ZIP's table of contents: 300,000 entries with names of 150 bytes."""
MAX_NAME_BYTES = 1_024
"""Bytes of one name: file systems stop at 255 a part."""
MAX_RATIO = 250
"""Times its size an archive may unpack to. JSON reaches 10 to 50; deflate cannot exceed 1,032, which bombs come close
to, and overlapping entries go far beyond."""
RATIO_FREE_BYTES = 64 * 1024 * 1024
"""Unpacked bytes up to which the ratio does not matter: harmless however they are packed."""
MAX_READINGS = 4
"""Times all that an archive may unpack to, that may be unpacked while it is open: an entry is looked at to recognise
it, read once to know that it is sound, and once or twice for what is in it."""
CHUNK_BYTES = 256 * 1024
"""Read at a time."""
WHOLE_BYTES = 4 * 1024 * 1024
"""An entry up to this size is parsed in one go; a larger one item by item. Parsed JSON takes up to some 30 times its
size, so that either way memory stays around 100 MB at the very worst."""
MAX_ITEM_BYTES = 4 * 1024 * 1024
"""One item of a streamed list: sources cap messages at kilobytes."""
