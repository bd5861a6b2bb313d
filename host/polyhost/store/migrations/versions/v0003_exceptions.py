"""Exceptions: records and groups that stand out of proven ranges."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    stream = sa.ForeignKey("streams.id", ondelete="CASCADE")
    op.create_table(
        "exceptions",
        sa.Column("stream_id", sa.Integer, stream, primary_key=True, nullable=False),
        *(sa.Column(name, sa.Text, primary_key=True, nullable=False) for name in ("kind", "partition", "key")),
        sa.Column("position", sa.Text),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("reason", "detail", "since", "last_tried")),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("member", "tries", "turn")),
        sa.Column("set_aside_at", sa.Text),
        sa.Column("set_aside_reason", sa.Text),
    )
