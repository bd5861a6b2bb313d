"""Search: how far each connection's full-text index has come. The indices themselves are made when first filled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "search_indexes",
        _connection(),
        sa.Column("rules", sa.Text, nullable=False),
        sa.Column("indexed_through", sa.Integer, nullable=False),
    )
    op.create_table(
        "search_steps",
        _connection(),
        sa.Column("through", sa.Integer, primary_key=True, nullable=False),
        sa.Column("store_sequence", sa.Integer, nullable=False),
    )


def _connection() -> sa.Column[int]:
    target = sa.ForeignKey("connections.id", ondelete="CASCADE")
    return sa.Column("connection_id", sa.Integer, target, primary_key=True, nullable=False)
