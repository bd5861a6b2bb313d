"""Recorded traffic of one site: made in a real browser, scrubbed of everything personal, replayed offline.

Below the engine and beside the bridge. Must not know: runs, ledgers, stores, or what a record means.
"""
