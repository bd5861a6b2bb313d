"""The files of a store that is not written to: as they are, whatever is brought beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from polyhost.ledger.files import Content
from polyhost.protocol.record_files import FileRules
from polyhost.store.base import EVERY_FILE, FileCount, FilePage, FileQuery, FileResult, FileRow, FileStore, RecordFile

__all__ = ["PreviewFiles"]


class PreviewFiles(FileStore):
    """See `FileStore`; `inner` is only read."""

    def __init__(self, inner: FileStore) -> None:
        self._inner = inner

    async def index(self, connection_id: int, rules: FileRules, *, limit: int) -> bool:
        return False

    async def find(self, connection_id: int, query: FileQuery = EVERY_FILE) -> FilePage:
        return await self._inner.find(connection_id, query)

    async def get(self, connection_id: int, file_id: int) -> FileRow | None:
        return await self._inner.get(connection_id, file_id)

    async def by_identity(self, connection_id: int, identities: Sequence[str]) -> Mapping[str, FileRow]:
        return await self._inner.by_identity(connection_id, identities)

    async def of(self, connection_id: int, stream: str, keys: Sequence[str]) -> Mapping[str, Sequence[RecordFile]]:
        return await self._inner.of(connection_id, stream, keys)

    async def records(self, connection_id: int, file_ids: Sequence[int]) -> Mapping[int, Sequence[RecordFile]]:
        return await self._inner.records(connection_id, file_ids)

    async def count(self, connection_id: int) -> Sequence[FileCount]:
        return await self._inner.count(connection_id)

    async def save(self, connection_id: int, results: Sequence[FileResult]) -> None:
        pass

    async def contents(self, *, after: str = "", limit: int) -> Sequence[Content]:
        return await self._inner.contents(after=after, limit=limit)

    async def holders(self, digest: str) -> Sequence[tuple[int, int]]:
        return await self._inner.holders(digest)

    async def unused(self, *, limit: int) -> Sequence[str]:
        return []

    async def forget(self, digests: Sequence[str]) -> Sequence[str]:
        return []
