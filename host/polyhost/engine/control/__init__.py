"""How a run is reached while it goes on, wherever that is: watched, asked, paused, cancelled, found alive.

Offers: `run_control` (the one interface), `local` (a run of this process), `remote` (one of another process),
`run_socket_server` (lets a run of this process be reached from others), `remote_runs` (finds those of others),
`owner_sockets` (the folder of these sockets, and of a server's), `timeline` (what a run has said), `question_fields`
(what a question asks for). A run on another machine is one more implementation of the interface, and one more way to
find it. Must not know: the store, how a run is prepared or carried out, HTTP, pages.
"""
