"""A ZIP's table of contents and its entries, read without trusting a byte of it.

Owns: the format, as far as exports use it: stored and deflated entries, ZIP64, archives with something before or behind
them, and archives that were cut off. Must not know: what is inside, where the file lies.

Not the standard library's reader: that one builds its whole table, however large, before anyone can object, trusts the
sizes it finds, and gives up on an archive that is cut.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from polyhost.artifacts.limits import CHUNK_BYTES, MAX_DIRECTORY_BYTES, MAX_ENTRIES, MAX_RATIO, RATIO_FREE_BYTES
from polyhost.errors import ErrorCode, RefusedError

__all__ = [
    "BrokenZipError",
    "Member",
    "content",
    "local_members",
    "max_unpacked_size",
    "names_agree",
    "read_directory",
    "starts_like_zip",
]

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCAL_SIGN, _CENTRAL_SIGN, _END_SIGN = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_END64_SIGN, _LOCATOR_SIGN, _DESCRIPTOR_SIGN = b"PK\x06\x06", b"PK\x06\x07", b"PK\x07\x08"
_MAX_COMMENT = 65_535
_FULL_32, _FULL_16 = 0xFFFFFFFF, 0xFFFF
_COUNTED_TO = 0x10000
"""Writers that know no ZIP64 count this far and begin again; the table's own size holds them to the rest."""
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _SIZES_BEHIND, _STRONG, _UTF8 = 0x1, 0x8, 0x40, 0x800
_ZIP64_EXTRA = 0x0001
_UNIX_SYMLINK, _UNIX_KIND = 0xA000, 0xF000


class Member(NamedTuple):
    """One entry as the table describes it. `offset`: of its local header. `packed` None: runs to where it ends."""

    raw_name: bytes
    is_utf8: bool
    offset: int
    packed: int
    size: int
    crc: int
    method: int
    is_encrypted: bool
    is_symlink: bool

    @property
    def is_supported(self) -> bool:
        return self.method in (_STORED, _DEFLATED)


class BrokenZipError(Exception):
    """The table of contents makes no sense; `rule` says where."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def starts_like_zip(head: bytes) -> bool:
    return head[:4] in (_LOCAL_SIGN, _END_SIGN)


def read_directory(file: BinaryIO, length: int) -> list[Member] | None:
    """Every member, in the table's order; None where there is no whole table: the archive was cut off or damaged."""
    found = _find_end(file, length)
    if found is None:
        return None
    at, entries, size, offset = found
    if entries > MAX_ENTRIES or size > MAX_DIRECTORY_BYTES:
        raise _too_many()
    if size > at:
        return None
    before = at - size - offset  # bytes somebody put before the archive
    if before < 0:
        return None
    file.seek(at - size)
    try:
        members = [*_central(file.read(size), before)]
    except (struct.error, IndexError):
        return None
    if len(members) > MAX_ENTRIES:
        raise _too_many()
    if (len(members) - entries) % _COUNTED_TO:
        return None
    _check_plausible(members, length)
    return members


def _find_end(file: BinaryIO, length: int) -> tuple[int, int, int, int] | None:
    """Where the table ends, how many members it says it has, its size and offset."""
    tail_at = max(0, length - _END.size - _MAX_COMMENT)
    file.seek(tail_at)
    tail = file.read(length - tail_at)
    place = tail.rfind(_END_SIGN)
    while place >= 0:
        if len(tail) - place >= _END.size:
            _, disk, first, here, entries, size, offset, comment = _END.unpack_from(tail, place)
            if place + _END.size + comment <= len(tail):
                break
        place = tail.rfind(_END_SIGN, 0, place)
    else:
        return None
    at = tail_at + place
    wide = _find_end64(file, at)
    if wide is not None:
        return wide
    if disk not in (0, _FULL_16) or first not in (0, _FULL_16) or here != entries:
        raise RefusedError(
            "it is one part of an archive that was split",
            "Join the parts, and import the whole.",
            code=ErrorCode.ARCHIVE_SPLIT,
        )
    return at, entries, size, offset


def _find_end64(file: BinaryIO, end_at: int) -> tuple[int, int, int, int] | None:
    if end_at < _END64_LOCATOR.size:
        return None
    file.seek(end_at - _END64_LOCATOR.size)
    sign, _, offset, _ = _END64_LOCATOR.unpack(file.read(_END64_LOCATOR.size))
    if sign != _LOCATOR_SIGN:
        return None
    for at in (offset, end_at - _END64_LOCATOR.size - _END64.size):
        if 0 <= at <= end_at - _END64.size:
            file.seek(at)
            fields = _END64.unpack(file.read(_END64.size))
            if fields[0] == _END64_SIGN:
                return at, fields[7], fields[8], fields[9]
    return None


def _central(table: bytes, before: int) -> Iterator[Member]:
    """The table's members. struct.error or IndexError where it is not members from its first byte to its last."""
    at = 0
    while at < len(table):
        fields = _CENTRAL.unpack_from(table, at)
        if fields[0] != _CENTRAL_SIGN:
            raise IndexError
        _, made_by, _, flags, method, _, _, crc, packed, size, name_length, extra_length, comment_length = fields[:13]
        attributes, offset = fields[15], fields[16]
        name_at = at + _CENTRAL.size
        extra_at = name_at + name_length
        at = extra_at + extra_length + comment_length
        if at > len(table):
            raise IndexError
        wide = (size, packed, offset)
        if _FULL_32 in wide:
            size, packed, offset = _widen(table[extra_at : extra_at + extra_length], wide)
        is_unix = made_by >> 8 in (3, 19)
        yield Member(
            raw_name=table[name_at:extra_at],
            is_utf8=bool(flags & _UTF8),
            offset=offset + before,
            packed=packed,
            size=size,
            crc=crc,
            method=method,
            is_encrypted=bool(flags & (_ENCRYPTED | _STRONG)),
            is_symlink=is_unix and (attributes >> 16) & _UNIX_KIND == _UNIX_SYMLINK,
        )


def _widen(extra: bytes, narrow: tuple[int, int, int]) -> tuple[int, int, int]:
    """Sizes and offset that need 64 bits stand in an extra field, those only that do."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == _ZIP64_EXTRA:
            values = iter(struct.unpack_from(f"<{min(length, len(extra) - at - 4) // 8}Q", extra, at + 4))
            size, packed, offset = (next(values, value) if value == _FULL_32 else value for value in narrow)
            return size, packed, offset
        at += 4 + length
    return narrow


def _check_plausible(members: list[Member], length: int) -> None:
    """No bombs: entries do not overlap, and all of them do not unpack to absurd amounts."""
    if sum(member.size for member in members) > max_unpacked_size(length):
        raise _bomb()
    end = 0
    for member in sorted(members, key=lambda member: member.offset):
        if member.offset < end:
            raise RefusedError(
                "its entries overlap, as in no archive that was made to be read",
                "Export it again at the source.",
                code=ErrorCode.ARCHIVE_BOMB,
            )
        end = member.offset + member.packed


def max_unpacked_size(length: int) -> int:
    """Bytes an archive of this length may unpack to."""
    return max(RATIO_FREE_BYTES, MAX_RATIO * length)


def _bomb() -> RefusedError:
    return RefusedError(
        f"it would unpack to more than {MAX_RATIO} times its size, as no export does",
        "Export it again at the source; if that is what the source gives, unpack it and import the folder.",
        code=ErrorCode.ARCHIVE_BOMB,
    )


def _too_many() -> RefusedError:
    return RefusedError(
        f"it holds more than {MAX_ENTRIES:,} files",
        "Import it in parts: export a shorter span of time, or fewer conversations.",
        code=ErrorCode.ARCHIVE_TOO_MANY,
    )


def local_members(file: BinaryIO, length: int) -> Iterator[Member]:
    """The members of an archive without a table, found one behind the other, the last one perhaps cut off. They are
    held to the same bounds as those of a table."""
    at = 0
    count = 0
    left = max_unpacked_size(length)
    while at + _LOCAL.size <= length:
        file.seek(at)
        sign, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack(
            file.read(_LOCAL.size)
        )
        if sign != _LOCAL_SIGN:
            return
        name = file.read(name_length)
        extra = file.read(extra_length)
        size, packed, _ = _widen(extra, (size, packed, 0))
        data_at = at + _LOCAL.size + name_length + extra_length
        if flags & _SIZES_BEHIND and not packed:
            if method != _DEFLATED:
                return
            packed, size, crc = _measure(file, data_at, left)
        count += 1
        left -= size
        if count > MAX_ENTRIES:
            raise _too_many()
        if left < 0:
            raise _bomb()
        yield Member(name, bool(flags & _UTF8), at, packed, size, crc, method, bool(flags & _ENCRYPTED), False)
        at = data_at + packed
        if flags & _SIZES_BEHIND:
            at = _behind_descriptor(file, at)


def _measure(file: BinaryIO, data_at: int, most: int) -> tuple[int, int, int]:
    """Packed and unpacked size of a deflated stream that does not say, by reading it; and what it sums up to. It is
    read no further than to where it has unpacked to more than `most`."""
    file.seek(data_at)
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    packed = size = crc = 0
    while not inflate.eof and size <= most:
        chunk = file.read(CHUNK_BYTES)
        if not chunk:
            break
        packed += len(chunk)
        try:
            for piece in _inflate(inflate, chunk):
                size += len(piece)
                crc = zlib.crc32(piece, crc)
        except zlib.error:
            break
    return packed - len(inflate.unused_data), size, crc


def _behind_descriptor(file: BinaryIO, at: int) -> int:
    """Sizes that follow their data, with or without a signature, of 32 or 64 bits: find the next header near."""
    file.seek(at)
    near = file.read(64)
    for length in (16, 12, 24, 20):
        if near[length : length + 4] in (_LOCAL_SIGN, _CENTRAL_SIGN):
            return at + length
    return at + (16 if near[:4] == _DESCRIPTOR_SIGN else 12)


def names_agree(file: BinaryIO, member: Member) -> bool:
    """Whether the entry calls itself what the table calls it: under a name with a wrong letter nobody looks for it, so
    nothing else would tell. An entry that is not there at all is found out when it is read."""
    file.seek(member.offset)
    header = file.read(_LOCAL.size)
    if len(header) < _LOCAL.size or header[:4] != _LOCAL_SIGN:
        return True
    return file.read(_LOCAL.unpack(header)[9]) == member.raw_name


def content(file: BinaryIO, member: Member) -> Iterator[bytes]:
    """The member's content in chunks. Raises BrokenZipError where it is not what the table says."""
    file.seek(member.offset)
    header = file.read(_LOCAL.size)
    if len(header) < _LOCAL.size or header[:4] != _LOCAL_SIGN:
        raise BrokenZipError("no_local_header")
    name_length, extra_length = _LOCAL.unpack(header)[9:]
    position = member.offset + _LOCAL.size + name_length + extra_length
    left, crc, size = member.packed, 0, 0
    inflate = zlib.decompressobj(-zlib.MAX_WBITS) if member.method == _DEFLATED else None
    while left:
        file.seek(position)
        chunk = file.read(min(CHUNK_BYTES, left))
        if not chunk:
            raise BrokenZipError("cut_off")
        position += len(chunk)
        left -= len(chunk)
        for piece in _pieces(inflate, chunk):
            size += len(piece)
            if size > member.size:
                raise BrokenZipError("larger_than_said")
            crc = zlib.crc32(piece, crc)
            yield piece
    if inflate is not None and not inflate.eof:
        raise BrokenZipError("cut_off")
    if size != member.size or crc != member.crc:
        raise BrokenZipError("checksum")


def _pieces(inflate: zlib._Decompress | None, chunk: bytes) -> Iterator[bytes]:  # pyright: ignore[reportPrivateUsage]
    if inflate is None:
        yield chunk
        return
    try:
        yield from _inflate(inflate, chunk)
    except zlib.error:
        raise BrokenZipError("not_deflated") from None


def _inflate(inflate: zlib._Decompress, chunk: bytes) -> Iterator[bytes]:  # pyright: ignore[reportPrivateUsage]
    """What a chunk unpacks to, a bounded piece at a time: a few bytes may unpack to hundreds of megabytes."""
    while chunk and not inflate.eof:
        piece = inflate.decompress(chunk, CHUNK_BYTES)
        chunk = inflate.unconsumed_tail
        if piece:
            yield piece
