"""What is stored, to read."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

Content = Annotated[dict[str, Any], Field(description="The record itself, by the schema of its stream's manifest.")]


class StoredRecord(TypedDict):
    """One record in one version. `time`: when it happened, where it says so; `label`: what its partition is called;
    `author`: who it says it is from. `data` null: nothing of it is known but that it was deleted."""

    stream: str
    key: str
    partition: str | None
    label: str | None
    author: str | None
    time: str | None
    data: Content | None
    emitted_at: str
    version: int
    deleted: bool
    batch_id: str


class ListedRecord(StoredRecord, total=False):
    """A record in a list; `members`: of how many a group consists beside its head, where only heads were asked for."""

    members: int


class Records(TypedDict):
    """One page of records. `next`: `after` of the following page; null where it ends."""

    records: list[ListedRecord]
    next: str | None


class _OneRecord(TypedDict):
    connection: str
    record: StoredRecord


class Record(_OneRecord, total=False):
    """One record, and what it was before, newest first, where that was asked for."""

    versions: list[StoredRecord]


class Thread(TypedDict):
    """The group a record belongs to: its head, then its members in order."""

    connection: str
    stream: str
    key: str
    partition: str | None
    records: list[StoredRecord]
    next: str | None


class PartitionCounts(TypedDict):
    """What one partition holds."""

    key: str
    label: str | None
    records: int
    deleted: int


class StreamCounts(TypedDict):
    """What a stream holds. `truncated`: there are more partitions than are listed."""

    connection: str
    stream: str
    records: int
    deleted: int
    partitions: list[PartitionCounts]
    truncated: bool
