"""How a store becomes one of today: alembic scripts, numbered like `PRAGMA user_version`."""
