"""The first schema: connections, runs, records with their history, the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ALL_RECORDS = """
CREATE VIEW all_records AS
SELECT connections.name AS connection, streams.name AS stream, records.partition, records.key, records.data,
       records.emitted_at, records.version, records.deleted, batches.name AS batch, records.sequence
FROM records
JOIN streams ON streams.id = records.stream_id
JOIN connections ON connections.id = records.connection_id
JOIN batches ON batches.id = records.batch_id
"""
_ALL_PARTITIONS = """
CREATE VIEW all_partitions AS
SELECT connections.name AS connection, streams.name AS stream, partitions.key AS partition,
       json_extract(partitions.state, '$.label') AS label, json_extract(partitions.state, '$.status') AS status,
       json_extract(partitions.state, '$.covered') AS covered
FROM partitions
JOIN streams ON streams.id = partitions.stream_id
JOIN connections ON connections.id = streams.connection_id
"""


def upgrade() -> None:
    _create_acquisition()
    _create_records()
    _create_state()
    op.execute(_ALL_RECORDS)
    op.execute(_ALL_PARTITIONS)
    op.execute("INSERT INTO counters (name, value) VALUES ('sequence', 0)")


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _of(name: str, table: str, *, primary_key: bool = False) -> sa.Column[int]:
    target = sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
    return sa.Column(name, sa.Integer, target, primary_key=primary_key, nullable=False)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True)


def _create_acquisition() -> None:
    op.create_table(
        "connections",
        _id(),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        _text("source"),
        _text("nature"),
        _text("created_at"),
        _text("options"),
        _text("account"),
    )
    op.create_table(
        "leases",
        _of("connection_id", "connections", primary_key=True),
        _text("token"),
        _number("pid"),
        _text("host"),
        _text("process", nullable=True),
        _text("run_id"),
        sa.Column("expires_at", sa.REAL, nullable=False),
    )
    op.create_table(
        "batches",
        _id(),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        _of("connection_id", "connections"),
        _text("method"),
        _text("trigger"),
        _text("started_at"),
        _text("finished_at", nullable=True),
        _text("facts"),
    )
    op.create_index("batches_by_connection", "batches", ["connection_id"])
    op.create_table(
        "runs",
        sa.Column("id", sa.Text, primary_key=True, nullable=False),
        _of("connection_id", "connections"),
        _of("batch_id", "batches"),
        _text("mode"),
        _text("status"),
        _text("started_at"),
        _text("finished_at", nullable=True),
        _text("scope"),
        _text("result"),
    )
    op.create_index("runs_by_connection", "runs", ["connection_id", "started_at"])
    op.create_index("runs_by_batch", "runs", ["batch_id"])


def _create_records() -> None:
    op.create_table(
        "streams",
        _id(),
        _of("connection_id", "connections"),
        _text("name"),
        _number("live_records"),
        _number("deleted_records"),
        sa.UniqueConstraint("connection_id", "name"),
    )
    op.create_table(
        "records",
        _id(),
        _of("connection_id", "connections"),
        _of("stream_id", "streams"),
        _text("key"),
        _text("partition", nullable=True),
        _text("position"),
        _text("cursor", nullable=True),
        _number("is_head"),
        sa.Column("digest", sa.LargeBinary),
        _text("emitted_at"),
        _number("version"),
        _number("deleted"),
        _number("batch_id"),
        _number("sequence"),
        _text("data", nullable=True),
    )
    op.create_index("records_by_key", "records", ["stream_id", "key"], unique=True)
    by_position = ["stream_id", "partition", "position", "key", "is_head", "deleted"]
    op.create_index("records_by_position", "records", by_position)
    op.create_index("records_by_sequence", "records", ["connection_id", "sequence"], unique=True)
    op.create_table(
        "record_versions",
        _of("record_id", "records"),
        _number("version"),
        sa.Column("digest", sa.LargeBinary),
        _text("emitted_at"),
        _number("deleted"),
        _number("batch_id"),
        _number("sequence"),
        _text("data", nullable=True),
        sa.UniqueConstraint("record_id", "version"),
    )


def _create_state() -> None:
    op.create_table(
        "partitions",
        _of("stream_id", "streams", primary_key=True),
        sa.Column("key", sa.Text, primary_key=True, nullable=False),
        _text("state"),
    )
    op.create_table(
        "checkpoints",
        _of("connection_id", "connections", primary_key=True),
        sa.Column("stream", sa.Text, primary_key=True, nullable=False),
        _text("cursor"),
    )
    op.create_table(
        "memos",
        _of("connection_id", "connections", primary_key=True),
        sa.Column("name", sa.Text, primary_key=True, nullable=False),
        _text("value"),
    )
    op.create_table("counters", sa.Column("name", sa.Text, primary_key=True, nullable=False), _number("value"))
