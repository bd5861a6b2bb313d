"""The store's schema, as it is after the newest migration: what docs/store.md is written from.

Owns: tables, columns, keys, indices and views, each with its meaning. A test holds the migrations to it.
Must not know: statements (they are plain SQL where they are used), connections, migrations.
Not imported when a store is opened: SQLAlchemy takes longer to import than `polyhost status` may take in all.
"""

from __future__ import annotations

import sys
from typing import Any

from sqlalchemy import REAL, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text, UniqueConstraint

__all__ = ["VIEWS", "metadata", "reference"]

metadata = MetaData()


def _connection() -> Column[int]:
    return Column(
        "connection_id",
        Integer,
        ForeignKey("connections.id", ondelete="CASCADE"),
        nullable=False,
        comment="whose it is",
    )


Table(
    "connections",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True, comment="as the owner calls it"),
    Column("source", Text, nullable=False, comment="the connector: slack"),
    Column("nature", Text, nullable=False, comment="whose data: live, test, replay or demo"),
    Column("created_at", Text, nullable=False),
    Column("options", Text, nullable=False, comment="JSON object"),
    Column("account", Text, nullable=False, comment="JSON object"),
    comment="One connector with one owner account.",
)
Table(
    "leases",
    metadata,
    Column("connection_id", Integer, ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True),
    Column("token", Text, nullable=False, comment="known to the holder alone"),
    Column("pid", Integer, nullable=False),
    Column("host", Text, nullable=False),
    Column("process", Text, comment="which process it was, so that a reused pid fools nobody"),
    Column("run_id", Text, nullable=False),
    Column("expires_at", REAL, nullable=False, comment="seconds since 1970: for other machines, and to be read"),
    Column("boot", Text, comment="which boot of its machine the holder runs in"),
    Column("expires_up", REAL, comment="seconds since that boot, by the clock that nobody can set: what decides"),
    comment="Who runs a connection now.",
)
Table(
    "batches",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True, comment="the batch id that is shown"),
    _connection(),
    Column("method", Text, nullable=False, comment="how it was obtained: browser_polyfill, owner_artifact, …"),
    Column("trigger", Text, nullable=False, comment="what started it"),
    Column("started_at", Text, nullable=False),
    Column("finished_at", Text, comment="nothing is written for a batch once it is set"),
    Column("facts", Text, nullable=False, comment="JSON object: what the receipt is made from"),
    Index("batches_by_connection", "connection_id"),
    comment="One bounded act of acquisition.",
)
Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True, nullable=False),
    _connection(),
    Column("batch_id", Integer, ForeignKey("batches.id", ondelete="CASCADE"), nullable=False),
    Column("mode", Text, nullable=False),
    Column("status", Text, nullable=False, comment="running, or how it ended"),
    Column("started_at", Text, nullable=False),
    Column("finished_at", Text),
    Column("scope", Text, nullable=False, comment="JSON object: what was asked for"),
    Column("result", Text, nullable=False, comment="JSON object: what came of it"),
    Column(
        "started_number",
        Integer,
        nullable=False,
        server_default="0",
        comment="which run is later is told by this and by no clock; grows over the whole store",
    ),
    Column("finished_number", Integer, comment="its end, in the same order"),
    Column("boot", Text, comment="which boot of its machine it ran in"),
    Column("started_up", REAL, comment="seconds since that boot"),
    Column("finished_up", REAL, comment="seconds since that boot"),
    Index("runs_by_connection", "connection_id", "started_number"),
    Index("runs_by_batch", "batch_id"),
    comment="One collection.",
)
Table(
    "streams",
    metadata,
    Column("id", Integer, primary_key=True),
    _connection(),
    Column("name", Text, nullable=False, comment="messages, users, …"),
    Column("live_records", Integer, nullable=False, comment="how many there are, kept with every write"),
    Column("deleted_records", Integer, nullable=False, comment="how many tombstones there are"),
    UniqueConstraint("connection_id", "name"),
    comment="One kind of record of one connection.",
)
Table(
    "records",
    metadata,
    Column("id", Integer, primary_key=True),
    _connection(),
    Column("stream_id", Integer, ForeignKey("streams.id", ondelete="CASCADE"), nullable=False),
    Column("key", Text, nullable=False, comment="what identifies it within its stream"),
    Column("partition", Text, comment="Slack: the conversation"),
    Column("position", Text, nullable=False, comment="sort key in the partition; members have their head's"),
    Column("cursor", Text, comment="its own cursor value, as the source wrote it"),
    Column("is_head", Integer, nullable=False, comment="0: a member of the group at its position"),
    Column("digest", LargeBinary, comment="of the content, to tell an update from what is known"),
    Column("emitted_at", Text, nullable=False),
    Column("version", Integer, nullable=False, comment="starts at 1, counts changes"),
    Column("deleted", Integer, nullable=False, comment="1: a tombstone"),
    # No foreign key: deleting a batch would have to look through all records, or every record would pay for an index.
    Column("batch_id", Integer, nullable=False, comment="id in batches: what brought this version"),
    Column("sequence", Integer, nullable=False, comment="number of its last change, store-wide, never used twice"),
    # Last: a long content spills to further pages, which what comes before it can be read without.
    Column("data", Text, comment="JSON, keys sorted; a deleted record keeps its last content"),
    Index("records_by_key", "stream_id", "key", unique=True),
    # The last two columns let walks, look-backs and pages be answered from the index alone.
    Index("records_by_position", "stream_id", "partition", "position", "key", "is_head", "deleted"),
    Index("records_by_sequence", "connection_id", "sequence", unique=True),
    comment="Every record as it is now, tombstones included.",
)
Table(
    "record_versions",
    metadata,
    Column("record_id", Integer, ForeignKey("records.id", ondelete="CASCADE"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("digest", LargeBinary),
    Column("emitted_at", Text, nullable=False),
    Column("deleted", Integer, nullable=False),
    Column("batch_id", Integer, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("data", Text),
    UniqueConstraint("record_id", "version"),
    comment="What a record was before; its present version is in records.",
)
Table(
    "partitions",
    metadata,
    Column("stream_id", Integer, ForeignKey("streams.id", ondelete="CASCADE"), primary_key=True, nullable=False),
    Column("key", Text, primary_key=True, nullable=False),
    Column("state", Text, nullable=False, comment="JSON object: status, covered ranges, label, when seen"),
    comment="The ledger: what is known of each partition.",
)
Table(
    "exceptions",
    metadata,
    Column("stream_id", Integer, ForeignKey("streams.id", ondelete="CASCADE"), primary_key=True, nullable=False),
    Column("kind", Text, primary_key=True, nullable=False, comment="record, or group: the members of one"),
    Column("partition", Text, primary_key=True, nullable=False, comment="empty where it is in none, or in none known"),
    Column("key", Text, primary_key=True, nullable=False, comment="the record's key, or the group's own value"),
    Column("position", Text, comment="where in its partition, as the source writes it"),
    Column("reason", Text, nullable=False, comment="a code: invalid, unmappable, not_answered, …"),
    Column("detail", Text, nullable=False, comment="the rule it breaks and where, never what stands there"),
    Column("since", Text, nullable=False, comment="when it was first met"),
    Column("last_tried", Text, nullable=False),
    Column("member", Integer, nullable=False, comment="1: a record that hangs on the head at its position"),
    Column("tries", Integer, nullable=False, comment="runs in which it was met"),
    Column("turn", Integer, nullable=False, comment="number of the last of them, counted by the ledger"),
    Column("set_aside_at", Text, comment="since when the owner lets it be"),
    Column("set_aside_reason", Text),
    comment="What stands out of covered ranges: records and groups that could not be taken.",
)
Table(
    "checkpoints",
    metadata,
    Column("connection_id", Integer, ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True),
    Column("stream", Text, primary_key=True, nullable=False),
    Column("cursor", Text, nullable=False, comment="JSON, as the connector gave it"),
    comment="Opaque cursors of connectors, per stream.",
)
Table(
    "memos",
    metadata,
    Column("connection_id", Integer, ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, primary_key=True, nullable=False),
    Column("value", Text, nullable=False, comment="JSON"),
    comment="Small things worth keeping from run to run, such as a site's learned rate.",
)
Table(
    "search_indexes",
    metadata,
    Column("connection_id", Integer, ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True),
    Column("rules", Text, nullable=False, comment="JSON: which fields the index holds, and what their moments are"),
    Column("indexed_through", Integer, nullable=False, comment="the last change number that is in it"),
    comment="How far the full-text index of each connection (`search_<connection_id>`) has come.",
)
Table(
    "search_steps",
    metadata,
    Column("connection_id", Integer, ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True),
    Column(
        "through",
        Integer,
        primary_key=True,
        nullable=False,
        comment="change numbers up to this one, from the step before",
    ),
    Column("store_sequence", Integer, nullable=False, comment="the last change number given when they were indexed"),
    comment="As of when each stretch of changes was indexed: which version of a record an index holds.",
)
Table(
    "contents",
    metadata,
    Column("digest", Text, primary_key=True, nullable=False, comment="SHA-256, 64 hexadecimal digits: its file's name"),
    Column("size", Integer, nullable=False, comment="bytes"),
    Column("type", Text, nullable=False, comment="what its bytes are, as in image/png"),
    comment="Contents of files that are in the home, each once.",
)
Table(
    "files",
    metadata,
    Column("id", Integer, primary_key=True),
    _connection(),
    Column("identity", Text, nullable=False, comment="the same for the same file, in whichever record it stands"),
    Column("is_thumbnail", Integer, nullable=False, comment="1: a smaller likeness of another"),
    Column("stream", Text, nullable=False, comment="of the record that it was first met in"),
    Column("state", Text, nullable=False, comment="here, to_come, gone, hidden, external, refused, over_limit"),
    Column("reason", Text, comment="why it is not here, as the last try has told"),
    Column("name", Text, comment="this and what follows: as the source says"),
    Column("type", Text),
    Column("size", Integer, comment="bytes"),
    Column("address", Text),
    Column("member", Text, comment="what it is called within an owner's artifact"),
    Column("moment", Integer, comment="of the newest record that holds it, seconds since 1970"),
    Column("tries", Integer, nullable=False),
    Column("tried_at", Text),
    Column("content", Text, ForeignKey("contents.digest"), comment="its bytes, as they were last fetched"),
    Index("files_by_identity", "connection_id", "identity", "is_thumbnail", unique=True),
    Index("files_by_state", "connection_id", "state", "moment", "id"),
    Index("files_by_content", "content"),
    comment="Files that records name, and what became of each.",
)
Table(
    "record_files",
    metadata,
    Column("record_id", Integer, ForeignKey("records.id", ondelete="CASCADE"), primary_key=True, nullable=False),
    Column("number", Integer, primary_key=True, nullable=False, comment="its place among those of the record"),
    Column("file_id", Integer, ForeignKey("files.id", ondelete="CASCADE"), nullable=False),
    Index("record_files_by_file", "file_id"),
    comment="Which record holds which files.",
)
Table(
    "file_indexes",
    metadata,
    Column("connection_id", Integer, ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True),
    Column("rules", Text, nullable=False, comment="JSON: where in a record its files are"),
    Column("indexed_through", Integer, nullable=False, comment="the last change number whose files are known"),
    comment="How far the files of each connection's records are read.",
)
Table(
    "counters",
    metadata,
    Column(
        "name",
        Text,
        primary_key=True,
        nullable=False,
        comment="sequence: the last change number given; events: the last number of a start, an end, a sign-in",
    ),
    Column("value", Integer, nullable=False),
    comment="Numbers that only grow.",
)

VIEWS = {
    "all_records": (
        "Records with names in place of numbers: start here.",
        """
SELECT connections.name AS connection, streams.name AS stream, records.partition, records.key, records.data,
       records.emitted_at, records.version, records.deleted, batches.name AS batch, records.sequence
FROM records
JOIN streams ON streams.id = records.stream_id
JOIN connections ON connections.id = records.connection_id
JOIN batches ON batches.id = records.batch_id
""".strip(),
    ),
    "all_partitions": (
        "The ledger with names in place of numbers.",
        """
SELECT connections.name AS connection, streams.name AS stream, partitions.key AS partition,
       json_extract(partitions.state, '$.label') AS label, json_extract(partitions.state, '$.status') AS status,
       json_extract(partitions.state, '$.covered') AS covered
FROM partitions
JOIN streams ON streams.id = partitions.stream_id
JOIN connections ON connections.id = streams.connection_id
""".strip(),
    ),
}
"""Each view: what it is for, and its query."""


def reference() -> str:
    """The tables and views in Markdown, for docs/store.md."""
    tables = [_table_reference(table) for table in metadata.tables.values()]
    views = [f"### `{name}` (view)\n\n{purpose}\n\n```sql\n{query}\n```" for name, (purpose, query) in VIEWS.items()]
    return "\n\n".join([*views, *tables]) + "\n"


def _table_reference(table: Table) -> str:
    columns = "\n".join(f"| `{column.name}` | {_kind(column)} | {column.comment or ''} |" for column in table.columns)
    return f"### `{table.name}`\n\n{table.comment}\n\n| column | kind | meaning |\n|---|---|---|\n{columns}"


def _kind(column: Column[Any]) -> str:
    names = {"Integer": "integer", "Text": "text", "REAL": "real", "LargeBinary": "blob"}
    kind = names[type(column.type).__name__]
    kind += ", null" if column.nullable else ""
    kind += ", primary key" if column.primary_key else ""
    return kind + "".join(f", of `{key.target_fullname.partition('.')[0]}`" for key in column.foreign_keys)


if __name__ == "__main__":
    sys.stdout.write(reference())
