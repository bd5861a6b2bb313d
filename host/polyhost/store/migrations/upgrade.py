"""Drives alembic without its configuration file, on a connection of our own.

Owns: how alembic is called, and the one transaction around it. Must not know: what the scripts do, when it is needed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

__all__ = ["run_migrations"]


def run_migrations(connection: sqlite3.Connection, *, stamps: Sequence[str]) -> None:
    """Bring the schema to the newest version and execute the stamps, in one transaction: a process killed half-way
    leaves the old schema, and one that comes second finds nothing left to do.

    The transaction is SQLAlchemy's to end but ours to begin: the connection is in autocommit mode, where the driver
    begins none, and alembic has to read the version under the write lock.
    """
    config = Config()
    config.set_main_option("script_location", "polyhost.store:migrations")
    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    with engine.connect() as borrowed, borrowed.begin():
        borrowed.exec_driver_sql("BEGIN IMMEDIATE")
        config.attributes["connection"] = borrowed
        command.upgrade(config, "head")
        for stamp in stamps:
            borrowed.exec_driver_sql(stamp)
