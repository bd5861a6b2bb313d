"""Runs that live in a process: started there, and held by whoever the process belongs to.

Offers: `run_host` (the runs of a process that stays), `own_run` (those of a command), `server_lock` (is a server on
duty). How a run is reached, here or in another process, is `control`'s. Must not know: how a run is prepared, HTTP,
pages.
"""
