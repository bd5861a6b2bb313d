"""One script per schema version. A script that was released is never changed again."""
