"""The order of what happens, by numbers of the store's own, and the boot clock of whoever did it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("runs", sa.Column("started_number", sa.Integer, nullable=False, server_default="0"))
    op.add_column("runs", sa.Column("finished_number", sa.Integer))
    for name, kind in (("boot", sa.Text), ("started_up", sa.REAL), ("finished_up", sa.REAL)):
        op.add_column("runs", sa.Column(name, kind))
    op.add_column("leases", sa.Column("boot", sa.Text))
    op.add_column("leases", sa.Column("expires_up", sa.REAL))
    # One run of a connection after another, each with a batch of its own: batches were numbered in that order.
    op.execute("UPDATE runs SET started_number = 2 * batch_id - 1")
    op.execute("UPDATE runs SET finished_number = 2 * batch_id WHERE finished_at IS NOT NULL")
    op.execute("INSERT INTO counters (name, value) SELECT 'events', coalesce(max(2 * batch_id), 0) FROM runs")
    op.drop_index("runs_by_connection", "runs")
    op.create_index("runs_by_connection", "runs", ["connection_id", "started_number"])
