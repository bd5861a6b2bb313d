"""What is stored, to read."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict


class StoredRecord(TypedDict):
    stream: str
    key: str
    partition: str | None
    label: str | None
    time: str | None
    data: dict[str, Any] | None
    emitted_at: str
    version: int
    deleted: bool
    batch_id: str


class ListedRecord(StoredRecord, total=False):
    members: int


class Records(TypedDict):
    records: list[ListedRecord]
    next: str | None


class _OneRecord(TypedDict):
    connection: str
    record: StoredRecord


class Record(_OneRecord, total=False):
    versions: list[StoredRecord]


class Thread(TypedDict):
    connection: str
    stream: str
    key: str
    partition: str | None
    records: list[StoredRecord]
    next: str | None


class PartitionCounts(TypedDict):
    key: str
    label: str | None
    records: int
    deleted: int


class StreamCounts(TypedDict):
    connection: str
    stream: str
    records: int
    deleted: int
    partitions: list[PartitionCounts]
    truncated: bool
