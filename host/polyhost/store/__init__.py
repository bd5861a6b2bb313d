"""Where records, ledger state, runs and batches live: the Store protocol and its SQLite implementation."""
