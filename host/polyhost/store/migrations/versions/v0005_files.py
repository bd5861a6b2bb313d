"""The files of records, and the contents that are kept of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def _connection() -> sa.ForeignKey:
    return sa.ForeignKey("connections.id", ondelete="CASCADE")


def upgrade() -> None:
    op.create_table(
        "contents",
        sa.Column("digest", sa.Text, primary_key=True, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
    )
    op.create_table(
        "files",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("connection_id", sa.Integer, _connection(), nullable=False),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("is_thumbnail", sa.Integer, nullable=False),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text) for name in ("reason", "name", "type")),
        sa.Column("size", sa.Integer),
        *(sa.Column(name, sa.Text) for name in ("address", "member")),
        sa.Column("moment", sa.Integer),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("tried_at", sa.Text),
        sa.Column("content", sa.Text, sa.ForeignKey("contents.digest")),
    )
    op.create_index("files_by_identity", "files", ["connection_id", "identity", "is_thumbnail"], unique=True)
    op.create_index("files_by_state", "files", ["connection_id", "state", "moment", "id"])
    op.create_index("files_by_content", "files", ["content"])
    op.create_table(
        "record_files",
        sa.Column("record_id", sa.Integer, sa.ForeignKey("records.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("file_id", sa.Integer, sa.ForeignKey("files.id", ondelete="CASCADE"), nullable=False),
    )
    op.create_index("record_files_by_file", "record_files", ["file_id"])
    op.create_table(
        "file_indexes",
        sa.Column("connection_id", sa.Integer, _connection(), primary_key=True),
        sa.Column("rules", sa.Text, nullable=False),
        sa.Column("indexed_through", sa.Integer, nullable=False),
    )
