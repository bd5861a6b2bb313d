"""The store in one SQLite file. `polyhost.store.opening` opens it; `peek` and `checkup` look at the file beside it.

Empty, so that `peek` can be imported without the rest: completion at a prompt waits for it.
"""
